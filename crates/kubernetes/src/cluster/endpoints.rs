//! How many ready pods a service has, and which services the pods of one node belong to: `v1.Endpoints`.
//!
//! Only `subsets[].addresses[]`, the ready ones, whose `targetRef` is a pod. The API server cuts an object at 1000
//! addresses, so a larger service counts 1000: [`super::EndpointSlices`] come first, where the rights allow them.

use std::collections::{BTreeMap, HashSet};

use serde::Deserialize;

use super::key::Key;
use super::room::Room;
use super::{Metadata, Named, Objects};
use crate::error::ParseError;
use crate::json::Text;
use crate::watch::{Shapes, shapes};

/// What an object counts beside its texts and addresses.
const OBJECT_BYTES: usize = 256;
/// What a pod of the node counts beside its names.
const POD_BYTES: usize = 64;

/// What is kept of an object counts so much: its name, its Service's, and the node's pods in it.
pub(super) fn bytes_of(key: &Key, here: &[Key]) -> usize {
    let texts = |(namespace, name): &Key| namespace.len() + name.len();
    OBJECT_BYTES + texts(key) + here.iter().map(|pod| POD_BYTES + texts(pod)).sum::<usize>()
}

/// The Endpoints of the cluster, reduced to a number each and to the pods of one node.
#[derive(Debug)]
pub struct Endpoints {
    node: Box<str>,
    /// By namespace and name; those without a ready pod are left out.
    services: BTreeMap<Key, Service>,
    room: Room,
}

#[derive(Debug)]
struct Service {
    /// Distinct pods among the ready addresses.
    ready: usize,
    /// Those of them that are on the node, or may be.
    here: Box<[Key]>,
}

impl Endpoints {
    /// A store for the node with this name.
    pub fn new(node: &str) -> Self {
        Self { node: node.into(), services: BTreeMap::new(), room: Room::default() }
    }

    /// Namespace, name and number of ready pods of each service that has any, sorted. A pod counts once.
    pub fn ready_pods(&self) -> impl Iterator<Item = (&str, &str, usize)> {
        self.services.iter().map(|((namespace, name), service)| (&**namespace, &**name, service.ready))
    }

    /// The service of each pod of the node that is a ready address, by the pod's namespace and name; of several the one
    /// with the smallest name.
    ///
    /// An address that doesn't name its node may be another node's pod: harmless, as pods are looked up by name.
    pub fn services_of_pods(&self) -> BTreeMap<(&str, &str), &str> {
        smallest_by_pod(self.services.iter().map(|((_, name), service)| (&**name, &*service.here)))
    }
}

/// The smallest of the services' names for each pod, given services with pods of theirs.
pub(super) fn smallest_by_pod<'a>(
    services: impl Iterator<Item = (&'a str, &'a [Key])>,
) -> BTreeMap<(&'a str, &'a str), &'a str> {
    let mut by_pod = BTreeMap::new();
    for (name, pods) in services {
        for (namespace, pod) in pods {
            let smallest = by_pod.entry((&**namespace, &**pod)).or_insert(name);
            *smallest = name.min(*smallest);
        }
    }
    by_pod
}

#[derive(Deserialize)]
struct Object<'a> {
    #[serde(borrow)]
    metadata: Metadata<'a>,
    #[serde(borrow)]
    subsets: Option<Vec<Subset<'a>>>,
}

#[derive(Deserialize)]
struct Subset<'a> {
    #[serde(borrow)]
    addresses: Option<Vec<Address<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Address<'a> {
    #[serde(borrow)]
    node_name: Option<Text<'a>>,
    #[serde(borrow)]
    target_ref: Option<Target<'a>>,
}

/// The object behind an address.
#[derive(Deserialize)]
pub(super) struct Target<'a> {
    #[serde(borrow)]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    namespace: Option<Text<'a>>,
    #[serde(borrow)]
    name: Option<Text<'a>>,
}

impl Target<'_> {
    /// Namespace and name, where it is a pod.
    pub(super) fn pod(&self) -> Option<(&str, &str)> {
        if self.kind.as_ref()?.0 != "Pod" {
            return None;
        }
        let (namespace, name) = (&*self.namespace.as_ref()?.0, &*self.name.as_ref()?.0);
        (!namespace.is_empty() && !name.is_empty()).then_some((namespace, name))
    }
}

impl Objects for Endpoints {
    fn shapes() -> &'static Shapes {
        shapes!(
            [],
            [(
                "subsets",
                Items(&Members(&[(
                    "addresses",
                    Items(&Members(&[
                        ("nodeName", Whole),
                        ("targetRef", Members(&[("kind", Whole), ("namespace", Whole), ("name", Whole)]))
                    ]))
                )]))
            )]
        )
    }

    fn empty(&self) -> Self {
        Self::new(&self.node)
    }

    fn apply(&mut self, object: &str) -> Result<(), ParseError> {
        let Object { metadata, subsets } = serde_json::from_str(object)?;
        let key: Key = (metadata.namespace()?.into(), metadata.name()?.into());
        let (mut pods, mut here) = (HashSet::new(), Vec::new());
        for address in subsets.iter().flatten().flat_map(|subset| subset.addresses.iter().flatten()) {
            let Some(pod) = address.target_ref.as_ref().and_then(Target::pod) else { continue };
            let is_here = address.node_name.as_ref().is_none_or(|node| *node.0 == *self.node);
            if pods.insert(pod) && is_here {
                here.push((pod.0.into(), pod.1.into()));
            }
        }
        // What it was before is no longer true, and takes no room.
        self.remove(&key);
        if pods.is_empty() {
            return Ok(());
        }
        self.room.take("Endpoints", &key, bytes_of(&key, &here))?;
        self.services.insert(key, Service { ready: pods.len(), here: here.into() });
        Ok(())
    }

    fn delete(&mut self, object: &str) -> Result<(), ParseError> {
        let Named { metadata } = serde_json::from_str(object)?;
        self.remove(&(metadata.namespace()?.into(), metadata.name()?.into()));
        Ok(())
    }
}

impl Endpoints {
    fn remove(&mut self, key: &Key) {
        if let Some(service) = self.services.remove(key) {
            self.room.give_back(key, bytes_of(key, &service.here));
        }
    }
}

#[cfg(test)]
mod tests;
