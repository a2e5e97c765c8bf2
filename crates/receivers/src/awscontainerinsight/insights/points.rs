//! The points of a record under construction: measurements become rows of the catalogue.

use catalog::{Measurement, Metric, RecordType};
use model::{Point, Value};

use crate::awscontainerinsight::plausible::{Absent, Reason, Said, bounded};
use platform::Capacity;

/// The points of one record.
#[derive(Debug)]
pub struct Points {
    record_type: RecordType,
    capacity: Capacity,
    points: Vec<Point>,
    impossible: Vec<(&'static Metric, Reason)>,
}

impl Points {
    /// No points yet of a record of this type, on a node of this capacity.
    pub fn of(record_type: RecordType, capacity: Capacity) -> Self {
        Self { record_type, capacity, points: Vec::with_capacity(40), impossible: Vec::new() }
    }

    /// Adds a point where there is a value, it can be true, and the record type has such a metric.
    pub fn put(&mut self, measurement: Measurement, value: Option<impl Into<Value> + Copy>) {
        let _ = self.put_said(measurement, value.ok_or(Absent::Missing));
    }

    /// The same; returns the value, for others that are made of it, unless it can't be true.
    pub fn put_said<V: Into<Value> + Copy>(&mut self, measurement: Measurement, said: Said<V>) -> Said<V> {
        if matches!(said, Err(Absent::Missing)) {
            return said;
        }
        let Some(metric) = Metric::find(self.record_type, measurement) else { return said };
        match said.and_then(|value| bounded(value.into(), metric, self.capacity)) {
            Ok(value) => {
                self.points.push(Point { metric: model::Metric::Known(metric), value });
                said
            }
            Err(absent) => {
                if let Absent::Impossible(reason) = absent {
                    self.impossible.push((metric, reason));
                }
                Err(absent)
            }
        }
    }

    /// Whether there are none yet.
    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    /// Whose points these are.
    pub fn record_type(&self) -> RecordType {
        self.record_type
    }

    /// The values that were left out because they can't be true.
    pub fn impossible(&self) -> &[(&'static Metric, Reason)] {
        &self.impossible
    }

    /// The points; `None` where there are none, since a record without points is no record.
    pub fn finish(mut self) -> Option<Vec<Point>> {
        self.points.shrink_to_fit();
        (!self.points.is_empty()).then_some(self.points)
    }
}

/// `part` in hundredths of `whole`; missing where there is no whole.
pub fn share(part: Said<f64>, whole: Option<u64>) -> Said<f64> {
    percent(Some(part?), whole).ok_or(Absent::Missing)
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

/// The same of what a source says.
#[expect(clippy::cast_precision_loss, reason = "sizes below 2^53 are exact, and above it the ratio is as good")]
pub fn said_float(value: Said<u64>) -> Said<f64> {
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
        let mut points = Points::of(RecordType::Pod, Capacity::default());
        points.put(Measurement::CpuUtilization, Some(f64::NAN));
        points.put(Measurement::NumberOfRunningPods, Some(3_u64));
        assert!(points.finish().is_none());
    }
}
