//! What flows through the agent: records of one resource, scope, set of attributes, time and start each, in batches.

mod admission;
mod any;
mod attributes;
mod batch;
mod clock;
mod compound;
mod metric;
mod record;
mod resource;
mod time;
mod value;

pub use admission::{Gate, Permit};
pub use any::{Any, AttributeValue, Typed};
pub use attributes::{Attributes, Name};
pub use batch::{Batch, Tick};
pub use clock::{Clock, Stamp};
pub use compound::{Buckets, Compound, Data, Exemplar, ExponentialHistogram, Histogram, Number, Summary};
pub use metric::{Descriptor, Metric};
pub use record::{Point, Record};
pub use resource::{Resource, Scope};
pub use time::UnixTime;
pub use value::Value;

/// Text that many records share: a node's name, a pod's labels.
pub type Text = std::sync::Arc<str>;
