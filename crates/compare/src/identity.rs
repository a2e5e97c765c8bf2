//! Whom an event is about: a static table of what names each type's things, so that the events of both sides find each other.
//!
//! A pod is known by its UID, wherever that stands: as a root member, or in the JSON in `kubernetes`, where alone the Go
//! collector has it. Where one side has no UID, pods are paired by their names in a second go.

use std::borrow::Cow;

use catalog::RecordType;

use crate::json::Json;

/// A part of an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// A root member.
    Member(&'static str),
    /// The pod's own name, or, where that is missing, what stands for it in dimensions.
    Pod,
    /// The container's name, or its id where it has none.
    Container,
    /// The status of a container that isn't running: one that waits is another thing than one that runs, as it has no usage.
    NotRunning,
}

use Part::{Container, Member, NotRunning, Pod};

const CLUSTER: Part = Member("ClusterName");
const NODE: Part = Member("NodeName");
const NAMESPACE: Part = Member("Namespace");
/// A workload's name stands where a pod's does.
const WORKLOAD: Part = Member("PodName");
const INSTANCE: Part = Member("InstanceId");

/// What names a type's things. Everything else of an event is compared.
pub(crate) const fn parts(record_type: RecordType) -> &'static [Part] {
    use RecordType as T;
    match record_type {
        T::Cluster | T::ControlPlane => &[CLUSTER],
        T::ClusterNamespace => &[CLUSTER, NAMESPACE],
        T::ClusterService => &[CLUSTER, NAMESPACE, Member("Service")],
        T::ClusterDeployment | T::ClusterDaemonSet | T::ClusterStatefulSet | T::ClusterReplicaSet => {
            &[CLUSTER, NAMESPACE, WORKLOAD]
        }
        T::ClusterQueue => &[CLUSTER, Member("ClusterQueue"), Member("Flavor"), Member("Resource"), Member("Reason")],
        T::Node | T::HyperPodNode | T::NodeAWSNeuron => &[CLUSTER, NODE],
        T::NodeDiskIO | T::NodeFS => &[CLUSTER, NODE, Member("device")],
        T::NodeNet => &[CLUSTER, NODE, Member("interface")],
        T::NodeEBS | T::NodeInstanceStore => &[CLUSTER, NODE, Member("VolumeId")],
        T::NodeGPU => &[CLUSTER, NODE, Member("GpuDevice")],
        T::NodeEFA => &[CLUSTER, NODE, Member("EfaDevice")],
        T::NodeAWSNeuronCore | T::NodeAWSNeuronDevice => &[CLUSTER, NODE, Member("NeuronDevice"), Member("NeuronCore")],
        T::Pod => &[CLUSTER, NODE, NAMESPACE, Pod],
        T::PodNet => &[CLUSTER, NODE, NAMESPACE, Pod, Member("interface")],
        T::PodGPU => &[CLUSTER, NODE, NAMESPACE, Pod, Member("GpuDevice")],
        T::PodEFA => &[CLUSTER, NODE, NAMESPACE, Pod, Member("EfaDevice")],
        T::PodAWSNeuronCore | T::PodAWSNeuronDevice => {
            &[CLUSTER, NODE, NAMESPACE, Pod, Member("NeuronDevice"), Member("NeuronCore")]
        }
        T::Container => &[CLUSTER, NODE, NAMESPACE, Pod, Container, NotRunning],
        T::ContainerFS => &[CLUSTER, NODE, NAMESPACE, Pod, Container, Member("device")],
        T::ContainerGPU => &[CLUSTER, NODE, NAMESPACE, Pod, Container, Member("GpuDevice")],
        T::ContainerEFA => &[CLUSTER, NODE, NAMESPACE, Pod, Container, Member("EfaDevice")],
        T::ContainerAWSNeuronCore | T::ContainerAWSNeuronDevice => {
            &[CLUSTER, NODE, NAMESPACE, Pod, Container, Member("NeuronDevice"), Member("NeuronCore")]
        }
        T::Instance => &[CLUSTER, INSTANCE],
        T::InstanceDiskIO | T::InstanceFS => &[CLUSTER, INSTANCE, Member("device")],
        T::InstanceNet => &[CLUSTER, INSTANCE, Member("interface")],
    }
}

/// Whom an event is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Identity {
    pub(crate) record_type: RecordType,
    /// The UID of the pod; empty where it is missing, or where there is no pod.
    pub(crate) uid: String,
    /// All parts that are there, for people and for pairing by name.
    pub(crate) name: String,
}

/// Reads it from an event.
pub(crate) fn of(record_type: RecordType, root: &Json) -> Identity {
    let mut identity = Identity { record_type, uid: String::new(), name: String::new() };
    let kubernetes = root.get("kubernetes");
    let nested = |name: &str| kubernetes.and_then(|nested| nested.get(name));
    let member = |name: &str| root.get(name).and_then(shown).filter(|text| !text.is_empty());
    for part in parts(record_type) {
        let value = match part {
            Member(name) => member(name),
            Pod => {
                identity.uid = member("PodId").or_else(|| nested("pod_id").and_then(shown)).unwrap_or_default().into();
                member("K8sPodName").or_else(|| nested("pod_name").and_then(shown)).or_else(|| member("PodName"))
            }
            Container => member("ContainerName")
                .or_else(|| nested("container_name").and_then(shown))
                .or_else(|| member("ContainerId"))
                .or_else(|| container_id(nested)),
            NotRunning => member("container_status").filter(|status| status != "Running"),
        };
        if let Some(value) = value {
            if !identity.name.is_empty() {
                identity.name.push('/');
            }
            identity.name.push_str(&value);
        }
    }
    identity
}

/// `kubernetes.<runtime>.container_id`.
fn container_id<'a>(nested: impl Fn(&str) -> Option<&'a Json<'a>>) -> Option<Cow<'a, str>> {
    ["containerd", "docker", "cri-o"].iter().find_map(|runtime| nested(runtime)?.get("container_id").and_then(shown))
}

fn shown<'a>(value: &'a Json) -> Option<Cow<'a, str>> {
    match value {
        Json::Text(text) => Some(Cow::Borrowed(text)),
        Json::Number(number) => Some(Cow::Owned(number.to_string())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, uid: &str, name: &str) {
        let root = Json::parse(text).unwrap();
        let kind = root.get("Type").and_then(Json::text).unwrap();
        let record_type = *RecordType::ALL.iter().find(|of| of.as_str() == kind).unwrap();
        let identity = of(record_type, &root);
        assert_eq!((identity.uid.as_str(), identity.name.as_str()), (uid, name));
    }

    #[test]
    fn a_pod_is_itself_wherever_its_uid_stands() {
        let ours = r#"{"Type":"Pod","ClusterName":"c","NodeName":"n","Namespace":"s","PodName":"web","K8sPodName":"web-1","PodId":"u"}"#;
        let go = r#"{"Type":"Pod","ClusterName":"c","NodeName":"n","Namespace":"s","PodName":"web","kubernetes":{"pod_name":"web-1","pod_id":"u"}}"#;
        check(ours, "u", "c/n/s/web-1");
        check(go, "u", "c/n/s/web-1");
    }

    #[test]
    fn a_container_that_waits_is_another_thing() {
        check(
            r#"{"Type":"Container","kubernetes":{"pod_name":"p","container_name":"m"},"container_status":"Running"}"#,
            "",
            "p/m",
        );
        check(
            r#"{"Type":"Container","kubernetes":{"pod_name":"p","container_name":"m"},"container_status":"Waiting"}"#,
            "",
            "p/m/Waiting",
        );
        check(r#"{"Type":"Container","kubernetes":{"containerd":{"container_id":"f00"}}}"#, "", "f00");
    }

    #[test]
    fn every_part_is_an_attribute_of_its_type() {
        for record_type in RecordType::ALL.iter().copied().filter(|of| of.is_emitted()) {
            for part in parts(record_type) {
                let Member(name) = part else { continue };
                let known = catalog::attributes_of(record_type).any(|row| row.attribute.as_str() == *name);
                assert!(known, "{} has no {name}", record_type.as_str());
            }
        }
    }
}
