//! The room that objects of a cluster have together, and those of one namespace.

use std::collections::BTreeMap;

use super::key::Key;
use crate::error::ParseError;

/// The most that is kept of the cluster's Endpoints or EndpointSlices, in bytes: 48 MiB.
///
/// 5 000 nodes with 100 000 pods, each pod in two Services and with addresses of both families, need 12 MiB: 400 000 addresses of 16
/// bytes, and 20 000 slices of 300. Objects are limited in size by themselves, and who may write them could write any number.
pub(super) const MOST_ENDPOINT_BYTES: usize = if cfg!(test) { 1 << 20 } else { 48 << 20 };
/// The most of it for one namespace, so that one tenant can't take the room of all others: 16 MiB.
pub(super) const MOST_OF_A_NAMESPACE: usize = MOST_ENDPOINT_BYTES / 3;

/// How much of it is taken.
#[derive(Debug, Default)]
pub(super) struct Room {
    bytes: usize,
    namespaces: BTreeMap<Box<str>, usize>,
}

impl Room {
    /// Takes room for an object; an error where there is none left.
    pub(super) fn take(&mut self, kind: &str, key: &Key, bytes: usize) -> Result<(), ParseError> {
        let (namespace, name) = key;
        let own = self.namespaces.get(namespace).copied().unwrap_or(0);
        let (whose, limit) = match () {
            () if own + bytes > MOST_OF_A_NAMESPACE => ("its namespace", MOST_OF_A_NAMESPACE),
            () if self.bytes + bytes > MOST_ENDPOINT_BYTES => ("the cluster", MOST_ENDPOINT_BYTES),
            () => {
                self.bytes += bytes;
                self.namespaces.insert(namespace.clone(), own + bytes);
                return Ok(());
            }
        };
        Err(ParseError::Limit { what: format!("bytes of all {kind} of {whose} with {namespace}/{name}").into(), limit })
    }

    /// Gives back what an object had taken.
    pub(super) fn give_back(&mut self, (namespace, _): &Key, bytes: usize) {
        self.bytes -= bytes;
        if let Some(own) = self.namespaces.get_mut(namespace) {
            *own -= bytes;
            if *own == 0 {
                self.namespaces.remove(namespace);
            }
        }
    }

    /// How many bytes are taken.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}
