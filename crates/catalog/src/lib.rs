//! The facts: record types, metrics, units and attributes, each in one static table.
//!
//! Every output, every generated page and every completeness test is derived from these tables.

mod attribute;
mod attributes;
mod instrument;
mod lookup;
mod measurement;
mod metric;
mod metrics;
mod record_type;
mod unit;

pub use attribute::{Attribute, AttributeRow};
pub use attributes::ATTRIBUTES;
pub use instrument::{Instrument, Temporality};
pub use lookup::attributes_of;
pub use measurement::Measurement;
pub use metric::{Kind, Metric, Tier};
pub use metrics::METRICS;
pub use record_type::RecordType;
pub use unit::Unit;
