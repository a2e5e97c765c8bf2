//! One tick: read the machine, hear the kubelet, make the records.

mod discovery;
mod kubelet_responses;
mod limits;
mod pod_names;
mod storage;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use model::{Batch, Clock, Record, Stamp, Text, Tick, UnixTime};
use telemetry::{Counter, Gauge, Registry};

use crate::awscontainerinsight::cluster::Cluster;
use crate::awscontainerinsight::config::{CollectionRole, Config};
use crate::awscontainerinsight::impossible::ImpossibleValues;
use crate::awscontainerinsight::insights::{self, Knowledge, NodeIdentity, TickContext};
use crate::awscontainerinsight::samples::ClusterSample;
use crate::awscontainerinsight::source_failures::SourceFailures;
use crate::awscontainerinsight::sources::Machine;
use crate::awscontainerinsight::sources::kubelet::{KubeletHandle, Request};
use crate::awscontainerinsight::stores::inventory::Inventory;
use crate::awscontainerinsight::stores::restarts::Restarts;
use platform::discovery::Discovered;

/// The most that a round waits for the kubelet's answers; half the interval where that is shorter.
const KUBELET_WAIT: Duration = Duration::from_secs(5);

/// Everything between two ticks.
pub struct Collector {
    name: String,
    config: Config,
    identity: NodeIdentity,
    machine: Machine,
    inventory: Inventory,
    restarts: Restarts,
    kubelet: Option<KubeletHandle>,
    discovery: Discovered,
    cluster: Option<Cluster>,
    /// Whether the first results have been taken over.
    is_discovered: bool,
    patience: Duration,
    clock: Arc<dyn Clock>,
    /// UIDs that nothing named in the last round but their log directories.
    missed: HashSet<Text>,
    impossible: ImpossibleValues,
    own: Own,
}

/// The receiver's own numbers.
#[derive(Debug)]
struct Own {
    accepted: Counter,
    nameless: Gauge,
    held_back: Counter,
}

/// What a collector is made of.
pub(crate) struct Parts {
    /// The node's name, or that of the machine.
    pub name: String,
    /// The options.
    pub config: Config,
    /// The node's names and size.
    pub identity: NodeIdentity,
    /// The machine.
    pub machine: Machine,
    /// The pods, none yet.
    pub inventory: Inventory,
    /// The way to the kubelet; `None` outside Kubernetes.
    pub kubelet: Option<KubeletHandle>,
    /// What is found out beside the rounds.
    pub discovery: Discovered,
    /// What is followed at the API server; `None` where there is none.
    pub cluster: Option<Cluster>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The agent's own numbers.
    pub registry: Registry,
    /// The receiver's name, which tells its numbers from those of others.
    pub component: String,
}

impl Collector {
    /// Puts the parts together.
    pub(crate) fn new(parts: Parts) -> Self {
        let labels = [("receiver", &*parts.component)];
        let counter = |name, help| parts.registry.counter(name, help, &labels);
        let gauge = |name, help| parts.registry.gauge(name, help, &labels);
        let interval = parts.config.collection_interval;
        Self {
            restarts: Restarts::new(interval),
            patience: KUBELET_WAIT.min(interval / 2),
            own: Own {
                accepted: counter("otelcol_receiver_accepted_metric_points", "Metric points that were collected."),
                nameless: gauge("container_insights_nameless_pods", "Pods with cgroups whose names are not known yet."),
                held_back: counter(
                    "container_insights_held_back_pods",
                    "Rounds of pods that were held back because their names were not known.",
                ),
            },
            name: parts.name,
            config: parts.config,
            identity: parts.identity,
            machine: parts.machine,
            inventory: parts.inventory,
            kubelet: parts.kubelet,
            discovery: parts.discovery,
            cluster: parts.cluster,
            is_discovered: false,
            missed: HashSet::new(),
            impossible: ImpossibleValues::new(&parts.registry, &parts.component),
            clock: parts.clock,
        }
    }

    /// The node's name, or that of the machine.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The failures and the limits of its sources.
    pub fn failures(&mut self) -> &mut SourceFailures {
        self.machine.failures()
    }

    /// Waits longer or shorter for the kubelet's answers of a round: in tests, whose kubelet answers late only where the
    /// machine is slower than any node.
    pub fn set_patience(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// Ends a round early once it is set.
    pub(crate) fn stopper(&self) -> Arc<AtomicBool> {
        self.machine.stopper()
    }

    /// Ends what runs beside the rounds; takes a few seconds at the most.
    pub fn stop(self) {
        if let Some(cluster) = self.cluster {
            cluster.stop();
        }
    }

    /// Samples, so that the next round has something to be compared with.
    pub fn prime(&mut self) {
        let at = self.clock.stamp();
        self.records(at);
    }

    /// Samples and makes a round of it.
    pub fn collect(&mut self) -> Batch {
        let at = self.clock.stamp();
        let records = self.records(at);
        let points: usize = records.iter().map(|record| record.points.len()).sum();
        self.own.accepted.add(points as u64);
        let tick = Tick { time: UnixTime::from_millis(at.wall_ms()) };
        Batch { tick: Some(tick), records, ends: true, permits: Vec::new() }
    }

    fn cluster_sample(&self) -> Option<ClusterSample> {
        let cluster = self.cluster.as_ref()?;
        cluster.look();
        // Asked for last: what comes now is said by an agent that speaks now.
        cluster.sample(self.clock.stamp())
    }

    fn records(&mut self, at: Stamp) -> Vec<Record> {
        if self.config.collection_role == CollectionRole::Leader {
            self.learn();
            let frame = TickContext::new(&self.identity, at.wall_ms());
            let cluster = self.cluster_sample();
            let records = cluster.iter().flat_map(|sample| insights::cluster_records(&frame, sample, &self.config));
            let records = records.collect();
            self.impossible.note(&frame.into_impossible());
            return records;
        }
        // The kubelet works on its answer while the machine is read.
        let asked = self.kubelet.as_mut().is_some_and(|kubelet| kubelet.ask(Request::PodsAndSummary));
        if let Some(tasks) = &self.discovery.tasks {
            tasks.ask();
        }
        self.learn();
        let mut sample = self.machine.sample(&self.inventory);
        self.name_volumes(&mut sample);
        sample.tasks = self.tasks();
        let summary = self.hear(at, asked, &sample);
        self.name_pods(&sample, at);
        // Read once, as by the published agent; again only where the machine couldn't say.
        if !self.identity.capacity.is_known() {
            self.identity.capacity = self.machine.capacity();
        }
        let storage = self.storage(&sample, summary.as_ref());
        let cluster = self.cluster_sample();
        let frame = TickContext::new(&self.identity, at.wall_ms());
        let knowledge = Knowledge {
            inventory: &self.inventory,
            restarts: &mut self.restarts,
            now: at,
            summary: summary.as_ref(),
            storage: &storage,
            cluster: cluster.as_ref(),
        };
        let records = insights::records(&frame, &sample, knowledge, &self.config);
        let impossible = frame.into_impossible();
        if self.impossible.note(&impossible) {
            // CPUs or memory may have been added.
            self.identity.capacity = self.machine.capacity();
        }
        let uids: HashSet<&str> = sample.pods.iter().map(|pod| &*pod.uid).collect();
        self.inventory.forget_without(|uid| uids.contains(uid));
        self.restarts.sweep(at, |uid| self.inventory.knows(uid));
        records
    }
}
