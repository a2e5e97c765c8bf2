//! A performance log event, read for comparing: who it is about, its numbers, its texts, and what extracts which metric.
//!
//! Follows the embedded metric format: directives stand in `_aws.CloudWatchMetrics`, or at the root in version 0; the time in
//! `_aws.Timestamp` or in the member `Timestamp`, in milliseconds.

use std::fmt::Write;
use std::rc::Rc;

use catalog::{RecordType, Tolerance};

use crate::identity::{self, Identity};
use crate::input::Next;
use crate::json::Json;
use crate::names::Names;
use crate::tolerance;

/// The group and the stream an event was found in, as fields beside those of the event.
pub(crate) const LOG_GROUP: &str = "(log group)";
pub(crate) const LOG_STREAM: &str = "(log stream)";
/// Stands for a time, which is another one in each event: only that it is there, and how it is written, is compared.
const A_TIME: &str = "a time";
const A_TIME_AS_TEXT: &str = "a time, as text";
/// The last millisecond of the year 9999.
const LAST_MS: i64 = 253_402_300_799_999;

/// Why a line is no event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoEvent {
    /// It isn't JSON.
    #[error("no JSON")]
    NoJson,
    /// It is JSON, but no object.
    #[error("no object")]
    NoObject,
    /// Neither the event nor what is round it has a time.
    #[error("no time")]
    NoTime,
    /// It has no member `Type`.
    #[error("no Type")]
    NoType,
    /// Its `Type` isn't in the catalogue.
    #[error("the catalogue has no type {0:?}")]
    UnknownType(String),
    /// The line is longer than any event.
    #[error("longer than any event")]
    TooLong,
}

/// How a metric is extracted.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Extraction {
    pub(crate) unit: Option<String>,
    pub(crate) resolution: Option<String>,
    pub(crate) namespace: Option<String>,
    /// The dimension sets, as JSON: their order counts.
    pub(crate) dimensions: String,
}

/// An event. Names, texts and extractions are numbers of [`Texts`].
#[derive(Debug, Default)]
pub(crate) struct Event {
    pub(crate) time_ms: i64,
    pub(crate) identity: u32,
    pub(crate) numbers: Vec<Number>,
    /// Field and value.
    pub(crate) texts: Vec<(u32, u32)>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Number {
    pub(crate) field: u32,
    pub(crate) value: f64,
    pub(crate) extractions: u32,
    /// Whether its values are compared one by one, and have to be kept where they change.
    pub(crate) constant: bool,
}

/// Everything that events say in words, each kept once.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    pub(crate) fields: Names<str>,
    pub(crate) values: Names<str>,
    pub(crate) extractions: Names<[Extraction]>,
    pub(crate) identities: Names<Identity>,
    path: String,
    value: String,
}

impl Texts {
    /// Reads a line or message into `event`.
    pub(crate) fn read(&mut self, text: &[u8], next: Next, event: &mut Event) -> Result<(), NoEvent> {
        if matches!(next, Next::TooLong(_)) {
            return Err(NoEvent::TooLong);
        }
        let text = std::str::from_utf8(text).map_err(|_| NoEvent::NoJson)?;
        let root = Json::parse(text).map_err(|_| NoEvent::NoJson)?;
        let time = match next {
            Next::Message(time) => Some(time),
            _ => None,
        };
        // A wrapper has a message, and an event none that is text.
        let wrapped = root.get("message").and_then(Json::text).filter(|_| time.is_none() && root.get("Type").is_none());
        let Some(message) = wrapped else { return self.message(&root, time, event) };
        let time = root.get("timestamp").or_else(|| root.get("ts")).and_then(Json::whole);
        self.message(&Json::parse(message).map_err(|_| NoEvent::NoJson)?, time, event)?;
        for (field, names) in [(LOG_GROUP, ["group", "logGroupName"]), (LOG_STREAM, ["stream", "logStreamName"])] {
            if let Some(name) = names.iter().find_map(|name| root.get(name)).and_then(Json::text) {
                let pair = (self.fields.number(field), self.values.number(name));
                event.texts.push(pair);
            }
        }
        Ok(())
    }

    fn message(&mut self, root: &Json, time: Option<i64>, event: &mut Event) -> Result<(), NoEvent> {
        let Json::Object(members) = root else { return Err(NoEvent::NoObject) };
        let envelope = root.get("_aws");
        let own = || envelope.and_then(|envelope| envelope.get("Timestamp")).or_else(|| root.get("Timestamp"));
        event.time_ms = time.or_else(|| own().and_then(Json::whole)).ok_or(NoEvent::NoTime)?;
        let name = root.get("Type").and_then(Json::text).ok_or(NoEvent::NoType)?;
        let record_type = RecordType::ALL.iter().copied().find(|of| of.as_str() == name);
        let record_type = record_type.ok_or_else(|| NoEvent::UnknownType(name.chars().take(64).collect()))?;
        event.identity = self.identities.number(&identity::of(record_type, root));
        let metrics = extracted(root);
        event.numbers.clear();
        event.texts.clear();
        for (name, value) in members {
            match (name.as_ref(), value) {
                ("CloudWatchMetrics", _) => {}
                (_, Json::Number(value)) if name != "Timestamp" => {
                    let own: Vec<Extraction> =
                        metrics.iter().filter(|(metric, _)| metric == name).map(|(_, how)| how.clone()).collect();
                    let (field, extractions) = (self.fields.number(name), self.extractions.number(own.as_slice()));
                    let constant = tolerance::of(record_type, name) == Tolerance::Constant;
                    event.numbers.push(Number { field, value: *value, extractions, constant });
                }
                _ => {
                    let mut path = std::mem::take(&mut self.path);
                    path.clear();
                    path.push_str(name);
                    self.nested(&mut path, value, event, 0);
                    self.path = path;
                }
            }
        }
        Ok(())
    }

    /// Every member below, each as a field of its own with its path as its name.
    fn nested(&mut self, path: &mut String, value: &Json, event: &mut Event, depth: usize) {
        let length = path.len();
        match value {
            Json::Object(members) if !members.is_empty() && depth < 8 => {
                let envelope = path == "_aws";
                for (name, value) in members.iter().filter(|(name, _)| !envelope || name != "CloudWatchMetrics") {
                    path.push('.');
                    path.push_str(name);
                    self.nested(path, value, event, depth + 1);
                    path.truncate(length);
                }
            }
            Json::Array(items) if depth < 8 && items.iter().any(|item| matches!(item, Json::Object(_))) => {
                for (index, item) in items.iter().enumerate() {
                    let _ = write!(path, ".{index}");
                    self.nested(path, item, event, depth + 1);
                    path.truncate(length);
                }
            }
            value => {
                let number = if path == "Timestamp" || path == "_aws.Timestamp" {
                    let spelling = if value.text().is_some() { A_TIME_AS_TEXT } else { A_TIME };
                    match value.whole() {
                        Some(0..=LAST_MS) => self.values.number(spelling),
                        // CloudWatch takes neither, so that it isn't one like another.
                        Some(other) => self.values.number(&*format!("{other}, no time of a clock")),
                        None => self.values.number("no time"),
                    }
                } else {
                    self.value.clear();
                    let _ = write!(self.value, "{value}");
                    self.values.number(&*self.value)
                };
                event.texts.push((self.fields.number(&**path), number));
            }
        }
    }
}

/// Each metric with how it is extracted, sorted: the order of directives means nothing.
fn extracted<'a>(root: &'a Json) -> Vec<(&'a str, Extraction)> {
    let envelope = root.get("_aws").and_then(|envelope| envelope.get("CloudWatchMetrics"));
    let mut metrics = Vec::new();
    for directive in envelope.or_else(|| root.get("CloudWatchMetrics")).map(Json::items).unwrap_or_default() {
        let shown = |value: Option<&Json>| value.map(ToString::to_string);
        let namespace = shown(directive.get("Namespace"));
        let dimensions = shown(directive.get("Dimensions")).unwrap_or_default();
        for metric in directive.get("Metrics").map(Json::items).unwrap_or_default() {
            let Some(name) = metric.get("Name").and_then(Json::text) else { continue };
            let how = Extraction {
                unit: shown(metric.get("Unit")),
                resolution: shown(metric.get("StorageResolution")),
                namespace: namespace.clone(),
                dimensions: dimensions.clone(),
            };
            metrics.push((name, how));
        }
    }
    metrics.sort();
    metrics
}

impl Extraction {
    /// One aspect of how a metric is extracted, over all directives that name it.
    pub(crate) fn aspect(all: &[Extraction], aspect: Aspect) -> String {
        let parts = all.iter().map(|how| match aspect {
            Aspect::Unit => how.unit.as_deref().unwrap_or("none"),
            Aspect::Resolution => how.resolution.as_deref().unwrap_or("none"),
            Aspect::Namespace => how.namespace.as_deref().unwrap_or("none"),
            Aspect::Dimensions => &how.dimensions,
        });
        parts.collect::<Vec<_>>().join(" and ")
    }
}

/// What there is to how a metric is extracted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aspect {
    Unit,
    Resolution,
    Namespace,
    Dimensions,
}

/// An event's identity is kept once, too.
impl From<&Identity> for Rc<Identity> {
    fn from(identity: &Identity) -> Self {
        Rc::new(identity.clone())
    }
}
