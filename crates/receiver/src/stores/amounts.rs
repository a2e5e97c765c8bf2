//! What pods ask for and may use, and what a node's pods ask for together.

use kubernetes::{ContainerSpec, Phase, Pod, Resources, State};

use crate::config::PodRequests;
use crate::host::Capacity;

/// What one pod asks for and may use, never more than the node has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PodAmounts {
    /// What it asks for; `None` where that is nothing.
    pub requests: Resources,
    /// What it may use; `None` unless every container has a limit.
    pub limits: Resources,
}

/// The requests and limits of one pod.
pub fn of_pod(pod: &Pod, mode: PodRequests, capacity: Capacity) -> PodAmounts {
    let requests = match mode {
        PodRequests::Containers => sum(pod.containers.iter().map(|container| container.requests)),
        PodRequests::Scheduler => reserved(pod),
    };
    let limits = match mode {
        PodRequests::Scheduler if pod.pod_resources.limits != Resources::default() => pod.pod_resources.limits,
        _ => limits(pod),
    };
    PodAmounts { requests: set(capped(requests, capacity)), limits: set(capped(limits, capacity)) }
}

/// What is true of all pods of a node together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// CPU that the pods ask for, in millicores.
    pub cpu_request_millicores: u64,
    /// Memory that the pods ask for, in bytes.
    pub memory_request_bytes: u64,
    /// Pods in phase `Running`.
    pub running_pods: u64,
    /// Containers in state `running`, init and ephemeral ones apart.
    pub running_containers: u64,
}

/// Adds up a node's pods. A pod that has ended asks for nothing.
pub fn totals(pods: &[Pod], mode: PodRequests, capacity: Capacity) -> Totals {
    let mut totals = Totals::default();
    for pod in pods {
        if !matches!(pod.phase, Phase::Succeeded | Phase::Failed) {
            let requests = of_pod(pod, mode, capacity).requests;
            totals.cpu_request_millicores =
                totals.cpu_request_millicores.saturating_add(requests.cpu_millicores.unwrap_or(0));
            totals.memory_request_bytes =
                totals.memory_request_bytes.saturating_add(requests.memory_bytes.unwrap_or(0));
        }
        totals.running_pods += u64::from(pod.phase == Phase::Running);
        totals.running_containers += running_containers(pod);
    }
    totals
}

/// Containers of a pod in state `running`.
pub fn running_containers(pod: &Pod) -> u64 {
    pod.statuses.iter().filter(|status| status.state == State::Running).count() as u64
}

/// What the scheduler sets aside: pod-level requests where there are any; else the containers and sidecars together, or
/// the largest moment of the start, when an init container runs beside the sidecars before it; and the overhead.
fn reserved(pod: &Pod) -> Resources {
    let mut sidecars = Resources::default();
    let mut largest_start = Resources::default();
    for init in &pod.init_containers {
        largest_start = combine(largest_start, combine(sidecars, init.requests, u64::saturating_add), u64::max);
        if init.restart_always {
            sidecars = combine(sidecars, init.requests, u64::saturating_add);
        }
    }
    let running =
        combine(sum(pod.containers.iter().map(|container| container.requests)), sidecars, u64::saturating_add);
    let containers = combine(running, largest_start, u64::max);
    let pod_level = pod.pod_resources.requests;
    let asked = Resources {
        cpu_millicores: pod_level.cpu_millicores.or(containers.cpu_millicores),
        memory_bytes: pod_level.memory_bytes.or(containers.memory_bytes),
    };
    combine(asked, pod.overhead, u64::saturating_add)
}

/// The limits together, each only where every container has one.
fn limits(pod: &Pod) -> Resources {
    let all = |limit: fn(&ContainerSpec) -> Option<u64>| {
        pod.containers.iter().map(limit).try_fold(0_u64, |sum, next| Some(sum.saturating_add(next?)))
    };
    Resources {
        cpu_millicores: all(|container| container.limits.cpu_millicores),
        memory_bytes: all(|container| container.limits.memory_bytes),
    }
}

fn sum(resources: impl Iterator<Item = Resources>) -> Resources {
    resources.fold(Resources::default(), |sum, next| combine(sum, next, u64::saturating_add))
}

fn combine(left: Resources, right: Resources, with: fn(u64, u64) -> u64) -> Resources {
    let either = |left: Option<u64>, right: Option<u64>| match (left, right) {
        (Some(left), Some(right)) => Some(with(left, right)),
        (left, right) => left.or(right),
    };
    Resources {
        cpu_millicores: either(left.cpu_millicores, right.cpu_millicores),
        memory_bytes: either(left.memory_bytes, right.memory_bytes),
    }
}

fn capped(resources: Resources, capacity: Capacity) -> Resources {
    let cap =
        |amount: Option<u64>, limit: Option<u64>| amount.map(|amount| limit.map_or(amount, |limit| amount.min(limit)));
    Resources {
        cpu_millicores: cap(resources.cpu_millicores, capacity.cpu_millicores),
        memory_bytes: cap(resources.memory_bytes, capacity.memory_bytes),
    }
}

fn set(resources: Resources) -> Resources {
    Resources {
        cpu_millicores: resources.cpu_millicores.filter(|amount| *amount > 0),
        memory_bytes: resources.memory_bytes.filter(|amount| *amount > 0),
    }
}

#[cfg(test)]
mod tests;
