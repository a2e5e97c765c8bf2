//! The pod list: the few fields of a Kubernetes pod that somebody asks for.
//!
//! Follows `v1.PodList` of the Kubernetes API, as the kubelet serves it at `/pods`.

mod raw;
#[cfg(test)]
mod tests;

use serde::de::Error as _;

use crate::error::ParseError;
use crate::json::{Answer, Careful, Items, Quick, read};

/// The pods a kubelet knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PodList {
    /// The pods, in the kubelet's order.
    pub pods: Vec<Pod>,
    /// Items left out: of a wrong shape, or without UID, name or namespace.
    pub skipped: usize,
}

/// One pod.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pod {
    /// `metadata.uid`, never empty. A static pod's is its configuration's hash.
    pub uid: Box<str>,
    /// `metadata.name`, never empty.
    pub name: Box<str>,
    /// `metadata.namespace`, never empty.
    pub namespace: Box<str>,
    /// Annotation `kubernetes.io/config.hash`: the name a static pod's cgroups may carry in place of the UID.
    pub config_hash: Option<Box<str>>,
    /// `status.phase`.
    pub phase: Phase,
    /// `spec.hostNetwork`: the pod has no network of its own.
    pub host_network: bool,
    /// `spec.runtimeClassName`; `None` is the node's default runtime.
    pub runtime_class: Option<Box<str>>,
    /// `metadata.labels`, sorted bytewise by key.
    pub labels: Vec<(Box<str>, Box<str>)>,
    /// `metadata.ownerReferences` that have kind and name, in the API's order.
    pub owners: Vec<Owner>,
    /// `spec.containers`.
    pub containers: Vec<ContainerSpec>,
    /// `spec.initContainers`, sidecars among them.
    pub init_containers: Vec<ContainerSpec>,
    /// `spec.overhead`: what the runtime class costs beside the containers.
    pub overhead: Resources,
    /// `spec.resources`: requests and limits of the pod as a whole.
    pub pod_resources: PodResources,
    /// `status.containerStatuses`.
    pub statuses: Vec<ContainerStatus>,
    /// `status.initContainerStatuses`, then `status.ephemeralContainerStatuses`.
    pub other_statuses: Vec<ContainerStatus>,
    /// Condition `Ready`; `None` where it is missing or `Unknown`.
    pub ready: Option<bool>,
    /// `metadata.deletionTimestamp` is set: the pod is on its way out.
    pub is_terminating: bool,
    /// `status.podIP` or `status.podIPs` has an address.
    pub has_ip: bool,
    /// Name and protocol of the ports that have a name, of containers and sidecars: what a Service may ask for by name.
    pub named_ports: Vec<(Box<str>, Box<str>)>,
}

/// Where a pod is in its life: `v1.PodPhase`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Phase {
    /// Accepted, and not all of its containers have started.
    Pending,
    /// Bound to the node, with all containers made.
    Running,
    /// All containers ended well and will not be started again.
    Succeeded,
    /// All containers ended, at least one of them badly.
    Failed,
    /// The node could not be asked.
    Unknown,
    /// A phase the API did not have when this was written.
    Other(Box<str>),
    /// The kubelet did not say.
    #[default]
    Absent,
}

impl Phase {
    /// The API's word; `None` where the kubelet did not say.
    pub fn as_str(&self) -> Option<&str> {
        Some(match self {
            Self::Pending => "Pending",
            Self::Running => "Running",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Unknown => "Unknown",
            Self::Other(word) => word,
            Self::Absent => return None,
        })
    }
}

/// An object that a pod belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// Such as `ReplicaSet`, never empty.
    pub kind: Box<str>,
    /// The owner's name, never empty.
    pub name: Box<str>,
}

/// One container as the pod asks for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContainerSpec {
    /// The container's name, never empty.
    pub name: Box<str>,
    /// `resources.requests`.
    pub requests: Resources,
    /// `resources.limits`.
    pub limits: Resources,
    /// An init container with `restartPolicy: Always`: a sidecar, running beside the others.
    pub restart_always: bool,
}

/// Amounts of CPU and memory; `None` is not set, and so is a negative amount or text that is no quantity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Resources {
    /// Thousandths of a CPU, rounded up.
    pub cpu_millicores: Option<u64>,
    /// Bytes, rounded up.
    pub memory_bytes: Option<u64>,
}

/// What a pod as a whole asks for and may use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PodResources {
    /// `spec.resources.requests`.
    pub requests: Resources,
    /// `spec.resources.limits`.
    pub limits: Resources,
}

/// How one container fares.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContainerStatus {
    /// The container's name, never empty.
    pub name: Box<str>,
    /// Runtime and id, as `containerd` and 64 hexadecimal digits; `None` before the first start, and where the
    /// text does not split into exactly two parts.
    pub container_id: Option<(Box<str>, Box<str>)>,
    /// The whole `containerID` where it does not split.
    pub raw_container_id: Option<Box<str>>,
    /// `restartCount`; zero where it is missing.
    pub restart_count: u64,
    /// `state`.
    pub state: State,
    /// `lastState.terminated.reason`; `None` where it is missing or empty.
    pub last_termination_reason: Option<Box<str>>,
}

/// What a container does right now: `v1.ContainerState`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum State {
    /// It runs.
    Running,
    /// It is about to start, or held back.
    Waiting {
        /// Such as `CrashLoopBackOff`; `None` where it is missing or empty.
        reason: Option<Box<str>>,
    },
    /// It has ended.
    Terminated {
        /// Such as `OOMKilled`; `None` where it is missing or empty.
        reason: Option<Box<str>>,
    },
    /// The kubelet did not say.
    #[default]
    Unknown,
}

/// Reads a `v1.PodList`.
///
/// A pod of a wrong shape is counted in [`PodList::skipped`] and costs no other.
pub fn parse_pods(bytes: &[u8]) -> Result<PodList, ParseError> {
    match read::<raw::List<Quick<Pod>>, raw::List<Careful<Pod>>>(bytes)? {
        Answer::Quick(list) => finish(list),
        Answer::Careful(list) => finish(list),
    }
}

fn finish<'a, I: Items<'a, Pod>>(list: raw::List<'a, I>) -> Result<PodList, ParseError> {
    let kind = list.kind.map(|kind| kind.0).unwrap_or_default();
    if kind != "PodList" {
        return Err(ParseError::Kind { expected: "PodList", found: kind.chars().take(64).collect() });
    }
    let Some(items) = list.items else { return Err(serde_json::Error::missing_field("items").into()) };
    let (mut pods, skipped) = items.map(I::into_parts).unwrap_or_default();
    pods.shrink_to_fit();
    Ok(PodList { pods, skipped })
}
