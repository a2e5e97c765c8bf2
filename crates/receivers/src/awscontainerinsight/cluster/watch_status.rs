//! The watches of the API server as the sampling thread sees them: requests counted, failures reported.

use std::sync::{Arc, Mutex, PoisonError};

use kubernetes::watch::{Counts, Phase, Status};
use telemetry::{Counter, Failing, Failure, Limits, Registry, Severity};

/// Objects of the API server that are larger than anybody's.
const LIMIT: &str = "API objects";

static FAILS: Failure = Failure {
    severity: Severity::Warning,
    begins: "watch of the API server fails; what was known stays; retrying",
    ends: "watch of the API server works again",
};

// Rights are a choice, and what they leave out is documented.
static REFUSED: Failure = Failure {
    severity: Severity::Info,
    begins: "API server refused; what depends on this right is left out; retrying",
    ends: "API server grants this right now",
};

/// Every collection that is watched at the moment.
#[derive(Debug, Clone)]
pub struct WatchedCollections {
    registry: Registry,
    component: String,
    limits: Limits,
    all: Arc<Mutex<Vec<Watched>>>,
}

/// One collection.
#[derive(Debug)]
struct Watched {
    path: Box<str>,
    status: Arc<Status>,
    counted: Counts,
    requests: Counter,
    bytes: Counter,
    /// Whether it failed at the last look: what has passed by the next one isn't worth a line.
    failed: bool,
    /// Whether no object was over a limit since the last list.
    is_whole: bool,
    failure: Failing,
    refusal: Failing,
}

impl WatchedCollections {
    /// No collection is watched yet; metrics are those of this receiver.
    pub fn new(registry: &Registry, component: &str, limits: &Limits) -> Self {
        let (registry, component, limits) = (registry.clone(), component.to_owned(), limits.clone());
        Self { registry, component, limits, all: Arc::default() }
    }

    /// Follows the reflector of this status too, as long as there is one.
    pub fn add(&self, path: &str, status: Arc<Status>) {
        let resource = path.rsplit('/').next().unwrap_or(path);
        let labels = [("receiver", &*self.component), ("resource", resource)];
        let counter = |name, help| self.registry.counter(name, help, &labels);
        let watched = Watched {
            path: path.into(),
            status,
            counted: Counts::default(),
            requests: counter("container_insights_api_server_requests", "Requests to the API server for a collection."),
            bytes: counter("container_insights_api_server_bytes", "Bytes that the API server sent of a collection."),
            failed: false,
            is_whole: true,
            failure: Failing::new(&FAILS).about(path.to_owned()),
            refusal: Failing::new(&REFUSED).about(path.to_owned()),
        };
        self.all.lock().unwrap_or_else(PoisonError::into_inner).push(watched);
    }

    /// Counts what came since the last look, and tells what changed.
    pub fn look(&self) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter_mut().for_each(|watched| watched.look(&self.limits));
        if all.iter().all(|watched| watched.is_whole) {
            self.limits.within(LIMIT);
        }
        // Whose reflector is gone says nothing any more.
        all.retain(|watched| Arc::strong_count(&watched.status) > 1);
    }
}

impl Watched {
    fn look(&mut self, limits: &Limits) {
        let counts = self.status.counts();
        // Until the next list it is unknown whether an object that was left out is still there.
        self.is_whole |= counts.lists > self.counted.lists;
        if counts.cut > self.counted.cut {
            self.is_whole = false;
            let report = self.status.report();
            let words = format!(
                "objects of {} are left out, and what the cluster's numbers say of them: {}",
                self.path,
                report.fault.as_deref().unwrap_or_default()
            );
            limits.cut(LIMIT, counts.cut - self.counted.cut, &words);
        }
        self.requests.add(counts.requests - self.counted.requests);
        self.bytes.add(counts.bytes - self.counted.bytes);
        self.counted = counts;
        let report = self.status.report();
        let fault = report.fault.as_deref().unwrap_or_default();
        let failed_before = std::mem::replace(&mut self.failed, report.phase == Phase::Failing);
        match report.phase {
            Phase::Failing if failed_before => self.failure.failed(1, &fault),
            Phase::Refused => self.refusal.failed(1, &fault),
            Phase::Watching => {
                self.failure.recovered();
                self.refusal.recovered();
            }
            _ => {}
        }
    }
}
