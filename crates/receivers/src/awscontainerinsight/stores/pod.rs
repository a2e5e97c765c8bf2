//! One pod as the records need it: its texts made once, when the kubelet's answer about it changes.

use std::sync::Arc;

use kubernetes::{Pod, State};
use model::Text;

use crate::awscontainerinsight::stores::document::{self, ContainerPart, Document};
use crate::awscontainerinsight::stores::owners::{self, Naming};

/// The most that a pod's labels add to a round's events, in bytes of JSON, over all records that repeat them.
///
/// Twenty pods whose labels are at this bound add 640 KiB to a round, where the queue for an outage has 16 MiB; ten
/// containers with fifteen labels of a usual length need 20 KiB.
pub const LABELS_OF_A_POD: usize = 32 << 10;

/// What all pods' texts are made with.
#[derive(Debug, Clone)]
pub struct Style {
    /// The node's name.
    pub host: Text,
    /// How owners' names are read.
    pub naming: Naming,
    /// Which labels are repeated; `None` for all of them.
    pub labels: Option<Vec<String>>,
}

/// A pod with the texts of its records.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What the kubelet says; `None` where only the pod's names are known, from its log directory.
    pub pod: Option<Arc<Pod>>,
    /// The UID.
    pub uid: Text,
    /// The namespace.
    pub namespace: Text,
    /// What the pod is counted under.
    pub pod_name: Text,
    /// The pod's own name.
    pub full_name: Text,
    /// The Service it belongs to, where one does.
    pub service: Option<Text>,
    /// `status.phase`, where the kubelet gave one.
    pub phase: Option<Text>,
    /// The attribute `kubernetes` of the pod's records.
    pub document: Text,
    /// Its containers of every kind, in the order of their specifications.
    pub containers: Vec<ContainerEntry>,
}

/// A container with the texts of its records.
#[derive(Debug, Clone)]
pub struct ContainerEntry {
    /// The container's name.
    pub name: Text,
    /// The id of its present or last run; `None` before the first.
    pub id: Option<Text>,
    /// The runtime's name, where the status has it.
    pub runtime: Option<Text>,
    /// `Running`, `Waiting` or `Terminated`, where the kubelet said so and the container is an ordinary one.
    pub status: Option<Text>,
    /// The attribute `kubernetes` of the container's records.
    pub document: Text,
    /// Its place in `spec.containers`; `None` for init and ephemeral containers.
    pub specification: Option<usize>,
    /// Its place in `status.containerStatuses`.
    pub state: Option<usize>,
}

impl Entry {
    /// The entry of a pod that the kubelet lists.
    pub fn listed(pod: &Arc<Pod>, service: Option<Text>, style: &Style) -> Self {
        let owners = owners::reported(pod, style.naming);
        let pod_name = owners::pod_name(pod, &owners, style.naming);
        let labels: Vec<_> = style.labels_of(pod).cloned().collect();
        let document = Document {
            host: &style.host,
            namespace: &pod.namespace,
            pod_name: &pod.name,
            pod_id: &pod.uid,
            service: service.as_deref().unwrap_or_default(),
            labels: &labels,
            owners: &owners,
            container: None,
        };
        Self {
            uid: text(&pod.uid),
            namespace: text(&pod.namespace),
            pod_name: pod_name.into(),
            full_name: text(&pod.name),
            phase: pod.phase.as_str().map(text),
            containers: containers(pod, document),
            document: document.encode().into(),
            service,
            pod: Some(pod.clone()),
        }
    }

    /// The entry of a pod of which only the names are known.
    pub fn named(uid: &str, namespace: &str, name: &str, style: &Style) -> Self {
        let document = Document {
            host: &style.host,
            namespace,
            pod_name: name,
            pod_id: uid,
            service: "",
            labels: &[],
            owners: &[],
            container: None,
        };
        Self {
            pod: None,
            uid: text(uid),
            namespace: text(namespace),
            pod_name: owners::unowned_pod_name(name, style.naming).into(),
            full_name: text(name),
            service: None,
            phase: None,
            document: document.encode().into(),
            containers: Vec::new(),
        }
    }

    /// The container of this id.
    pub fn container(&self, id: &str) -> Option<&ContainerEntry> {
        self.containers.iter().find(|container| container.id.as_deref() == Some(id))
    }
}

impl Style {
    /// The labels that a pod's records repeat: the first by name, as far as they fit.
    fn labels_of<'p>(&self, pod: &'p Pod) -> impl Iterator<Item = &'p (Box<str>, Box<str>)> + use<'p, '_> {
        // Pod, PodNet, and Container and ContainerFS of each container.
        let records = 2 + 2 * (pod.containers.len() + pod.other_statuses.len());
        let mut room = LABELS_OF_A_POD / records;
        pod.labels.iter().filter(|(name, _)| self.keeps(name)).take_while(move |(name, value)| {
            let left = room.checked_sub(document::length_of_label(name, value));
            room = left.unwrap_or(0);
            left.is_some()
        })
    }

    /// How many labels of a pod its records ought to repeat and don't.
    pub fn labels_cut(&self, pod: &Pod) -> u64 {
        let wanted = pod.labels.iter().filter(|(name, _)| self.keeps(name)).count();
        u64::from(pod.labels_cut) + (wanted - self.labels_of(pod).count()) as u64
    }

    fn keeps(&self, label: &str) -> bool {
        self.labels.as_ref().is_none_or(|kept| kept.iter().any(|name| name == label))
    }
}

fn containers(pod: &Pod, document: Document<'_>) -> Vec<ContainerEntry> {
    let ordinary = pod.containers.iter().enumerate().map(|(specification, container)| {
        let state = pod.statuses.iter().position(|status| status.name == container.name);
        let status = state.map(|at| &pod.statuses[at]);
        let runtime_and_id =
            status.and_then(|status| status.container_id.as_ref()).map(|(runtime, id)| (&**runtime, &**id));
        let raw = status.and_then(|status| status.raw_container_id.as_deref());
        let part = ContainerPart { name: &container.name, runtime: runtime_and_id, bare_id: raw };
        ContainerEntry {
            name: text(&container.name),
            id: runtime_and_id.map(|(_, id)| id).or(raw).map(text),
            runtime: runtime_and_id.map(|(runtime, _)| text(runtime)),
            status: status.and_then(|status| word(&status.state)).map(text),
            document: Document { container: Some(part), ..document }.encode().into(),
            specification: Some(specification),
            state,
        }
    });
    // Init and ephemeral containers have records while they run, without a status of their own.
    let others = pod.other_statuses.iter().filter_map(|status| {
        let (runtime, id) = status.container_id.as_ref()?;
        let part = ContainerPart { name: &status.name, runtime: Some((runtime, id)), bare_id: None };
        Some(ContainerEntry {
            name: text(&status.name),
            id: Some(text(id)),
            runtime: Some(text(runtime)),
            status: None,
            document: Document { container: Some(part), ..document }.encode().into(),
            specification: None,
            state: None,
        })
    });
    ordinary.chain(others).collect()
}

fn word(state: &State) -> Option<&'static str> {
    match state {
        State::Running => Some("Running"),
        State::Waiting { .. } => Some("Waiting"),
        State::Terminated { .. } => Some("Terminated"),
        State::Unknown => None,
    }
}

fn text(text: &str) -> Text {
    text.into()
}
