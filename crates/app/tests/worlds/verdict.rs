//! Whether events say what they must: the expected numbers, and the same with and without tenants.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::expected::Expected;
use crate::tenants::Tenant;

/// Attributes that tell one record from another of its type.
const IDENTITY: [(&str, &[&str]); 7] = [
    ("NodeDiskIO", &["device"]),
    ("NodeFS", &["device"]),
    ("NodeNet", &["interface"]),
    ("Pod", &["PodId"]),
    ("PodNet", &["PodId", "interface"]),
    ("Container", &["PodId", "ContainerName"]),
    ("ContainerFS", &["PodId", "ContainerName"]),
];

/// What a node says of its pods together: with a tenant's pods there are more of them.
const OF_ALL_PODS: [&str; 6] = [
    "node_cpu_request",
    "node_cpu_reserved_capacity",
    "node_memory_request",
    "node_memory_reserved_capacity",
    "node_number_of_running_pods",
    "node_number_of_running_containers",
];

fn identity(event: &Value) -> Vec<String> {
    let kind = event["Type"].as_str().unwrap_or_default();
    let attributes = IDENTITY.iter().find(|(known, _)| *known == kind).map_or(&[][..], |(_, attributes)| attributes);
    let values = attributes.iter().map(|name| event[*name].as_str().unwrap_or("?").to_owned());
    std::iter::once(kind.to_owned()).chain(values).collect()
}

/// What is wrong with the events of a world without tenants.
pub fn check(events: &[Vec<u8>], expected: &Expected) -> Option<String> {
    let mut seen: BTreeMap<Vec<String>, Value> = BTreeMap::new();
    for event in events {
        let event: Value = serde_json::from_slice(event).expect("an event is JSON");
        let identity = identity(&event);
        if seen.insert(identity.clone(), event).is_some() {
            return Some(format!("{identity:?} is there twice"));
        }
    }
    if let Some(missing) = expected.keys().find(|identity| !seen.contains_key(*identity)) {
        return Some(format!("{missing:?} is missing"));
    }
    if let Some(more) = seen.keys().find(|identity| !expected.contains_key(*identity)) {
        return Some(format!("{more:?} should not be there"));
    }
    for (identity, metrics) in expected {
        for (name, value) in metrics {
            let said = seen[identity][*name].as_f64();
            let is_right = said.is_some_and(|said| (said - value).abs() <= value.abs() * 1e-9);
            if !is_right {
                return Some(format!("{identity:?}: {name} is {said:?}, not {value}"));
            }
        }
    }
    None
}

/// Where the events of all others differ from those without the tenants.
pub fn compare(alone: &[Vec<u8>], together: &[Vec<u8>], tenants: &[Tenant]) -> Option<String> {
    let mut others = Vec::with_capacity(alone.len());
    for event in together {
        let json: Value = match serde_json::from_slice(event) {
            Ok(json) => json,
            Err(error) => return Some(format!("no JSON: {error}: {}", start(event))),
        };
        if event.contains(&b'\n') {
            return Some(format!("an event on two lines: {}", start(event)));
        }
        if !tenants.iter().any(|tenant| tenant.owns(&json)) {
            others.push((identity(&json), event));
        }
    }
    let mut rest = others.into_iter();
    for event in alone {
        let json: Value = serde_json::from_slice(event).expect("an event is JSON");
        let identity = identity(&json);
        let Some((other, same)) = rest.next() else { return Some(format!("{identity:?} is missing")) };
        if other != identity {
            return Some(format!("{other:?} stands where {identity:?} was"));
        }
        let fault = if identity[0] == "Node" { node(event, same, tenants) } else { difference(event, same) };
        if let Some(fault) = fault {
            return Some(format!("{identity:?}: {fault}"));
        }
    }
    rest.next().map(|(identity, _)| format!("{identity:?} is new, and no tenant's"))
}

/// The node's event is the same but for what it says of all pods together; that grows by no more than the tenants' pods may.
fn node(alone: &[u8], together: &[u8], tenants: &[Tenant]) -> Option<String> {
    let [before, after]: [Value; 2] =
        [alone, together].map(|event| serde_json::from_slice(event).expect("an event is JSON"));
    let more = tenants.iter().map(Tenant::running_pods).sum::<u64>() as f64;
    let [cpu, memory] = ["node_cpu_limit", "node_memory_limit"].map(|name| before[name].as_f64().unwrap_or_default());
    // No pod counts for more than the node has.
    let most = [more * cpu, more * 100.0, more * memory, more * 100.0, more, more * 1000.0];
    for (name, most) in OF_ALL_PODS.into_iter().zip(most) {
        let (before, after) = (before[name].as_f64()?, after[name].as_f64());
        if after.is_none_or(|after| after < before || after > before + most * (1.0 + 1e-9)) {
            return Some(format!("{name} is {after:?}, of which {before} are no tenant's"));
        }
    }
    let mask = |event: &[u8]| {
        let mut text = String::from_utf8(event.to_vec()).expect("JSON is text");
        for name in OF_ALL_PODS {
            let member = format!("\"{name}\":");
            if let Some(start) = text.find(&member).map(|at| at + member.len()) {
                let end = text[start..].find([',', '}']).map_or(text.len(), |length| start + length);
                text.replace_range(start..end, "0");
            }
        }
        text
    };
    difference(mask(alone).as_bytes(), mask(together).as_bytes())
}

/// The first place at which two events differ.
fn difference(alone: &[u8], together: &[u8]) -> Option<String> {
    if alone == together {
        return None;
    }
    let at = alone.iter().zip(together).take_while(|(left, right)| left == right).count();
    let around = |event: &[u8]| {
        let part = &event[at.saturating_sub(60).min(event.len())..(at + 60).min(event.len())];
        String::from_utf8_lossy(part).into_owned()
    };
    Some(format!("…{}… became …{}…", around(alone), around(together)))
}

fn start(event: &[u8]) -> String {
    String::from_utf8_lossy(&event[..event.len().min(200)]).into_owned()
}
