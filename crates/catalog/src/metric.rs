//! Metrics: a record type's measurement with its full name, unit and kind, and how to find one.

use crate::measurement::Measurement;
use crate::record_type::RecordType;
use crate::unit::Unit;

/// How a metric's value comes from its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A reading.
    Gauge,
    /// A number of things at one moment.
    Count,
    /// A counter's difference divided by the seconds between its two readings.
    Rate,
    /// A counter's difference.
    Delta,
}

/// When a metric is emitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tier {
    /// Always.
    Base,
    /// With enhanced observability only.
    Enhanced,
}

/// A row of the table of metrics.
#[derive(Debug, PartialEq, Eq)]
pub struct Metric {
    /// Whose metric it is.
    pub record_type: RecordType,
    /// What is measured.
    pub measurement: Measurement,
    /// The name as it is written in an event.
    pub name: &'static str,
    /// Its unit.
    pub unit: Unit,
    /// Reading, count, rate or delta.
    pub kind: Kind,
    /// When it is emitted.
    pub tier: Tier,
    /// Whether the receiver's published document lists it.
    pub published: bool,
}

pub(crate) const fn row(
    record_type: RecordType,
    measurement: Measurement,
    name: &'static str,
    unit: Unit,
    kind: Kind,
    tier: Tier,
    published: bool,
) -> Metric {
    Metric { record_type, measurement, name, unit, kind, tier, published }
}
