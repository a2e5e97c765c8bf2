//! One tick: read the machine, hear the kubelet, make the records.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use kubernetes::Summary;
use model::{Clock, Record, Round, Stamp, Text};
use telemetry::{Counter, Gauge, Registry};

use crate::config::Config;
use crate::insights::{self, Frame, Knowledge, NodeIdentity, Storage};
use crate::samples::NodeSample;
use crate::sources::Machine;
use crate::sources::kubelet::{Answer, Asker, Question};
use crate::stores::inventory::Inventory;
use crate::stores::restarts::Restarts;

/// The most that a round waits for the kubelet's answers; half the interval where that is shorter.
const PATIENCE: Duration = Duration::from_secs(5);
/// Where the container runtimes keep images and writable layers, by the name a container's status gives them.
const STORAGE: [(&str, &str); 3] =
    [("containerd", "/var/lib/containerd"), ("docker", "/var/lib/docker"), ("cri-o", "/var/lib/containers")];

/// Everything between two ticks.
pub struct Collector {
    config: Config,
    identity: NodeIdentity,
    machine: Machine,
    inventory: Inventory,
    restarts: Restarts,
    kubelet: Option<Asker>,
    patience: Duration,
    clock: Arc<dyn Clock>,
    /// UIDs that nothing named in the last round but their log directories.
    missed: HashSet<Text>,
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
    /// The options.
    pub config: Config,
    /// The node's names and size.
    pub identity: NodeIdentity,
    /// The machine.
    pub machine: Machine,
    /// The pods, none yet.
    pub inventory: Inventory,
    /// The way to the kubelet; `None` outside Kubernetes.
    pub kubelet: Option<Asker>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The agent's own numbers.
    pub registry: Registry,
}

impl Collector {
    /// Puts the parts together.
    pub(crate) fn new(parts: Parts) -> Self {
        let counter = |name, help| parts.registry.counter(name, help, &[("receiver", "awscontainerinsightreceiver")]);
        let gauge = |name, help| parts.registry.gauge(name, help, &[("receiver", "awscontainerinsightreceiver")]);
        let interval = parts.config.collection_interval;
        Self {
            restarts: Restarts::new(interval),
            patience: PATIENCE.min(interval / 2),
            own: Own {
                accepted: counter("otelcol_receiver_accepted_metric_points", "Metric points that were collected."),
                nameless: gauge("container_insights_nameless_pods", "Pods with cgroups that nobody has named yet."),
                held_back: counter(
                    "container_insights_held_back_pods",
                    "Rounds of pods that were held back because nobody had named them.",
                ),
            },
            config: parts.config,
            identity: parts.identity,
            machine: parts.machine,
            inventory: parts.inventory,
            kubelet: parts.kubelet,
            missed: HashSet::new(),
            clock: parts.clock,
        }
    }

    /// The node's names and size.
    pub fn identity(&self) -> &NodeIdentity {
        &self.identity
    }

    /// Samples, so that the next round has something to be compared with.
    pub fn prime(&mut self) {
        let at = self.clock.stamp();
        self.records(at);
    }

    /// Samples and makes a round of it.
    pub fn collect(&mut self) -> Round {
        let at = self.clock.stamp();
        let records = self.records(at);
        let points: usize = records.iter().map(|record| record.points.len()).sum();
        self.own.accepted.add(points as u64);
        Round { time_ms: at.wall_ms(), records, ends: true }
    }

    fn records(&mut self, at: Stamp) -> Vec<Record> {
        // The kubelet works on its answer while the machine is read.
        let asked = self.kubelet.as_mut().is_some_and(|kubelet| kubelet.ask(Question::PodsAndSummary));
        let sample = self.machine.sample(&self.inventory);
        let summary = self.hear(at, asked);
        self.name_pods(&sample, at);
        // Read once, as by the published agent; again only where the machine couldn't say.
        if !self.identity.capacity.is_known() {
            self.identity.capacity = self.machine.capacity();
        }
        let storage = self.storage(summary.as_ref());
        let frame = Frame::new(&self.identity, at.wall_ms());
        let knowledge = Knowledge {
            inventory: &self.inventory,
            restarts: &mut self.restarts,
            now: at,
            summary: summary.as_ref(),
            storage: &storage,
        };
        let records = insights::records(&frame, &sample, knowledge, &self.config);
        let uids: HashSet<&str> = sample.pods.iter().map(|pod| &*pod.uid).collect();
        self.inventory.forget_without(|uid| uids.contains(uid));
        self.restarts.sweep(at, |uid| self.inventory.get(uid).is_some());
        records
    }

    /// Takes what the kubelet answers in time. A late answer is taken by a later round; until then the last good list
    /// stays in use. `asked` says whether both were asked for in this round.
    fn hear(&mut self, at: Stamp, asked: bool) -> Option<Summary> {
        let (mut summary, mut answered) = (None, false);
        let kubelet = self.kubelet.as_mut()?;
        loop {
            let waited = self.clock.stamp().since(at);
            let Some(answer) = kubelet.next(self.patience.saturating_sub(waited)) else { break };
            match answer {
                Answer::Pods(result) => {
                    answered |= result.is_ok();
                    if let Some(list) = self.machine.troubles().note("kubelet pods", result) {
                        let troubles = self.machine.troubles();
                        match list.skipped {
                            0 => troubles.recovered("kubelet pod"),
                            skipped => troubles.failed("kubelet pod", skipped as u64, &"a pod has a wrong shape"),
                        }
                        self.inventory.update(list, at);
                    }
                }
                Answer::Done => {}
                Answer::Summary(result) => {
                    answered |= result.is_ok();
                    summary = self.machine.troubles().note("kubelet summary", result);
                }
            }
        }
        if kubelet.is_busy() {
            self.machine.troubles().failed("kubelet", 1, &"no answer in time");
        } else if asked && answered {
            // What comes a round late, an answer or the end of a request, has not come in time.
            self.machine.troubles().recovered("kubelet");
        }
        summary
    }

    /// Names the pods that the kubelet's list lacks: by one more request a tick, and only where there is one that wasn't
    /// missing before; then by the directories of their logs.
    fn name_pods(&mut self, sample: &NodeSample, at: Stamp) {
        if self.kubelet.is_none() {
            return;
        }
        let nameless = |inventory: &Inventory| -> Vec<Text> {
            sample.pods.iter().map(|pod| &pod.uid).filter(|uid| inventory.get(uid).is_none()).cloned().collect()
        };
        let mut missing = nameless(&self.inventory);
        let is_news = missing.iter().any(|uid| !self.missed.contains(uid));
        if is_news && self.kubelet.as_mut().is_some_and(|kubelet| kubelet.ask(Question::Pods)) {
            self.hear(at, false);
            missing = nameless(&self.inventory);
        }
        let mut held_back = 0;
        if !missing.is_empty() {
            let directories = self.machine.log_directories();
            held_back = self.inventory.name_by_logs(missing.iter().map(|uid| &**uid), &directories, at);
        }
        self.own.nameless.set_count(held_back);
        self.own.held_back.add(held_back as u64);
        self.missed = missing.into_iter().collect();
    }

    /// What holds the containers of each runtime, if the kubelet says the same of its size.
    fn storage(&mut self, summary: Option<&Summary>) -> HashMap<String, Storage> {
        let mut storage = HashMap::new();
        for (runtime, path) in STORAGE {
            let Some(holder) = self.machine.holder(path) else { continue };
            if let Some(capacity_bytes) = holder.capacity_bytes {
                storage
                    .insert(runtime.to_owned(), Storage { device: holder.device, kind: holder.kind, capacity_bytes });
            }
        }
        let containers = summary.into_iter().flat_map(|summary| &summary.pods).flat_map(|pod| &pod.containers);
        let sizes: Vec<u64> = containers.filter_map(|container| container.rootfs?.capacity_bytes).collect();
        if !sizes.is_empty() {
            let known = |size: &u64| storage.values().any(|storage| storage.capacity_bytes == *size);
            if sizes.iter().all(known) {
                self.machine.troubles().recovered("container storage");
            } else {
                let words =
                    "no mount of the size that the kubelet gives holds the runtime's storage: no device is named";
                self.machine.troubles().failed("container storage", 1, &words);
            }
        }
        storage
    }
}
