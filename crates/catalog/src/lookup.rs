//! Finding metrics.

use std::sync::LazyLock;

use crate::measurements::Measurement;
use crate::metrics::{METRICS, Metric};
use crate::record_type::RecordType;

/// Row number by record type and measurement; `u16::MAX` where a type has no such metric.
static ROWS: LazyLock<Vec<[u16; Measurement::COUNT]>> = LazyLock::new(|| {
    let mut rows = vec![[u16::MAX; Measurement::COUNT]; RecordType::ALL.len()];
    for (number, metric) in METRICS.iter().enumerate() {
        rows[metric.record_type as usize][metric.measurement as usize] =
            u16::try_from(number).expect("the table has fewer rows than u16 counts");
    }
    rows
});

impl Metric {
    /// The metric of a record type's measurement; `None` where the type has no such metric.
    #[must_use]
    pub fn find(record_type: RecordType, measurement: Measurement) -> Option<&'static Self> {
        METRICS.get(usize::from(ROWS[record_type as usize][measurement as usize]))
    }

    /// The row's number in [`METRICS`], from 0.
    #[must_use]
    pub fn index(&self) -> usize {
        usize::from(ROWS[self.record_type as usize][self.measurement as usize])
    }

    /// The metrics of one record type, in the table's order.
    pub fn of(record_type: RecordType) -> impl Iterator<Item = &'static Self> {
        METRICS.iter().filter(move |metric| metric.record_type == record_type)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_found_by_its_type_and_measurement() {
        for (number, metric) in METRICS.iter().enumerate() {
            assert_eq!(metric.index(), number, "{} stands twice", metric.name);
        }
    }

    #[test]
    fn names_begin_with_their_types_prefix() {
        let exceptions = ["number_of_container_restarts"];
        for metric in METRICS {
            let prefixed = metric.name.starts_with(metric.record_type.prefix());
            assert!(prefixed || exceptions.contains(&metric.name), "{}", metric.name);
        }
    }

    #[test]
    fn no_name_stands_twice_for_a_type() {
        let mut seen = std::collections::HashSet::new();
        assert!(METRICS.iter().all(|metric| seen.insert((metric.record_type, metric.name))));
    }

    #[test]
    fn rows_are_sorted_by_record_type() {
        assert!(METRICS.windows(2).all(|pair| pair[0].record_type <= pair[1].record_type));
    }

    #[test]
    fn a_pod_has_no_metric_of_a_node_alone() {
        assert!(Metric::find(RecordType::Pod, Measurement::NumberOfRunningPods).is_none());
        let name =
            Metric::find(RecordType::Container, Measurement::NumberOfContainerRestarts).map(|metric| metric.name);
        assert_eq!(name, Some("number_of_container_restarts"));
    }

    #[test]
    fn restarts_are_counts_of_pods_and_containers() {
        for record_type in [RecordType::Pod, RecordType::Container] {
            let metric = Metric::find(record_type, Measurement::NumberOfContainerRestarts).expect("it has the metric");
            assert_eq!(metric.unit.cloudwatch(), "Count");
        }
    }
}
