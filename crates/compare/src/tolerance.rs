//! How far a field's values may differ: by the catalogue's row of its metric.

use std::collections::HashMap;
use std::sync::LazyLock;

use catalog::{METRICS, Metric, RecordType, Tolerance, Unit};

/// Rows by type and name: every number of every event is looked up.
static ROWS: LazyLock<HashMap<(RecordType, &str), &Metric>> =
    LazyLock::new(|| METRICS.iter().map(|metric| ((metric.record_type, metric.name), metric)).collect());

fn find(record_type: RecordType, name: &str) -> Option<&'static Metric> {
    ROWS.get(&(record_type, name)).copied()
}

/// How a field is compared. One that is in no row is taken as a gauge.
pub(crate) fn of(record_type: RecordType, name: &str) -> Tolerance {
    find(record_type, name).map_or(Tolerance::Gauge, |metric| metric.tolerance)
}

/// What two means may differ by for no other reason than that values come in steps, over `seconds`.
///
/// - CPU: user and system time are counted in ticks of 10 ms, so at each end of the time one tick may be on the other side.
/// - Percent: the same ticks, of one whole CPU.
/// - Bytes: one page.
/// - Things a second: one thing on the other side of each end. Bytes a second: one frame of 1500 bytes there.
pub(crate) fn step(record_type: RecordType, name: &str, seconds: f64) -> f64 {
    let unit = find(record_type, name).map(|metric| metric.unit);
    match unit {
        Some(Unit::Millicore) => 2.0 * 10.0 / seconds,
        Some(Unit::Percent) => 2.0 / seconds,
        Some(Unit::Bytes) => 4096.0,
        Some(Unit::CountPerSecond) => 2.0 / seconds,
        Some(Unit::BytesPerSecond) => 2.0 * 1500.0 / seconds,
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a name says by itself, apart from the catalogue's columns.
    fn by_name(name: &str) -> Tolerance {
        let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
        let constant =
            ["_limit", "_usage_total", "request", "capacity", "number_of", "replicas", "status_", "_count", "inodes"];
        match name {
            _ if has(&["status_"]) => Tolerance::Constant,
            _ if name.ends_with("inodes_free")
                || has(&["over_pod_limit", "over_container_limit"]) && has(&["memory"]) =>
            {
                Tolerance::Gauge
            }
            _ if has(&[
                "cpu_utilization",
                "cpu_usage",
                "diskio",
                "network_",
                "pgfault",
                "pgmajfault",
                "failures_total",
            ]) =>
            {
                Tolerance::Rate
            }
            _ if has(&constant) || name.ends_with("failcnt") => Tolerance::Constant,
            _ => Tolerance::Gauge,
        }
    }

    #[test]
    fn every_emitted_row_is_compared_as_its_name_says() {
        for metric in METRICS.iter().filter(|metric| metric.record_type.is_emitted()) {
            assert_eq!(metric.tolerance, by_name(metric.name), "{}", metric.name);
        }
    }

    #[test]
    fn a_field_that_is_no_metric_is_compared_as_a_gauge() {
        assert_eq!(of(RecordType::Node, "node_cpu_limit"), Tolerance::Constant);
        assert_eq!(of(RecordType::Node, "pod_cpu_limit"), Tolerance::Gauge);
    }
}
