//! What the health check says, as plain functions over values.

use std::collections::BTreeMap;

use hyper::Response;
use model::Stamp;
use net::server::{Content, TEXT, reply};
use net::time;
use serde::Serialize;
use telemetry::{ComponentHealth, State};

use super::ResponseBody;

const JSON: &str = "application/json";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    status: &'static str,
    up_since: String,
    uptime: String,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    reasons: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    components: Option<BTreeMap<&'a str, Component<'a>>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Component<'a> {
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_success: Option<String>,
    #[serde(skip_serializing_if = "str::is_empty")]
    message: &'a str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    facts: BTreeMap<&'static str, Known<'a>>,
}

#[derive(Serialize)]
struct Known<'a> {
    value: &'a str,
    origin: &'static str,
}

/// The health: up since a stamp, or not available where that is `None`.
pub(super) fn health(up_since: Option<Stamp>, now: Stamp, texts: Option<&ResponseBody>) -> Response<Content> {
    let Some(texts) = texts else { return json(status(up_since), &body(up_since, now)) };
    let body = if up_since.is_some() { &texts.healthy } else { &texts.unhealthy };
    reply(status(up_since), TEXT, body.clone())
}

/// Whether events leave: 503 with every reason why they don't.
pub(super) fn ready(up_since: Option<Stamp>, now: Stamp, reasons: &[String]) -> Response<Content> {
    let body = Body { reasons, ..body(up_since, now) };
    match up_since {
        Some(_) if reasons.is_empty() => json(200, &body),
        Some(_) => json(503, &Body { status: "Server not ready", ..body }),
        None => json(503, &body),
    }
}

/// The page is for clients that name this machine, not for DNS names of others that resolve to it.
pub(super) fn misdirected() -> Response<Content> {
    let body = "421 misdirected request: ask by an IP address or localhost, or add the name to allowed_hosts\n";
    reply(421, TEXT, body)
}

/// The health, and how each component is.
pub(super) fn status_page(up_since: Option<Stamp>, now: Stamp, board: &[ComponentHealth]) -> Response<Content> {
    let mut components = BTreeMap::new();
    for ComponentHealth { component, state, since, last_success, message, facts, .. } in board {
        // What is starting has not come to a state yet.
        let since = (*state != State::Starting && !since.is_zero()).then(|| time::rfc3339(*since));
        let last_success = last_success.map(time::rfc3339);
        let facts = facts.iter().map(|fact| (fact.name, Known { value: &fact.value, origin: fact.origin })).collect();
        components.insert(&**component, Component { state: state.as_str(), since, last_success, message, facts });
    }
    json(status(up_since), &Body { components: Some(components), ..body(up_since, now) })
}

fn body<'a>(up_since: Option<Stamp>, now: Stamp) -> Body<'a> {
    let (status, up_since, uptime) = match up_since {
        Some(up) => ("Server available", time::rfc3339(up.wall), time::duration(now.since(up))),
        None => ("Server not available", time::ZERO.to_owned(), String::new()),
    };
    Body { status, up_since, uptime, reasons: &[], components: None }
}

fn json(status: u16, body: &Body<'_>) -> Response<Content> {
    // Strings in structs and in a map with string keys always become JSON; an empty body would still carry the status.
    reply(status, JSON, serde_json::to_string(body).unwrap_or_default())
}

fn status(up_since: Option<Stamp>) -> u16 {
    if up_since.is_some() { 200 } else { 503 }
}
