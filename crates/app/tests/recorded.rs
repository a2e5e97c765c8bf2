//! Recorded nodes, from their kernel's files and their kubelet's answers to events.

mod support;

use std::collections::BTreeSet;

use catalog::{Attribute, Metric, RecordType, Tier};
use model::{MetricRef, Name};
use support::{Replayed, example, of_type, replay};

/// Attributes that later work brings: whoever produces one takes it off this list.
const NOT_YET: [Attribute; 6] = [
    Attribute::Service,
    Attribute::InstanceId,
    Attribute::InstanceType,
    Attribute::AutoScalingGroupName,
    Attribute::EBSVolumeId,
    Attribute::EbsVolumeId,
];

/// The recordings of nodes with a kubelet, and the options they are replayed with.
const KUBERNETES: [&str; 2] = ["v1-kubernetes", "v2-kubernetes-systemd"];
const SETS: [&str; 3] = [
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

#[test]
fn a_whole_node_of_each_recording_stands_in_its_golden_file() {
    for recording in KUBERNETES {
        testkit::golden::check(format!("golden/{recording}.jsonl"), lines(&kubernetes(recording).events));
    }
    let host = example("host.yaml", &[]);
    for recording in ["v2-host", "v1-hybrid-systemd"] {
        testkit::golden::check(format!("golden/{recording}.jsonl"), lines(&replay(recording, &host).events));
    }
}

#[test]
fn every_record_type_stands_in_a_golden_file_of_its_own() {
    let events = kubernetes("v1-kubernetes").events;
    for record_type in RecordType::ALL.iter().filter(|record_type| record_type.is_emitted()) {
        // The fullest event of the type shows most.
        let fullest = of_type(&events, *record_type).into_iter().max_by_key(|event| event.to_string().len());
        let event = fullest.unwrap_or_else(|| panic!("the node has no {}", record_type.as_str()));
        let text = serde_json::to_string_pretty(&event).expect("JSON can be written") + "\n";
        testkit::golden::check(format!("golden/types/{}.json", record_type.as_str()), text);
    }
}

#[test]
fn every_base_metric_and_attribute_is_produced_from_a_recorded_node() {
    let mut metrics = BTreeSet::new();
    let mut attributes = BTreeSet::new();
    for recording in KUBERNETES {
        for record in kubernetes(recording).round.records {
            let record_type = record.record_type.expect("the receiver knows what it makes");
            for point in &record.points {
                match &point.metric {
                    MetricRef::Known(metric) => metrics.insert((record_type, metric.name)),
                    MetricRef::Named(metric) => panic!("{} is not in the catalogue", metric.name),
                };
            }
            for (name, _) in record.attributes.iter() {
                match name {
                    Name::Known(attribute) => attributes.insert((record_type, *attribute)),
                    Name::Named(name) => panic!("{name} is not in the catalogue"),
                };
            }
        }
    }
    let emitted = || RecordType::ALL.iter().filter(|record_type| record_type.is_emitted());
    let base = emitted().flat_map(|record_type| Metric::of(*record_type)).filter(|metric| metric.tier == Tier::Base);
    let missing: Vec<_> =
        base.map(|metric| (metric.record_type, metric.name)).filter(|row| !metrics.contains(row)).collect();
    assert!(missing.is_empty(), "not produced: {missing:?}");

    let rows = emitted().flat_map(|record_type| catalog::attribute::of(*record_type));
    let rows: Vec<_> = rows.map(|row| (row.record_type, row.attribute)).collect();
    let missing: Vec<_> = rows.iter().filter(|row| !attributes.contains(row) && !NOT_YET.contains(&row.1)).collect();
    assert!(missing.is_empty(), "not produced: {missing:?}");
    let early: Vec<_> = attributes.iter().filter(|(_, attribute)| NOT_YET.contains(attribute)).collect();
    assert!(early.is_empty(), "produced, but still listed as missing: {early:?}");
    let unlisted: Vec<_> = attributes.iter().filter(|row| !rows.contains(row)).collect();
    assert!(unlisted.is_empty(), "produced, but not in the catalogue for this type: {unlisted:?}");
}
