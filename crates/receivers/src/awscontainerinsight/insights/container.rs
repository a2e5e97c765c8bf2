//! `Container`: one container, by its cgroup where it runs and by the kubelet's word where it doesn't.

use catalog::{Attribute, Measurement as M, RecordType};
use kubernetes::State;
use model::{Attributes, Record, Text};

use crate::awscontainerinsight::config::{Config, LastTerminationReason};
use crate::awscontainerinsight::insights::points::Points;
use crate::awscontainerinsight::insights::tick_context::TickContext;
use crate::awscontainerinsight::insights::{cpu, memory, pod};
use crate::awscontainerinsight::samples::GroupSample;
use crate::awscontainerinsight::stores::pod::{ContainerEntry, Entry};

/// The record of a pod's container; `group` is `None` while it has no cgroup: it waits, or has ended.
pub fn record(
    tick: &TickContext<'_>,
    entry: &Entry,
    container: &ContainerEntry,
    group: Option<&GroupSample>,
    restarts: Option<u64>,
    config: &Config,
) -> Option<Record> {
    let mut points = tick.points(RecordType::Container);
    if let Some(group) = group {
        put_usage(&mut points, group, tick, config);
    }
    let specification = container.specification.and_then(|at| entry.pod.as_ref()?.containers.get(at));
    if let Some(specification) = specification {
        points.put(M::CpuRequest, specification.requests.cpu_millicores);
        points.put(M::CpuLimit, specification.limits.cpu_millicores);
        points.put(M::MemoryRequest, specification.requests.memory_bytes);
        points.put(M::MemoryLimit, specification.limits.memory_bytes);
    }
    points.put(M::NumberOfContainerRestarts, restarts);
    tick.record(points, |record_type| {
        let mut attributes = attributes(tick, record_type, entry, container, config);
        put_status(&mut attributes, entry, container, config);
        attributes
    })
}

/// The record of a container without a pod: on a machine without Kubernetes, or one whose pods have no names here.
pub fn record_alone(
    tick: &TickContext<'_>,
    id: &Text,
    pod_uid: Option<&Text>,
    group: &GroupSample,
    config: &Config,
) -> Option<Record> {
    let mut points = tick.points(RecordType::Container);
    put_usage(&mut points, group, tick, config);
    tick.record(points, |record_type| {
        let mut attributes = tick.attributes(record_type);
        attributes.insert(Attribute::ContainerId, id.clone());
        if let Some(uid) = pod_uid {
            attributes.insert(Attribute::PodId, uid.clone());
        }
        attributes
    })
}

/// The attributes of every record that belongs to a container.
pub fn attributes(
    tick: &TickContext<'_>,
    record_type: RecordType,
    entry: &Entry,
    container: &ContainerEntry,
    config: &Config,
) -> Attributes {
    let mut attributes = pod::attributes(tick, record_type, entry, config);
    attributes.insert(Attribute::ContainerName, container.name.clone());
    if let Some(id) = &container.id {
        attributes.insert(Attribute::ContainerId, id.clone());
    }
    attributes.insert(Attribute::Kubernetes, container.document.clone());
    attributes
}

fn put_usage(points: &mut Points, group: &GroupSample, tick: &TickContext<'_>, config: &Config) {
    let capacity = tick.node.capacity;
    let _ = cpu::put(points, group.cpu.as_ref(), capacity.cpu_millicores);
    let memory = group.memory.as_ref();
    let _ = memory::put(points, memory, memory::Used::of(memory), capacity.memory_bytes, config.memory_failcnt);
}

fn put_status(attributes: &mut Attributes, entry: &Entry, container: &ContainerEntry, config: &Config) {
    let Some(status) = &container.status else { return };
    attributes.insert(Attribute::ContainerStatus, status.clone());
    let Some(state) = container.state.and_then(|at| entry.pod.as_ref()?.statuses.get(at)) else { return };
    if let State::Waiting { reason: Some(reason) } | State::Terminated { reason: Some(reason) } = &state.state {
        attributes.insert(Attribute::ContainerStatusReason, &**reason);
    }
    let terminated = matches!(state.state, State::Terminated { .. });
    if let Some(reason) = &state.last_termination_reason
        && (terminated || config.last_termination_reason == LastTerminationReason::Always)
    {
        attributes.insert(Attribute::ContainerLastTerminationReason, &**reason);
    }
}
