//! The table of formulas: how each emitted metric's value comes from readings, by measurement and record types.
//!
//! They hold for the options' defaults. A row is `Measurement, TYPES: formula;`, where `[Measurement]` is another metric, a name
//! in capitals one of the `readings` or parts above the table, and each operator has two operands.

mod readings;

use crate::formula::{Formula, Source, Things};
use crate::measurements::Measurement;
use crate::metrics::Metric;
use crate::record_type::{RecordType, RecordTypes, types};
use readings::*;

struct Row {
    measurement: Measurement,
    types: RecordTypes,
    formula: Formula,
}

#[rustfmt::skip]
macro_rules! formula {
    (($($inner:tt)+)) => { formula!($($inner)+) };
    ([$measurement:ident]) => { Formula::Metric(Measurement::$measurement) };
    ($number:literal) => { Formula::Number($number) };
    ($name:ident) => { $name };
    (number of $things:tt) => { Formula::Count($things) };
    (rate $part:tt) => { Formula::Rate(&formula!($part)) };
    (delta $part:tt) => { Formula::Delta(&formula!($part)) };
    (sum over $things:tt of $part:tt) => { Formula::Sum($things, &formula!($part)) };
    ($one:tt + $two:tt) => { Formula::Plus(&formula!($one), &formula!($two)) };
    ($one:tt - $two:tt) => { Formula::Minus(&formula!($one), &formula!($two)) };
    ($one:tt * $two:tt) => { Formula::Times(&formula!($one), &formula!($two)) };
    ($one:tt / $two:tt) => { Formula::Divided(&formula!($one), &formula!($two)) };
    ($one:tt max $two:tt) => { Formula::Max(&formula!($one), &formula!($two)) };
    ($one:tt min $two:tt) => { Formula::Min(&formula!($one), &formula!($two)) };
    ($one:tt or $two:tt) => { Formula::Or(&formula!($one), &formula!($two)) };
    (v1 $v1:tt v2 $v2:tt) => { Formula::Versions { v1: &formula!($v1), v2: &formula!($v2) } };
}

macro_rules! formulas {
    ($($measurement:ident, $($types:ident)+: $formula:tt;)+) => {
        static FORMULAS: &[Row] = &[$(Row {
            measurement: Measurement::$measurement,
            types: types!($($types)+),
            formula: formula!($formula),
        },)+];
    };
}

/// The node's CPUs, in millicores.
const NODE_CPU: Formula = formula!(PROCESSORS * 1000.0);
/// The node's memory, in bytes.
const NODE_MEMORY: Formula = formula!(MEM_TOTAL * 1024.0);
/// Shares of all the node's CPUs.
const NODE_SHARES: Formula = formula!(PROCESSORS * 1024.0);
/// What a task reserves, in shares.
const TASK_CPU: Formula = formula!(
    v1 (((TASK_QUOTA_V1 / TASK_PERIOD_V1) * 1024.0) or TASK_SHARES)
    v2 (((TASK_QUOTA_V2 / TASK_PERIOD_V2) * 1024.0) or TASK_WEIGHT)
);
/// The same of memory, in bytes.
const TASK_MEMORY: Formula = formula!(
    v1 (TASK_LIMIT_V1 or (sum over TASK_CONTAINERS of (SOFT_LIMIT_V1 or TASK_LIMIT_V1)))
    v2 (TASK_LIMIT_V2 or (sum over TASK_CONTAINERS of (SOFT_LIMIT_V2 or TASK_LIMIT_V2)))
);
/// Page cache that can readily be reclaimed, in bytes.
const RECLAIMABLE: Formula = formula!((v1 TOTAL_INACTIVE_FILE v2 INACTIVE_FILE) or 0.0);

formulas! {
    FailedNodeCount, Cluster: (number of FAILED_NODES);
    NodeCount, Cluster: (number of NODES);
    NumberOfRunningPods, Cluster ClusterNamespace: (number of PODS_OF_CLUSTER);
    NumberOfRunningPods, ClusterService: (number of READY_PODS);
    ReplicasDesired, ClusterDeployment: (DEPLOYMENT_DESIRED or 1.0);
    ReplicasReady, ClusterDeployment: (DEPLOYMENT_READY or 0.0);
    StatusReplicasAvailable, ClusterDeployment: (DEPLOYMENT_AVAILABLE or 0.0);
    StatusReplicasUnavailable, ClusterDeployment: (DEPLOYMENT_UNAVAILABLE or 0.0);
    ReplicasDesired, ClusterDaemonSet: (DAEMON_SET_DESIRED or 0.0);
    ReplicasReady, ClusterDaemonSet: (DAEMON_SET_READY or 0.0);
    StatusReplicasAvailable, ClusterDaemonSet: (DAEMON_SET_AVAILABLE or 0.0);
    StatusReplicasUnavailable, ClusterDaemonSet: (DAEMON_SET_UNAVAILABLE or 0.0);
    ReplicasDesired, ClusterStatefulSet: (STATEFUL_SET_DESIRED or 1.0);
    ReplicasReady, ClusterStatefulSet: (STATEFUL_SET_READY or 0.0);
    StatusReplicasAvailable, ClusterStatefulSet: (STATEFUL_SET_AVAILABLE or 0.0);
    ReplicasDesired, ClusterReplicaSet: (REPLICA_SET_DESIRED or 1.0);
    ReplicasReady, ClusterReplicaSet: (REPLICA_SET_READY or 0.0);
    StatusReplicasAvailable, ClusterReplicaSet: (REPLICA_SET_AVAILABLE or 0.0);

    CpuUsageTotal, CGROUPS: (v1 ((rate CPUACCT_USAGE) / 1e6) v2 ((rate USAGE_USEC) / 1e3));
    CpuUsageUser, CGROUPS: (v1 ((rate USER_TICKS) * 10.0) v2 ((rate USER_USEC) / 1e3));
    CpuUsageSystem, CGROUPS: (v1 ((rate SYSTEM_TICKS) * 10.0) v2 ((rate SYSTEM_USEC) / 1e3));
    CpuUtilization, CGROUPS: (([CpuUsageTotal] / NODE_CPU) * 100.0);
    CpuLimit, MACHINES: NODE_CPU;
    CpuLimit, Pod: ((sum over LIMITED of [CpuLimit]) min NODE_CPU);
    CpuLimit, Container: (CPU_LIMIT * 1000.0);
    CpuRequest, Node: (sum over PODS of [CpuRequest]);
    CpuRequest, Pod: ((sum over CONTAINERS of [CpuRequest]) min NODE_CPU);
    CpuRequest, Container: (CPU_REQUEST * 1000.0);
    CpuReservedCapacity, Node Pod: (([CpuRequest] / NODE_CPU) * 100.0);
    CpuReservedCapacity, Instance: (((sum over TASKS of TASK_CPU) / NODE_SHARES) * 100.0);
    CpuUtilizationOverPodLimit, Pod: (([CpuUsageTotal] / [CpuLimit]) * 100.0);

    MemoryUsage, MACHINES: (v1 USAGE_IN_BYTES v2 (ANON + FILE));
    MemoryUsage, Pod Container: (v1 USAGE_IN_BYTES v2 CURRENT);
    MemoryCache, CGROUPS: (v1 TOTAL_CACHE v2 FILE);
    MemoryRss, CGROUPS: (v1 TOTAL_RSS v2 ANON);
    MemoryMaxUsage, CGROUPS: (v1 MAX_USAGE_IN_BYTES v2 PEAK);
    MemorySwap, MACHINES: (v1 (TOTAL_SWAP or 0.0) v2 ((SWAP_TOTAL - SWAP_FREE) * 1024.0));
    MemorySwap, Pod Container: (v1 (TOTAL_SWAP or 0.0) v2 (SWAP_CURRENT or 0.0));
    MemoryFailcnt, CGROUPS: (v1 FAILCNT v2 0.0);
    MemoryMappedFile, CGROUPS: (v1 TOTAL_MAPPED_FILE v2 FILE_MAPPED);
    MemoryWorkingSet, CGROUPS: (([MemoryUsage] - RECLAIMABLE) max 0.0);
    MemoryUtilization, CGROUPS: (([MemoryWorkingSet] / NODE_MEMORY) * 100.0);
    MemoryPgfault, CGROUPS: (rate PGFAULT);
    MemoryPgmajfault, CGROUPS: (rate PGMAJFAULT);
    MemoryHierarchicalPgfault, CGROUPS: (v1 (rate TOTAL_PGFAULT) v2 (rate PGFAULT));
    MemoryHierarchicalPgmajfault, CGROUPS: (v1 (rate TOTAL_PGMAJFAULT) v2 (rate PGMAJFAULT));
    MemoryFailuresTotal, CGROUPS: (rate (PGFAULT + PGMAJFAULT));
    MemoryLimit, MACHINES: NODE_MEMORY;
    MemoryLimit, Pod: ((sum over LIMITED of [MemoryLimit]) min NODE_MEMORY);
    MemoryLimit, Container: MEMORY_LIMIT;
    MemoryRequest, Node: (sum over PODS of [MemoryRequest]);
    MemoryRequest, Pod: ((sum over CONTAINERS of [MemoryRequest]) min NODE_MEMORY);
    MemoryRequest, Container: MEMORY_REQUEST;
    MemoryReservedCapacity, Node Pod: (([MemoryRequest] / NODE_MEMORY) * 100.0);
    MemoryReservedCapacity, Instance: (((sum over TASKS of TASK_MEMORY) / NODE_MEMORY) * 100.0);
    MemoryUtilizationOverPodLimit, Pod: (([MemoryWorkingSet] / [MemoryLimit]) * 100.0);

    NetworkRxBytes, INTERFACES: (rate RX_BYTES);
    NetworkRxPackets, INTERFACES: (rate RX_PACKETS);
    NetworkRxErrors, INTERFACES: (rate RX_ERRORS);
    NetworkRxDropped, INTERFACES: (rate RX_DROPPED);
    NetworkTxBytes, INTERFACES: (rate TX_BYTES);
    NetworkTxPackets, INTERFACES: (rate TX_PACKETS);
    NetworkTxErrors, INTERFACES: (rate TX_ERRORS);
    NetworkTxDropped, INTERFACES: (rate TX_DROPPED);
    NetworkTotalBytes, INTERFACES: ([NetworkRxBytes] + [NetworkTxBytes]);
    NetworkRxBytes, MACHINES Pod: (sum over INTERFACES of [NetworkRxBytes]);
    NetworkRxPackets, MACHINES Pod: (sum over INTERFACES of [NetworkRxPackets]);
    NetworkRxErrors, MACHINES Pod: (sum over INTERFACES of [NetworkRxErrors]);
    NetworkRxDropped, MACHINES Pod: (sum over INTERFACES of [NetworkRxDropped]);
    NetworkTxBytes, MACHINES Pod: (sum over INTERFACES of [NetworkTxBytes]);
    NetworkTxPackets, MACHINES Pod: (sum over INTERFACES of [NetworkTxPackets]);
    NetworkTxErrors, MACHINES Pod: (sum over INTERFACES of [NetworkTxErrors]);
    NetworkTxDropped, MACHINES Pod: (sum over INTERFACES of [NetworkTxDropped]);
    NetworkTotalBytes, MACHINES Pod: (sum over INTERFACES of [NetworkTotalBytes]);

    NumberOfRunningPods, Node: (number of RUNNING_PODS);
    NumberOfRunningContainers, Node Pod: (number of RUNNING);
    NumberOfContainers, Pod: (number of STATUSES);
    NumberOfContainerRestarts, Pod: (delta (sum over STATUSES of RESTARTS));
    NumberOfContainerRestarts, Container: (delta RESTARTS);
    NumberOfRunningTasks, Instance: (number of TASKS);

    DiskioIoServicedAsync, DISKS: (rate BLKIO_ASYNC);
    DiskioIoServicedRead, DISKS: (rate ((v1 BLKIO_READS v2 RIOS) or DISK_READS));
    DiskioIoServicedSync, DISKS: (rate BLKIO_SYNC);
    DiskioIoServicedTotal, DISKS: ((v1 (rate BLKIO_TOTAL) v2 (rate (RIOS + WIOS))) or (rate (DISK_READS + DISK_WRITES)));
    DiskioIoServicedWrite, DISKS: (rate ((v1 BLKIO_WRITES v2 WIOS) or DISK_WRITES));
    DiskioIoServiceBytesAsync, DISKS: (rate BLKIO_ASYNC_BYTES);
    DiskioIoServiceBytesRead, DISKS: (rate ((v1 BLKIO_READ_BYTES v2 RBYTES) or (DISK_SECTORS_READ * 512.0)));
    DiskioIoServiceBytesSync, DISKS: (rate BLKIO_SYNC_BYTES);
    DiskioIoServiceBytesTotal, DISKS: (
        rate ((v1 BLKIO_TOTAL_BYTES v2 (RBYTES + WBYTES)) or ((DISK_SECTORS_READ + DISK_SECTORS_WRITTEN) * 512.0))
    );
    DiskioIoServiceBytesWrite, DISKS: (rate ((v1 BLKIO_WRITE_BYTES v2 WBYTES) or (DISK_SECTORS_WRITTEN * 512.0)));

    FilesystemUsage, MOUNTS: ((BLOCKS - BLOCKS_FREE) * BLOCK_SIZE);
    FilesystemUsage, ContainerFS: (ROOTFS_USED + (LOGS_USED or 0.0));
    FilesystemCapacity, MOUNTS: (BLOCKS * BLOCK_SIZE);
    FilesystemCapacity, ContainerFS: ROOTFS_CAPACITY;
    FilesystemAvailable, MOUNTS: (BLOCKS_AVAILABLE * BLOCK_SIZE);
    FilesystemAvailable, ContainerFS: ROOTFS_AVAILABLE;
    FilesystemUtilization, FILE_SYSTEMS: (([FilesystemUsage] / [FilesystemCapacity]) * 100.0);
    FilesystemInodes, MOUNTS: INODES;
    FilesystemInodesFree, MOUNTS: INODES_FREE;
}

impl Metric {
    /// How the metric's value comes from readings by the options' defaults; `None` of one that is not emitted.
    #[must_use]
    pub fn formula(&self) -> Option<&'static Formula> {
        let mut rows = FORMULAS.iter().filter(|row| row.measurement == self.measurement);
        rows.find(|row| row.types.contains(self.record_type)).map(|row| &row.formula)
    }

    /// What the readings of its formula come from, those of the metrics it is made of included; sorted.
    #[must_use]
    pub fn sources(&self) -> Vec<Source> {
        let mut sources = Vec::new();
        let mut left: Vec<(RecordType, &Formula)> =
            self.formula().map(|all| (self.record_type, all)).into_iter().collect();
        while let Some((record_type, formula)) = left.pop() {
            let mut within = record_type;
            match formula {
                Formula::Reading(source, _) => sources.push(*source),
                Formula::Count(things) => sources.push(things.source),
                Formula::Sum(things, _) => {
                    sources.push(things.source);
                    within = of_each(record_type, *things);
                }
                Formula::Metric(measurement) => {
                    let other = Self::find(record_type, *measurement).and_then(Self::formula);
                    left.extend(other.map(|formula| (record_type, formula)));
                }
                _ => {}
            }
            left.extend(formula.parts().into_iter().map(|part| (within, part)));
        }
        sources.sort_unstable();
        sources.dedup();
        sources
    }
}

/// The record type of the things over which a record's formula sums; its own where they have none.
#[must_use]
pub fn of_each(record_type: RecordType, things: Things) -> RecordType {
    match (things, record_type) {
        (INTERFACES, RecordType::Node) => RecordType::NodeNet,
        (INTERFACES, RecordType::Instance) => RecordType::InstanceNet,
        (INTERFACES, RecordType::Pod) => RecordType::PodNet,
        (PODS, _) => RecordType::Pod,
        (CONTAINERS | LIMITED, _) => RecordType::Container,
        _ => record_type,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::{Kind, Tier};
    use crate::metrics::METRICS;

    fn emitted() -> impl Iterator<Item = &'static Metric> {
        METRICS.iter().filter(|metric| metric.record_type.is_emitted() && metric.tier == Tier::Base)
    }

    #[test]
    fn every_emitted_metric_has_a_formula_and_a_source_and_no_other_has() {
        for metric in METRICS {
            let is_emitted = metric.record_type.is_emitted() && metric.tier == Tier::Base;
            assert_eq!(metric.formula().is_some(), is_emitted, "{}", metric.name);
            assert_eq!(metric.sources().is_empty(), !is_emitted, "{}", metric.name);
        }
    }

    #[test]
    fn no_formula_stands_twice_for_a_metric() {
        for metric in emitted() {
            let rows = FORMULAS.iter().filter(|row| row.measurement == metric.measurement);
            assert_eq!(rows.filter(|row| row.types.contains(metric.record_type)).count(), 1, "{}", metric.name);
        }
    }

    #[test]
    fn a_rate_has_a_rate_in_its_formula_and_a_delta_a_delta() {
        for metric in emitted() {
            let text = metric.formula().expect("it has one").to_string();
            let is_sum = text.starts_with("sum of `network_") || text.starts_with("`network_");
            assert_eq!(text.contains("rate("), metric.kind == Kind::Rate && !is_sum, "{}: {text}", metric.name);
            assert_eq!(text.contains("delta("), metric.kind == Kind::Delta, "{}: {text}", metric.name);
        }
    }

    #[test]
    fn formulas_are_shown_as_one_would_write_them() {
        let shown = |record_type, measurement| {
            Metric::find(record_type, measurement).and_then(Metric::formula).expect("it has one").to_string()
        };
        assert_eq!(
            shown(RecordType::Pod, Measurement::CpuUtilization),
            "`cpu_usage_total` ÷ (`/proc/cpuinfo: processors` × 1000) × 100"
        );
        assert_eq!(
            shown(RecordType::NodeFS, Measurement::FilesystemUsage),
            "(`statfs: f_blocks` − `statfs: f_bfree`) × `statfs: f_frsize`"
        );
    }
}
