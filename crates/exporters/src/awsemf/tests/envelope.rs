//! What is around attributes and metrics: versions, reserved names, order, nested JSON, collisions.

use catalog::RecordType;
use model::{Point, Value};
use serde_json::json;

use super::support::{SAMPLE, config, encode, encode_one, encode_with, named, point, record};
use crate::awsemf::{Counts, Encoder};

const NODE: &[(&str, &str)] = &[("ClusterName", "demo"), ("NodeName", "n1"), ("Type", "Node"), ("Version", "0")];

fn sample_with(options: &str) -> crate::awsemf::Config {
    config(&format!("{SAMPLE}{options}"))
}

#[test]
fn version_0_has_its_metadata_in_root_members() {
    let event = encode_one(&sample_with("  version: \"0\"\n"), record(NODE, &[("node_cpu_limit", 2000.0)]));
    assert_eq!(event.json["Version"], "0");
    assert_eq!(event.json["Timestamp"], "1700000000123");
    assert_eq!(event.json["CloudWatchMetrics"][0]["Metrics"][0]["Name"], "node_cpu_limit");
    assert!(event.json.get("_aws").is_none());
}

#[test]
fn an_event_without_directives_has_version_0_and_a_timestamp() {
    for options in ["", "  version: 0\n"] {
        let event = encode_one(&sample_with(options), record(NODE, &[("node_cpu_request", 1.0)]));
        assert_eq!(event.json["Version"], "0");
        assert_eq!(event.json["Timestamp"], "1700000000123");
        assert!(event.directives().is_empty());
    }
    let uniform = sample_with("  uniform_version: true\n");
    assert_eq!(encode_one(&uniform, record(NODE, &[("node_cpu_request", 1.0)])).json["Version"], "1");
}

#[test]
fn timestamp_and_version_stand_once_even_if_the_record_has_them() {
    let mut pairs = NODE.to_vec();
    pairs.extend([("Timestamp", "1700000000123"), ("Version", "7")]);
    let event = encode_one(&config(SAMPLE), record(&pairs, &[("node_cpu_limit", 2000.0)]));
    assert_eq!(event.text.matches("\"Timestamp\":\"").count(), 1);
    assert_eq!(event.text.matches("\"Version\":").count(), 1);
    assert_eq!(event.json["Version"], "1");
}

#[test]
fn members_of_the_envelope_can_not_be_attributes_or_metrics() {
    let mut pairs = NODE.to_vec();
    pairs.extend([("_aws", "x"), ("CloudWatchMetrics", "y")]);
    let metrics = [("node_cpu_request", 1.0), ("Timestamp", 5.0), ("_aws", 6.0), ("Version", 8.0)];
    let mut encoder = Encoder::new(&config(SAMPLE), "");
    let events = encode_with(&mut encoder, vec![record(&pairs, &metrics)]);
    assert_eq!(events[0].members(), ["Timestamp", "Version", "ClusterName", "NodeName", "Type", "node_cpu_request"]);
    assert_eq!(events[0].json["Timestamp"], "1700000000123");
    let counts = encoder.counts();
    assert_eq!((counts.reserved, counts.collisions), (2, 3));
}

#[test]
fn attributes_and_extracted_metrics_come_first_and_what_holds_members_last() {
    let mut pairs = NODE.to_vec();
    pairs.extend([("Sources", "[\"a\"]"), ("kubernetes", "{}"), ("zone", "z")]);
    let metrics = [("node_cpu_usage_user", 1.0), ("node_memory_limit", 2.0), ("node_cpu_limit", 3.0), ("a", 4.0)];
    let event = encode_one(&config(SAMPLE), record(&pairs, &metrics));
    assert_eq!(
        event.members(),
        [
            "Timestamp",
            "Version",
            "ClusterName",
            "NodeName",
            "Type",
            "zone",
            "node_cpu_limit",
            "node_memory_limit",
            "a",
            "node_cpu_usage_user",
            "Sources",
            "kubernetes",
            "_aws"
        ]
    );
}

#[test]
fn a_metric_with_an_attributes_name_gives_way() {
    let mut pairs = NODE.to_vec();
    pairs.push(("node_cpu_limit", "text"));
    let mut encoder = Encoder::new(&config(SAMPLE), "");
    let metrics = [("node_cpu_limit", 2000.0), ("node_memory_limit", 1.0)];
    let events = encode_with(&mut encoder, vec![record(&pairs, &metrics)]);
    assert_eq!(events[0].json["node_cpu_limit"], "text");
    assert_eq!(events[0].extracted(), [(json!([["ClusterName"]]), vec!["node_memory_limit"])]);
    assert_eq!(encoder.counts().collisions, 1);
}

#[test]
fn invalid_json_stays_a_text() {
    for text in ["{", "", "{\"a\":}", "not json"] {
        let mut pairs = NODE.to_vec();
        pairs.push(("kubernetes", text));
        let mut encoder = Encoder::new(&config(SAMPLE), "");
        let events = encode_with(&mut encoder, vec![record(&pairs, &[("node_cpu_limit", 1.0)])]);
        assert_eq!(events[0].json["kubernetes"], text);
        assert_eq!(encoder.counts().invalid_json, 1);
    }
}

#[test]
fn nested_json_of_several_lines_is_written_on_one() {
    let mut pairs = NODE.to_vec();
    pairs.push(("kubernetes", "{\n  \"host\": \"a\\nb\"\r\n}\n"));
    let event = encode_one(&config(SAMPLE), record(&pairs, &[("node_cpu_limit", 1.0)]));
    assert_eq!(event.json["kubernetes"], json!({"host": "a\nb"}));
    assert!(!event.text.contains(['\n', '\r']));
}

#[test]
fn nan_and_infinities_never_leave() {
    let mut node = record(NODE, &[("node_cpu_limit", 1.0)]);
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        node.points.push(point(Some(RecordType::Node), "node_memory_limit", Value::Float(value)));
    }
    let mut only = record(NODE, &[]);
    only.points.push(point(Some(RecordType::Node), "node_cpu_limit", Value::Float(f64::NAN)));
    let mut encoder = Encoder::new(&config(SAMPLE), "");
    let events = encode_with(&mut encoder, vec![node]);
    assert!(events[0].json.get("node_memory_limit").is_none());
    assert_eq!(encode_with(&mut encoder, vec![only, record(NODE, &[])]), []);
    assert_eq!(encoder.counts().not_finite, 4);
}

#[test]
fn integers_are_exact() {
    let mut node = record(NODE, &[]);
    node.points.push(point(Some(RecordType::Node), "node_memory_limit", Value::Integer(9_007_199_254_740_993)));
    assert!(encode_one(&config(SAMPLE), node).text.contains(":9007199254740993,"));
}

#[test]
fn values_beyond_cloudwatchs_range_are_fields_only() {
    let mut node = record(NODE, &[("node_cpu_limit", 1.0)]);
    node.points.push(point(Some(RecordType::Node), "node_memory_limit", Value::Float(1e200)));
    let event = encode_one(&config(SAMPLE), node);
    assert_eq!(event.json["node_memory_limit"], 1e200);
    assert_eq!(event.extracted(), [(json!([["ClusterName"]]), vec!["node_cpu_limit"])]);
}

#[test]
fn units_are_described_mapped_or_left_out() {
    let yaml = "metric_declarations: [{dimensions: [[]], metric_name_selectors: [.]}],
        metric_descriptors: [{metric_name: a, unit: Seconds}, {metric_name: b, unit: Count, overwrite: true},
        {metric_name: c, unit: Bits}]";
    let metrics = [("a", ""), ("b", "Percent"), ("c", "By"), ("d", "%"), ("e", "parsec"), ("f", "Kilobytes")];
    let mut other = record(&[], &[]);
    other.points =
        metrics.iter().map(|(name, unit)| Point { metric: named(name, unit), value: Value::Integer(1) }).collect();
    let units = |yaml: &str| -> Vec<serde_json::Value> {
        let event = encode_one(&config(yaml), other.clone());
        event.directives()[0]["Metrics"].as_array().unwrap().clone()
    };
    let long: Vec<_> = ["Seconds", "Count", "Bytes", "Percent", "", "Kilobytes"]
        .iter()
        .zip(metrics)
        .map(|(unit, (name, _))| json!({"Name": name, "Unit": unit, "StorageResolution": 60}))
        .collect();
    assert_eq!(units(yaml), long);
    let short = units(&format!("{yaml}, spell_out_defaults: false"));
    assert_eq!(short[0], json!({"Name": "a", "Unit": "Seconds"}));
    assert_eq!(short[4], json!({"Name": "e"}));
}

#[test]
fn a_storage_resolution_of_one_second_comes_as_an_attribute_and_is_no_field() {
    let mut pairs = NODE.to_vec();
    pairs.push(("aws.emf.storage_resolution", "1"));
    let event = encode_one(&config(SAMPLE), record(&pairs, &[("node_cpu_limit", 1.0)]));
    assert_eq!(event.directives()[0]["Metrics"][0]["StorageResolution"], 1);
    assert!(!event.text.contains("storage_resolution"));
}

#[test]
fn an_event_that_would_be_too_large_is_split_by_its_metrics() {
    let long = "x".repeat(400_000);
    let mut pairs = NODE.to_vec();
    pairs.push(("long", &long));
    let names: Vec<String> = (0..4).map(|number| format!("{number}{}", "m".repeat(200_000))).collect();
    let mut huge = record(&pairs, &[]);
    huge.points = names.iter().map(|name| Point { metric: named(name, ""), value: Value::Integer(1) }).collect();
    let events = encode(&config(SAMPLE), vec![huge]);
    assert_eq!(events.len(), 2);
    assert!(events.iter().all(|event| event.text.len() <= aws::logs::limits::MAX_EVENT_BYTES));
    assert!(names.iter().all(|name| events.iter().filter(|event| event.json.get(name).is_some()).count() == 1));

    // What is too large by itself is lost, and counted once.
    let mut encoder = Encoder::new(&config(SAMPLE), "");
    let mut alone = record(NODE, &[("node_cpu_limit", 1.0)]);
    for _ in 0..2 {
        let metric = named(&"m".repeat(1_100_000 + alone.points.len()), "");
        alone.points.push(Point { metric, value: Value::Integer(1) });
    }
    let events = encode_with(&mut encoder, vec![alone]);
    assert!(events.len() == 1 && events[0].json["node_cpu_limit"] == 1);
    let Counts { events, oversized, cut, .. } = encoder.counts();
    assert_eq!((events, oversized, cut), (1, 1, 0));
}

/// A pod's labels may take more than an event may have: they are cut, and every metric and the pod's names stay.
#[test]
fn of_an_event_with_too_large_attributes_the_largest_are_cut() {
    let labels: serde_json::Map<String, serde_json::Value> =
        (0..16_000).map(|number| (format!("label-{number:05}"), format!("{number:063}").into())).collect();
    let kubernetes = serde_json::json!({"host": "ip-10-0-0-1", "pod_name": "web-x7x2p", "labels": labels}).to_string();
    assert!(kubernetes.len() > 1_200_000);
    let huge = "x".repeat(1_100_000);
    let fields = [("node_cpu_limit", 1.0), ("node_memory_limit", 2.0)];
    for (name, value) in [("kubernetes", &kubernetes), ("long", &huge)] {
        let mut pairs = NODE.to_vec();
        pairs.retain(|(known, _)| *known != name);
        pairs.push((name, value));
        let mut encoder = Encoder::new(&config(SAMPLE), "");
        let events = encode_with(&mut encoder, vec![record(&pairs, &fields)]);
        let [event] = &events[..] else { panic!("{name}: {} events", events.len()) };
        assert!(event.text.len() <= aws::logs::limits::MAX_EVENT_BYTES, "{name}");
        assert!(event.json["node_cpu_limit"] == 1 && event.json["node_memory_limit"] == 2, "{name}");
        assert_eq!(event.json["ClusterName"], "demo", "{name}");
        let Counts { events, oversized, cut, .. } = encoder.counts();
        assert_eq!((events, oversized, cut), (1, 0, 1), "{name}");
        match name {
            "kubernetes" => {
                assert_eq!(event.json["kubernetes"]["pod_name"], "web-x7x2p");
                let kept = event.json["kubernetes"]["labels"].as_object().unwrap().len();
                assert!((6_000..8_000).contains(&kept), "{kept}");
            }
            _ => assert!(event.json.get("long").is_none()),
        }
    }
}
