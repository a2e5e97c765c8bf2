//! What flows through the agent, left to right: stamps on samples, records in rounds, events.

mod attributes;
mod clock;
mod event;
mod record;

pub use attributes::{Attributes, Name};
pub use clock::{Clock, Stamp};
pub use event::{Destination, Event};
pub use record::{MetricRef, NamedMetric, Point, Record, Round, Value};

/// Text that many records share: a node's name, a pod's labels.
pub type Text = std::sync::Arc<str>;
