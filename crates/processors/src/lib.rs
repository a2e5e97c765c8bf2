//! Processors: records to records, as ordinary functions over values; the caller brings the time.

pub mod batch;
