//! Events read back: `FilterLogEvents`, by pages.

use serde::Deserialize;
use serde_json::{Value, json};

use super::State;
use super::refused::{Refused, refused};

/// What a page has at most.
const PAGE: usize = 10_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Filter {
    log_group_name: String,
    start_time: Option<i64>,
    end_time: Option<i64>,
    next_token: Option<String>,
}

/// The token is the number of events given before, and whether the empty page was.
pub(super) fn carry_out(state: &State, call: Filter) -> Result<Value, Refused> {
    let Some(group) = state.groups.get(&call.log_group_name) else {
        return refused(400, "ResourceNotFoundException", "The specified log group does not exist.");
    };
    let given = match call.next_token.as_deref().map(|token| token.strip_prefix("after-").map(str::parse::<usize>)) {
        None => None,
        Some(Some(Ok(given))) => Some(given),
        Some(_) => return refused(400, "InvalidParameterException", "The specified nextToken is invalid."),
    };
    let times = call.start_time.unwrap_or(i64::MIN)..=call.end_time.unwrap_or(i64::MAX);
    let mut events: Vec<_> = Vec::new();
    for (stream, stored) in &group.streams {
        events.extend(stored.iter().filter(|event| times.contains(&event.time_ms)).map(|event| (event, stream)));
    }
    events.sort_by_key(|(event, _)| event.time_ms);
    if state.page.is_some() && given.is_none() {
        // As the service does while it searches.
        return Ok(json!({ "events": [], "nextToken": "after-0" }));
    }
    let given = given.unwrap_or(0);
    let end = events.len().min(given + state.page.unwrap_or(PAGE));
    let page: Vec<Value> = events[given.min(end)..end]
        .iter()
        .map(|(event, stream)| {
            let (time, stored) = (event.time_ms, event.stored_at_ms);
            json!({ "timestamp": time, "ingestionTime": stored, "message": event.message, "logStreamName": stream, "eventId": "0" })
        })
        .collect();
    Ok(if end < events.len() {
        json!({ "events": page, "nextToken": format!("after-{end}") })
    } else {
        json!({ "events": page })
    })
}
