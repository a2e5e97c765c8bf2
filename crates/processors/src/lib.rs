//! Processors: records to records, as ordinary functions over values; whoever drives them brings the time.

pub mod batch;
