//! Reading events of a group back: `FilterLogEvents` of the API reference.

use serde::{Deserialize, Serialize};

/// An answer has at most 1 MB of events; as text in JSON they may take several times that.
pub(super) const MAX_ANSWER_BYTES: usize = 16 << 20;

/// Which events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Filter<'a> {
    /// The group.
    #[serde(rename = "logGroupName")]
    pub group: &'a str,
    /// The earliest time, in milliseconds since 1970; `None` is the group's first.
    #[serde(rename = "startTime", skip_serializing_if = "Option::is_none")]
    pub start_ms: Option<i64>,
    /// The latest time, in milliseconds since 1970; `None` is now.
    #[serde(rename = "endTime", skip_serializing_if = "Option::is_none")]
    pub end_ms: Option<i64>,
    /// What the page before gave; `None` is the first page.
    #[serde(rename = "nextToken", skip_serializing_if = "Option::is_none")]
    pub token: Option<&'a str>,
}

/// A page of events.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// The events.
    pub events: Vec<Found>,
    /// What asks for the next page; `None` where there is none.
    pub token: Option<String>,
}

/// An event as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Found {
    /// Milliseconds since 1970.
    #[serde(rename = "timestamp")]
    pub time_ms: i64,
    /// Its text.
    pub message: String,
    /// The stream it is in.
    #[serde(rename = "logStreamName", default)]
    pub stream: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    events: Vec<Found>,
    next_token: Option<String>,
}

/// What an answer says; `None` where it is none.
pub(super) fn page(body: &[u8]) -> Option<Page> {
    let answer: Answer = serde_json::from_slice(body).ok()?;
    Some(Page { events: answer.events, token: answer.next_token.filter(|token| !token.is_empty()) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The example of the API reference, shortened.
    const ANSWER: &str = r#"{"events":[{"ingestionTime":1396035394997,"timestamp":1396035378988,"message":"INFO",
        "logStreamName":"s","eventId":"3"}],"nextToken":"T","searchedLogStreams":[]}"#;

    #[test]
    fn a_page_has_events_and_what_asks_for_the_next() {
        let found = Found { time_ms: 1_396_035_378_988, message: "INFO".into(), stream: "s".into() };
        assert_eq!(page(ANSWER.as_bytes()), Some(Page { events: vec![found], token: Some("T".into()) }));
        assert_eq!(page(br#"{"events":[]}"#), Some(Page::default()));
        assert_eq!(page(b"{}"), None);
    }

    #[test]
    fn what_is_not_said_is_not_asked_for() {
        let filter = Filter { group: "g", start_ms: Some(1), ..Filter::default() };
        assert_eq!(serde_json::to_string(&filter).unwrap(), r#"{"logGroupName":"g","startTime":1}"#);
    }

    proptest! {
        #[test]
        fn any_answer_is_a_page_or_none(text in "\\PC{0,80}") {
            let _ = page(text.as_bytes());
        }
    }
}
