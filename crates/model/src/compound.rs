//! Values of more than one number, as OpenTelemetry's data model has them.

use crate::{Attributes, UnixTime};

/// A distribution, or a number that carries more than itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Compound {
    /// The numbers.
    pub data: Data,
    /// Single measurements that went into them.
    pub exemplars: Vec<Exemplar>,
    /// OTLP's flags; the lowest bit says that there is no value.
    pub flags: u32,
}

/// The numbers of a compound value.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// One number.
    Number(Number),
    /// Counts in buckets of given bounds.
    Histogram(Histogram),
    /// Counts in buckets whose bounds grow by one factor.
    ExponentialHistogram(ExponentialHistogram),
    /// Quantiles that the sender worked out.
    Summary(Summary),
}

/// One number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// Exact.
    Integer(i64),
    /// Any other.
    Float(f64),
}

/// Counts in buckets of given bounds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Histogram {
    /// How many measurements.
    pub count: u64,
    /// Their sum.
    pub sum: Option<f64>,
    /// The smallest.
    pub min: Option<f64>,
    /// The largest.
    pub max: Option<f64>,
    /// The upper bounds of all buckets but the last, inclusive and ascending.
    pub bounds: Vec<f64>,
    /// How many are in each bucket: one more than bounds, or none at all.
    pub buckets: Vec<u64>,
}

/// Counts in buckets whose bounds grow by the factor 2^(2^-scale).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ExponentialHistogram {
    /// How many measurements.
    pub count: u64,
    /// Their sum.
    pub sum: Option<f64>,
    /// The smallest.
    pub min: Option<f64>,
    /// The largest.
    pub max: Option<f64>,
    /// How fine the buckets are.
    pub scale: i32,
    /// How many are zero, or within the threshold of it.
    pub zero_count: u64,
    /// What counts as zero.
    pub zero_threshold: f64,
    /// Those above zero.
    pub positive: Buckets,
    /// Those below zero.
    pub negative: Buckets,
}

/// Buckets beside each other.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Buckets {
    /// The index of the first: it begins behind the factor to this power.
    pub offset: i32,
    /// How many are in each.
    pub counts: Vec<u64>,
}

/// Quantiles that the sender worked out.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Summary {
    /// How many measurements.
    pub count: u64,
    /// Their sum.
    pub sum: f64,
    /// Quantiles, from 0 to 1, with their values.
    pub quantiles: Vec<(f64, f64)>,
}

/// A single measurement that went into a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Exemplar {
    /// When it was made.
    pub time: Option<UnixTime>,
    /// What was measured.
    pub value: Number,
    /// What is said of it beside the attributes of its point.
    pub attributes: Attributes,
    /// The span in which it was made; zeros for none.
    pub span_id: [u8; 8],
    /// That span's trace; zeros for none.
    pub trace_id: [u8; 16],
}
