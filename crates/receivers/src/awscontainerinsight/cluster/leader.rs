//! The leader's part: watches the cluster's objects for as long as this agent leads.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kubernetes::election::Leadership;
use model::{Clock, Stamp};
use net::chain;
use telemetry::Status;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tracing::{Instrument, warn};

use crate::awscontainerinsight::cluster::access::Access;
use crate::awscontainerinsight::cluster::cluster_state::ClusterState;
use crate::awscontainerinsight::cluster::election;
use crate::awscontainerinsight::cluster::endpoints::Follower;
use crate::awscontainerinsight::config::Config;
use crate::awscontainerinsight::error::Error;
use crate::awscontainerinsight::samples::ClusterSample;
use platform::Place;

/// The longest that a wait for the end of a term lasts: the runtime's timers don't count the time the machine slept.
const MAX_SLEEP: Duration = Duration::from_secs(5);

/// Whether this agent speaks for the cluster, and what it would say.
#[derive(Debug)]
pub struct Leader {
    leadership: Leadership,
    cluster_state: Arc<Mutex<Option<ClusterState>>>,
    endpoints: Follower,
    runtime: Handle,
    stop: oneshot::Sender<()>,
    candidate: JoinHandle<()>,
}

impl Leader {
    /// Takes part in the election from now on; `None` where there is no lock to take.
    pub fn begin(
        config: &Config,
        place: &Place,
        node_name: &str,
        access: &Access,
        endpoints: &Follower,
        tools: (&Arc<dyn Clock>, &Status, &Handle),
    ) -> Result<Option<Self>, Error> {
        let (clock, status, runtime) = tools;
        let namespace = place.namespace.as_deref();
        let Some((candidate, leadership)) = election::candidate(config, namespace, node_name, access, clock, status)?
        else {
            return Ok(None);
        };
        let (stop, stopped) = oneshot::channel();
        let cluster_state = Arc::new(Mutex::new(None));
        let term = Term {
            leadership: leadership.clone(),
            clock: clock.clone(),
            access: access.clone(),
            cluster_state: cluster_state.clone(),
            endpoints: endpoints.clone(),
        };
        runtime.spawn(term.follow().in_current_span());
        let candidate = runtime.spawn(election::run(candidate, stopped).in_current_span());
        let (endpoints, runtime) = (endpoints.clone(), runtime.clone());
        Ok(Some(Self { leadership, cluster_state, endpoints, runtime, stop, candidate }))
    }

    /// What it knows of the cluster, if it speaks for it at this moment.
    pub fn sample(&self, now: Stamp) -> Option<ClusterSample> {
        if !self.leadership.leads(now.monotonic) {
            return None;
        }
        let cluster_state = self.cluster_state.lock().unwrap_or_else(PoisonError::into_inner);
        cluster_state.as_ref().map(|cluster_state| cluster_state.sample(&self.endpoints))
    }

    /// Speaks no more, and gives the lock back.
    pub fn stop(self) {
        let _ = self.stop.send(());
        let _ = self.runtime.block_on(self.candidate);
    }
}

/// Follows the cluster in each term.
struct Term {
    leadership: Leadership,
    clock: Arc<dyn Clock>,
    access: Access,
    cluster_state: Arc<Mutex<Option<ClusterState>>>,
    endpoints: Follower,
}

impl Term {
    async fn follow(mut self) {
        loop {
            while !self.leads() {
                self.leadership.changed().await;
            }
            let collections = ClusterState::begin(&self.access);
            let _tasks = match collections {
                Ok((cluster_state, tasks)) => {
                    *self.cluster_state.lock().unwrap_or_else(PoisonError::into_inner) = Some(cluster_state);
                    Some(tasks)
                }
                Err(error) => {
                    warn!(error = chain(&error), "no client for the API server: the cluster's own numbers are missing");
                    None
                }
            };
            self.endpoints.want_for_leading(true);
            self.until_its_end().await;
            self.endpoints.want_for_leading(false);
            // What was known of the cluster goes with the term; so do the connections.
            *self.cluster_state.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }

    fn leads(&self) -> bool {
        self.leadership.leads(self.clock.stamp().monotonic)
    }

    async fn until_its_end(&mut self) {
        while let Some(until) = self.leadership.until() {
            let left = until.saturating_sub(self.clock.stamp().monotonic);
            if left.is_zero() {
                return;
            }
            tokio::select! {
                () = sleep(left.min(MAX_SLEEP)) => {}
                () = self.leadership.changed() => {}
            }
        }
    }
}
