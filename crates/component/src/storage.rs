//! Storage: where an exporter's queue waits on disk.

use spool::{Recovered, Spool};

/// An extension that keeps queues on disk.
pub trait Storage: Send + Sync {
    /// Opens the spool of one exporter, which may take so many bytes on disk. Waits for another agent to leave it.
    ///
    /// # Errors
    ///
    /// [`spool::Error::Locked`] where another agent has it still; others where the disk does not take it.
    fn open(&self, exporter: &str, budget_bytes: u64) -> Result<(Spool, Recovered), spool::Error>;

    /// Whether every write is confirmed by the disk.
    fn confirms_writes(&self) -> bool;
}
