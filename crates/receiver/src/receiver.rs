//! The receiver as the pipelines see it: started, stopped, and a stream of rounds.

use std::sync::Arc;
use std::sync::mpsc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use kubernetes::{Auth, Kubelet, Settings};
use model::{Clock, Round, Stamp};
use telemetry::{Counter, Registry, Status};
use tracing::{info, warn};

use crate::collect::{Collector, Parts};
use crate::config::{AuthType, Config, Orchestrator};
use crate::host::{KubeletAddress, Place};
use crate::insights::NodeIdentity;
use crate::schedule::Schedule;
use crate::sources::Machine;
use crate::sources::kubelet::{self, Server};
use crate::stores::inventory::Inventory;
use crate::stores::owners::Naming;
use crate::stores::pod::Style;
use crate::troubles::Troubles;

/// On a machine by itself one more round comes this long after the first sample, so that there is something to see.
const EXTRA_ROUND: Duration = Duration::from_secs(1);
/// The most that a question to the kubelet takes, less than the interval.
const KUBELET_DEADLINE: Duration = Duration::from_secs(30);

/// Why the receiver can't start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The machine can't be read at all.
    #[error("open the machine below {root}")]
    Machine {
        /// Where its `/` should be.
        root: String,
        /// What the kernel said.
        source: linux::Error,
    },
    /// The options about the kubelet contradict each other, or a file they name is of no use.
    #[error("prepare the kubelet client")]
    Kubelet {
        /// What is wrong.
        #[source]
        source: kubernetes::Error,
    },
    /// The sampling thread couldn't be made.
    #[error("start the sampling thread")]
    Thread {
        /// What the system said.
        source: std::io::Error,
    },
}

/// Takes a round, or says that there is no room for it.
pub type Sink = Box<dyn Fn(Round) -> bool + Send>;

/// What the receiver is started with.
pub struct Surroundings {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The agent's own numbers.
    pub registry: Registry,
    /// The receiver's line on the status board.
    pub status: Status,
    /// Where the kubelet client runs.
    pub runtime: tokio::runtime::Handle,
    /// Where rounds go; says whether there was room. A round without room is dropped and counted.
    pub sink: Sink,
}

/// A receiver at work; its thread ends with it.
#[derive(Debug)]
pub struct Receiver {
    stop: mpsc::Sender<()>,
    thread: JoinHandle<()>,
}

impl Receiver {
    /// Starts sampling.
    pub fn start(config: Config, place: Place, surroundings: Surroundings) -> Result<Self, Error> {
        let Surroundings { clock, registry, status, runtime, sink } = surroundings;
        let troubles = Troubles::new(&registry);
        let root = place.root.clone();
        let mut machine = Machine::open(&root, &config, clock.clone(), troubles)
            .map_err(|source| Error::Machine { root: root.display().to_string(), source })?;
        let node_name = place.node_name.clone().unwrap_or_else(|| machine.host_name());
        let asker = match &place.kubelet {
            None => None,
            Some(address) => {
                let (asker, server) = kubelet::channel();
                let client =
                    Kubelet::new(settings(&config, address, &node_name)).map_err(|source| Error::Kubelet { source })?;
                runtime.spawn(Server::run(server, client));
                Some(asker)
            }
        };
        let cluster_name = Some(config.cluster_name.as_str()).filter(|name| !name.is_empty()).map(Into::into);
        let kubernetes = config.container_orchestrator != Orchestrator::Host;
        let emits = cluster_name.is_some() || !kubernetes;
        let identity = NodeIdentity::new(cluster_name, node_name.as_str().into(), machine.capacity(), kubernetes);
        let inventory = Inventory::new(style(&config, &node_name), config.collection_interval);
        info!(node = node_name, root = %root.display(), interval = ?config.collection_interval, "receiver starts");
        if !emits {
            warn!("the cluster's name is unknown and nothing is emitted: set the receiver's option cluster_name");
            status.failed(clock.stamp().wall, "the cluster's name is unknown: set the option cluster_name");
        }
        let interval = config.collection_interval;
        let collector = Collector::new(Parts {
            config,
            identity,
            machine,
            inventory,
            kubelet: asker,
            clock: clock.clone(),
            registry: registry.clone(),
        });
        let (stop, stopped) = mpsc::channel();
        let extra = (!kubernetes && interval > EXTRA_ROUND).then_some(EXTRA_ROUND);
        let refused = registry.counter(
            "otelcol_receiver_refused_metric_points",
            "Metric points that the pipeline had no room for.",
            &[("receiver", "awscontainerinsightreceiver")],
        );
        let work = Work {
            collector,
            clock,
            sink: emits.then_some(sink),
            stopped,
            extra,
            refused,
            status,
            node_name,
            interval,
        };
        let thread = Builder::new()
            .name("sampling".to_owned())
            .spawn(move || work.run())
            .map_err(|source| Error::Thread { source })?;
        Ok(Self { stop, thread })
    }

    /// Stops sampling and waits for the thread; a round that is being made is still handed on.
    pub fn stop(self) {
        let _ = self.stop.send(());
        // A panic of the thread ends the process before this could see it.
        let _ = self.thread.join();
    }
}

/// What the sampling thread has.
struct Work {
    collector: Collector,
    clock: Arc<dyn Clock>,
    /// `None` while there is nothing to emit.
    sink: Option<Sink>,
    stopped: mpsc::Receiver<()>,
    extra: Option<Duration>,
    refused: Counter,
    status: Status,
    node_name: String,
    interval: Duration,
}

impl Work {
    fn run(mut self) {
        let Some(sink) = self.sink.take() else {
            // Nothing to do until someone says what the cluster is called.
            let _ = self.stopped.recv();
            return;
        };
        let sampled = self.clock.stamp();
        self.collector.prime();
        let mut schedule = Schedule::new(&self.node_name, self.interval, sampled);
        let mut extra = self.extra.map(|after| Stamp { monotonic: sampled.monotonic + after, ..sampled });
        loop {
            let now = self.clock.stamp();
            let until_extra = extra.map(|at| at.since(now));
            let wait = schedule.wait(now);
            if until_extra.is_some_and(|until| until.is_zero()) && !wait.is_zero() {
                extra = None;
                self.emit(&sink);
                continue;
            }
            if wait.is_zero() {
                schedule.tick(now);
                extra = None;
                self.emit(&sink);
                continue;
            }
            match self.stopped.recv_timeout(until_extra.map_or(wait, |until| until.min(wait))) {
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Ok(()) | Err(mpsc::RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn emit(&mut self, sink: &Sink) {
        let round = self.collector.collect();
        let points: usize = round.records.iter().map(|record| record.points.len()).sum();
        let now = self.clock.stamp().wall;
        if sink(round) {
            self.status.ok(now);
        } else {
            self.refused.add(points as u64);
            self.status.failed(now, "the pipeline has no room for another round");
            warn!(points, "the pipeline has no room for another round: it is dropped");
        }
    }
}

fn style(config: &Config, node_name: &str) -> Style {
    use crate::config::{CronJobNames, JobNames};
    let all_labels = config.pod_labels.iter().any(|name| name == "*");
    Style {
        host: node_name.into(),
        naming: Naming {
            prefer_full_pod_name: config.prefer_full_pod_name,
            current_cron_jobs: config.cron_job_names == CronJobNames::Current,
            whole_job_names: config.job_names == JobNames::Whole,
        },
        labels: (!all_labels).then(|| config.pod_labels.clone()),
    }
}

fn settings(config: &Config, address: &KubeletAddress, node_name: &str) -> Settings {
    let options = &config.kubelet;
    let (endpoint, auth) = match address {
        KubeletAddress::KubeConfig(path) => (String::new(), Auth::KubeConfig { path: path.clone() }),
        KubeletAddress::Url(url) => (
            url.clone(),
            match options.auth_type {
                AuthType::Tls => Auth::Tls,
                AuthType::None => Auth::None,
                AuthType::ServiceAccount | AuthType::KubeConfig => Auth::service_account(),
            },
        ),
    };
    Settings {
        endpoint,
        auth,
        ca_file: options.ca_file.as_ref().map(Into::into),
        cert_file: options.cert_file.as_ref().map(Into::into),
        key_file: options.key_file.as_ref().map(Into::into),
        insecure_skip_verify: options.insecure_skip_verify,
        deadline: KUBELET_DEADLINE.min(config.collection_interval.mul_f64(0.8)),
        node_name: node_name.to_owned(),
        ..Settings::default()
    }
}
