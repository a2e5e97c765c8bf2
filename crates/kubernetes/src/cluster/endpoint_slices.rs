//! How many ready pods a service has, and which services the pods of one node belong to: `discovery.k8s.io/v1.EndpointSlice`.
//!
//! A service has as many slices as it needs, and one set for each family of addresses, so that a pod stands in several; it
//! counts once. An endpoint without a readiness is ready, as the API's documentation has it.

use std::collections::{BTreeMap, HashSet};

use serde::Deserialize;

use super::endpoints::{Target, bytes_of, smallest_by_pod};
use super::key::Key;
use super::room::Room;
use super::{Named, Objects, Uid, need};
use crate::error::ParseError;
use crate::json::Text;
use crate::watch::{Shapes, shapes};

/// The label that names a slice's Service.
const SERVICE_NAME: &str = "kubernetes.io/service-name";

/// The EndpointSlices of the cluster: of each the pods that are ready, those of one node by name.
#[derive(Debug)]
pub struct EndpointSlices {
    node: Box<str>,
    /// By namespace and name of the slice; those without a service or without a ready pod are left out.
    slices: BTreeMap<Key, Slice>,
    room: Room,
}

#[derive(Debug)]
struct Slice {
    service: Box<str>,
    /// The ready pods, by a digest of their name: a whole one would be the most that is kept.
    ready: Box<[Uid]>,
    /// Those of them that are on the node, or may be.
    here: Box<[Key]>,
}

impl Slice {
    fn bytes(&self, key: &Key) -> usize {
        bytes_of(key, &self.here) + self.service.len() + size_of_val(&*self.ready)
    }
}

impl EndpointSlices {
    fn remove(&mut self, key: &Key) {
        if let Some(slice) = self.slices.remove(key) {
            self.room.give_back(key, slice.bytes(key));
        }
    }

    /// A store for the node with this name.
    pub fn new(node: &str) -> Self {
        Self { node: node.into(), slices: BTreeMap::new(), room: Room::default() }
    }

    /// Namespace, name and number of ready pods of each service that has any, sorted. A pod counts once.
    pub fn ready_pods(&self) -> impl Iterator<Item = (&str, &str, usize)> {
        let mut services: BTreeMap<(&str, &str), HashSet<Uid>> = BTreeMap::new();
        for ((namespace, _), slice) in &self.slices {
            services.entry((namespace, &slice.service)).or_default().extend(&slice.ready);
        }
        services.into_iter().map(|((namespace, service), pods)| (namespace, service, pods.len()))
    }

    /// The service of each pod of the node that is ready, by the pod's namespace and name; of several the one with the
    /// smallest name.
    ///
    /// An endpoint that doesn't name its node may be another node's pod: harmless, as pods are looked up by name.
    pub fn services_of_pods(&self) -> BTreeMap<(&str, &str), &str> {
        smallest_by_pod(self.slices.values().map(|slice| (&*slice.service, &*slice.here)))
    }
}

#[derive(Deserialize)]
struct Object<'a> {
    #[serde(borrow)]
    metadata: Labelled<'a>,
    #[serde(borrow)]
    endpoints: Option<Vec<Endpoint<'a>>>,
}

#[derive(Deserialize)]
struct Labelled<'a> {
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    namespace: Option<Text<'a>>,
    #[serde(borrow)]
    labels: Option<Labels<'a>>,
}

#[derive(Deserialize)]
struct Labels<'a> {
    #[serde(borrow, rename = "kubernetes.io/service-name")]
    service: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Endpoint<'a> {
    conditions: Option<Conditions>,
    #[serde(borrow)]
    node_name: Option<Text<'a>>,
    #[serde(borrow)]
    target_ref: Option<Target<'a>>,
}

#[derive(Deserialize)]
struct Conditions {
    ready: Option<bool>,
}

impl Endpoint<'_> {
    /// Namespace and name of the pod behind it, where that is ready.
    fn ready_pod(&self) -> Option<(&str, &str)> {
        let ready = self.conditions.as_ref().and_then(|conditions| conditions.ready).unwrap_or(true);
        self.target_ref.as_ref().filter(|_| ready)?.pod()
    }
}

impl Objects for EndpointSlices {
    fn shapes() -> &'static Shapes {
        shapes!(
            [("labels", Members(&[(SERVICE_NAME, Whole)]))],
            [(
                "endpoints",
                Items(&Members(&[
                    ("conditions", Members(&[("ready", Whole)])),
                    ("nodeName", Whole),
                    ("targetRef", Members(&[("kind", Whole), ("namespace", Whole), ("name", Whole)]))
                ]))
            )]
        )
    }

    fn empty(&self) -> Self {
        Self::new(&self.node)
    }

    fn apply(&mut self, object: &str) -> Result<(), ParseError> {
        let Object { metadata, endpoints } = serde_json::from_str(object)?;
        let key: Key = (need(&metadata.namespace, "namespace")?.into(), need(&metadata.name, "name")?.into());
        let (mut ready, mut here) = (HashSet::new(), Vec::new());
        for endpoint in endpoints.iter().flatten() {
            let Some((namespace, pod)) = endpoint.ready_pod() else { continue };
            let is_here = endpoint.node_name.as_ref().is_none_or(|node| *node.0 == *self.node);
            if ready.insert(Uid::of(&format!("{namespace}/{pod}"))) && is_here {
                here.push((namespace.into(), pod.into()));
            }
        }
        // What it was before is no longer true, and takes no room.
        self.remove(&key);
        let service = metadata.labels.and_then(|labels| labels.service).filter(|service| !service.0.is_empty());
        let Some(service) = service.filter(|_| !ready.is_empty()) else { return Ok(()) };
        let slice = Slice { service: (&*service.0).into(), ready: ready.into_iter().collect(), here: here.into() };
        self.room.take("EndpointSlices", &key, slice.bytes(&key))?;
        self.slices.insert(key, slice);
        Ok(())
    }

    fn delete(&mut self, object: &str) -> Result<(), ParseError> {
        let Named { metadata } = serde_json::from_str(object)?;
        self.remove(&(metadata.namespace()?.into(), metadata.name()?.into()));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
