//! Configurations from text, records from a few words, events as parsed JSON.

use std::convert::Infallible;
use std::sync::Arc;

use catalog::{METRICS, RecordType};
use confmap::{Decode, Faults};
use model::{Attributes, Batch, Descriptor, Metric, Point, Record, UnixTime, Value};
use serde_json::Value as Json;

use crate::awsemf::{Config, Destination, Encoder};

pub(super) const SAMPLE: &str = include_str!("../../../golden/sample.yaml");

/// The moment of the worked examples.
pub(super) const TIME: i64 = 1_700_000_000_123;

/// A configuration from YAML below `awsemf:`, or its faults.
pub(super) fn read(yaml: &str) -> Result<Config, Faults> {
    let text = if yaml.starts_with("awsemf:") { yaml.to_owned() } else { format!("awsemf: {{{yaml}}}") };
    let loaded = confmap::load(&["env:TEXT".to_owned()], &[], &|_| Some(text.clone()))?;
    let mut faults = Faults::new();
    let node = loaded.root.get("awsemf").expect("the text has the block");
    let config = Config::decode(node, "exporters::awsemf", &mut faults);
    config.ok_or(faults)
}

#[track_caller]
pub(super) fn config(yaml: &str) -> Config {
    read(yaml).unwrap_or_else(|faults| panic!("{faults}"))
}

pub(super) fn attributes(pairs: &[(&str, &str)]) -> Attributes {
    let mut attributes = Attributes::new();
    for (name, value) in pairs {
        attributes.insert(*name, *value);
    }
    attributes
}

/// A point of the catalogue's metric of this name and type, else of another metric.
pub(super) fn point(record_type: Option<RecordType>, name: &str, value: Value) -> Point {
    let known = METRICS.iter().find(|metric| Some(metric.record_type) == record_type && metric.name == name);
    let metric = match known {
        Some(metric) => Metric::Known(metric),
        None => named(name, ""),
    };
    Point { metric, value }
}

pub(super) fn named(name: &str, unit: &str) -> Metric {
    Metric::Other(Arc::new(Descriptor::gauge(name, unit)))
}

/// A record of the type that its attribute `Type` names, with metrics that all have a value.
pub(super) fn record(pairs: &[(&str, &str)], metrics: &[(&str, f64)]) -> Record {
    let attributes = attributes(pairs);
    let record_type = RecordType::ALL
        .iter()
        .copied()
        .find(|known| attributes.get("Type").is_some_and(|name| **name == *known.as_str()));
    let points = metrics
        .iter()
        .map(|(name, value)| {
            let integral = value.fract() == 0.0 && value.abs() < 1e15;
            let value = if integral { Value::Integer(*value as i64) } else { Value::Float(*value) };
            point(record_type, name, value)
        })
        .collect();
    Record { record_type, ..Record::of(attributes, UnixTime::from_millis(TIME), points) }
}

pub(super) fn batch(records: Vec<Record>) -> Batch {
    Batch { tick: None, records, ends: true, permits: Vec::new() }
}

/// An event, taken apart.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Event {
    pub(super) destination: Destination,
    pub(super) resolved: bool,
    pub(super) text: String,
    pub(super) json: Json,
}

impl Event {
    /// The names of the root members, in their order.
    pub(super) fn members(&self) -> Vec<String> {
        // A parser that keeps the order isn't at hand, so each name is looked for in the text.
        let mut names: Vec<String> = self.json.as_object().expect("an object").keys().cloned().collect();
        names.sort_by_key(|name| self.text.find(&format!("{}:", Json::from(name.as_str()))));
        names
    }

    /// The directives, wherever the envelope has them.
    pub(super) fn directives(&self) -> &[Json] {
        let list = self.json.pointer("/_aws/CloudWatchMetrics").or_else(|| self.json.get("CloudWatchMetrics"));
        list.and_then(Json::as_array).map_or(&[], Vec::as_slice)
    }

    /// Each directive as its dimension sets and metric names.
    pub(super) fn extracted(&self) -> Vec<(Json, Vec<&str>)> {
        self.directives()
            .iter()
            .map(|directive| {
                let metrics = directive["Metrics"].as_array().expect("a list");
                (directive["Dimensions"].clone(), metrics.iter().filter_map(|metric| metric["Name"].as_str()).collect())
            })
            .collect()
    }
}

pub(super) fn encode_with(encoder: &mut Encoder, records: Vec<Record>) -> Vec<Event> {
    let mut events = Vec::new();
    let Ok(()) = encoder.encode::<Infallible>(&batch(records), &mut |event| {
        let text = String::from_utf8(event.body.to_vec()).expect("JSON is text");
        events.push(Event {
            destination: event.destination.clone(),
            resolved: event.resolved,
            json: serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")),
            text,
        });
        Ok(())
    });
    events
}

pub(super) fn encode(config: &Config, records: Vec<Record>) -> Vec<Event> {
    encode_with(&mut Encoder::new(config, "stream"), records)
}

#[track_caller]
pub(super) fn encode_one(config: &Config, record: Record) -> Event {
    let mut events = encode(config, vec![record]);
    assert_eq!(events.len(), 1, "{events:?}");
    events.remove(0)
}

/// Metrics and attributes of a document written by hand, back as a record.
pub(super) fn record_of(document: &Json) -> Record {
    let (mut pairs, mut metrics) = (Vec::new(), Vec::new());
    for (name, value) in document.as_object().expect("an object") {
        match value {
            Json::Number(number) => metrics.push((name.as_str(), number.as_f64().expect("a number"))),
            Json::String(text) => pairs.push((name.clone(), text.clone())),
            _ if name == "_aws" || name == "CloudWatchMetrics" => {}
            nested => pairs.push((name.clone(), nested.to_string())),
        }
    }
    let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    record(&pairs, &metrics)
}
