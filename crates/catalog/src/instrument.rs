//! Instruments, as OpenTelemetry's data model tells them apart.

use crate::kind::Kind;
use crate::metrics::Metric;

/// What the values of a sum or a distribution are counted from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Temporality {
    /// The sender does not say.
    Unspecified,
    /// Since the value before.
    Delta,
    /// Since one start for all.
    Cumulative,
}

/// What kind of metric it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Instrument {
    /// A reading.
    Gauge,
    /// A sum.
    Sum {
        /// Whether it only grows.
        monotonic: bool,
        /// What it is counted from.
        temporality: Temporality,
    },
    /// Counts in buckets of given bounds.
    Histogram(Temporality),
    /// Counts in buckets whose bounds grow by one factor.
    ExponentialHistogram(Temporality),
    /// Quantiles that the sender worked out.
    Summary,
}

impl Metric {
    /// The metric's instrument. A rate is a reading: it has been divided by its time already.
    #[must_use]
    pub const fn instrument(&self) -> Instrument {
        match self.kind {
            Kind::Gauge | Kind::Count | Kind::Rate => Instrument::Gauge,
            Kind::Counter => Instrument::Sum { monotonic: true, temporality: Temporality::Cumulative },
            Kind::Delta => Instrument::Sum { monotonic: true, temporality: Temporality::Delta },
        }
    }
}
