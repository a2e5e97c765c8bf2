//! Records: what a tick's samples mean, before any output's spelling.

use std::sync::Arc;

use catalog::{Metric, RecordType};

use crate::{Attributes, Text};

/// A metric that the catalogue doesn't have: renamed by a processor, scraped, or received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedMetric {
    /// Its name.
    pub name: Text,
    /// Its unit as its source spells it; empty for none.
    pub unit: Text,
}

/// Which metric a point belongs to.
#[derive(Debug, Clone)]
pub enum MetricRef {
    /// A row of the catalogue.
    Known(&'static Metric),
    /// Any other metric.
    Named(Arc<NamedMetric>),
}

impl MetricRef {
    /// The metric's full name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Known(metric) => metric.name,
            Self::Named(metric) => &metric.name,
        }
    }

    /// The metric's unit, as CloudWatch spells it or as its source does; empty for none.
    #[must_use]
    pub fn unit(&self) -> &str {
        match self {
            Self::Known(metric) => metric.unit.cloudwatch(),
            Self::Named(metric) => &metric.unit,
        }
    }
}

/// A point's value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// Counts and sizes, exact.
    Integer(i64),
    /// Rates and percentages; never written where it is NaN or infinite.
    Float(f64),
}

impl From<u64> for Value {
    /// An integer; beyond the range of `i64`, the nearest float.
    fn from(value: u64) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "no i64 holds it, and a float is what the receiving side keeps")]
        i64::try_from(value).map_or(Self::Float(value as f64), Self::Integer)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

/// One metric's value in a record.
#[derive(Debug, Clone)]
pub struct Point {
    /// The metric.
    pub metric: MetricRef,
    /// Its value.
    pub value: Value,
    /// Attributes of this point alone; empty for all that the receiver of this agent makes.
    pub attributes: Attributes,
}

/// What is true of one thing at one time.
#[derive(Debug, Clone)]
pub struct Record {
    /// What the record is about; `None` for what came from elsewhere.
    pub record_type: Option<RecordType>,
    /// What all its points have in common.
    pub attributes: Attributes,
    /// Milliseconds since the Unix epoch.
    pub time_ms: i64,
    /// The metrics' values, each metric once.
    pub points: Vec<Point>,
}

/// The records of one tick, or a part of them.
#[derive(Debug, Clone, Default)]
pub struct Round {
    /// The tick's wall time, milliseconds since the Unix epoch: the time of all its records.
    pub time_ms: i64,
    /// The records, in the order in which they leave.
    pub records: Vec<Record>,
    /// Whether this is the whole round or its last part.
    pub ends: bool,
}
