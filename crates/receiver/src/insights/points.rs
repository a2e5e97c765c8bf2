//! The points of a record under construction: measurements become rows of the catalogue.

use catalog::{Measurement, Metric, RecordType};
use model::{Attributes, MetricRef, Point, Value};

/// The points of one record.
#[derive(Debug)]
pub struct Points {
    record_type: RecordType,
    points: Vec<Point>,
}

impl Points {
    /// No points yet of a record of this type.
    pub fn of(record_type: RecordType) -> Self {
        Self { record_type, points: Vec::with_capacity(40) }
    }

    /// Adds a point where there is a value, it is finite, and the record type has such a metric.
    pub fn put(&mut self, measurement: Measurement, value: Option<impl Into<Value>>) {
        let Some(value) = value.map(Into::into) else { return };
        if matches!(value, Value::Float(float) if !float.is_finite()) {
            return;
        }
        if let Some(metric) = Metric::find(self.record_type, measurement) {
            self.points.push(Point { metric: MetricRef::Known(metric), value, attributes: Attributes::new() });
        }
    }

    /// Whose points these are.
    pub fn record_type(&self) -> RecordType {
        self.record_type
    }

    /// The points; `None` where there are none, since a record without points is no record.
    pub fn finish(mut self) -> Option<Vec<Point>> {
        self.points.shrink_to_fit();
        (!self.points.is_empty()).then_some(self.points)
    }
}

/// `part` in hundredths of `whole`; `None` where there is no whole.
pub fn percent(part: Option<f64>, whole: Option<u64>) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "sizes below 2^53 are exact, and above it the ratio is as good")]
    whole.filter(|whole| *whole > 0).and_then(|whole| Some(part? / whole as f64 * 100.0))
}

/// A count or a size as the numerator of a ratio.
#[expect(clippy::cast_precision_loss, reason = "sizes below 2^53 are exact, and above it the ratio is as good")]
pub fn float(value: Option<u64>) -> Option<f64> {
    value.map(|value| value as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_those_of_the_reference() {
        assert_eq!(percent(Some(10.0), Some(2000)), Some(0.5));
        assert_eq!(percent(Some(25_661_440.0), Some(21_462_233_088)), Some(0.119_565_563_819_861_17));
        assert_eq!(percent(Some(10_485_760.0), Some(52_428_800)), Some(20.0));
        assert_eq!(percent(Some(1.0), Some(0)), None);
        assert_eq!(percent(None, Some(1)), None);
    }

    #[test]
    fn what_is_not_finite_or_not_of_this_type_makes_no_point() {
        let mut points = Points::of(RecordType::Pod);
        points.put(Measurement::CpuUtilization, Some(f64::NAN));
        points.put(Measurement::NumberOfRunningPods, Some(3_u64));
        assert!(points.finish().is_none());
    }
}
