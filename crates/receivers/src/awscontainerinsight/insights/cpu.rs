//! CPU time of a node, a pod or a container, in millicores and in hundredths of the node.

use catalog::Measurement as M;
use linux::cgroup::Cpu;

use crate::awscontainerinsight::insights::points::{Points, share};
use crate::awscontainerinsight::plausible::{Absent, Said};
use crate::awscontainerinsight::samples::Pair;

/// Adds the usage of one cgroup; returns the total in millicores for ratios of it, where it can be true.
///
/// Utilisation is always a part of the whole node, for pods and containers too: quotas and cpusets don't count.
pub fn put(points: &mut Points, cpu: Option<&Pair<Cpu>>, node_millicores: Option<u64>) -> Said<f64> {
    let millicores =
        |counter: fn(&Cpu) -> Option<u64>| -> Said<f64> { Ok(cpu.ok_or(Absent::Missing)?.rate(counter)? / 1e6) };
    let total = points.put_said(M::CpuUsageTotal, millicores(|cpu| cpu.usage_nsec));
    let _ = points.put_said(M::CpuUsageUser, millicores(|cpu| cpu.user_nsec));
    let _ = points.put_said(M::CpuUsageSystem, millicores(|cpu| cpu.system_nsec));
    let _ = points.put_said(M::CpuUtilization, share(total, node_millicores));
    total
}
