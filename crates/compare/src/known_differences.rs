//! Differences on purpose: one row for one field of one record type under one condition, with its entry in
//! `docs/compatibility.md`.
//!
//! A row is `TYPES => "field", Condition, ENTRY;` and stands for one row of each of the types listed. `ENTRY` is the exact text
//! of the first column of a row of that page, which a test looks up. There are no patterns: what is not listed is
//! not explained.

use catalog::RecordType;

use crate::verdict::{Finding, Place, Shown, What};
use crate::window::Side;

/// When a difference is the one meant. Values are as JSON.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Condition {
    /// Only the left side has the field.
    OnlyLeft,
    /// Only the left side has the field, and says this.
    OnlyLeftAs(&'static str),
    /// Only the right side has the field.
    OnlyRight,
    /// Only the right side has the field, and its number is the sum of these fields of the right side.
    OnlyRightAsSum(&'static [&'static str]),
    /// The left side's number is that of another of its fields, and the right side's isn't.
    LeftIsItsOwn(&'static str),
    /// The units are these two.
    Units(&'static str, &'static str),
    /// Only the right side has the whole thing.
    ThingOnlyRight,
    /// Only the right side has the whole thing, and the field isn't this.
    ThingOnlyRightUnless(&'static str),
    /// Only the left side has the whole thing, and the field is this.
    ThingOnlyLeftAs(&'static str),
    /// Only the left side has the whole thing, and it has no metric.
    ThingOnlyLeftWithoutMetrics,
}

/// A row of the table.
#[derive(Debug, PartialEq)]
pub(crate) struct KnownDifference {
    pub(crate) record_type: RecordType,
    pub(crate) field: &'static str,
    pub(crate) condition: Condition,
    pub(crate) entry: &'static str,
}

macro_rules! known_differences {
    ($([$($record_type:ident)*] => $field:literal, $condition:expr, $entry:ident;)*) => {
        &[$($(KnownDifference {
            record_type: RecordType::$record_type,
            field: $field,
            condition: $condition,
            entry: $entry,
        },)*)*]
    };
}

const POD_ATTRIBUTES: &str = "`K8sPodName`, `PodId`, `ContainerId`, `ContainerName` and `pod_status` of `PodNet` are attributes and in the JSON.";
const TIMESTAMP: &str = "`Timestamp` is an attribute of every record.";
const WAITING: &str =
    "Containers that wait or have ended, in pods that go on, have a `Container` record without usage.";
const TERMINATION: &str = "`container_last_termination_reason` stands only in `Terminated`.";
const RESTARTS: &str = "The unit of `number_of_container_restarts` is Count.";
const CONTAINER_FS: &str = "Container file systems come from the kubelet's summary.";
const UNTOLD: &str = "An attribute that no source knows is left out.";
const EMPTY: &str = "A record without a metric is not written.";
const PAGE_FAULTS: &str =
    "Page faults on cgroup v1: the cgroup's own and the hierarchy's are read from their own keys.";
const FAILURES: &str = "`memory_failures_total` is emitted.";
const PEAK: &str = "`memory_max_usage` is left out where the kernel has no `memory.peak`.";
const DISK_TOTALS: &str = "Disk totals on cgroup v2 are what was read and written.";
const FILE_SYSTEMS: &str =
    "File systems are those on a device under `/dev`, and the host's root where that is an overlay.";
const WORKLOADS: &str = "Workloads have records of their own, and the cluster has `cluster_number_of_running_pods`.";
const DAEMON_SETS: &str = "`replicas_ready` of a DaemonSet is `numberReady`.";

use Condition::*;

/// Every difference on purpose that is known to show in events.
#[rustfmt::skip]
pub(crate) static KNOWN_DIFFERENCES: &[KnownDifference] = known_differences! {
    [Pod PodNet Container ContainerFS] => "K8sPodName", OnlyRight, POD_ATTRIBUTES;
    [Pod PodNet Container ContainerFS] => "PodId", OnlyRight, POD_ATTRIBUTES;
    [Container ContainerFS] => "ContainerName", OnlyRight, POD_ATTRIBUTES;
    [Container ContainerFS] => "ContainerId", OnlyRight, POD_ATTRIBUTES;
    [PodNet] => "pod_status", OnlyRight, POD_ATTRIBUTES;

    [Cluster ClusterNamespace ClusterService] => "Timestamp", OnlyRight, TIMESTAMP;
    [ClusterDeployment ClusterDaemonSet ClusterStatefulSet ClusterReplicaSet] => "Timestamp", OnlyRight, TIMESTAMP;
    [Node NodeDiskIO NodeFS NodeNet] => "Timestamp", OnlyRight, TIMESTAMP;
    [Pod PodNet Container ContainerFS] => "Timestamp", OnlyRight, TIMESTAMP;
    [Instance InstanceDiskIO InstanceFS InstanceNet] => "Timestamp", OnlyRight, TIMESTAMP;

    [Container] => "container_status", ThingOnlyRightUnless("\"Running\""), WAITING;
    [Container] => "container_last_termination_reason", OnlyLeft, TERMINATION;
    [Container] => "number_of_container_restarts", Units("\"\"", "\"Count\""), RESTARTS;
    [ContainerFS] => "device", ThingOnlyRight, CONTAINER_FS;

    [Node NodeDiskIO NodeFS NodeNet] => "AutoScalingGroupName", OnlyLeftAs("\"\""), UNTOLD;
    [Pod PodNet Container ContainerFS] => "AutoScalingGroupName", OnlyLeftAs("\"\""), UNTOLD;
    [Instance InstanceDiskIO InstanceFS InstanceNet] => "AutoScalingGroupName", OnlyLeftAs("\"\""), UNTOLD;
    [NodeNet PodNet InstanceNet] => "interface", ThingOnlyLeftWithoutMetrics, EMPTY;

    [Node] => "node_memory_hierarchical_pgfault", LeftIsItsOwn("node_memory_pgfault"), PAGE_FAULTS;
    [Node] => "node_memory_hierarchical_pgmajfault", LeftIsItsOwn("node_memory_pgmajfault"), PAGE_FAULTS;
    [Pod] => "pod_memory_hierarchical_pgfault", LeftIsItsOwn("pod_memory_pgfault"), PAGE_FAULTS;
    [Pod] => "pod_memory_hierarchical_pgmajfault", LeftIsItsOwn("pod_memory_pgmajfault"), PAGE_FAULTS;
    [Container] => "container_memory_hierarchical_pgfault", LeftIsItsOwn("container_memory_pgfault"), PAGE_FAULTS;
    [Container] => "container_memory_hierarchical_pgmajfault", LeftIsItsOwn("container_memory_pgmajfault"), PAGE_FAULTS;
    [Instance] => "instance_memory_hierarchical_pgfault", LeftIsItsOwn("instance_memory_pgfault"), PAGE_FAULTS;
    [Instance] => "instance_memory_hierarchical_pgmajfault", LeftIsItsOwn("instance_memory_pgmajfault"), PAGE_FAULTS;

    [Node] => "node_memory_failures_total", OnlyRight, FAILURES;
    [Pod] => "pod_memory_failures_total", OnlyRight, FAILURES;
    [Container] => "container_memory_failures_total", OnlyRight, FAILURES;
    [Instance] => "instance_memory_failures_total", OnlyRight, FAILURES;

    [Node] => "node_memory_max_usage", OnlyLeftAs("0"), PEAK;
    [Pod] => "pod_memory_max_usage", OnlyLeftAs("0"), PEAK;
    [Container] => "container_memory_max_usage", OnlyLeftAs("0"), PEAK;
    [Instance] => "instance_memory_max_usage", OnlyLeftAs("0"), PEAK;

    [NodeDiskIO] => "node_diskio_io_serviced_total", OnlyRightAsSum(&["node_diskio_io_serviced_read", "node_diskio_io_serviced_write"]), DISK_TOTALS;
    [NodeDiskIO] => "node_diskio_io_service_bytes_total", OnlyRightAsSum(&["node_diskio_io_service_bytes_read", "node_diskio_io_service_bytes_write"]), DISK_TOTALS;
    [InstanceDiskIO] => "instance_diskio_io_serviced_total", OnlyRightAsSum(&["instance_diskio_io_serviced_read", "instance_diskio_io_serviced_write"]), DISK_TOTALS;
    [InstanceDiskIO] => "instance_diskio_io_service_bytes_total", OnlyRightAsSum(&["instance_diskio_io_service_bytes_read", "instance_diskio_io_service_bytes_write"]), DISK_TOTALS;
    [NodeFS InstanceFS] => "device", ThingOnlyLeftAs("\"/dev/shm\""), FILE_SYSTEMS;

    [ClusterDeployment ClusterDaemonSet ClusterStatefulSet ClusterReplicaSet] => "Type", ThingOnlyRight, WORKLOADS;
    [Cluster] => "cluster_number_of_running_pods", OnlyRight, WORKLOADS;
    [ClusterDaemonSet] => "replicas_ready", LeftIsItsOwn("replicas_desired"), DAEMON_SETS;
};

/// The row that explains a field's difference.
pub(crate) fn of_field(place: Place<'_>, field: &str, finding: &Finding) -> Option<&'static KnownDifference> {
    let record_type = place.record_type();
    let rows = KNOWN_DIFFERENCES.iter().filter(|row| row.record_type == record_type && row.field == field);
    rows.into_iter().find(|row| row.condition.holds(place, field, finding))
}

/// The row that explains a thing of one side only.
pub(crate) fn of_thing(place: Place<'_>, side: Side) -> Option<&'static KnownDifference> {
    let record_type = place.record_type();
    KNOWN_DIFFERENCES.iter().filter(|row| row.record_type == record_type).find(|row| match row.condition {
        ThingOnlyRight => side == Side::Right,
        ThingOnlyRightUnless(value) => {
            side == Side::Right && place.text(side, row.field).is_some_and(|found| found != value)
        }
        ThingOnlyLeftAs(value) => side == Side::Left && place.text(side, row.field) == Some(value),
        ThingOnlyLeftWithoutMetrics => side == Side::Left && place.thing().numbers.is_empty(),
        _ => false,
    })
}

impl Condition {
    fn holds(self, place: Place<'_>, field: &str, finding: &Finding) -> bool {
        let shown = |shown: Shown| place.shown(shown).unwrap_or_default();
        // Both numbers are the same side's and of the same moment; what is added up may be rounded.
        let near = |one: f64, two: f64| (one - two).abs() <= 1e-6 * one.abs().max(two.abs());
        match self {
            OnlyLeft => finding.what == What::OnlyLeft,
            OnlyLeftAs(value) => finding.what == What::OnlyLeft && shown(finding.left) == value,
            OnlyRight => finding.what == What::OnlyRight,
            OnlyRightAsSum(others) => {
                let sum: Option<f64> = others.iter().map(|other| place.mean(Side::Right, other)).sum();
                let own = place.mean(Side::Right, field);
                finding.what == What::OnlyRight && own.zip(sum).is_some_and(|(own, sum)| near(own, sum))
            }
            LeftIsItsOwn(other) => {
                let mean = |side: Side, name: &str| place.mean(side, name);
                let own =
                    |side: Side| mean(side, field).zip(mean(side, other)).is_some_and(|(one, two)| near(one, two));
                finding.what == What::Value && own(Side::Left) && !own(Side::Right)
            }
            Units(left, right) => {
                finding.what == What::Unit && shown(finding.left) == left && shown(finding.right) == right
            }
            ThingOnlyRight | ThingOnlyRightUnless(_) | ThingOnlyLeftAs(_) | ThingOnlyLeftWithoutMetrics => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = include_str!("../../../docs/compatibility.md");

    fn entries() -> Vec<&'static str> {
        let rows = PAGE.lines().filter_map(|line| line.strip_prefix("| "));
        rows.filter_map(|row| row.split(" | ").next()).collect()
    }

    #[test]
    fn every_known_difference_has_its_entry_once_on_the_page() {
        for row in KNOWN_DIFFERENCES {
            let count = entries().iter().filter(|entry| **entry == row.entry).count();
            assert_eq!(count, 1, "{} {}: {}", row.record_type.as_str(), row.field, row.entry);
        }
    }

    #[test]
    fn no_known_difference_stands_twice() {
        for (at, row) in KNOWN_DIFFERENCES.iter().enumerate() {
            assert!(!KNOWN_DIFFERENCES[..at].contains(row), "{row:?}");
        }
    }

    #[test]
    fn every_field_of_a_known_difference_is_one_the_catalogue_knows() {
        for row in KNOWN_DIFFERENCES {
            let first = row.field.split('.').next().unwrap_or_default();
            let metric = catalog::Metric::of(row.record_type).any(|metric| metric.name == row.field);
            let attribute = catalog::attributes_of(row.record_type).any(|row| row.attribute.as_str() == first);
            let envelope = first == "_aws";
            assert!(metric || attribute || envelope, "{} has no {}", row.record_type.as_str(), row.field);
        }
    }
}
