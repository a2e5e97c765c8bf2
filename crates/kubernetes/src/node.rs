//! A node's own object: the few fields that say which machine it is (API reference, `Node` v1 core).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::error::ParseError;

/// Well-known labels of the machine, each with its name before Kubernetes 1.17.
const INSTANCE_TYPE: [&str; 2] = ["node.kubernetes.io/instance-type", "beta.kubernetes.io/instance-type"];
const REGION: [&str; 2] = ["topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/region"];
const ZONE: [&str; 2] = ["topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone"];
/// Labels that hold the cluster's name: eksctl gives the first to the nodes of its node groups, Cluster API the second.
/// Karpenter has no label of its own for it; what a node pool's template writes by hand is usually the first one, too.
const CLUSTER: [&str; 2] = ["alpha.eksctl.io/cluster-name", "cluster.x-k8s.io/cluster-name"];

/// A node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Node {
    /// `spec.providerID`, such as `aws:///eu-west-1a/i-0123456789abcdef0`; `None` where no cloud made the node.
    pub provider_id: Option<String>,
    /// `metadata.labels`.
    pub labels: BTreeMap<String, String>,
}

/// What a node's object says of its machine. Labels of the well-known names count on every node.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Instance<'a> {
    /// Of an EC2 instance, such as `i-0123456789abcdef0`.
    pub id: Option<&'a str>,
    /// Such as `m5.large`.
    pub instance_type: Option<&'a str>,
    /// Such as `eu-west-1`.
    pub region: Option<&'a str>,
    /// Such as `eu-west-1a`.
    pub zone: Option<&'a str>,
}

impl Node {
    /// The machine that the node is.
    #[must_use]
    pub fn instance(&self) -> Instance<'_> {
        let provider = self.provider();
        Instance {
            id: provider.id,
            instance_type: self.label(INSTANCE_TYPE),
            region: self.label(REGION).or(provider.region),
            zone: self.label(ZONE).or(provider.zone),
        }
    }

    /// The cluster's name, where a label holds it, or the id that EKS gives a hybrid node.
    #[must_use]
    pub fn cluster_name(&self) -> Option<&str> {
        self.label(CLUSTER).or_else(|| self.provider().cluster)
    }

    fn provider(&self) -> Provider<'_> {
        let parts = self.provider_id.as_deref().and_then(|id| id.split_once("://"));
        match parts {
            Some(("aws", rest)) => of_aws(rest),
            Some(("eks-hybrid", rest)) => of_hybrid(rest),
            _ => Provider::default(),
        }
    }

    fn label(&self, names: [&str; 2]) -> Option<&str> {
        names.iter().find_map(|name| self.labels.get(*name)).map(String::as_str).filter(|value| !value.is_empty())
    }
}

/// What a `providerID` says.
#[derive(Debug, Clone, Copy, Default)]
struct Provider<'a> {
    id: Option<&'a str>,
    region: Option<&'a str>,
    zone: Option<&'a str>,
    cluster: Option<&'a str>,
}

/// `aws://` and `/<zone>/<id>`, of which the account may stand before the zone; what isn't an instance has neither.
fn of_aws(rest: &str) -> Provider<'_> {
    let mut parts = rest.rsplit('/');
    let is_instance = |id: &&str| {
        id.strip_prefix("i-").is_some_and(|hex| !hex.is_empty() && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    let Some(id) = parts.next().filter(is_instance) else { return Provider::default() };
    Provider { id: Some(id), zone: parts.next().filter(|zone| !zone.is_empty()), ..Provider::default() }
}

/// `eks-hybrid://` and `/<region>/<cluster>/<node>`: a machine outside AWS that is a node of EKS.
fn of_hybrid(rest: &str) -> Provider<'_> {
    let parts: Vec<&str> = rest.split('/').collect();
    match parts[..] {
        ["", region, cluster, node] if ![region, cluster, node].contains(&"") => {
            Provider { region: Some(region), cluster: Some(cluster), ..Provider::default() }
        }
        _ => Provider::default(),
    }
}

#[derive(Deserialize)]
struct RawNode {
    kind: Option<String>,
    metadata: Option<RawMetadata>,
    spec: Option<RawSpec>,
}

#[derive(Deserialize)]
struct RawMetadata {
    labels: Option<BTreeMap<String, Value>>,
}

#[derive(Deserialize)]
struct RawSpec {
    #[serde(rename = "providerID")]
    provider_id: Option<Value>,
}

#[derive(Deserialize)]
struct RawList {
    kind: Option<String>,
    items: Option<Vec<RawNode>>,
}

/// Reads a `Node`.
pub fn parse_node(bytes: &[u8]) -> Result<Node, ParseError> {
    let raw: RawNode = serde_json::from_slice(bytes)?;
    of_kind(raw.kind.as_deref(), "Node")?;
    Ok(raw.into())
}

/// Reads the first of a `NodeList`; a list without one is no list of the node's.
pub(crate) fn parse_list(bytes: &[u8]) -> Result<Node, ParseError> {
    let raw: RawList = serde_json::from_slice(bytes)?;
    of_kind(raw.kind.as_deref(), "NodeList")?;
    let first = raw.items.into_iter().flatten().next();
    first
        .map(Into::into)
        .ok_or_else(|| ParseError::Kind { expected: "a list with the node", found: "an empty list".into() })
}

fn of_kind(kind: Option<&str>, expected: &'static str) -> Result<(), ParseError> {
    match kind {
        Some(kind) if kind == expected => Ok(()),
        other => Err(ParseError::Kind { expected, found: other.unwrap_or_default().chars().take(64).collect() }),
    }
}

impl From<RawNode> for Node {
    fn from(raw: RawNode) -> Self {
        let text = |value: Value| if let Value::String(text) = value { Some(text) } else { None };
        let labels = raw.metadata.and_then(|metadata| metadata.labels).unwrap_or_default();
        Self {
            provider_id: raw.spec.and_then(|spec| spec.provider_id).and_then(text).filter(|text| !text.is_empty()),
            labels: labels.into_iter().filter_map(|(name, value)| Some((name, text(value)?))).collect(),
        }
    }
}

/// Any node, and any list of nodes, is survived.
#[cfg(fuzzing)]
pub fn fuzz(bytes: &[u8]) {
    for node in [parse_node(bytes), parse_list(bytes)].into_iter().flatten() {
        let _ = (node.instance(), node.cluster_name());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NODE: &str = r#"{"kind":"Node","apiVersion":"v1","metadata":{"name":"ip-10-0-0-1.ec2.internal","labels":{
        "alpha.eksctl.io/cluster-name":"demo","node.kubernetes.io/instance-type":"m5.large",
        "topology.kubernetes.io/region":"eu-west-1","topology.kubernetes.io/zone":"eu-west-1b","odd":1}},
        "spec":{"podCIDR":"10.0.0.0/24","providerID":"aws:///eu-west-1a/i-0123456789abcdef0"},"status":{}}"#;

    #[test]
    fn a_nodes_object_names_instance_and_cluster() {
        let node = parse_node(NODE.as_bytes()).expect("it is a node");
        let expected = Instance {
            id: Some("i-0123456789abcdef0"),
            instance_type: Some("m5.large"),
            region: Some("eu-west-1"),
            zone: Some("eu-west-1b"),
        };
        assert_eq!((node.instance(), node.cluster_name()), (expected, Some("demo")));
        let list = format!(r#"{{"kind":"NodeList","items":[{NODE}]}}"#);
        assert_eq!(parse_list(list.as_bytes()).expect("it is a list"), node);
    }

    #[test]
    fn what_is_no_instance_of_ec2_names_none() {
        let node = |provider: &str| Node {
            provider_id: Some(provider.to_owned()).filter(|text| !text.is_empty()),
            labels: [("beta.kubernetes.io/instance-type".to_owned(), "x".to_owned())].into(),
        };
        let of_labels = Instance { instance_type: Some("x"), ..Instance::default() };
        for other in ["kind://docker/kind/kind-control-plane", "gce://p/z/n", "", "k3s", "://", "eks-hybrid:///a/b"] {
            assert_eq!((node(other).instance(), node(other).cluster_name()), (of_labels, None), "{other}");
        }
        for fargate in ["aws:///eu-west-1a/7a3b-fargate-ip-10-0-0-1", "aws:///", "aws://", "aws:///z/i-"] {
            assert_eq!((node(fargate).instance().id, node(fargate).instance().zone), (None, None), "{fargate}");
        }
        assert_eq!(node("aws:///i-0a").instance().zone, None);
    }

    /// Labels of the well-known names count for every provider.
    #[test]
    fn labels_count_whatever_the_provider_is() {
        for provider in
            ["gce://p/z/n", "azure:///subscriptions/x", "k3s://n", "eks-hybrid:///eu-central-1/other/mi-1", ""]
        {
            let text = NODE.replace("aws:///eu-west-1a/i-0123456789abcdef0", provider);
            let node = parse_node(text.as_bytes()).expect("it is a node");
            let Instance { id, instance_type, region, zone } = node.instance();
            assert_eq!((id, instance_type), (None, Some("m5.large")), "{provider}");
            assert_eq!((region, zone), (Some("eu-west-1"), Some("eu-west-1b")), "{provider}");
            assert_eq!(node.cluster_name(), Some("demo"), "{provider}");
        }
    }

    #[test]
    fn a_hybrid_nodes_id_names_region_and_cluster() {
        let node = parse_node(include_bytes!("../tests/hybrid-node.json")).expect("it is a node");
        assert_eq!(node.cluster_name(), Some("shop"));
        assert_eq!(node.instance(), Instance { region: Some("us-west-2"), ..Instance::default() });
        let bare = Node { labels: BTreeMap::new(), ..node };
        assert_eq!((bare.cluster_name(), bare.instance().region), (Some("shop"), Some("us-west-2")));
    }

    #[test]
    fn another_object_is_refused() {
        assert!(matches!(parse_node(br#"{"kind":"Status"}"#), Err(ParseError::Kind { .. })));
        assert!(matches!(parse_list(br#"{"kind":"NodeList","items":[]}"#), Err(ParseError::Kind { .. })));
        assert!(matches!(parse_node(b"<html>"), Err(ParseError::Json(_))));
    }

    proptest! {
        #[test]
        fn any_answer_is_survived(bytes in proptest::collection::vec(any::<u8>(), 0..200), provider in ".{0,40}") {
            let _ = (parse_node(&bytes), parse_list(&bytes));
            for scheme in ["aws", "eks-hybrid"] {
                let node = Node { provider_id: Some(format!("{scheme}://{provider}")), labels: BTreeMap::new() };
                let said = [node.instance().id, node.instance().zone, node.instance().region, node.cluster_name()];
                prop_assert!(said.into_iter().flatten().all(|text| !text.is_empty() && !text.contains('/')));
            }
        }
    }
}
