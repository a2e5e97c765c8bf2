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

/// The Services of the cluster that select pods.
#[derive(Debug, Default)]
pub struct Services {
    /// By namespace, then by name.
    namespaces: HashMap<Box<str>, BTreeMap<Box<str>, Service>>,
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
        self.namespaces.values().map(BTreeMap::len).sum()
    }

    /// The Service that has the pod as a ready address; of several the one with the smallest name.
    pub fn service_of(&self, pod: &Pod) -> Option<&str> {
        if !pod.has_ip || matches!(pod.phase, Phase::Succeeded | Phase::Failed) {
            return None;
        }
        let services = self.namespaces.get(&pod.namespace)?;
        services.iter().find(|(_, service)| service.has(pod)).map(|(name, _)| &**name)
    }
}

impl Service {
    fn has(&self, pod: &Pod) -> bool {
        let is_ready = pod.ready == Some(true) && !pod.is_terminating;
        let has_label = |wanted: &(Box<str>, Box<str>)| pod.labels.binary_search(wanted).is_ok();
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
    // An ExternalName is another name of something else, whatever it selects.
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
    fn empty(&self) -> Self {
        Self::default()
    }

    fn apply(&mut self, object: &str) -> Result<(), ParseError> {
        let Object { metadata, spec } = serde_json::from_str(object)?;
        let (namespace, name) = (metadata.namespace()?, metadata.name()?);
        match spec.and_then(keep) {
            Some(service) => {
                self.namespaces.entry(namespace.into()).or_default().insert(name.into(), service);
            }
            None => self.remove(namespace, name),
        }
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
        if let Some(services) = self.namespaces.get_mut(namespace) {
            services.remove(name);
            if services.is_empty() {
                self.namespaces.remove(namespace);
            }
        }
    }
}

#[cfg(test)]
mod tests;
