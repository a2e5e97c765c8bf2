//! The pod list: the few fields of a Kubernetes pod that the agent needs.
//!
//! Follows `v1.PodList` of the Kubernetes API, as the kubelet serves it at `/pods`.

mod amounts;
mod raw;
mod reader;
mod repeated;
/// A list is the same in pieces of any size, and where the one before it is known.
#[cfg(fuzzing)]
pub fn fuzz(first: &[u8], second: &[u8], piece: usize) {
    let rules = LabelRules::default();
    let read = |known: &Known, bytes: &[u8], piece: usize| {
        let mut reader = Reader::new(&rules, known);
        bytes.chunks(piece.max(1)).try_for_each(|piece| reader.push(piece))?;
        reader.finish()
    };
    let nothing = Known::default();
    let known = read(&nothing, first, piece);
    let same = |one: &Result<Known, ParseError>, whole: &[u8]| {
        let other = read(&nothing, whole, whole.len());
        assert_eq!(one.as_ref().ok().map(Known::list), other.as_ref().ok().map(Known::list));
    };
    same(&known, first);
    if let Ok(known) = &known {
        same(&read(known, first, piece), first);
        same(&read(known, second, piece), second);
        same(&read(known, second, second.len()), second);
    }
}

#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::error::ParseError;
use crate::stream::{LabelRules, digest};

pub use amounts::Amounts;
pub use reader::MOST_PODS;
pub(crate) use reader::{Known, Reader};

/// Containers of a pod that are kept of each kind: the others have no records. Kubernetes bounds their number by the
/// object's size alone.
pub const MOST_CONTAINERS: usize = 128;
/// Owners of a pod that are kept, the first ones: it has one.
const MOST_OWNERS: usize = 4;
/// The longest text that is kept of a name, an id or a reason; a longer one is not what Kubernetes writes there.
const LONGEST_TEXT: usize = 1 << 10;

/// The pods a kubelet knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PodList {
    /// The pods, in the kubelet's order.
    pub pods: Vec<Arc<Pod>>,
    /// Items left out: of a wrong shape, or without UID, name or namespace.
    pub skipped: usize,
    /// Items left out because more than [`crate::LARGEST_OBJECT`] bytes of them would have to be kept.
    pub too_large: usize,
    /// Items left out because there are more than [`MOST_PODS`], those that have ended first.
    pub passed_over: usize,
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
    /// Annotation `kubernetes.io/config.hash` of a static pod: the name its cgroups may carry in place of the UID. Any user
    /// may write the annotation on a pod of theirs: it counts only where the kubelet has the pod from a file or a URL, and on
    /// the mirror of such a pod at the API server.
    pub config_hash: Option<Box<str>>,
    /// `status.phase`.
    pub phase: Phase,
    /// `spec.hostNetwork`: the pod has no network of its own.
    pub host_network: bool,
    /// `spec.runtimeClassName`; `None` is the node's default runtime.
    pub runtime_class: Option<Box<str>>,
    /// `metadata.labels` as far as they are wanted and fit, sorted bytewise by key.
    pub labels: Vec<(Box<str>, Box<str>)>,
    /// How many labels that are wanted did not fit.
    pub labels_cut: u32,
    /// Of the labels that are not kept what [`Pod::has_label`] needs.
    pub other_labels: Box<[u64]>,
    /// `metadata.ownerReferences` that have kind and name, in the API's order.
    pub owners: Vec<Owner>,
    /// `spec.containers`, at most [`MOST_CONTAINERS`].
    pub containers: Vec<ContainerSpec>,
    /// What all of `spec.containers` ask for and may use, and no others.
    pub of_containers: Amounts,
    /// What the scheduler sets aside, and what the pod's cgroup may use: with sidecars, init containers, overhead and
    /// what is set for the pod as a whole.
    pub scheduled: Amounts,
    /// Containers, statuses, owners and named ports that are not kept because there are too many.
    pub containers_cut: u32,
    /// All of `status.containerStatuses`, kept or not.
    pub container_count: u64,
    /// Those of them that run.
    pub running_containers: u64,
    /// Their restarts together.
    pub restarts: u64,
    /// `status.containerStatuses`, at most [`MOST_CONTAINERS`].
    pub statuses: Vec<ContainerStatus>,
    /// `status.initContainerStatuses`, then `status.ephemeralContainerStatuses`, at most [`MOST_CONTAINERS`] of each.
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
}

/// Amounts of CPU and memory; `None` is not set, and so is a negative amount or text that is no quantity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Resources {
    /// Thousandths of a CPU, rounded up.
    pub cpu_millicores: Option<u64>,
    /// Bytes, rounded up.
    pub memory_bytes: Option<u64>,
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

/// Reads a `v1.PodList` that has arrived, with all labels that fit.
///
/// A pod of a wrong shape is counted in [`PodList::skipped`] and costs no other.
pub fn parse_pods(bytes: &[u8]) -> Result<PodList, ParseError> {
    let known = Known::default();
    let mut reader = Reader::new(&LabelRules::default(), &known);
    reader.push(bytes)?;
    let known = reader.finish()?;
    Ok(PodList::clone(known.list()))
}

impl Pod {
    /// Whether it has a label, kept or not.
    pub fn has_label(&self, label: &(Box<str>, Box<str>)) -> bool {
        self.labels.binary_search(label).is_ok()
            || !self.other_labels.is_empty() && self.other_labels.contains(&digest(&label.0, &label.1))
    }
}
