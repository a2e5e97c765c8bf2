//! `Pod`: one pod, by its own cgroup.

use catalog::{Attribute, Measurement as M, RecordType};
use model::{Attributes, Record};

use crate::awscontainerinsight::config::{Config, HostNetworkPods};
use crate::awscontainerinsight::insights::points::{float, percent, said_float, share};
use crate::awscontainerinsight::insights::tick_context::TickContext;
use crate::awscontainerinsight::insights::{cpu, memory, network};
use crate::awscontainerinsight::samples::PodSample;
use crate::awscontainerinsight::stores::amounts;
use crate::awscontainerinsight::stores::pod::Entry;

/// The pod's record; `restarts` are those of its containers since the last round.
pub fn record(
    tick: &TickContext<'_>,
    entry: &Entry,
    sample: &PodSample,
    restarts: Option<u64>,
    config: &Config,
) -> Option<Record> {
    let capacity = tick.node.capacity;
    let mut points = tick.points(RecordType::Pod);
    let total = cpu::put(&mut points, sample.group.cpu.as_ref(), capacity.cpu_millicores);
    let memory = sample.group.memory.as_ref();
    let used = memory::Used::of(memory);
    let working_set = memory::put(&mut points, memory, used, capacity.memory_bytes, config.memory_failcnt);
    if let Some(pod) = &entry.pod {
        let amounts = amounts::of_pod(pod, config.pod_requests, capacity);
        let (cpu, bytes) = (amounts.requests.cpu_millicores, amounts.requests.memory_bytes);
        points.put(M::CpuRequest, cpu);
        points.put(M::CpuReservedCapacity, percent(float(cpu), capacity.cpu_millicores));
        points.put(M::CpuLimit, amounts.limits.cpu_millicores);
        let _ = points.put_said(M::CpuUtilizationOverPodLimit, share(total, amounts.limits.cpu_millicores));
        points.put(M::MemoryRequest, bytes);
        points.put(M::MemoryReservedCapacity, percent(float(bytes), capacity.memory_bytes));
        points.put(M::MemoryLimit, amounts.limits.memory_bytes);
        let working_set = share(said_float(working_set), amounts.limits.memory_bytes);
        let _ = points.put_said(M::MemoryUtilizationOverPodLimit, working_set);
        points.put(M::NumberOfContainers, Some(pod.container_count));
        points.put(M::NumberOfRunningContainers, Some(pod.running_containers));
        points.put(M::NumberOfContainerRestarts, restarts);
    }
    if let Some(interfaces) = sample.network.as_ref().filter(|_| has_network(entry, config)) {
        network::put_sums(&mut points, interfaces);
    }
    tick.record(points, |record_type| with_status(attributes(tick, record_type, entry, config), entry))
}

/// Whether the pod's network is reported: that of a pod on the host's is a matter of choice.
pub fn has_network(entry: &Entry, config: &Config) -> bool {
    let on_host = entry.pod.as_ref().is_some_and(|pod| pod.host_network);
    !on_host || config.host_network_pods == HostNetworkPods::Report
}

/// The attributes of every record that belongs to a pod, with the pod's own document.
pub fn attributes(tick: &TickContext<'_>, record_type: RecordType, entry: &Entry, config: &Config) -> Attributes {
    let mut attributes = tick.attributes(record_type);
    attributes.insert(Attribute::Namespace, entry.namespace.clone());
    attributes.insert(Attribute::PodName, entry.pod_name.clone());
    if config.add_full_pod_name_metric_label {
        attributes.insert(Attribute::FullPodName, entry.full_name.clone());
    }
    attributes.insert(Attribute::K8sPodName, entry.full_name.clone());
    attributes.insert(Attribute::PodId, entry.uid.clone());
    if let Some(service) = &entry.service {
        attributes.insert(Attribute::Service, service.clone());
    }
    attributes.insert(Attribute::Kubernetes, entry.document.clone());
    attributes
}

/// Adds the pod's phase.
pub fn with_status(mut attributes: Attributes, entry: &Entry) -> Attributes {
    if let Some(phase) = &entry.phase {
        attributes.insert(Attribute::PodStatus, phase.clone());
    }
    attributes
}
