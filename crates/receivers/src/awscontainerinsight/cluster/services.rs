//! Which Service a pod of this node belongs to: by the Services' selectors, or where those may not be watched by what stands behind
//! the Services.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kubernetes::Pod;
use kubernetes::access::SERVICES;
use kubernetes::cluster::{DoubleBuffered, Services as Store};
use kubernetes::watch::{Phase, Status as Watched};
use model::Text;
use telemetry::Status;
use tokio::runtime::Handle;
use tokio::time::sleep;
use tracing::{Instrument, info};

use crate::awscontainerinsight::cluster::access::Access;
use crate::awscontainerinsight::cluster::endpoints::Follower;
use crate::awscontainerinsight::error::Error;

/// How often the way is looked at; no request follows from it.
const LOOK: Duration = Duration::from_secs(2);

/// The Services, and the Endpoints behind them.
#[derive(Debug)]
pub struct Services {
    store: Arc<Mutex<DoubleBuffered<Store>>>,
    endpoints: Follower,
}

impl Services {
    /// Follows the Services from now on.
    pub fn begin(access: &Access, endpoints: Follower, tools: (&Status, &Handle)) -> Result<Self, Error> {
        let (status, runtime) = tools;
        let store = DoubleBuffered::shared(Store::default());
        let mut reflector = access.reflector(SERVICES)?;
        runtime.spawn(choose(reflector.status(), endpoints.clone(), status.clone()).in_current_span());
        let mut consumer = store.clone();
        runtime.spawn(async move { reflector.run(&mut consumer).await }.in_current_span());
        Ok(Self { store, endpoints })
    }

    /// What is known at this moment, for the pods of one list.
    pub fn lookup(&self) -> Lookup<'_> {
        let store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        if store.current().is_some() {
            return Lookup::Selectors(store);
        }
        Lookup::Endpoints(self.endpoints.services_of_pods())
    }
}

/// The Services of pods; changes wait while it is held.
#[derive(Debug)]
pub enum Lookup<'a> {
    /// By selectors.
    Selectors(MutexGuard<'a, DoubleBuffered<Store>>),
    /// By namespace and name of the pod.
    Endpoints(BTreeMap<(Box<str>, Box<str>), Text>),
}

impl Lookup<'_> {
    /// The Service of a pod; of several the smallest name.
    pub fn of(&self, pod: &Pod) -> Option<Text> {
        match self {
            Self::Selectors(store) => store.current()?.service_of(pod).map(Into::into),
            Self::Endpoints(pods) => pods.get(&(pod.namespace.clone(), pod.name.clone())).cloned(),
        }
    }
}

/// Logs which way is in use, and watches the Endpoints where Services are refused.
async fn choose(watched: Arc<Watched>, endpoints: Follower, status: Status) {
    let mut before = None;
    loop {
        let refused = watched.report().phase == Phase::Refused;
        endpoints.want_for_services(refused);
        let way = match watched.report().phase {
            Phase::Refused => endpoints.kind().or(before),
            Phase::Watching => Some("selectors of Services"),
            _ => before,
        };
        if let Some(words) = way.filter(|_| way != before) {
            info!(by = words, "finding the Services of pods");
            status.fact(telemetry::Fact { name: "Services", value: words.to_owned(), origin: "API server" });
        }
        before = way;
        sleep(LOOK).await;
    }
}
