//! ConfigMaps, Leases and events in memory, with versions, watches and faults.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hyper::Method;
use hyper::body::Bytes;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::api_server::Answer;
use crate::election::api::{Api, Pieces};
use crate::error::Error;

/// A request as it was heard.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) agent: String,
    pub(super) method: String,
    pub(super) path: String,
}

#[derive(Default)]
struct State {
    version: u64,
    objects: BTreeMap<String, Value>,
    history: Vec<(u64, String, String)>,
    events: Vec<Value>,
    requests: Vec<Request>,
    watchers: Vec<(String, mpsc::UnboundedSender<String>)>,
    forbidden: Option<fn(&Request) -> bool>,
    away: bool,
    throttled: Option<u64>,
    slow: Duration,
    lose_every: usize,
    spoilt: Option<Option<&'static str>>,
}

/// The server.
#[derive(Clone, Default)]
pub(super) struct Fake(Arc<Mutex<State>>);

/// An agent's way to it.
pub(super) struct Client {
    fake: Fake,
    agent: String,
}

/// A watch's lines as they come, until its time is over.
pub(super) struct Lines {
    first: VecDeque<String>,
    more: mpsc::UnboundedReceiver<String>,
    until: tokio::time::Instant,
    ended: bool,
}

impl Fake {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn client(&self, agent: &str) -> Client {
        Client { fake: self.clone(), agent: agent.to_owned() }
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.0.lock().expect("one thread"))
    }

    pub(super) fn object(&self, kind: &str) -> Option<Value> {
        self.with(|state| state.objects.get(kind).cloned())
    }

    pub(super) fn events(&self) -> Vec<Value> {
        self.with(|state| state.events.clone())
    }

    pub(super) fn requests(&self) -> Vec<Request> {
        self.with(|state| state.requests.clone())
    }

    pub(super) fn forbid(&self, which: fn(&Request) -> bool) {
        self.with(|state| state.forbidden = Some(which));
    }

    /// No connection any more, and none that is left.
    pub(super) fn away(&self, away: bool) {
        self.with(|state| {
            state.away = away;
            state.watchers.clear();
        });
    }

    pub(super) fn throttle(&self, seconds: Option<u64>) {
        self.with(|state| state.throttled = seconds);
    }

    pub(super) fn slow(&self, slow: Duration) {
        self.with(|state| state.slow = slow);
    }

    /// Every so many answers are lost after the request was heard.
    pub(super) fn lose_every(&self, count: usize) {
        self.with(|state| state.lose_every = count);
    }

    /// Watches say this or nothing, and end.
    pub(super) fn spoil_watches(&self, line: Option<&'static str>) {
        self.with(|state| state.spoilt = Some(line));
    }

    pub(super) fn put(&self, kind: &str, object: Value) {
        self.with(|state| state.store(kind, object));
    }

    pub(super) fn edit(&self, kind: &str, edit: impl FnOnce(&mut Value)) {
        self.with(|state| {
            let mut object = state.objects[kind].clone();
            edit(&mut object);
            state.store(kind, object);
        });
    }

    pub(super) fn delete(&self, kind: &str) {
        self.with(|state| {
            let mut object = state.objects.remove(kind).expect("it is there");
            state.version += 1;
            object["metadata"]["resourceVersion"] = state.version.to_string().into();
            state.tell(kind, "DELETED", &object);
        });
    }
}

impl State {
    fn store(&mut self, kind: &str, mut object: Value) -> Value {
        let what = if self.objects.contains_key(kind) { "MODIFIED" } else { "ADDED" };
        self.version += 1;
        object["metadata"]["resourceVersion"] = self.version.to_string().into();
        if what == "ADDED" {
            object["metadata"]["uid"] = format!("uid-{}", self.version).into();
        }
        self.objects.insert(kind.to_owned(), object.clone());
        self.tell(kind, what, &object);
        object
    }

    fn tell(&mut self, kind: &str, what: &str, object: &Value) {
        let line = format!("{}\n", json!({"type": what, "object": object}));
        self.history.push((self.version, kind.to_owned(), line.clone()));
        self.watchers.retain(|(watched, sender)| watched != kind || sender.send(line.clone()).is_ok());
    }

    fn refuse(path: &str, status: u16, retry_after: Option<Duration>) -> Error {
        Error::Status { url: path.into(), status, line: "refused".into(), retry_after }
    }

    fn gone(path: &str) -> Error {
        Error::Connect { url: path.into(), source: std::io::Error::other("away") }
    }

    fn check(&mut self, request: &Request) -> Result<(), Error> {
        if self.away {
            return Err(Self::gone(&request.path));
        }
        self.requests.push(request.clone());
        if let Some(seconds) = self.throttled {
            return Err(Self::refuse(&request.path, 429, Some(Duration::from_secs(seconds))));
        }
        if self.forbidden.is_some_and(|forbidden| forbidden(request)) {
            return Err(Self::refuse(&request.path, 403, None));
        }
        Ok(())
    }

    fn handle(&mut self, request: &Request, body: Option<&Value>) -> Result<Value, Error> {
        self.check(request)?;
        let refuse = |status| Err(Self::refuse(&request.path, status, None));
        let kind =
            request.path.split('/').find(|part| ["configmaps", "leases", "events"].contains(part)).expect("a kind");
        let is_named = request.path.ends_with("/lock");
        match (request.method.as_str(), body) {
            ("POST", Some(body)) if kind == "events" => {
                self.events.push(body.clone());
                Ok(body.clone())
            }
            ("GET", None) if is_named => self.objects.get(kind).cloned().map_or_else(|| refuse(404), Ok),
            ("POST", Some(body)) if !is_named => {
                assert!(
                    body["metadata"].get("resourceVersion").is_none() && body["metadata"]["name"] == "lock",
                    "{body}"
                );
                if self.objects.contains_key(kind) { refuse(409) } else { Ok(self.store(kind, body.clone())) }
            }
            ("PUT", Some(body)) if is_named => match self.objects.get(kind) {
                None => refuse(404),
                Some(object) if object["metadata"]["resourceVersion"] != body["metadata"]["resourceVersion"] => {
                    refuse(409)
                }
                Some(_) => Ok(self.store(kind, body.clone())),
            },
            _ => panic!("{request:?}"),
        }
    }
}

impl Api for Client {
    type Stream = Lines;

    async fn request(&mut self, method: Method, path: &str, body: Option<Bytes>) -> Result<Answer, Error> {
        let request = Request { agent: self.agent.clone(), method: method.to_string(), path: path.to_owned() };
        let body: Option<Value> = body.map(|body| serde_json::from_slice(&body).expect("JSON"));
        let (slow, lost) = self.fake.with(|state| {
            let lost = state.lose_every > 0 && state.requests.len().is_multiple_of(state.lose_every);
            (state.slow.max(Duration::from_millis(5)), lost)
        });
        if slow > super::DEADLINE {
            tokio::time::sleep(super::DEADLINE).await;
            return Err(Error::Deadline { url: path.into(), after: super::DEADLINE });
        }
        tokio::time::sleep(slow / 2).await;
        let result = self.fake.with(|state| state.handle(&request, body.as_ref()));
        tokio::time::sleep(slow / 2).await;
        if lost {
            return Err(State::gone(path));
        }
        result.map(|value| Answer { status: 200, body: value.to_string().into() })
    }

    async fn stream(&mut self, path: &str, _: Duration) -> Result<Lines, Error> {
        let request = Request { agent: self.agent.clone(), method: "GET".into(), path: path.to_owned() };
        tokio::time::sleep(Duration::from_millis(5)).await;
        self.fake.with(|state| {
            state.check(&request)?;
            let kind = if path.contains("/leases?") { "leases" } else { "configmaps" };
            let value = |name: &str| {
                let query = path.split_once('?').expect("a query").1;
                query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")).map(str::to_owned)).expect("it")
            };
            let mut first: VecDeque<String> = VecDeque::new();
            match value("resourceVersion").parse::<u64>() {
                Ok(from) => {
                    let later = state.history.iter().filter(|(version, what, _)| what == kind && *version > from);
                    first.extend(later.map(|(.., line)| line.clone()));
                }
                Err(_) => {
                    let now = state.objects.get(kind).map(|object| json!({"type": "ADDED", "object": object}));
                    first.extend(now.map(|event| format!("{event}\n")));
                }
            }
            if let Some(line) = state.spoilt {
                let first = line.map(|line| format!("{line}\n")).into_iter().collect();
                return Ok(Lines {
                    first,
                    more: mpsc::unbounded_channel().1,
                    until: tokio::time::Instant::now(),
                    ended: true,
                });
            }
            let (sender, more) = mpsc::unbounded_channel();
            state.watchers.push((kind.to_owned(), sender));
            let seconds = value("timeoutSeconds").parse().expect("seconds");
            let until = tokio::time::Instant::now() + Duration::from_secs(seconds);
            Ok(Lines { first, more, until, ended: false })
        })
    }

    fn url(&self, path: &str) -> Box<str> {
        path.into()
    }
}

impl Pieces for Lines {
    async fn next(&mut self) -> Option<Result<Bytes, Error>> {
        if let Some(line) = self.first.pop_front() {
            return Some(Ok(line.into()));
        }
        if self.ended {
            return None;
        }
        tokio::select! {
            line = self.more.recv() => match line {
                Some(line) => Some(Ok(line.into())),
                None => Some(Err(State::gone("a watch"))),
            },
            () = tokio::time::sleep_until(self.until) => None,
        }
    }
}
