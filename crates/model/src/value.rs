//! The value of a point.

use crate::Compound;

/// A value: a number, or what takes more than one.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Counts and sizes, exact.
    Integer(i64),
    /// Rates and percentages; never written where it is NaN or infinite.
    Float(f64),
    /// A distribution, or a number with exemplars or flags.
    Compound(Box<Compound>),
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
