//! Which points make one event, and where it goes.

use std::sync::Arc;

use model::{Attributes, Point, Record, Scope, UnixTime, Value};

use super::support::{SAMPLE, TIME, attributes, config, encode, encode_one, encode_with, named, record};
use crate::awsemf::Encoder;

/// A point, and what is true of it beside its resource.
fn labelled(name: &str, value: i64, own: &[(&str, &str)]) -> (Attributes, Point) {
    (attributes(own), Point { metric: named(name, ""), value: Value::Integer(value) })
}

/// Points of one resource: a record for all of the same attributes.
fn scraped(common: &[(&str, &str)], points: Vec<(Attributes, Point)>) -> Vec<Record> {
    let mut records: Vec<Record> = Vec::new();
    for (own, point) in points {
        match records.iter_mut().find(|record| record.attributes == own) {
            Some(record) => record.points.push(point),
            None => {
                let record = Record::of(attributes(common), UnixTime::from_millis(TIME), vec![point]);
                records.push(Record { attributes: own, ..record });
            }
        }
    }
    records
}

/// The only record of these points.
fn one(common: &[(&str, &str)], points: Vec<(Attributes, Point)>) -> Record {
    let mut records = scraped(common, points);
    assert_eq!(records.len(), 1);
    records.remove(0)
}

#[test]
fn points_of_equal_labels_are_one_event() {
    let points = vec![
        labelled("a", 1, &[("le", "5")]),
        labelled("b", 2, &[]),
        labelled("c", 3, &[("le", "5")]),
        labelled("a", 4, &[("le", "10")]),
        labelled("d", 5, &[]),
    ];
    let events = encode(&config("resource_to_telemetry_conversion: {enabled: true}"), scraped(&[("job", "x")], points));
    let shown: Vec<Vec<String>> = events.iter().map(super::support::Event::members).collect();
    assert_eq!(shown[0][2..5], ["job", "le", "a"].map(String::from));
    assert_eq!(shown[0][5], "c");
    assert_eq!(shown[1][2..5], ["job", "b", "d"].map(String::from));
    assert_eq!(events[2].json["le"], "10");
    assert_eq!(events.len(), 3);
}

#[test]
fn records_of_equal_labels_time_and_destination_are_one_event() {
    let pod = |metric: &str| record(&[("ClusterName", "c"), ("NodeName", "n"), ("Type", "Pod")], &[(metric, 1.0)]);
    let mut later = pod("pod_cpu_limit");
    later.time = UnixTime::from_millis(TIME + 1);
    let other = record(&[("ClusterName", "d"), ("NodeName", "n"), ("Type", "Pod")], &[("pod_cpu_limit", 1.0)]);
    let records = vec![pod("pod_cpu_usage_total"), other, pod("pod_memory_usage"), later];
    let events = encode(&config(SAMPLE), records);
    assert_eq!(events.len(), 3);
    assert_eq!(events[0].json["pod_cpu_usage_total"], 1);
    assert_eq!(events[0].json["pod_memory_usage"], 1);
    assert_eq!(events[1].json["ClusterName"], "d");
}

#[test]
fn of_one_metric_twice_the_last_counts() {
    let mut encoder = Encoder::new(&config("version: 1"), "");
    let points = vec![labelled("a", 1, &[]), labelled("b", 2, &[]), labelled("a", 3, &[])];
    let events = encode_with(&mut encoder, scraped(&[], points));
    assert_eq!((&events[0].json["a"], events.len()), (&3.into(), 1));
    assert_eq!(encoder.counts().replaced, 1);
}

#[test]
fn metrics_of_two_units_and_one_name_are_one_metric() {
    let points = vec![
        (attributes(&[]), Point { metric: named("a", "s"), value: Value::Integer(1) }),
        (attributes(&[]), Point { metric: named("a", "By"), value: Value::Integer(2) }),
    ];
    let event = encode_one(&config("namespace: x"), one(&[], points));
    assert_eq!(event.json["a"], 2);
    assert_eq!(event.directives()[0]["Metrics"][0]["Unit"], "Bytes");
}

#[test]
fn a_resources_attribute_wins_over_a_records_of_the_same_name() {
    let record = one(&[("a", "record"), ("c", "record")], vec![labelled("m", 1, &[("a", "point"), ("b", "point")])]);
    let event = encode_one(&config("resource_to_telemetry_conversion: {enabled: true}"), record.clone());
    assert_eq!(
        (&event.json["a"], &event.json["b"], &event.json["c"]),
        (&"record".into(), &"point".into(), &"record".into())
    );
    let event = encode_one(&config("namespace: x"), record);
    assert_eq!(event.members()[2..4], ["a".to_owned(), "b".to_owned()]);
    assert_eq!(event.json["a"], "point");
}

#[test]
fn service_attributes_can_be_left_out() {
    let yaml = "resource_to_telemetry_conversion: {enabled: true, exclude_service_attributes: true}";
    let common = [("service.name", "web"), ("service.namespace", "shop"), ("service.instance.id", "1"), ("a", "1")];
    let event = encode_one(&config(yaml), one(&common, vec![labelled("m", 1, &[])]));
    assert_eq!(event.members(), ["Timestamp", "Version", "a", "m", "_aws"]);
    assert_eq!(event.directives()[0]["Namespace"], "shop/web");
}

/// The record from a scope of this name.
fn from_scope(name: &str, record: Record) -> Record {
    let scope = Scope { name: name.into(), version: "1".into(), attributes: Attributes::new(), schema_url: None };
    Record { scope: Some(Arc::new(scope)), ..record }
}

#[test]
fn the_name_of_a_scope_is_a_label_of_what_it_measured_and_of_nothing_else() {
    let config = config("namespace: x, resource_to_telemetry_conversion: {enabled: true}");
    let common = [("OTelLib", "resource"), ("a", "1"), ("z", "2")];
    let event = |scope: &str, common: &[(&str, &str)], own: &[(&str, &str)]| {
        encode_one(&config, from_scope(scope, one(common, vec![labelled("m", 1, own)])))
    };
    // It wins over attributes of its name, and stands in their order.
    let both = event("lib", &common, &[("OTelLib", "own"), ("M", "3")]);
    assert_eq!(both.members(), ["Timestamp", "Version", "M", "OTelLib", "a", "z", "m", "_aws"]);
    assert_eq!(both.json["OTelLib"], "lib");
    let alone = event("lib", &[], &[]);
    assert_eq!(alone.members()[2..4], ["OTelLib".to_owned(), "m".to_owned()]);
    // A scope without a name leaves them as they are; one before it does not count.
    assert_eq!(event("", &common, &[]).json["OTelLib"], "resource");
    let records = ["lib", "", "other", "lib"].map(|scope| from_scope(scope, one(&[], vec![labelled(scope, 1, &[])])));
    let shown: Vec<_> = encode(&config, records.to_vec())
        .iter()
        .map(|event| event.json.get("OTelLib").map(|name| name.as_str().unwrap().to_owned()))
        .collect();
    assert_eq!(shown, [Some("lib".to_owned()), None, Some("other".to_owned())]);
}

#[test]
fn the_name_of_a_scope_is_a_dimension_where_it_is_declared() {
    let declared =
        "namespace: x, metric_declarations: [{dimensions: [[OTelLib, a], [OTelLib]], metric_name_selectors: [m]}]";
    let record = from_scope("lib", one(&[], vec![labelled("m", 1, &[("a", "1")])]));
    let event = encode_one(&config(declared), record.clone());
    assert_eq!(event.directives()[0]["Dimensions"], serde_json::json!([["OTelLib", "a"], ["OTelLib"]]));
    let event = encode_one(&config("namespace: x, dimension_rollup_option: NoDimensionRollup"), record);
    assert_eq!(event.directives()[0]["Dimensions"], serde_json::json!([["a"]]));
}

#[test]
fn the_namespace_comes_from_the_option_or_the_service() {
    let namespace = |yaml: &str, common: &[(&str, &str)]| {
        let event = encode_one(&config(yaml), one(common, vec![labelled("m", 1, &[])]));
        (event.directives()[0]["Namespace"].as_str().unwrap().to_owned(), event.destination.group().to_string())
    };
    let service = [("service.name", "web"), ("service.namespace", "shop")];
    assert_eq!(namespace("namespace: ContainerInsights", &service).0, "ContainerInsights");
    assert_eq!(namespace("version: 1", &service), ("shop/web".into(), "/metrics/shop/web".into()));
    assert_eq!(namespace("version: 1", &service[..1]).0, "web");
    assert_eq!(namespace("version: 1", &service[1..]).0, "shop");
    assert_eq!(namespace("version: 1", &[]), ("default".into(), "/metrics/default".into()));
    assert_eq!(namespace("version: 1", &[("service.name", "AWS/täglich")]).0, "AWS_t_glich");
}

#[test]
fn each_event_finds_its_own_destination() {
    let yaml = "log_group_name: '/x/{ClusterName}', log_stream_name: '{TaskId}'";
    let points =
        vec![labelled("m", 1, &[("TaskId", "t1")]), labelled("m", 2, &[("TaskId", "t2")]), labelled("m", 3, &[])];
    let events = encode(&config(yaml), scraped(&[("ClusterName", "c")], points));
    let shown: Vec<_> =
        events.iter().map(|event| (event.destination.group(), event.destination.stream(), event.resolved)).collect();
    assert_eq!(shown, [("/x/c", "t1", true), ("/x/c", "t2", true), ("/x/c", "undefined", false)]);
    let default = encode_one(&config("namespace: N"), one(&[], vec![labelled("m", 1, &[])]));
    assert_eq!((default.destination.group(), default.destination.stream()), ("/metrics/N", "stream"));
}

#[test]
fn names_without_end_are_forgotten_and_the_events_stay_the_same() {
    let mut encoder = Encoder::new(&config(SAMPLE), "");
    let node = || record(&[("ClusterName", "c"), ("NodeName", "n"), ("Type", "Node")], &[("node_cpu_limit", 1.0)]);
    let before = encode_with(&mut encoder, vec![node()]);
    for batch in 0..5 {
        let points = (0..5000).map(|number| labelled(&format!("m{batch}_{number}"), 1, &[])).collect();
        encode_with(&mut encoder, scraped(&[], points));
    }
    assert_eq!(encode_with(&mut encoder, vec![node()]), before);
}

/// Two records of the same names and metrics, whose directives differ all the same.
#[track_caller]
fn check_apart(yaml: &str, first: &[(&str, &str)], second: &[(&str, &str)]) {
    let config = config(yaml);
    let records = [first, second].map(|common| one(common, vec![labelled("m", 1, &[])]));
    let alone = records.clone().map(|record| encode_one(&config, record));
    assert_ne!(alone[0].directives(), alone[1].directives());
    assert_eq!(encode(&config, records.to_vec()), alone);
}

#[test]
fn everything_directives_depend_on_keeps_layouts_apart() {
    let declared = "resource_to_telemetry_conversion: {enabled: true}, metric_declarations: [
        {dimensions: [[a], []], metric_name_selectors: [m], label_matchers: [{label_names: [b], regex: x}]},
        {dimensions: [[a]], metric_name_selectors: [m]}]";
    check_apart(declared, &[("a", "1"), ("b", "x")], &[("a", "1"), ("b", "y")]);
    check_apart(declared, &[("a", "1"), ("b", "x")], &[("a", ""), ("b", "x")]);
    check_apart("version: 1", &[("service.name", "x")], &[("service.name", "y")]);
    let resolution = |value| [("a", "1"), ("aws.emf.storage_resolution", value)];
    check_apart(declared, &resolution("1"), &resolution("60"));
}
