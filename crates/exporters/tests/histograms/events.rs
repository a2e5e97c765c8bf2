//! Events as data: each metric of each event with all that is said of it, in no order.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// What a metric is found by: namespace, name, time, and labels but for the scope's.
pub(crate) type Key = (String, String, i64, BTreeMap<String, String>);

/// The label that has the scope's name.
pub(crate) const SCOPE: &str = "OTelLib";

/// A metric's value in one event.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Part {
    /// The scope's label.
    pub(crate) scope: Option<String>,
    /// What is extracted; `None` where no directive names the metric.
    pub(crate) extracted: Option<Extracted>,
    /// The member of the metric's name.
    pub(crate) value: Map<String, Value>,
}

/// What a directive says of a metric.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Extracted {
    pub(crate) unit: String,
    pub(crate) resolution: u64,
    /// Sorted, and the names of each set too.
    pub(crate) dimensions: Vec<Vec<String>>,
}

/// The metrics of all events; the parts of each with the largest values first, as both sides cut them.
pub(crate) fn metrics(lines: &str) -> BTreeMap<Key, Vec<Part>> {
    let mut metrics: BTreeMap<Key, Vec<Part>> = BTreeMap::new();
    for line in lines.lines() {
        let event: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let (key, parts) = taken_apart(event.as_object().expect("an object"));
        for (name, part) in parts {
            let (namespace, time, labels) = key.clone();
            metrics.entry((namespace, name, time, labels)).or_default().push(part);
        }
    }
    let largest = |part: &Part| part.value.get("Values").and_then(|values| values[0].as_f64()).unwrap_or(0.0);
    for parts in metrics.values_mut() {
        parts.sort_by(|one, other| largest(other).total_cmp(&largest(one)));
    }
    metrics
}

type OfEvent = (String, i64, BTreeMap<String, String>);

fn taken_apart(event: &Map<String, Value>) -> (OfEvent, Vec<(String, Part)>) {
    let envelope = &event["_aws"];
    let directives = envelope["CloudWatchMetrics"].as_array().expect("directives");
    let mut labels: BTreeMap<String, String> = event
        .iter()
        .filter(|(name, _)| !["_aws", "Timestamp", "Version"].contains(&name.as_str()))
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect();
    assert_eq!(event["Version"], "1");
    let scope = labels.remove(SCOPE);
    let values = event.iter().filter(|(name, value)| *name != "_aws" && value.is_object());
    let parts = values.map(|(name, value)| {
        let value = value.as_object().expect("an object").clone();
        (name.clone(), Part { scope: scope.clone(), extracted: extracted(directives, name), value })
    });
    let namespace = directives.first().map_or("", |directive| directive["Namespace"].as_str().expect("a text"));
    let time = envelope["Timestamp"].as_i64().expect("a time");
    ((namespace.to_owned(), time, labels), parts.collect())
}

fn extracted(directives: &[Value], name: &str) -> Option<Extracted> {
    let of = |directive: &Value| {
        let metrics = directive["Metrics"].as_array().expect("metrics");
        let metric = metrics.iter().find(|metric| metric["Name"] == name)?;
        let sets = directive["Dimensions"].as_array().expect("sets");
        let mut dimensions: Vec<Vec<String>> =
            sets.iter().map(|set| serde_json::from_value(set.clone()).expect("names")).collect();
        dimensions.iter_mut().for_each(|set| set.sort());
        dimensions.sort();
        let unit = metric["Unit"].as_str().unwrap_or("").to_owned();
        Some(Extracted { unit, resolution: metric["StorageResolution"].as_u64().unwrap_or(60), dimensions })
    };
    let all: Vec<Extracted> = directives.iter().filter_map(of).collect();
    assert!(all.len() <= 1, "{name} stands in {} directives", all.len());
    all.into_iter().next()
}

/// The same events in one order, with the names of dimensions and metrics in one order too: what Go's maps shuffle.
pub(crate) fn in_order(lines: &str) -> String {
    let sorted = |line: &str| {
        let mut event: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        for directive in event["_aws"]["CloudWatchMetrics"].as_array_mut().into_iter().flatten() {
            for set in directive["Dimensions"].as_array_mut().into_iter().flatten() {
                sort(set);
            }
            ["Dimensions", "Metrics"].iter().for_each(|list| sort(&mut directive[*list]));
        }
        sort(&mut event["_aws"]["CloudWatchMetrics"]);
        format!("{event}\n")
    };
    let mut lines: Vec<String> = lines.lines().map(sorted).collect();
    lines.sort();
    lines.concat()
}

fn sort(list: &mut Value) {
    if let Some(list) = list.as_array_mut() {
        list.sort_by_cached_key(ToString::to_string);
    }
}
