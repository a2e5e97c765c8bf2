//! Records on their way together.

use crate::{Permit, Record, UnixTime};

/// The tick in which records were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tick {
    /// Its wall time: the time of all its records.
    pub time: UnixTime,
}

/// Records that were made or received together, or a part of them.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// The tick in which they were made; `None` for what was received.
    pub tick: Option<Tick>,
    /// The records, in the order in which they leave.
    pub records: Vec<Record>,
    /// Whether these are all of the tick or its last part.
    pub ends: bool,
    /// What receivers were let in for it; freed when the batch is gone. None for ticks.
    pub permits: Vec<Permit>,
}

impl Batch {
    /// How many points there are.
    #[must_use]
    pub fn points(&self) -> usize {
        self.records.iter().map(|record| record.points.len()).sum()
    }
}
