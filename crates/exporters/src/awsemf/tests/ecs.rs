//! A container instance of Amazon ECS: the directives and destinations of the configurations AWS ships for it.
//!
//! `testdata/ecs-declarations.csv` holds the declarations of both profiles, a line for each selector, the names of a set sorted;
//! `testdata/ecs-metrics.csv` the metrics of the four record types with the units that leave.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::support::{Event, config, encode_one, record};
use crate::awsemf::Config;

const DECLARATIONS: &str = include_str!("../../../testdata/ecs-declarations.csv");
const METRICS: &str = include_str!("../../../testdata/ecs-metrics.csv");
const CWA: &str = include_str!("../../../testdata/ecs-instance-cwa.yaml");
const ADOT: &str = include_str!("../../../../../examples/ecs-instance.yaml");

const GROUP: &str = "/aws/ecs/containerinsights/demo/performance";
const TYPES: [&str; 4] = ["Instance", "InstanceFS", "InstanceNet", "InstanceDiskIO"];
const INSTANCE: &[(&str, &str)] = &[
    ("ClusterName", "demo"),
    ("ContainerInstanceId", "0a1b2c3d"),
    ("InstanceId", "i-0123456789abcdef0"),
    ("InstanceType", "m5.large"),
    ("Sources", r#"["cadvisor","/proc","ecsagent","calculated"]"#),
    ("Timestamp", "1700000000123"),
    ("Version", "0"),
];

/// Metrics with their units.
type Metrics<'a> = Vec<(&'a str, &'a str)>;

/// The example's exporter, under the name that a configuration of it alone has.
fn adot() -> Config {
    let from = ADOT.find("  awsemf/instancemetrics:").unwrap();
    let block = &ADOT[from..from + ADOT[from..].find("\n  debug:").unwrap()];
    let block: Vec<&str> = block.lines().map(|line| line.strip_prefix("  ").unwrap_or(line)).collect();
    config(&block.join("\n").replace("awsemf/instancemetrics:", "awsemf:"))
}

/// The fields of each line but the first; none of them holds a comma.
fn rows(text: &str) -> Vec<Vec<&str>> {
    text.lines().skip(1).map(|line| line.split(',').collect()).collect()
}

/// Metrics of the type with their units.
fn metrics_of(record_type: &str) -> BTreeMap<&'static str, &'static str> {
    let of_type = rows(METRICS).into_iter().filter(|row| row[0] == record_type);
    of_type.map(|row| (row[1], row[2])).collect()
}

/// A record with every metric of its type and these attributes.
fn full(record_type: &str, attributes: &[(&str, &str)]) -> model::Record {
    let values: Vec<(&str, f64)> = metrics_of(record_type).into_keys().map(|name| (name, 1.5)).collect();
    record(&[attributes, &[("Type", record_type)]].concat(), &values)
}

/// What the profile's lines make of a type: sets and metrics of each directive. Metrics of the same declarations stand together,
/// in the declarations' order; a metric's sets are those of all its declarations.
fn expected(profile: &str, record_type: &str) -> Vec<(Json, Metrics<'static>)> {
    let mut groups: BTreeMap<Vec<&str>, (Vec<Vec<&str>>, Metrics<'_>)> = BTreeMap::new();
    for (metric, unit) in metrics_of(record_type) {
        let (mut declarations, mut sets) = (Vec::new(), Vec::new());
        for row in rows(DECLARATIONS).into_iter().filter(|row| row[0] == profile && metric.contains(row[3])) {
            if !declarations.contains(&row[1]) {
                declarations.push(row[1]);
                sets.extend(row[2].split(';').map(|set| set.split('|').collect::<Vec<_>>()));
            }
        }
        if !declarations.is_empty() {
            groups.entry(declarations).or_insert((sets, Vec::new())).1.push((metric, unit));
        }
    }
    groups.into_values().map(|(sets, metrics)| (json!(sets), metrics)).collect()
}

/// Sets, metrics and units of each directive of an event.
fn actual(event: &Event) -> Vec<(Json, Metrics<'_>)> {
    event
        .directives()
        .iter()
        .map(|directive| {
            let metrics = directive["Metrics"].as_array().unwrap().iter();
            let named = metrics.map(|metric| {
                (metric["Name"].as_str().unwrap(), metric.get("Unit").and_then(Json::as_str).unwrap_or_default())
            });
            (directive["Dimensions"].clone(), named.collect())
        })
        .collect()
}

#[track_caller]
fn check_directives(profile: &str, config: &Config, extracted: [usize; 4]) {
    for (record_type, count) in TYPES.into_iter().zip(extracted) {
        let event = encode_one(config, full(record_type, INSTANCE));
        assert_eq!(actual(&event), expected(profile, record_type), "{profile} {record_type}");
        let found: usize = event.extracted().iter().map(|(_, metrics)| metrics.len()).sum();
        assert_eq!(found, count, "{profile} {record_type}");
        assert!(event.directives().iter().all(|directive| directive["Namespace"] == "ECS/ContainerInsights"));
    }
}

#[test]
fn the_cloudwatch_agents_declarations_give_its_directives() {
    let config = config(CWA);
    check_directives("ecs-instance-cwa", &config, [10, 1, 0, 0]);
    let both = json!([["ClusterName", "ContainerInstanceId", "InstanceId"], ["ClusterName"]]);
    let file_system = encode_one(&config, full("InstanceFS", INSTANCE));
    assert_eq!(file_system.extracted(), [(both.clone(), vec!["instance_filesystem_utilization"])]);
    let instance = encode_one(&config, full("Instance", INSTANCE));
    let alone =
        ["instance_cpu_limit", "instance_cpu_usage_total", "instance_memory_limit", "instance_memory_working_set"];
    assert_eq!(instance.extracted()[0].0, both);
    assert_eq!(instance.extracted()[1], (json!([["ClusterName"]]), alone.to_vec()));
    assert!(instance.json.get("CloudWatchMetrics").is_some(), "version 0 has them at the root");
}

#[test]
fn the_collectors_declarations_give_its_directives() {
    check_directives("ecs-instance-adot", &adot(), [10, 1, 0, 0]);
    let file_system = encode_one(&adot(), full("InstanceFS", INSTANCE));
    let only = json!([["ClusterName", "ContainerInstanceId", "InstanceId"]]);
    assert_eq!(file_system.extracted(), [(only, vec!["instance_filesystem_utilization"])]);
}

#[test]
fn every_line_of_the_declarations_extracts_a_metric() {
    let profiles = [("ecs-instance-cwa", config(CWA), 18), ("ecs-instance-adot", adot(), 17)];
    for (profile, config, lines) in profiles {
        let events: Vec<Event> = TYPES.into_iter().map(|kind| encode_one(&config, full(kind, INSTANCE))).collect();
        let declared: Vec<_> = rows(DECLARATIONS).into_iter().filter(|row| row[0] == profile).collect();
        assert_eq!(declared.len(), lines);
        for row in declared {
            let set = json!(row[2].split('|').collect::<Vec<_>>());
            let found = events.iter().any(|event| {
                let directives = event.extracted();
                directives
                    .iter()
                    .any(|(sets, metrics)| sets.as_array().unwrap().contains(&set) && metrics.contains(&row[3]))
            });
            assert!(found, "{row:?}");
        }
    }
}

#[test]
fn without_the_container_instance_the_cluster_alone_is_a_dimension() {
    let attributes: Vec<_> = INSTANCE.iter().copied().filter(|(name, _)| *name != "ContainerInstanceId").collect();
    let event = encode_one(&config(CWA), full("Instance", &attributes));
    assert!(event.extracted().iter().all(|(sets, _)| *sets == json!([["ClusterName"]])), "{:?}", event.extracted());
}

/// Group and stream of an instance's event.
fn destination(config: &Config, attributes: &[(&str, &str)]) -> (String, String, bool) {
    let event = encode_one(config, full("Instance", attributes));
    (event.destination.group().to_string(), event.destination.stream().to_string(), event.resolved)
}

#[test]
fn the_stream_is_the_container_instances_own() {
    let named = |stream: &str, resolved| (GROUP.to_owned(), stream.to_owned(), resolved);
    assert_eq!(destination(&adot(), INSTANCE), named("instanceTelemetry/0a1b2c3d", true));
    assert_eq!(destination(&config(CWA), INSTANCE), named("NodeTelemetry-0a1b2c3d", true));
    let other = [("ClusterName", "demo"), ("aws.ecs.container.instance.id", "4e5f")];
    assert_eq!(destination(&adot(), &other), named("instanceTelemetry/4e5f", true));
    let unknown = [("ClusterName", "demo"), ("InstanceId", "i-0123456789abcdef0")];
    assert_eq!(destination(&adot(), &unknown), named("instanceTelemetry/undefined", false));
    let empty = [("ClusterName", "demo"), ("ContainerInstanceId", ""), ("aws.ecs.container.instance.id", "4e5f")];
    assert_eq!(destination(&adot(), &empty), named("instanceTelemetry/undefined", false));
}
