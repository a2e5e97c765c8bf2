//! CPU time of a node, a pod or a container, in millicores and in hundredths of the node.

use catalog::Measurement as M;
use linux::cgroup::Cpu;

use crate::insights::points::{Points, percent};
use crate::samples::Pair;

/// Adds the usage of one cgroup; returns the total in millicores for ratios of it.
///
/// Utilisation is always a part of the whole node, for pods and containers too: quotas and cpusets don't count.
pub fn put(points: &mut Points, cpu: Option<&Pair<Cpu>>, node_millicores: Option<u64>) -> Option<f64> {
    let millicores = |counter: fn(&Cpu) -> Option<u64>| cpu?.rate(counter).map(|nanoseconds| nanoseconds / 1e6);
    let total = millicores(|cpu| cpu.usage_nsec);
    points.put(M::CpuUsageTotal, total);
    points.put(M::CpuUsageUser, millicores(|cpu| cpu.user_nsec));
    points.put(M::CpuUsageSystem, millicores(|cpu| cpu.system_nsec));
    points.put(M::CpuUtilization, percent(total, node_millicores));
    total
}
