//! A whole round: the records of everything one tick read, in the order in which they leave.

use std::collections::{HashMap, HashSet};

use kubernetes::{Phase, PodSummary, Summary};
use model::{Record, Stamp};

use crate::awscontainerinsight::config::{Config, IdleDevices, Orchestrator};
use crate::awscontainerinsight::insights::container_fs::{self, Storage};
use crate::awscontainerinsight::insights::tick_context::TickContext;
use crate::awscontainerinsight::insights::{
    cluster, container, machine, machine_disk_io, machine_fs, machine_net, network, pod, pod_net,
};
use crate::awscontainerinsight::samples::{ClusterSample, ContainerSample, NodeSample, PodSample};
use crate::awscontainerinsight::stores::inventory::Inventory;
use crate::awscontainerinsight::stores::pod::{ContainerEntry, Entry};
use crate::awscontainerinsight::stores::restarts::Restarts;

/// What is known beside the samples.
#[derive(Debug)]
pub struct Knowledge<'a> {
    /// The node's pods.
    pub inventory: &'a Inventory,
    /// The restart counts of the last round; those of this one take their place.
    pub restarts: &'a mut Restarts,
    /// The round's own time.
    pub now: Stamp,
    /// The kubelet's answer about file systems, where there is one of this round.
    pub summary: Option<&'a Summary>,
    /// What holds the containers of a runtime, by the runtime's name.
    pub storage: &'a HashMap<String, Storage>,
    /// The cluster, where this agent speaks for it.
    pub cluster: Option<&'a ClusterSample>,
}

/// The records of a round: the node's, then those of each pod with its containers, then of containers alone, then the
/// cluster's.
///
/// A pod without a name yet is left out.
pub fn records(
    tick: &TickContext<'_>,
    sample: &NodeSample,
    mut knowledge: Knowledge<'_>,
    config: &Config,
) -> Vec<Record> {
    let mut records = Vec::with_capacity(16 + sample.pods.len() * 5);
    let totals = knowledge.inventory.totals(config.pod_requests, tick.node.capacity);
    records.extend(machine::record(tick, sample, totals.as_ref(), config));
    let disks = sample.disks.iter().filter(|disk| !is_idle(config, || disk.io.now.is_idle()));
    records.extend(disks.filter_map(|disk| machine_disk_io::record(tick, disk)));
    records.extend(sample.file_systems.iter().filter_map(|file_system| machine_fs::record(tick, file_system, config)));
    let interfaces = sample.network.iter().flatten();
    let interfaces = interfaces.filter(|interface| !is_idle(config, || network::is_zero(&interface.now)));
    records.extend(interfaces.filter_map(|interface| machine_net::record(tick, interface)));
    match tick.node.platform {
        Orchestrator::Eks => put_pods(&mut records, tick, sample, &mut knowledge, config),
        Orchestrator::Host => {
            for pod in &sample.pods {
                let alone = |container: &ContainerSample| {
                    container::record_alone(tick, &container.id, Some(&pod.uid), &container.group, config)
                };
                records.extend(pod.containers.iter().filter_map(alone));
            }
            let alone = |container: &ContainerSample| {
                container::record_alone(tick, &container.id, None, &container.group, config)
            };
            records.extend(sample.containers.iter().filter_map(alone));
        }
        // Of tasks and their containers there are no records.
        Orchestrator::Ecs => {}
    }
    if let Some(sample) = knowledge.cluster {
        records.extend(cluster::records(tick, sample, config));
    }
    records
}

fn put_pods(
    records: &mut Vec<Record>,
    tick: &TickContext<'_>,
    sample: &NodeSample,
    knowledge: &mut Knowledge<'_>,
    config: &Config,
) {
    let inventory = knowledge.inventory;
    let summaries: HashMap<&str, &PodSummary> =
        knowledge.summary.iter().flat_map(|summary| &summary.pods).map(|pod| (&*pod.uid, pod)).collect();
    let listed = inventory.listed();
    let listed_uids: HashSet<&str> = listed.iter().map(|pod| pod.uid()).collect();
    let mut sampled = HashSet::with_capacity(sample.pods.len());
    for pod in &sample.pods {
        if let Some(entry) = inventory.get(&pod.uid) {
            sampled.insert(&*entry.uid);
            put_pod(records, tick, entry, pod, knowledge, config);
            let rest = Containers {
                entry,
                listed: listed_uids.contains(&*entry.uid),
                sample: Some(pod),
                summaries: &summaries,
            };
            rest.put(records, tick, knowledge, config);
        }
    }
    // Of a pod that has ended nothing is left to be told but what the kubelet still measures.
    let is_told = |uid: &str, has_ended: bool| !sampled.contains(uid) && (!has_ended || summaries.contains_key(uid));
    for entry in listed.iter().filter(|pod| is_told(pod.uid(), pod.has_ended())).filter_map(|pod| pod.entry()) {
        let rest = Containers { entry, listed: true, sample: None, summaries: &summaries };
        rest.put(records, tick, knowledge, config);
    }
}

fn put_pod(
    records: &mut Vec<Record>,
    tick: &TickContext<'_>,
    entry: &Entry,
    sample: &PodSample,
    knowledge: &mut Knowledge<'_>,
    config: &Config,
) {
    let restarts =
        entry.pod.as_ref().and_then(|pod| knowledge.restarts.of_pod(&entry.uid, pod.restarts, knowledge.now));
    records.extend(pod::record(tick, entry, sample, restarts, config));
    if let Some(interfaces) = sample.network.as_ref().filter(|_| pod::has_network(entry, config)) {
        let interfaces = interfaces.iter().filter(|interface| !is_idle(config, || network::is_zero(&interface.now)));
        records.extend(interfaces.filter_map(|interface| pod_net::record(tick, entry, interface, config)));
    }
}

/// Whether a device has no record because it never did anything.
fn is_idle(config: &Config, is_zero: impl FnOnce() -> bool) -> bool {
    config.idle_devices == IdleDevices::Omit && is_zero()
}

/// The containers of one pod.
struct Containers<'a> {
    entry: &'a Entry,
    listed: bool,
    sample: Option<&'a PodSample>,
    summaries: &'a HashMap<&'a str, &'a PodSummary>,
}

impl Containers<'_> {
    fn put(&self, records: &mut Vec<Record>, tick: &TickContext<'_>, knowledge: &mut Knowledge<'_>, config: &Config) {
        let entry = self.entry;
        for container in &entry.containers {
            let samples = self.sample.map_or(&[][..], |sample| &sample.containers);
            let running = samples.iter().find(|sample| Some(&*sample.id) == container.id.as_deref());
            if running.is_some() || self.is_held_back(container) {
                let status = container.state.and_then(|at| entry.pod.as_ref()?.statuses.get(at));
                let restarts = status.and_then(|status| {
                    knowledge.restarts.of_container(&entry.uid, &container.name, status.restart_count, knowledge.now)
                });
                let group = running.map(|sample| &sample.group);
                records.extend(container::record(tick, entry, container, group, restarts, config));
            }
            let summary = self
                .summaries
                .get(&*entry.uid)
                .and_then(|pod| pod.containers.iter().find(|summary| *summary.name == *container.name));
            let storage = container.runtime.as_deref().and_then(|runtime| knowledge.storage.get(runtime));
            records.extend(
                summary.and_then(|summary| container_fs::record(tick, entry, container, summary, storage, config)),
            );
        }
    }

    /// Whether a container without a cgroup is worth a record: it waits or has ended, in a pod that goes on.
    fn is_held_back(&self, container: &ContainerEntry) -> bool {
        let phase = self.entry.pod.as_ref().map(|pod| &pod.phase);
        let goes_on = phase.is_some_and(|phase| !matches!(phase, Phase::Succeeded | Phase::Failed));
        self.listed && goes_on && matches!(container.status.as_deref(), Some("Waiting" | "Terminated"))
    }
}
