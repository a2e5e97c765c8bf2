//! The event that tells the cluster's people about a term, as the client library posts it (`events` v1 core).

use std::time::Duration;

use net::time;
use serde_json::json;

use crate::election::lock::{Lock, Object, Place};

/// A term begins.
pub(super) const BECAME: &str = "became leader";
/// A term has ended.
pub(super) const STOPPED: &str = "stopped leading";

/// An event about `identity`; `object` is the lock as it was last seen.
pub(super) fn encode(
    place: &Place,
    lock: Lock,
    object: Option<&Object>,
    identity: &str,
    message: &str,
    wall: Duration,
) -> Vec<u8> {
    let at = time::seconds(wall);
    json!({
        "apiVersion": "v1",
        "kind": "Event",
        // A name of its own, so that no event is posted twice.
        "metadata": {"namespace": place.namespace(), "name": format!("{}.{:x}", place.name(), wall.as_nanos())},
        "type": "Normal",
        "reason": "LeaderElection",
        "message": format!("{identity} {message}"),
        "involvedObject": {
            "apiVersion": lock.api_version(),
            "kind": lock.kind(),
            "namespace": place.namespace(),
            "name": place.name(),
            "uid": object.map_or("", Object::uid),
            "resourceVersion": object.map_or("", |object| &object.version),
        },
        "source": {"component": place.name()},
        "firstTimestamp": at,
        "lastTimestamp": at,
        "count": 1,
    })
    .to_string()
    .into_bytes()
}
