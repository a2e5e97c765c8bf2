//! What all components of a process have in common.

use std::sync::Arc;

use component::Context;
use confmap::ComponentId;
use model::Clock;
use telemetry::{HealthBoard, Registry};
use tokio::runtime::Handle;

use crate::components::Section;

/// What all components of a process have in common.
pub(crate) struct Shared {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) registry: Registry,
    pub(crate) board: HealthBoard,
    pub(crate) runtime: Handle,
}

impl Shared {
    /// What one component is built with.
    pub(crate) fn context(&self, section: Section, id: &ComponentId) -> Context {
        Context {
            name: id.to_string(),
            clock: self.clock.clone(),
            registry: self.registry.clone(),
            status: match section {
                Section::Receivers | Section::Exporters => {
                    self.board.component(&format!("{}/{id}", section.singular()))
                }
                // They have no line on the board.
                Section::Processors | Section::Extensions => telemetry::Status::default(),
            },
            runtime: self.runtime.clone(),
        }
    }
}
