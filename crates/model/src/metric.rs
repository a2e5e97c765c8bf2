//! Which metric a point belongs to.

use std::sync::Arc;

use catalog::Instrument;

use crate::Text;

/// What is known of a metric that the catalogue doesn't have: renamed by a processor, scraped, or received.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Descriptor {
    /// Its name.
    pub name: Text,
    /// Its unit as its source spells it; empty for none.
    pub unit: Text,
    /// What its source says of it; empty for nothing.
    pub description: Text,
    /// What kind of metric it is.
    pub instrument: Instrument,
}

impl Descriptor {
    /// A gauge of this name and unit, without a description.
    #[must_use]
    pub fn gauge(name: &str, unit: &str) -> Self {
        Self { name: name.into(), unit: unit.into(), description: "".into(), instrument: Instrument::Gauge }
    }
}

/// A metric.
#[derive(Debug, Clone)]
pub enum Metric {
    /// A row of the catalogue.
    Known(&'static catalog::Metric),
    /// Any other metric.
    Other(Arc<Descriptor>),
}

impl Metric {
    /// The metric's full name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Known(metric) => metric.name,
            Self::Other(metric) => &metric.name,
        }
    }

    /// The metric's unit, as CloudWatch spells it or as its source does; empty for none.
    #[must_use]
    pub fn unit(&self) -> &str {
        match self {
            Self::Known(metric) => metric.unit.cloudwatch(),
            Self::Other(metric) => &metric.unit,
        }
    }

    /// What kind of metric it is.
    #[must_use]
    pub fn instrument(&self) -> Instrument {
        match self {
            Self::Known(metric) => metric.instrument(),
            Self::Other(metric) => metric.instrument,
        }
    }
}
