//! `Node` and `Instance`: the machine as a whole, and what its pods ask for together, or its tasks reserve.

use catalog::Measurement as M;
use model::Record;

use crate::config::{Config, NodeInterfaces, NodeMemory, RunningTasks};
use crate::insights::frame::Frame;
use crate::insights::points::{Points, float, percent};
use crate::insights::{cpu, memory, network};
use crate::samples::{NodeSample, Pair};
use crate::stores::amounts::Totals;

/// A share of a CPU is as much of it as a thousandth, but a CPU has this many.
const SHARES_PER_MILLICORE: f64 = 1.024;

/// The machine's record; `totals` are those of the last good pod list.
pub fn record(frame: &Frame<'_>, sample: &NodeSample, totals: Option<&Totals>, config: &Config) -> Option<Record> {
    let capacity = frame.node.capacity;
    let mut points = Points::of(frame.node.types.machine);
    cpu::put(&mut points, sample.group.cpu.as_ref(), capacity.cpu_millicores);
    points.put(M::CpuLimit, capacity.cpu_millicores);
    memory::put(
        &mut points,
        sample.group.memory.as_ref(),
        used(sample, frame, config),
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
        let reserved = float(tasks.cpu_shares).zip(shares).map(|(reserved, all)| reserved / all * 100.0);
        points.put(M::CpuReservedCapacity, reserved);
        points.put(M::MemoryReservedCapacity, percent(float(tasks.memory_bytes), capacity.memory_bytes));
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
    frame.record(points, |record_type| frame.node_attributes(record_type))
}

/// Memory in use by the option's meaning, and what of it the kernel can drop at once.
fn used(sample: &NodeSample, frame: &Frame<'_>, config: &Config) -> memory::Used {
    let cgroup = sample.group.memory.as_ref().map(|Pair { now, .. }| memory::Used::of(now)).unwrap_or_default();
    match (config.node_memory, frame.node.capacity.memory_bytes, sample.memory_available_bytes) {
        (NodeMemory::Available, Some(total), Some(available)) => {
            memory::Used { usage_bytes: Some(total.saturating_sub(available)), inactive_file_bytes: Some(0) }
        }
        _ => cgroup,
    }
}
