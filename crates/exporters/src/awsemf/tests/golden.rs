//! Documents written by hand that events must mean, and files of events that must not change unseen.

use serde_json::Value as Json;

use super::support::{SAMPLE, config, encode, encode_one, record, record_of};

/// What the sample configuration makes of the record in a document is that document.
#[track_caller]
fn check_worked(text: &str) {
    let expected: Json = serde_json::from_str(text).unwrap();
    let event = encode_one(&config(SAMPLE), record_of(&expected));
    assert_eq!(event.json, expected);
    assert_eq!(event.destination.group(), "/aws/containerinsights/demo/performance");
    assert_eq!(event.destination.stream(), "ip-10-0-0-1.ec2.internal");
    assert!(event.resolved);
}

#[test]
fn a_node_event_is_the_worked_example() {
    check_worked(include_str!("../../../golden/worked_node.json"));
}

#[test]
fn an_event_without_directives_is_the_worked_example() {
    check_worked(include_str!("../../../golden/worked_node_diskio.json"));
}

#[test]
fn a_cluster_event_is_the_worked_example() {
    check_worked(include_str!("../../../golden/worked_cluster.json"));
}

/// Compares the events of one configuration with a golden file, a line for each event.
#[track_caller]
fn check_golden(name: &str, options: &str) {
    let yaml = format!("{}{options}", SAMPLE);
    let worked = [
        include_str!("../../../golden/worked_node.json"),
        include_str!("../../../golden/worked_node_diskio.json"),
        include_str!("../../../golden/worked_cluster.json"),
    ];
    let mut records: Vec<_> =
        worked.iter().map(|text| record_of(&serde_json::from_str::<Json>(text).unwrap())).collect();
    let pod = [
        ("ClusterName", "demo"),
        ("Namespace", "default"),
        ("NodeName", "ip-10-0-0-1.ec2.internal"),
        ("PodName", "web"),
        ("Sources", r#"["cadvisor","pod","calculated"]"#),
        ("Type", "Pod"),
        ("Timestamp", "1700000000123"),
        ("Version", "0"),
        ("kubernetes", r#"{"pod_name":"web-6d4b75cb6d-x7x2p","labels":{"app":"web \"1\""}}"#),
        ("pod_status", "Running"),
    ];
    let metrics = [
        ("pod_cpu_utilization", 0.25),
        ("pod_cpu_usage_total", 10.5),
        ("pod_memory_utilization", 12.0),
        ("pod_number_of_container_restarts", 0.0),
    ];
    records.push(record(&pod, &metrics));
    let mut with_service = pod.to_vec();
    with_service.push(("Service", "web"));
    records.push(record(&with_service, &metrics));
    let cluster = [("ClusterName", "demo"), ("NodeName", "ip-10-0-0-1.ec2.internal"), ("Sources", r#"["apiserver"]"#)];
    let of_cluster = |pairs: &[(&str, &str)], metric| record(&[&cluster, pairs].concat(), &[(metric, 3.0)]);
    let namespace = ("Namespace", "default");
    records.push(of_cluster(&[("Type", "ClusterNamespace"), namespace], "namespace_number_of_running_pods"));
    let service = [("Type", "ClusterService"), namespace, ("Service", "web")];
    records.push(of_cluster(&service, "service_number_of_running_pods"));
    let file_system =
        [&pod[0..1], &pod[2..3], &[("InstanceId", "i-0abc"), ("Type", "NodeFS"), ("device", "/dev/nvme0n1p1")]]
            .concat();
    let sizes = [("node_filesystem_capacity", 85_886_742_528.0), ("node_filesystem_utilization", 6.25)];
    records.push(record(&file_system, &sizes));
    let events = encode(&config(&yaml), records);
    let lines: String = events.iter().map(|event| format!("{}\n", event.text)).collect();
    testkit::golden::check(format!("golden/{name}.jsonl"), lines);
}

#[test]
fn events_of_version_1_are_the_golden_ones() {
    check_golden("version_1", "");
}

#[test]
fn events_of_version_0_are_the_golden_ones() {
    check_golden("version_0", "  version: 0\n");
}

#[test]
fn events_that_spell_out_no_defaults_are_the_golden_ones() {
    check_golden("short", "  spell_out_defaults: false\n");
}
