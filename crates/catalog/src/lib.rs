//! The facts: record types, metrics, units and attributes, each in one static table.
//!
//! Every output, every generated page and every completeness test is derived from these tables.

mod attributes;
mod formula;
mod formulas;
mod instrument;
mod kind;
mod lookup;
mod measurements;
mod metrics;
mod record_type;
mod unit;

pub use attributes::{ATTRIBUTES, Attribute, AttributeRow, attributes_of};
pub use formula::{Formula, Source, Things};
pub use formulas::of_each;
pub use instrument::{Instrument, Temporality};
pub use kind::{Kind, Tier, Tolerance};
pub use measurements::Measurement;
pub use metrics::{METRICS, Metric};
pub use record_type::{RecordType, RecordTypes};
pub use unit::Unit;
