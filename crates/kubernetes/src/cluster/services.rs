//! Which Service a pod belongs to, by the Services' selectors: `v1.Service`.
//!
//! Follows the endpoints controller of Kubernetes, so that the answer is the one its Endpoints would give: a pod is an
//! address while it has an IP, has not ended, isn't being deleted and is ready; with `publishNotReadyAddresses` the last
//! two don't matter. A port that is given by name has to be one of the pod's.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{Metadata, Named, Objects};
use crate::error::ParseError;
use crate::json::{Pairs, Text};
use crate::pods::{Phase, Pod};
use crate::watch::{Shapes, shapes};

/// The Services of the cluster that select pods.
#[derive(Debug, Default)]
pub struct Services {
    namespaces: HashMap<Box<str>, Namespace>,
}

/// The most that is kept of one Service's selector and ports, in bytes of their texts. A usual one has 50.
const LARGEST_SERVICE: usize = 4 << 10;
/// The most that is kept of a namespace's Services in such bytes, and the least that each counts: 8 000 Services and more.
const LARGEST_NAMESPACE: usize = 1 << 20;
const LEAST: usize = 128;

/// The Services of one namespace.
#[derive(Debug, Default)]
struct Namespace {
    services: BTreeMap<Box<str>, Service>,
    bytes: usize,
}

#[derive(Debug)]
struct Service {
    selector: Box<[(Box<str>, Box<str>)]>,
    /// `spec.publishNotReadyAddresses`.
    publishes_unready: bool,
    /// Ports given by name, one of which the pod has to have; `None` where any pod will do.
    ports: Option<Box<[Port]>>,
}

/// A port's name and protocol.
type Port = (Box<str>, Box<str>);

impl Services {
    /// Services that select pods.
    pub fn count(&self) -> usize {
        self.namespaces.values().map(|namespace| namespace.services.len()).sum()
    }

    /// The Service that has the pod as a ready address; of several the one with the smallest name.
    pub fn service_of(&self, pod: &Pod) -> Option<&str> {
        if !pod.has_ip || matches!(pod.phase, Phase::Succeeded | Phase::Failed) {
            return None;
        }
        let services = &self.namespaces.get(&pod.namespace)?.services;
        services.iter().find(|(_, service)| service.has(pod)).map(|(name, _)| &**name)
    }
}

impl Service {
    fn bytes(&self) -> usize {
        let pairs = self.selector.iter().chain(self.ports.iter().flatten());
        LEAST.max(pairs.map(|(one, other)| one.len() + other.len()).sum())
    }

    fn has(&self, pod: &Pod) -> bool {
        let is_ready = pod.ready == Some(true) && !pod.is_terminating;
        let has_label = |wanted: &(Box<str>, Box<str>)| pod.has_label(wanted);
        let has_port = |wanted: &Port| pod.named_ports.contains(wanted);
        (is_ready || self.publishes_unready)
            && self.selector.iter().all(has_label)
            && self.ports.as_ref().is_none_or(|ports| ports.iter().any(has_port))
    }
}

#[derive(Deserialize)]
struct Object<'a> {
    #[serde(borrow)]
    metadata: Metadata<'a>,
    #[serde(borrow)]
    spec: Option<Spec<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec<'a> {
    #[serde(borrow)]
    selector: Option<Pairs<'a>>,
    publish_not_ready_addresses: Option<bool>,
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow, rename = "clusterIP")]
    cluster_ip: Option<Text<'a>>,
    #[serde(borrow)]
    ports: Option<Vec<RawPort<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawPort<'a> {
    #[serde(borrow)]
    protocol: Option<Text<'a>>,
    #[serde(borrow)]
    target_port: Option<Target<'a>>,
}

/// A number or a name.
#[derive(Deserialize)]
#[serde(untagged)]
enum Target<'a> {
    Name(#[serde(borrow)] Text<'a>),
    Number(IgnoredAny),
}

/// What is kept of a Service; `None` where it can have no pod.
fn keep(spec: Spec) -> Option<Service> {
    let mut selector: Vec<_> = spec.selector?.0.into_iter().map(|(key, value)| (key.boxed(), value.boxed())).collect();
    // An ExternalName is another name of something else, also where it has a selector.
    if selector.is_empty() || spec.kind.is_some_and(|kind| kind.0 == "ExternalName") {
        return None;
    }
    selector.sort_unstable();
    let ports = spec.ports.unwrap_or_default();
    // Without ports only a headless service has addresses.
    if ports.is_empty() && spec.cluster_ip.is_none_or(|ip| ip.0 != "None") {
        return None;
    }
    let names: Option<Vec<Port>> = ports.into_iter().map(name).collect();
    Some(Service {
        selector: selector.into(),
        publishes_unready: spec.publish_not_ready_addresses.unwrap_or(false),
        ports: names.filter(|names| !names.is_empty()).map(Into::into),
    })
}

/// Name and protocol of a port that is given by name.
fn name(port: RawPort) -> Option<Port> {
    match port.target_port {
        Some(Target::Name(name)) => Some((name.boxed(), port.protocol.map_or("TCP".into(), Text::boxed))),
        _ => None,
    }
}

impl Objects for Services {
    fn shapes() -> &'static Shapes {
        shapes!(
            [],
            [(
                "spec",
                Members(&[
                    ("selector", Whole),
                    ("publishNotReadyAddresses", Whole),
                    ("type", Whole),
                    ("clusterIP", Whole),
                    ("ports", Items(&Members(&[("protocol", Whole), ("targetPort", Whole)])))
                ])
            )]
        )
    }

    fn empty(&self) -> Self {
        Self::default()
    }

    fn apply(&mut self, object: &str) -> Result<(), ParseError> {
        let Object { metadata, spec } = serde_json::from_str(object)?;
        let (namespace, name) = (metadata.namespace()?, metadata.name()?);
        // What it was before is no longer true, and takes no room.
        self.remove(namespace, name);
        let Some(service) = spec.and_then(keep) else { return Ok(()) };
        let taken = self.namespaces.get(namespace).map_or(0, |known| known.bytes);
        let bytes = service.bytes();
        let over = |what: &str, limit| {
            Err(ParseError::Limit { what: format!("{what} Service {namespace}/{name}").into(), limit })
        };
        if bytes > LARGEST_SERVICE {
            return over("bytes of selector and ports of", LARGEST_SERVICE);
        }
        if taken + bytes > LARGEST_NAMESPACE {
            return over("bytes of its namespace's Services with", LARGEST_NAMESPACE);
        }
        let known = self.namespaces.entry(namespace.into()).or_default();
        known.bytes += bytes;
        known.services.insert(name.into(), service);
        Ok(())
    }

    fn delete(&mut self, object: &str) -> Result<(), ParseError> {
        let Named { metadata } = serde_json::from_str(object)?;
        self.remove(metadata.namespace()?, metadata.name()?);
        Ok(())
    }
}

impl Services {
    fn remove(&mut self, namespace: &str, name: &str) {
        let Some(known) = self.namespaces.get_mut(namespace) else { return };
        if let Some(service) = known.services.remove(name) {
            known.bytes -= service.bytes();
        }
        if known.services.is_empty() {
            self.namespaces.remove(namespace);
        }
    }
}

#[cfg(test)]
mod tests;
