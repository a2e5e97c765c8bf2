//! What an owner chooses about its spool.

use std::path::PathBuf;

/// Where a spool lies and how large it may grow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The directory, made with its parents where missing. Nothing else should live in it.
    pub directory: PathBuf,
    /// Permission bits of a directory that is created, in spite of the umask; an existing one keeps its own.
    pub permissions: u32,
    /// Most bytes all segments together may take on disk, each rounded up to whole blocks of 4096.
    pub budget_bytes: u64,
    /// Size in bytes at which a segment is full, at most an eighth of the budget; a larger record has one of its own.
    ///
    /// What is dropped over budget goes by whole segments, and a segment's space returns when all of it is acknowledged.
    pub segment_bytes: u64,
}

impl Options {
    /// A spool in this directory: 0700, a budget of 1 GiB, segments of 4 MiB.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Options { directory: directory.into(), permissions: 0o700, budget_bytes: 1 << 30, segment_bytes: 4 << 20 }
    }
}
