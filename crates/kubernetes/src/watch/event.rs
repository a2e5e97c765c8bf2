//! One line of a watch: `v1.WatchEvent`.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::INITIAL_EVENTS_END;
use crate::json::{Number, Text, pick};

/// How much of a message is kept.
const SHOWN: usize = 200;

/// What happened.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Event<'a> {
    /// `ADDED` or `MODIFIED`.
    Applied(&'a str),
    /// `DELETED`.
    Deleted(&'a str),
    /// `BOOKMARK`: nothing, up to this resource version.
    Bookmark {
        version: Option<Box<str>>,
        /// All objects that there were when the list began have come.
        ends_list: bool,
    },
    /// `ERROR`: the watch can't go on.
    Refused(Refusal),
    /// A type that the API did not have when this was written.
    Other,
}

/// A `v1.Status`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// As an HTTP status; 0 where it is missing.
    pub(super) code: u64,
    pub(super) message: String,
    pub(super) retry_after: Option<Duration>,
}

#[derive(Deserialize)]
struct RawEvent<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    object: &'a RawValue,
}

#[derive(Deserialize)]
struct Object<'a> {
    #[serde(borrow)]
    metadata: Metadata<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    #[serde(borrow)]
    resource_version: Option<Text<'a>>,
    #[serde(borrow)]
    annotations: Option<End<'a>>,
}

/// The annotation [`INITIAL_EVENTS_END`].
#[derive(Default)]
struct End<'a>(Option<Text<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for End<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Annotations;
        impl<'de> Visitor<'de> for Annotations {
            type Value = End<'de>;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object of annotations")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<End<'de>, A::Error> {
                pick(map, INITIAL_EVENTS_END).map(End)
            }
        }
        deserializer.deserialize_map(Annotations)
    }
}

#[derive(Deserialize)]
struct RawRefusal<'a> {
    #[serde(default)]
    code: Number,
    #[serde(borrow)]
    message: Option<Text<'a>>,
    #[serde(borrow)]
    reason: Option<Text<'a>>,
    details: Option<Details>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Details {
    #[serde(default)]
    retry_after_seconds: Number,
}

/// Reads a line. An error is a line that is no event.
pub(super) fn parse(line: &[u8]) -> Result<Event<'_>, serde_json::Error> {
    let RawEvent { kind, object } = serde_json::from_slice(line)?;
    let object = object.get();
    Ok(match &*kind.0 {
        "ADDED" | "MODIFIED" => Event::Applied(object),
        "DELETED" => Event::Deleted(object),
        "BOOKMARK" => {
            let Object { metadata } = serde_json::from_str(object)?;
            let end = metadata.annotations.unwrap_or_default().0;
            Event::Bookmark {
                version: metadata.resource_version.filter(|text| !text.0.is_empty()).map(Text::boxed),
                ends_list: end.is_some_and(|end| end.0 == "true"),
            }
        }
        "ERROR" => Event::Refused(refusal(serde_json::from_str(object)?)),
        _ => Event::Other,
    })
}

/// The resource version of an object; `None` where it has none, or can't be read.
pub(super) fn version(object: &str) -> Option<Box<str>> {
    #[derive(Deserialize)]
    struct Versioned<'a> {
        #[serde(borrow)]
        metadata: Version<'a>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Version<'a> {
        #[serde(borrow)]
        resource_version: Option<Text<'a>>,
    }
    let object: Versioned = serde_json::from_str(object).ok()?;
    object.metadata.resource_version.filter(|text| !text.0.is_empty()).map(Text::boxed)
}

fn refusal(raw: RawRefusal) -> Refusal {
    let words = raw.message.or(raw.reason).map(|text| text.0).unwrap_or_default();
    let message = words.chars().filter(|character| !character.is_control()).take(SHOWN).collect();
    let seconds = raw.details.and_then(|details| details.retry_after_seconds.0).filter(|seconds| *seconds > 0);
    Refusal { code: raw.code.0.unwrap_or(0), message, retry_after: seconds.map(Duration::from_secs) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(line: &str, expected: Event) {
        assert_eq!(parse(line.as_bytes()).expect("an event"), expected, "{line}");
    }

    #[test]
    fn every_type_of_event_is_read() {
        let pod = r#"{"kind":"Pod","metadata":{"name":"a","resourceVersion":"7"}}"#;
        check(&format!(r#"{{"type":"ADDED","object":{pod}}}"#), Event::Applied(pod));
        check(&format!(r#"{{"object":{pod},"type":"MODIFIED"}}"#), Event::Applied(pod));
        check(&format!(r#"{{"type":"DELETED","object":{pod}}}"#), Event::Deleted(pod));
        check(&format!(r#"{{"type":"SPLIT","object":{pod}}}"#), Event::Other);
        assert_eq!(version(pod).as_deref(), Some("7"));
        assert_eq!(version(r#"{"metadata":{"resourceVersion":""}}"#), None);
    }

    #[test]
    fn a_bookmark_may_end_a_list() {
        let bookmark = |annotations: &str| {
            format!(
                r#"{{"type":"BOOKMARK","object":{{"kind":"Pod","apiVersion":"v1","metadata":{{"resourceVersion":"12746",
                "creationTimestamp":null{annotations}}},"spec":{{"containers":null}},"status":{{}}}}}}"#
            )
        };
        let expected = |ends_list| Event::Bookmark { version: Some("12746".into()), ends_list };
        check(&bookmark(""), expected(false));
        check(&bookmark(r#","annotations":{"a":"b","k8s.io/initial-events-end":"true"}"#), expected(true));
        check(&bookmark(r#","annotations":{"k8s.io/initial-events-end":"false"}"#), expected(false));
    }

    #[test]
    fn an_error_says_its_code() {
        let line = r#"{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",
            "message":"too old resource version: 1 (12746)","reason":"Expired","code":410}}"#;
        let message = "too old resource version: 1 (12746)".to_owned();
        check(line, Event::Refused(Refusal { code: 410, message, retry_after: None }));
        let line = r#"{"type":"ERROR","object":{"reason":"Time\nout","details":{"retryAfterSeconds":3}}}"#;
        let retry_after = Some(Duration::from_secs(3));
        check(line, Event::Refused(Refusal { code: 0, message: "Timeout".into(), retry_after }));
    }

    #[test]
    fn what_is_no_event_is_told() {
        for line in ["", "x", "{}", r#"{"type":"ADDED"}"#, r#"{"type":7,"object":{}}"#, r#"{"type":"ADDED","object":{"#]
        {
            parse(line.as_bytes()).expect_err(line);
        }
        parse(b"{\"type\":\"ADDED\",\"object\":\"\xff\"}").expect_err("no UTF-8");
    }

    proptest! {
        #[test]
        fn any_line_is_survived(bytes in proptest::collection::vec(any::<u8>(), 0..100), text in ".{0,60}") {
            let _ = (parse(&bytes), parse(text.as_bytes()), version(&text));
            for kind in ["ADDED", "BOOKMARK", "ERROR"] {
                let _ = parse(format!(r#"{{"type":"{kind}","object":{text}}}"#).as_bytes());
            }
        }
    }
}
