//! `Node` and `Instance`: the machine as a whole, and what its pods ask for together, or its tasks reserve.

use catalog::Measurement as M;
use model::Record;

use crate::awscontainerinsight::config::{Config, NodeInterfaces, NodeMemory, RunningTasks};
use crate::awscontainerinsight::insights::points::{float, percent, said_float, share};
use crate::awscontainerinsight::insights::tick_context::TickContext;
use crate::awscontainerinsight::insights::{cpu, memory, network};
use crate::awscontainerinsight::plausible::{Absent, said, within};
use crate::awscontainerinsight::samples::NodeSample;
use crate::awscontainerinsight::stores::amounts::Totals;

/// A share of a CPU is as much of it as a thousandth, but a CPU has this many.
const SHARES_PER_MILLICORE: f64 = 1.024;

/// The machine's record; `totals` are those of the last good pod list.
pub fn record(tick: &TickContext<'_>, sample: &NodeSample, totals: Option<&Totals>, config: &Config) -> Option<Record> {
    let capacity = tick.node.capacity;
    let mut points = tick.points(tick.node.types.machine);
    let _ = cpu::put(&mut points, sample.group.cpu.as_ref(), capacity.cpu_millicores);
    points.put(M::CpuLimit, capacity.cpu_millicores);
    let _ = memory::put(
        &mut points,
        sample.group.memory.as_ref(),
        used(sample, tick, config),
        capacity.memory_bytes,
        config.memory_failcnt,
    );
    points.put(M::MemoryLimit, capacity.memory_bytes);
    if let Some(totals) = totals {
        let (cpu, memory) = (Some(totals.cpu_request_millicores), Some(totals.memory_request_bytes));
        points.put(M::CpuRequest, cpu);
        points.put(M::CpuReservedCapacity, percent(float(cpu), capacity.cpu_millicores));
        points.put(M::MemoryRequest, memory);
        points.put(M::MemoryReservedCapacity, percent(float(memory), capacity.memory_bytes));
        points.put(M::NumberOfRunningPods, Some(totals.running_pods));
        points.put(M::NumberOfRunningContainers, Some(totals.running_containers));
    }
    if let Some(tasks) = &sample.tasks {
        let limit = capacity.cpu_millicores.filter(|limit| *limit > 0);
        let shares = float(limit).map(|limit| limit * SHARES_PER_MILLICORE);
        let reserved = said_float(said(tasks.cpu_shares));
        let reserved = reserved.and_then(|reserved| Ok(reserved / shares.ok_or(Absent::Missing)? * 100.0));
        let _ = points.put_said(M::CpuReservedCapacity, reserved);
        let memory = share(said_float(said(tasks.memory_bytes)), capacity.memory_bytes);
        let _ = points.put_said(M::MemoryReservedCapacity, memory);
        let is_told = tasks.running > 0 || config.running_tasks == RunningTasks::Always;
        points.put(M::NumberOfRunningTasks, is_told.then_some(tasks.running));
    }
    if let Some(interfaces) = &sample.network {
        let counted: Vec<_> = interfaces
            .iter()
            .filter(|interface| {
                config.node_network_interfaces == NodeInterfaces::All || sample.physical.contains(&interface.now.name)
            })
            .cloned()
            .collect();
        network::put_sums(&mut points, &counted);
    }
    tick.record(points, |record_type| tick.node_attributes(record_type))
}

/// Memory in use by the option's meaning, and what of it the kernel can drop at once.
fn used(sample: &NodeSample, tick: &TickContext<'_>, config: &Config) -> memory::Used {
    match config.node_memory {
        NodeMemory::Cgroup => memory::Used::of(sample.group.memory.as_ref()),
        NodeMemory::Available => {
            // Where one round can't read it, the cgroup's number would be another one under the same name.
            let total = said(tick.node.capacity.memory_bytes);
            let usage = total.and_then(|all| Ok(all - within(sample.memory_available_bytes, total)?));
            memory::Used { usage_bytes: usage, inactive_file_bytes: Ok(0) }
        }
    }
}
