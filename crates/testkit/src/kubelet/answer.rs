//! What one request gets: the status, the body, and what goes wrong with it.

use std::sync::{Arc, Mutex};

use hyper::Method;
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, HOST};

use super::{Fault, Route, State};
use crate::server::{End, Handler, Reply, Request};

/// Answers by what a test has set.
pub(super) struct Kubelet(pub(super) Arc<Mutex<State>>);

impl Handler for Kubelet {
    fn answer(&self, request: Request) -> Reply {
        answer(&mut self.0.lock().expect("no test panics with the lock"), &request)
    }
}

/// Writes the request down and answers it.
fn answer(state: &mut State, request: &Request) -> Reply {
    let path = request.path.clone();
    let authorization = request.headers.get(AUTHORIZATION).map(|value| String::from_utf8_lossy(value.as_bytes()));
    let token = authorization.as_deref().and_then(|value| value.strip_prefix("Bearer ")).map(str::to_owned);
    let connection = request.connection;
    state.requests.push(super::Request { path: path.clone(), token: token.clone(), connection });

    if authorization.is_some() && !state.encrypted {
        state.violations.push(format!("credentials in clear text for {path}"));
    }
    if authorization.is_some() && token.is_none() {
        state.violations.push(format!("credentials other than a bearer token for {path}"));
    }
    if !request.headers.contains_key(HOST) {
        state.violations.push(format!("no Host header for {path}"));
    }
    if request.method != Method::GET {
        state.violations.push(format!("{} {path}", request.method));
        return Reply::new(405, "Method Not Allowed\n");
    }
    let route = match path.as_str() {
        "/pods" => Route::Pods,
        "/stats/summary" => Route::Summary,
        _ => {
            state.violations.push(format!("GET {path}"));
            return Reply::new(404, "404 page not found\n");
        }
    };
    if state.token.is_some() && state.token != token {
        return Reply::new(401, "Unauthorized");
    }
    let fault = match route {
        Route::Pods => state.pods_fault.clone(),
        Route::Summary => state.summary_fault.clone(),
    };
    let body = match (route, state.body(route)) {
        (Route::Pods, body) if body.is_empty() => {
            Bytes::from_static(br#"{"kind":"PodList","apiVersion":"v1","items":[]}"#)
        }
        (Route::Summary, body) if body.is_empty() => Bytes::from_static(br#"{"node":{},"pods":[]}"#),
        (_, body) => body.clone(),
    };
    let ok = |body: Bytes| Reply::new(200, body).header("content-type", "application/json");
    match fault {
        Fault::None => ok(body),
        Fault::Slow(delay) => Reply { delay, ..ok(body) },
        Fault::Stall => Reply { end: End::Stall, ..ok(body) },
        Fault::Truncated => Reply { end: End::Half, ..ok(body) },
        Fault::Huge(total) => {
            let start = Bytes::from_static(br#"{"items":["#);
            Reply { blanks: total.saturating_sub(start.len() as u64), ..ok(start) }
        }
        Fault::Status(code) => Reply::new(code, "a fault on demand\n"),
        Fault::Redirect(place) => Reply::new(302, "").header("location", place),
    }
}
