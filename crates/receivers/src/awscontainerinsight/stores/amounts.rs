//! What pods ask for and may use, and what a node's pods ask for together.

use std::sync::Arc;

use kubernetes::{Phase, Pod, Resources};

use crate::awscontainerinsight::config::PodRequests;
use platform::Capacity;

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
    let amounts = match mode {
        PodRequests::Containers => pod.of_containers,
        PodRequests::Scheduler => pod.scheduled,
    };
    PodAmounts { requests: set(capped(amounts.requests, capacity)), limits: set(capped(amounts.limits, capacity)) }
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
pub fn totals(pods: &[Arc<Pod>], mode: PodRequests, capacity: Capacity) -> Totals {
    let mut totals = Totals::default();
    for pod in pods {
        if !pod.has_ended() {
            let requests = of_pod(pod, mode, capacity).requests;
            totals.cpu_request_millicores =
                totals.cpu_request_millicores.saturating_add(requests.cpu_millicores.unwrap_or(0));
            totals.memory_request_bytes =
                totals.memory_request_bytes.saturating_add(requests.memory_bytes.unwrap_or(0));
        }
        totals.running_pods += u64::from(pod.phase == Phase::Running);
        totals.running_containers = totals.running_containers.saturating_add(pod.running_containers);
    }
    totals
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
