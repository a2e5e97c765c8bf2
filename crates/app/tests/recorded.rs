//! Recorded nodes, from their kernel's files and their kubelet's answers to events.

mod support;

use std::collections::BTreeSet;

use catalog::{Metric, RecordType, Tier};
use support::{Replayed, example, of_type, replay};

/// The recordings of nodes with a kubelet, and the options they are replayed with.
const KUBERNETES: [&str; 3] = ["v1-kubernetes", "v2-kubernetes-systemd", "v1-hybrid-systemd"];
const SETS: [&str; 4] = [
    "receivers.awscontainerinsightreceiver.local_mode=true",
    "exporters.awsemf.output_destination=stdout",
    "receivers.awscontainerinsightreceiver.cluster_name=demo",
    "receivers.awscontainerinsightreceiver.add_full_pod_name_metric_label=true",
];

fn kubernetes(recording: &str) -> Replayed {
    replay(recording, &example("eks.yaml", &SETS))
}

fn lines(events: &[Vec<u8>]) -> Vec<u8> {
    events.iter().flat_map(|event| [event.as_slice(), b"\n"].concat()).collect()
}

/// Types whose golden files are held by the tests of `cloud.rs` and `cluster.rs`.
const ELSEWHERE: [RecordType; 11] = [
    RecordType::Instance,
    RecordType::InstanceDiskIO,
    RecordType::InstanceFS,
    RecordType::InstanceNet,
    RecordType::Cluster,
    RecordType::ClusterNamespace,
    RecordType::ClusterService,
    RecordType::ClusterDeployment,
    RecordType::ClusterDaemonSet,
    RecordType::ClusterStatefulSet,
    RecordType::ClusterReplicaSet,
];

fn emitted() -> impl Iterator<Item = RecordType> {
    RecordType::ALL.iter().copied().filter(|record_type| record_type.is_emitted())
}

#[test]
fn a_whole_node_of_each_recording_stands_in_its_golden_file() {
    for recording in KUBERNETES {
        testkit::golden::check(format!("golden/{recording}.jsonl"), lines(&kubernetes(recording).events));
    }
    let host = example("host.yaml", &[]);
    testkit::golden::check("golden/v2-host.jsonl", lines(&replay("v2-host", &host).events));
}

#[test]
fn every_record_type_stands_in_a_golden_file_of_its_own() {
    let events = kubernetes("v1-kubernetes").events;
    for record_type in emitted().filter(|record_type| !ELSEWHERE.contains(record_type)) {
        // The fullest event of the type shows most.
        let fullest = of_type(&events, record_type).into_iter().max_by_key(|event| event.to_string().len());
        let event = fullest.unwrap_or_else(|| panic!("the node has no {}", record_type.as_str()));
        let text = serde_json::to_string_pretty(&event).expect("JSON can be written") + "\n";
        testkit::golden::check(format!("golden/types/{}.json", record_type.as_str()), text);
    }
}

#[test]
fn the_same_samples_give_the_same_bytes() {
    let twice = [kubernetes("v1-hybrid-systemd").events, kubernetes("v1-hybrid-systemd").events];
    assert!(twice[0] == twice[1]);
}

/// The golden files are held by the tests above, so what stands in them is produced.
#[test]
fn every_base_metric_and_attribute_of_the_emitted_types_stands_in_a_golden_file() {
    let mut members = BTreeSet::new();
    // Those of nodes on EC2, of container instances and of leaders are held by the tests of `cloud.rs` and `cluster.rs`.
    for recording in KUBERNETES.into_iter().chain(["v1-kubernetes-ec2", "v1-ecs-ec2", "v1-kubernetes-leader"]) {
        let golden = std::fs::read_to_string(format!("golden/{recording}.jsonl")).expect("the golden file is there");
        for line in golden.lines() {
            let event: serde_json::Value = serde_json::from_str(line).expect("an event is JSON");
            let record_type = event["Type"].as_str().expect("an event has a type").to_owned();
            members
                .extend(event.as_object().into_iter().flatten().map(|(name, _)| (record_type.clone(), name.clone())));
        }
    }
    let is_there = |record_type: RecordType, name: &str| members.contains(&(record_type.as_str().into(), name.into()));
    let rows = || emitted().flat_map(|of| catalog::attributes_of(of).map(move |row| (of, row.attribute)));
    let base = || emitted().flat_map(Metric::of).filter(|metric| metric.tier == Tier::Base);

    let metrics: Vec<_> =
        base().map(|metric| (metric.record_type, metric.name)).filter(|(of, name)| !is_there(*of, name)).collect();
    assert!(metrics.is_empty(), "metrics that are not produced: {metrics:?}");
    let missing: Vec<_> = rows().filter(|(of, name)| !is_there(*of, name.as_str())).collect();
    assert!(missing.is_empty(), "attributes that are not produced: {missing:?}");

    let known: BTreeSet<(String, String)> = rows()
        .map(|(of, name)| (of.as_str().into(), name.as_str().into()))
        .chain(base().map(|metric| (metric.record_type.as_str().into(), metric.name.into())))
        .collect();
    let unknown: Vec<_> = members.iter().filter(|member| member.1 != "_aws" && !known.contains(member)).collect();
    assert!(unknown.is_empty(), "produced, but not in the catalogue for this type: {unknown:?}");
}
