//! The facts: record types, metrics, units and attributes, each in one static table.
//!
//! Every output, every generated page and every completeness test is derived from these tables.

mod attributes;
mod instrument;
mod lookup;
mod measurements;
mod metric;
mod metrics;
mod record_type;
mod record_types;
mod unit;

pub use attributes::{ATTRIBUTES, Attribute, AttributeRow, attributes_of};
pub use instrument::{Instrument, Temporality};
pub use measurements::Measurement;
pub use metric::{Kind, Metric, Tier, Tolerance};
pub use metrics::METRICS;
pub use record_type::RecordType;
pub use record_types::RecordTypes;
pub use unit::Unit;
