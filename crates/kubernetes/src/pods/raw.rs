//! Pods as the API spells them, borrowed from the answer, and what is kept of each.
//!
//! Every member may be missing or null. Members that are not named here are passed over without being held.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, Visitor};

use super::amounts::{Amounts, Part, Parts};
use super::{
    ContainerSpec, ContainerStatus, LONGEST_TEXT, MOST_CONTAINERS, MOST_OWNERS, Owner, Phase, Pod, Resources, State,
};
use crate::json::{FromRaw, Number, Pairs, Text, said};
use crate::quantity::{parse_integer, parse_millis};
use crate::stream::Shape;

const AMOUNTS: Shape = Shape::Members(&[("cpu", Shape::Whole), ("memory", Shape::Whole)]);
const RESOURCES: Shape = Shape::Members(&[("requests", AMOUNTS), ("limits", AMOUNTS)]);
const CONTAINERS: Shape = Shape::Items(&Shape::Members(&[
    ("name", Shape::Whole),
    ("resources", RESOURCES),
    ("restartPolicy", Shape::Whole),
    ("ports", Shape::Items(&Shape::Members(&[("name", Shape::Whole), ("protocol", Shape::Whole)]))),
]));
const REASON: Shape = Shape::Members(&[("reason", Shape::Whole)]);
const STATE: Shape = Shape::Members(&[("running", REASON), ("waiting", REASON), ("terminated", REASON)]);
const STATUSES: Shape = Shape::Items(&Shape::Members(&[
    ("name", Shape::Whole),
    ("containerID", Shape::Whole),
    ("restartCount", Shape::Whole),
    ("state", STATE),
    ("lastState", STATE),
]));
const METADATA: Shape = Shape::Members(&[
    ("name", Shape::Whole),
    ("namespace", Shape::Whole),
    ("uid", Shape::Whole),
    ("labels", Shape::Labels),
    (
        "annotations",
        Shape::Members(&[(CONFIG_HASH, Shape::Whole), (CONFIG_SOURCE, Shape::Whole), (CONFIG_MIRROR, Shape::Whole)]),
    ),
    ("ownerReferences", Shape::Items(&Shape::Members(&[("kind", Shape::Whole), ("name", Shape::Whole)]))),
    ("deletionTimestamp", Shape::Whole),
]);
const SPEC: Shape = Shape::Members(&[
    ("containers", CONTAINERS),
    ("initContainers", CONTAINERS),
    ("hostNetwork", Shape::Whole),
    ("runtimeClassName", Shape::Whole),
    ("overhead", AMOUNTS),
    ("resources", RESOURCES),
]);
const STATUS: Shape = Shape::Members(&[
    ("phase", Shape::Whole),
    ("podIP", Shape::Whole),
    ("podIPs", Shape::Items(&Shape::Members(&[("ip", Shape::Whole)]))),
    ("conditions", Shape::Items(&Shape::Members(&[("type", Shape::Whole), ("status", Shape::Whole)]))),
    ("containerStatuses", STATUSES),
    ("initContainerStatuses", STATUSES),
    ("ephemeralContainerStatuses", STATUSES),
]);
const POD: Shape = Shape::Members(&[("metadata", METADATA), ("spec", SPEC), ("status", STATUS)]);
/// What is kept of a pod list.
pub(super) static LIST: Shape = Shape::Members(&[("kind", Shape::Whole), ("items", Shape::Each(&POD))]);

/// The name that a static pod's cgroups may carry.
const CONFIG_HASH: &str = "kubernetes.io/config.hash";
/// Where the kubelet has a pod from: `api`, or `file` or `http` for a static one. The kubelet overwrites any
/// other value.
const CONFIG_SOURCE: &str = "kubernetes.io/config.source";
/// On the object by which the API server knows a static pod.
const CONFIG_MIRROR: &str = "kubernetes.io/config.mirror";

#[derive(Deserialize)]
pub(crate) struct RawPod<'a> {
    #[serde(borrow)]
    metadata: Option<Metadata<'a>>,
    #[serde(borrow)]
    spec: Option<Spec<'a>>,
    #[serde(borrow)]
    status: Option<Status<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    namespace: Option<Text<'a>>,
    #[serde(borrow)]
    uid: Option<Text<'a>>,
    #[serde(borrow)]
    labels: Option<Pairs<'a>>,
    #[serde(borrow)]
    annotations: Option<Annotations<'a>>,
    #[serde(borrow)]
    owner_references: Option<Vec<RawOwner<'a>>>,
    deletion_timestamp: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct RawOwner<'a> {
    #[serde(borrow)]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    name: Option<Text<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Spec<'a> {
    #[serde(borrow)]
    containers: Option<Vec<RawContainer<'a>>>,
    #[serde(borrow)]
    init_containers: Option<Vec<RawContainer<'a>>>,
    host_network: Option<bool>,
    #[serde(borrow)]
    runtime_class_name: Option<Text<'a>>,
    overhead: Option<Resources>,
    resources: Option<RawResources>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawContainer<'a> {
    #[serde(borrow)]
    name: Option<Text<'a>>,
    resources: Option<RawResources>,
    #[serde(borrow)]
    restart_policy: Option<Text<'a>>,
    #[serde(borrow)]
    ports: Option<Vec<RawPort<'a>>>,
}

#[derive(Deserialize)]
struct RawPort<'a> {
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    protocol: Option<Text<'a>>,
}

#[derive(Deserialize, Default)]
struct RawResources {
    requests: Option<Resources>,
    limits: Option<Resources>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Status<'a> {
    #[serde(borrow)]
    phase: Option<Text<'a>>,
    #[serde(borrow, rename = "podIP")]
    pod_ip: Option<Text<'a>>,
    #[serde(borrow, rename = "podIPs")]
    pod_ips: Option<Vec<RawIp<'a>>>,
    #[serde(borrow)]
    conditions: Option<Vec<Condition<'a>>>,
    #[serde(borrow)]
    container_statuses: Option<Vec<RawStatus<'a>>>,
    #[serde(borrow)]
    init_container_statuses: Option<Vec<RawStatus<'a>>>,
    #[serde(borrow)]
    ephemeral_container_statuses: Option<Vec<RawStatus<'a>>>,
}

#[derive(Deserialize)]
struct RawIp<'a> {
    #[serde(borrow)]
    ip: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Condition<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    status: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawStatus<'a> {
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow, rename = "containerID")]
    container_id: Option<Text<'a>>,
    #[serde(default)]
    restart_count: Number,
    #[serde(borrow)]
    state: Option<RawState<'a>>,
    #[serde(borrow)]
    last_state: Option<RawState<'a>>,
}

#[derive(Deserialize, Default)]
struct RawState<'a> {
    running: Option<Reason<'a>>,
    #[serde(borrow)]
    waiting: Option<Reason<'a>>,
    #[serde(borrow)]
    terminated: Option<Reason<'a>>,
}

#[derive(Deserialize)]
struct Reason<'a> {
    #[serde(borrow)]
    reason: Option<Text<'a>>,
}

/// The annotations about static pods; the others, often the larger part of a pod, are not held.
#[derive(Deserialize, Default)]
struct Annotations<'a> {
    #[serde(borrow, rename = "kubernetes.io/config.hash")]
    hash: Option<Text<'a>>,
    #[serde(borrow, rename = "kubernetes.io/config.source")]
    source: Option<Text<'a>>,
    #[serde(borrow, rename = "kubernetes.io/config.mirror")]
    mirror: Option<Text<'a>>,
}

impl<'a> Annotations<'a> {
    /// The hash of a static pod. On any other pod the annotation is its owner's, who may write anything there.
    fn config_hash(self) -> Option<Text<'a>> {
        let is_static = match &self.source {
            Some(source) => matches!(&*source.0, "file" | "http"),
            None => self.mirror.is_some(),
        };
        self.hash.filter(|_| is_static)
    }
}

/// A quantity's text; a bare number, as YAML allows it, is written out.
struct Quantity<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Quantity<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct QuantityVisitor;
        impl<'de> Visitor<'de> for QuantityVisitor {
            type Value = Quantity<'de>;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a quantity")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Quantity<'de>, E> {
                Ok(Quantity(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Quantity<'de>, E> {
                Ok(Quantity(Cow::Owned(text.to_owned())))
            }
            fn visit_u64<E>(self, number: u64) -> Result<Quantity<'de>, E> {
                Ok(Quantity(Cow::Owned(number.to_string())))
            }
            fn visit_i64<E>(self, number: i64) -> Result<Quantity<'de>, E> {
                Ok(Quantity(Cow::Owned(number.to_string())))
            }
            fn visit_f64<E>(self, number: f64) -> Result<Quantity<'de>, E> {
                Ok(Quantity(Cow::Owned(number.to_string())))
            }
        }
        deserializer.deserialize_any(QuantityVisitor)
    }
}

impl<'de> Deserialize<'de> for Resources {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Raw<'a> {
            #[serde(borrow)]
            cpu: Option<Quantity<'a>>,
            #[serde(borrow)]
            memory: Option<Quantity<'a>>,
        }
        let raw = Raw::deserialize(deserializer)?;
        Ok(Self {
            cpu_millicores: raw.cpu.and_then(|cpu| parse_millis(&cpu.0)),
            memory_bytes: raw.memory.and_then(|memory| parse_integer(&memory.0)),
        })
    }
}

impl<'de> FromRaw<'de> for Pod {
    type Raw = RawPod<'de>;

    fn slim(raw: RawPod<'de>) -> Option<Self> {
        let metadata = raw.metadata?;
        let spec = raw.spec.unwrap_or_default();
        let status = raw.status.unwrap_or_default();
        let pod_resources = spec.resources.unwrap_or_default();
        let ips = status.pod_ips.unwrap_or_default();
        let has_ip = ips.iter().map(|ip| &ip.ip).chain([&status.pod_ip]).flatten().any(|ip| !ip.0.is_empty());
        let parts = Parts {
            containers: spec.containers.iter().flatten().map(RawContainer::part).collect(),
            init_containers: spec.init_containers.iter().flatten().map(RawContainer::part).collect(),
            overhead: spec.overhead.unwrap_or_default(),
            pod_level: Amounts {
                requests: pod_resources.requests.unwrap_or_default(),
                limits: pod_resources.limits.unwrap_or_default(),
            },
        };
        let is_named = |status: &&RawStatus<'_>| status.name.as_ref().is_some_and(|name| !name.0.is_empty());
        let statuses = || status.container_statuses.iter().flatten().filter(is_named);
        let runs = |status: &&RawStatus<'_>| status.state.as_ref().is_some_and(|state| state.running.is_some());
        let (container_count, running) = (statuses().count() as u64, statuses().filter(runs).count() as u64);
        let restarts = statuses().filter_map(|status| status.restart_count.0).fold(0, u64::saturating_add);
        let mut cut = 0;
        let mut named_ports = named_ports(&spec.containers, &spec.init_containers);
        cut += named_ports.len().saturating_sub(MOST_CONTAINERS);
        named_ports.truncate(MOST_CONTAINERS);
        let statuses = kept(status.container_statuses, container_status, &mut cut);
        let mut others = kept(status.init_container_statuses, container_status, &mut cut);
        others.extend(kept(status.ephemeral_container_statuses, container_status, &mut cut));
        let containers = kept(spec.containers, container, &mut cut);
        let mut owners = metadata.owner_references.unwrap_or_default();
        cut += owners.len().saturating_sub(MOST_OWNERS);
        owners.truncate(MOST_OWNERS);
        Some(Self {
            uid: name(metadata.uid)?,
            name: name(metadata.name)?,
            namespace: name(metadata.namespace)?,
            config_hash: name(metadata.annotations.unwrap_or_default().config_hash()),
            phase: phase(status.phase),
            host_network: spec.host_network.unwrap_or_default(),
            runtime_class: name(spec.runtime_class_name),
            labels: labels(metadata.labels.unwrap_or_default()),
            labels_cut: 0,
            other_labels: Box::default(),
            owners: owners.into_iter().filter_map(owner).collect(),
            is_terminating: metadata.deletion_timestamp.is_some(),
            has_ip,
            named_ports,
            containers,
            of_containers: parts.of_containers(),
            scheduled: parts.scheduled(),
            containers_cut: u32::try_from(cut).unwrap_or(u32::MAX),
            container_count,
            running_containers: running,
            restarts,
            statuses,
            other_statuses: others,
            ready: status.conditions.unwrap_or_default().iter().find_map(ready),
        })
    }
}

/// A text that Kubernetes bounds: never empty, and one that is too long is not what should stand there.
fn name(text: Option<Text>) -> Option<Box<str>> {
    said(text.filter(|text| text.0.len() <= LONGEST_TEXT))
}

/// The named ports of containers that run as long as the pod does.
fn named_ports(
    containers: &Option<Vec<RawContainer>>,
    init_containers: &Option<Vec<RawContainer>>,
) -> Vec<(Box<str>, Box<str>)> {
    let sidecars = init_containers.iter().flatten().filter(|container| container.is_sidecar());
    let ports = containers.iter().flatten().chain(sidecars).flat_map(|container| container.ports.iter().flatten());
    let named = ports.filter_map(|port| {
        let name = port.name.as_ref().filter(|name| !name.0.is_empty())?;
        Some(((*name.0).into(), port.protocol.as_ref().map_or("TCP", |protocol| &protocol.0).into()))
    });
    let mut ports: Vec<_> = named.collect();
    ports.shrink_to_fit();
    ports
}

/// What `keep` makes of a list's first items; `cut` counts the others.
fn kept<R, T>(raw: Option<Vec<R>>, keep: fn(R) -> Option<T>, cut: &mut usize) -> Vec<T> {
    let raw = raw.unwrap_or_default();
    *cut += raw.len().saturating_sub(MOST_CONTAINERS);
    let mut items = Vec::with_capacity(raw.len().min(MOST_CONTAINERS));
    items.extend(raw.into_iter().take(MOST_CONTAINERS).filter_map(keep));
    items
}

fn phase(text: Option<Text>) -> Phase {
    let Some(Text(text)) = text else { return Phase::Absent };
    match &*text {
        "" => Phase::Absent,
        "Pending" => Phase::Pending,
        "Running" => Phase::Running,
        "Succeeded" => Phase::Succeeded,
        "Failed" => Phase::Failed,
        "Unknown" => Phase::Unknown,
        _ if text.len() > LONGEST_TEXT => Phase::Absent,
        _ => Phase::Other(text.into()),
    }
}

fn labels(raw: Pairs) -> Vec<(Box<str>, Box<str>)> {
    let mut labels: Vec<_> = raw.0.into_iter().map(|(key, value)| (key.boxed(), value.boxed())).collect();
    labels.sort_by(|one, other| one.0.cmp(&other.0));
    // Of a key given twice the last value counts, as in Go's decoder.
    labels.reverse();
    labels.dedup_by(|one, other| one.0 == other.0);
    labels.reverse();
    labels.shrink_to_fit();
    labels
}

fn owner(raw: RawOwner) -> Option<Owner> {
    Some(Owner { kind: name(raw.kind)?, name: name(raw.name)? })
}

impl RawContainer<'_> {
    /// Among the init containers: it is started before the others and then runs beside them.
    fn is_sidecar(&self) -> bool {
        self.restart_policy.as_ref().is_some_and(|policy| policy.0 == "Always")
    }

    fn amounts(&self) -> Amounts {
        let resources = self.resources.as_ref();
        Amounts {
            requests: resources.and_then(|resources| resources.requests).unwrap_or_default(),
            limits: resources.and_then(|resources| resources.limits).unwrap_or_default(),
        }
    }

    fn part(&self) -> Part {
        Part { amounts: self.amounts(), is_sidecar: self.is_sidecar() }
    }
}

fn container(raw: RawContainer) -> Option<ContainerSpec> {
    let Amounts { requests, limits } = raw.amounts();
    Some(ContainerSpec { name: name(raw.name)?, requests, limits })
}

fn container_status(raw: RawStatus) -> Option<ContainerStatus> {
    let whole = raw.container_id.map(|id| id.0).filter(|id| !id.is_empty() && id.len() <= LONGEST_TEXT);
    let container_id = whole.as_deref().and_then(split_container_id);
    Some(ContainerStatus {
        name: name(raw.name)?,
        raw_container_id: whole.filter(|_| container_id.is_none()).map(Into::into),
        container_id,
        restart_count: raw.restart_count.0.unwrap_or(0),
        state: state(raw.state.unwrap_or_default()),
        last_termination_reason: raw.last_state.and_then(|last| name(last.terminated?.reason)),
    })
}

/// Runtime and id of `runtime://id`, where there are exactly these two parts.
fn split_container_id(whole: &str) -> Option<(Box<str>, Box<str>)> {
    let (runtime, id) = whole.split_once("://")?;
    (!runtime.is_empty() && !id.is_empty() && !id.contains("://")).then(|| (runtime.into(), id.into()))
}

fn state(raw: RawState) -> State {
    if raw.running.is_some() {
        State::Running
    } else if let Some(terminated) = raw.terminated {
        State::Terminated { reason: name(terminated.reason) }
    } else if let Some(waiting) = raw.waiting {
        State::Waiting { reason: name(waiting.reason) }
    } else {
        State::Unknown
    }
}

fn ready(condition: &Condition) -> Option<bool> {
    if condition.kind.as_ref()?.0 != "Ready" {
        return None;
    }
    match &*condition.status.as_ref()?.0 {
        "True" => Some(true),
        "False" => Some(false),
        _ => None,
    }
}
