//! What a collector is made with.

use std::sync::Arc;

use model::Clock;
use telemetry::{Registry, Status};

/// What a collector is made with beside its options.
#[derive(Debug, Clone)]
pub struct Tools {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The agent's own numbers.
    pub registry: Registry,
    /// The receiver's name in the configuration, which tells its numbers from those of others.
    pub component: String,
    /// Where the clients run.
    pub runtime: tokio::runtime::Handle,
    /// The receiver's line on the status board.
    pub status: Status,
}
