//! What one component is built with.

use std::sync::Arc;

use model::Clock;
use telemetry::{Registry, Status};
use tokio::runtime::Handle;
use tracing::Instrument;

/// What one component is built with.
#[derive(Debug, Clone)]
pub struct Context {
    /// Its name in the configuration, which tells its metrics from those of others: `awsemf/logs`.
    pub name: String,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The agent's own metrics.
    pub registry: Registry,
    /// Its line on the health board.
    pub status: Status,
    /// Where its tasks run.
    pub runtime: Handle,
}

impl Context {
    /// Runs a task on the runtime; what it logs carries the component's name, as what is logged here does.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.runtime.spawn(task.in_current_span());
    }
}
