//! Processors: records to records.
