//! What every component is built with.

use std::sync::Arc;

use model::Clock;
use telemetry::{Board, Registry};

/// What all components of a process have in common.
pub(crate) struct Shared {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) registry: Registry,
    pub(crate) board: Board,
}
