//! An API server on loopback, over TLS: collections that are listed page by page and watched, the leader lock's ConfigMap
//! with its versions, no right to Leases, events.
//!
//! It streams no lists, and of its watches it says nothing: what it shows doesn't change. It notes what the API's rules
//! forbid a client.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use crate::faults::Fault;
use crate::server::{Handler, Reply, Request, Server};

const TOKEN: &str = "token-of-a-test";

/// An API server of a test's own.
#[derive(Debug)]
pub struct FakeApiServer {
    server: Server,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Objects by the path of their collection.
    collections: BTreeMap<String, Vec<Value>>,
    /// Single objects by their path.
    objects: BTreeMap<String, Value>,
    /// Collections that may be listed and not watched.
    unwatchable: BTreeSet<String>,
    version: u64,
    watched: BTreeSet<String>,
    requests: Vec<String>,
    violations: Vec<String>,
}

impl FakeApiServer {
    /// One that has nothing and refuses what it has no collection for.
    ///
    /// # Panics
    ///
    /// Where loopback has no free port.
    #[must_use]
    pub fn start() -> Self {
        let shared = Arc::new(Shared::default());
        Self { server: Server::start(Arc::clone(&shared), Some(&[])), shared }
    }

    /// Writes a kubeconfig that leads here.
    ///
    /// # Panics
    ///
    /// Where the file can't be written.
    pub fn write_kubeconfig(&self, file: &Path) {
        let authority = file.with_extension("ca.pem");
        std::fs::write(&authority, self.server.ca_pem().expect("it speaks TLS")).expect("the file can be written");
        let text = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "here",
            "clusters": [{"name": "c", "cluster": {"server": self.server.endpoint(), "certificate-authority": authority}}],
            "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
            "users": [{"name": "u", "user": {"token": TOKEN}}],
        });
        std::fs::write(file, text.to_string()).expect("the file can be written");
    }

    /// Sets the objects of a collection, such as `/api/v1/pods`.
    pub fn set_collection(&self, path: &str, objects: Vec<Value>) {
        self.state().collections.insert(path.to_owned(), objects);
    }

    /// Refuses every watch of a collection from now on.
    pub fn refuse_watches(&self, path: &str) {
        self.state().unwatchable.insert(path.to_owned());
    }

    /// Sets an object by its path.
    pub fn set_object(&self, path: &str, object: Value) {
        let mut state = self.state();
        state.store(path, object);
    }

    /// The object at a path.
    #[must_use]
    pub fn object(&self, path: &str) -> Option<Value> {
        self.state().objects.get(path).cloned()
    }

    /// Collections that a client watches, or has watched.
    #[must_use]
    pub fn watched(&self) -> BTreeSet<String> {
        self.state().watched.clone()
    }

    /// Every request so far as `GET /path?query`, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        self.state().requests.clone()
    }

    /// What a client did that it must never do, oldest first; a test asserts that this is empty.
    #[must_use]
    pub fn violations(&self) -> Vec<String> {
        self.state().violations.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn store(&mut self, path: &str, mut object: Value) -> Value {
        self.version += 1;
        object["metadata"]["resourceVersion"] = self.version.to_string().into();
        self.objects.insert(path.to_owned(), object.clone());
        object
    }

    fn collection(&mut self, path: &str, query: &str) -> Reply {
        let Some(objects) = self.collections.get(path) else { return status(403, "Forbidden") };
        let has = |name: &str| query.split('&').any(|pair| pair.split('=').next() == Some(name));
        if !has("watch") {
            let list = json!({"kind": list_kind(path), "metadata": {"resourceVersion": "7"}, "items": objects});
            return Reply::new(200, list.to_string());
        }
        if has("sendInitialEvents") {
            return status(
                400,
                "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled",
            );
        }
        if !has("resourceVersion") || !has("allowWatchBookmarks") || !has("timeoutSeconds") {
            self.violations.push(format!("a watch without what it needs: {path}?{query}"));
        }
        if self.unwatchable.contains(path) {
            return status(403, "Forbidden");
        }
        self.watched.insert(path.to_owned());
        // The head comes, and then nothing.
        Fault::Hang.instead_of(Reply::new(200, ""))
    }

    fn write(&mut self, request: &Request, path: &str) -> Reply {
        let Ok(object) = serde_json::from_slice::<Value>(&request.body) else { return status(400, "no JSON") };
        if path.ends_with("/events") {
            return Reply::new(201, request.body.to_vec());
        }
        if request.method == "POST" {
            let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
            let path = format!("{path}/{name}");
            if self.objects.contains_key(&path) {
                return status(409, "AlreadyExists");
            }
            return Reply::new(201, self.store(&path, object).to_string());
        }
        match self.objects.get(path) {
            None => status(404, "NotFound"),
            Some(known) if known["metadata"]["resourceVersion"] != object["metadata"]["resourceVersion"] => {
                status(409, "Conflict")
            }
            Some(_) => Reply::new(200, self.store(path, object).to_string()),
        }
    }
}

impl Handler for Shared {
    fn answer(&self, request: Request) -> Reply {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = format!("{} {}", request.method, request.path);
        let token = request.headers.get("authorization").and_then(|value| value.to_str().ok());
        if token != Some(&format!("Bearer {TOKEN}")) {
            state.violations.push(format!("{asked} without the token"));
            return status(401, "Unauthorized");
        }
        state.requests.push(asked);
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        let reply = if path.contains("/leases") {
            status(403, "Forbidden")
        } else if request.method == "GET" {
            match state.objects.get(path) {
                Some(object) => Reply::new(200, object.to_string()),
                None if path.contains("/configmaps/") => status(404, "NotFound"),
                None => state.collection(path, query),
            }
        } else {
            state.write(&request, path)
        };
        reply.header("content-type", "application/json")
    }
}

fn list_kind(path: &str) -> &'static str {
    match path.rsplit('/').next() {
        Some("pods") => "PodList",
        Some("nodes") => "NodeList",
        Some("services") => "ServiceList",
        Some("endpoints") => "EndpointsList",
        Some("endpointslices") => "EndpointSliceList",
        Some("deployments") => "DeploymentList",
        Some("daemonsets") => "DaemonSetList",
        Some("statefulsets") => "StatefulSetList",
        Some("replicasets") => "ReplicaSetList",
        _ => "List",
    }
}

fn status(code: u16, reason: &str) -> Reply {
    let body = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": reason, "code": code});
    Reply::new(code, body.to_string())
}
