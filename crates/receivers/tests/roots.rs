//! A machine that shows less than it should: what can't be read costs its own records only.

mod support;

use std::fs;

use catalog::RecordType;
use model::Batch;
use receivers::awscontainerinsight::config::Orchestrator;
use receivers::awscontainerinsight::{Collector, Config};
use support::{Rig, config, find, metric, one, recording, text};
use testkit::hosts::Recording;

/// How many records there are of each type.
fn counts(round: &Batch) -> Vec<(RecordType, usize)> {
    let types = [
        RecordType::Node,
        RecordType::NodeFS,
        RecordType::NodeDiskIO,
        RecordType::NodeNet,
        RecordType::Pod,
        RecordType::PodNet,
        RecordType::Container,
        RecordType::ContainerFS,
    ];
    types.map(|record_type| (record_type, find(round, record_type, "", "").len())).into()
}

/// A second round of a node after a change to each sample's files.
fn round(recording: &Recording, config: Config, change: impl Fn(&Rig)) -> (Rig, Batch) {
    let mut rig = Rig::new(recording, config);
    rig.show(&recording.first);
    change(&rig);
    rig.collector.prime();
    rig.show(&recording.second);
    change(&rig);
    let round = rig.collector.collect();
    (rig, round)
}

fn message(collector: &mut Collector) -> String {
    collector.failures().message().unwrap_or_default()
}

/// As with `hidepid`: the first process is not to be seen, the agent's own mount table is.
fn hide_first_process(rig: &Rig) {
    let proc = rig.scratch.root().join("proc");
    fs::create_dir_all(proc.join("self")).expect("a folder can be made");
    fs::rename(proc.join("1/mountinfo"), proc.join("self/mountinfo")).expect("there is a mount table");
    fs::remove_dir_all(proc.join("1")).expect("it can be removed");
}

fn remove_proc(rig: &Rig) {
    let proc = rig.scratch.root().join("proc");
    for name in ["1", "self"] {
        let _ = fs::remove_dir_all(proc.join(name));
    }
}

#[test]
fn a_hidden_first_process_costs_the_nodes_network_and_nothing_else() {
    for recording in [recording(), Recording::load("v2-kubernetes-systemd")] {
        let (_, whole) = round(&recording, config(), |_| {});
        let (mut rig, hidden) = round(&recording, config(), hide_first_process);
        let expected: Vec<_> = counts(&whole)
            .into_iter()
            .map(|(record_type, count)| (record_type, if record_type == RecordType::NodeNet { 0 } else { count }))
            .collect();
        assert_eq!(counts(&hidden), expected);
        let node = |round: &Batch, name| metric(one(round, RecordType::Node, "", ""), name);
        for name in ["node_memory_usage", "node_memory_working_set", "node_number_of_running_pods"] {
            assert!(node(&whole, name).is_some(), "{name}");
            assert_eq!(node(&hidden, name), node(&whole, name), "{name}");
        }
        assert!(node(&hidden, "node_cpu_usage_total").is_some());
        assert_eq!(node(&hidden, "node_network_rx_bytes"), None);
        assert_eq!(message(&mut rig.collector), "sources that fail: host network");
    }
}

#[test]
fn without_any_mount_table_only_file_systems_and_the_nodes_network_are_missing() {
    let recording = recording();
    let (_, whole) = round(&recording, config(), |_| {});
    let (mut rig, bare) = round(&recording, config(), remove_proc);
    let kept = |record_type: &RecordType| {
        !matches!(
            record_type,
            RecordType::NodeNet | RecordType::NodeFS | RecordType::NodeDiskIO | RecordType::ContainerFS
        )
    };
    let of = |round: &Batch| counts(round).into_iter().filter(|(record_type, _)| kept(record_type)).collect::<Vec<_>>();
    assert_eq!(of(&bare), of(&whole));
    assert!(find(&bare, RecordType::NodeFS, "", "").is_empty());
    assert_eq!(message(&mut rig.collector), "sources that fail: container storage, host network, mounts");
    assert_eq!(rig.counted("container_insights_source_failures", &[("source", "mounts")]), 2);
}

#[test]
fn a_machine_by_itself_keeps_its_containers_without_a_mount_table() {
    let recording = Recording::load("v2-host");
    let alone = || Config { container_orchestrator: Orchestrator::Host, ..config() };
    let (_, whole) = round(&recording, alone(), |_| {});
    let (_, bare) = round(&recording, alone(), remove_proc);
    let ids = |round: &Batch| -> Vec<String> {
        let containers = find(round, RecordType::Container, "", "");
        containers.iter().filter_map(|record| text(record, "ContainerId").map(str::to_owned)).collect()
    };
    assert!(!ids(&whole).is_empty());
    assert_eq!(ids(&bare), ids(&whole));
    assert!(metric(one(&bare, RecordType::Node, "", ""), "node_cpu_usage_total").is_some());
}
