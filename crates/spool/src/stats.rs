//! Counts a spool gives of itself.

/// What opening a spool found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Records that are pending.
    pub records: u64,
    /// Items in them.
    pub items: u64,
    /// Bytes of their bodies before compression.
    pub bytes: u64,
    /// Segments in which something was damaged.
    pub damaged_segments: u64,
    /// Records lost to damage; a stretch of unknown content at a segment's end counts as one.
    ///
    /// The bodies of older segments are checked when they are read: [`Stats::damaged`] counts those.
    pub damaged_records: u64,
    /// Bytes cut off behind the last whole record: an append that a crash interrupted, never returned to its caller.
    pub torn_bytes: u64,
    /// Dropped because the budget is smaller than what was kept.
    pub dropped: Dropped,
    /// Files under a segment's name that can't be used. They stay where they are, and outside the budget.
    pub passed_over: u64,
    /// Why the first few of them can't be used, each with its path.
    pub passed_over_words: Vec<String>,
}

/// Records that left the spool without being acknowledged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dropped {
    /// How many records.
    pub records: u64,
    /// How many items in them.
    pub items: u64,
}

impl Dropped {
    pub(crate) fn add(&mut self, other: Dropped) {
        self.records += other.records;
        self.items += other.items;
    }
}

/// A spool's state now, and its losses since it was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Records pending.
    pub records: u64,
    /// Items in them.
    pub items: u64,
    /// Bytes of their bodies before compression.
    pub bytes: u64,
    /// Bytes the segments take on disk, what is acknowledged but not yet removed included.
    pub disk_bytes: u64,
    /// Most bytes they may take.
    pub budget_bytes: u64,
    /// Segment files.
    pub segments: u64,
    /// Acknowledgements not yet on disk because writing them failed; [`Spool::sync`](crate::Spool::sync) tries again.
    pub unwritten_acknowledgements: u64,
    /// Dropped over budget since the spool was opened.
    pub dropped: Dropped,
    /// Found damaged by reading them since the spool was opened.
    pub damaged: Dropped,
    /// Files that were passed over when the spool was opened; see [`Recovered::passed_over`].
    pub passed_over: u64,
    /// Memory of the index, in bytes.
    pub index_bytes: u64,
}
