//! What every source reads with.

use std::sync::Arc;

use linux::{Buffer, Root};
use model::Clock;

use crate::awscontainerinsight::source_failures::SourceFailures;

/// The machine's root, one buffer, the time, and where failures are noted.
pub struct Reader {
    /// The machine's `/`.
    pub root: Root,
    /// The one buffer.
    pub buffer: Buffer,
    /// The time of each reading.
    pub clock: Arc<dyn Clock>,
    /// The failures of each source.
    pub failures: SourceFailures,
}
