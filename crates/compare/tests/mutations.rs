//! One thing is broken in a recorded node's events, and the report names exactly that.

mod support;

use serde_json::{Value, json};
use support::{compared, differences, lines, unchanged};

fn is(event: &Value, record_type: &str) -> bool {
    event["Type"] == record_type
}

/// Breaks every event of one type and compares.
fn check(record_type: &str, change: impl Fn(&mut Value), expected: &[(&str, &str)]) {
    let right = lines(|_, mut event| {
        if is(&event, record_type) {
            change(&mut event);
        }
        vec![event]
    });
    check_lines(record_type, &right, expected);
}

fn check_lines(record_type: &str, right: &str, expected: &[(&str, &str)]) {
    let report = compared(&unchanged(), right);
    let found = differences(&report);
    let found: Vec<_> = found.iter().map(|(of, field, what)| (of.as_str(), field.as_str(), *what)).collect();
    let expected: Vec<_> = expected.iter().map(|(field, what)| (record_type, *field, *what)).collect();
    assert_eq!(found, expected, "{}", report.text());
}

/// The first metric of the first directive of an event.
fn directive(event: &mut Value) -> &mut Value {
    &mut event["_aws"]["CloudWatchMetrics"][0]
}

fn metric<'a>(event: &'a mut Value, name: &str) -> &'a mut Value {
    let directives = event["_aws"]["CloudWatchMetrics"].as_array_mut().expect("the golden events have it").iter_mut();
    let mut metrics =
        directives.flat_map(|directive| directive["Metrics"].as_array_mut().expect("the golden events have it"));
    metrics.find(|metric| metric["Name"] == name).expect("the golden events have it")
}

fn remove(event: &mut Value, pointer: &str, name: &str) {
    let found = event.pointer_mut(pointer).and_then(Value::as_object_mut).and_then(|object| object.remove(name));
    assert!(found.is_some(), "{pointer} has no {name}");
}

fn scale(event: &mut Value, name: &str, factor: f64) {
    let value = event[name].as_f64().expect("the golden events have it");
    assert!(value > 0.0, "{name} is 0");
    event[name] = json!(value * factor);
}

#[test]
fn nothing_broken_is_nothing_different() {
    let report = compared(&unchanged(), &unchanged());
    assert_eq!(report.unexplained(), 0, "{}", report.text());
    assert!(report.fields.values().all(|field| field.equal > 0 && field.unsteady + field.explained == 0));
    assert!(report.entries.iter().all(|(_, count)| *count == 0));
    assert!(report.records["Node".parse_type()].paired == 1);
}

#[test]
fn another_unit() {
    let change = |event: &mut Value| metric(event, "node_memory_limit")["Unit"] = json!("Kilobytes");
    check("Node", change, &[("node_memory_limit", "unit")]);
}

#[test]
fn another_storage_resolution() {
    let change = |event: &mut Value| metric(event, "node_cpu_limit")["StorageResolution"] = json!(1);
    check("Node", change, &[("node_cpu_limit", "storage resolution")]);
}

#[test]
fn a_metric_with_another_prefix() {
    let change = |event: &mut Value| {
        let value = event["container_memory_rss"].take();
        remove(event, "", "container_memory_rss");
        event["pod_memory_rss"] = value;
    };
    check("Container", change, &[("container_memory_rss", "only left"), ("pod_memory_rss", "only right")]);
}

#[test]
fn dimensions_or_their_sets_in_another_order() {
    let change = |event: &mut Value| {
        directive(event)["Dimensions"][0].as_array_mut().expect("the golden events have it").reverse()
    };
    check("ClusterService", change, &[("service_number_of_running_pods", "dimensions")]);
    let change =
        |event: &mut Value| directive(event)["Dimensions"].as_array_mut().expect("the golden events have it").reverse();
    check("ClusterService", change, &[("service_number_of_running_pods", "dimensions")]);
}

#[test]
fn a_dimension_set_less() {
    let change = |event: &mut Value| {
        drop(directive(event)["Dimensions"].as_array_mut().expect("the golden events have it").pop())
    };
    check("ClusterService", change, &[("service_number_of_running_pods", "dimensions")]);
}

#[test]
fn a_metric_that_is_not_extracted() {
    let change = |event: &mut Value| directive(event)["Metrics"] = json!([]);
    check("NodeFS", change, &[("node_filesystem_utilization", "dimensions")]);
}

#[test]
fn another_namespace() {
    let change = |event: &mut Value| directive(event)["Namespace"] = json!("Elsewhere");
    check("NodeFS", change, &[("node_filesystem_utilization", "namespace")]);
}

#[test]
fn a_rate_over_one_interval_too_many_or_too_few() {
    for factor in [0.5, 2.0, 1.05, 0.9] {
        let change = |event: &mut Value| scale(event, "node_cpu_usage_total", factor);
        check("Node", change, &[("node_cpu_usage_total", "value")]);
    }
}

#[test]
fn an_attribute_less() {
    let change = |event: &mut Value| remove(event, "", "pod_status");
    check("Pod", change, &[("pod_status", "only left")]);
}

#[test]
fn another_value_of_an_attribute() {
    let change = |event: &mut Value| event["fstype"] = json!("ext4");
    check("NodeFS", change, &[("fstype", "value")]);
}

#[test]
fn a_nested_member_less_and_another_value_of_one() {
    let change = |event: &mut Value| remove(event, "/kubernetes", "host");
    check("Pod", change, &[("kubernetes.host", "only left")]);
    let change = |event: &mut Value| event["Sources"] = json!(["cadvisor"]);
    check("NodeNet", change, &[("Sources", "value")]);
}

#[test]
fn a_limit_that_is_one_more() {
    let change = |event: &mut Value| {
        event["node_memory_limit"] = json!(event["node_memory_limit"].as_u64().expect("the golden events have it") + 1)
    };
    check("Node", change, &[("node_memory_limit", "value")]);
}

#[test]
fn a_gauge_that_is_three_percent_more() {
    check("Node", |event| scale(event, "node_memory_working_set", 1.03), &[("node_memory_working_set", "value")]);
    check("Node", |event| scale(event, "node_memory_working_set", 1.01), &[]);
}

#[test]
fn a_number_as_text() {
    let change = |event: &mut Value| event["node_cpu_limit"] = event["node_cpu_limit"].to_string().into();
    check("Node", change, &[("node_cpu_limit", "value")]);
    check(
        "Node",
        |event| event["node_cpu_limit"] = json!(event["node_cpu_limit"].as_f64().expect("the golden events have it")),
        &[],
    );
}

#[test]
fn another_version() {
    check("NodeNet", |event| event["Version"] = json!("1"), &[("Version", "value")]);
}

#[test]
fn an_attribute_that_is_wrong_some_of_the_time() {
    let right = lines(|tick, mut event| {
        if is(&event, "Node") && tick % 4 == 2 {
            event["Version"] = json!("7");
        }
        vec![event]
    });
    check_lines("Node", &right, &[("Version", "value")]);
}

#[test]
fn a_field_that_is_left_out_some_of_the_time() {
    let right = lines(|tick, mut event| {
        if is(&event, "Node") && tick % 3 == 0 {
            remove(&mut event, "", "node_memory_rss");
        }
        vec![event]
    });
    check_lines("Node", &right, &[("node_memory_rss", "presence")]);
}

#[test]
fn a_thing_less_and_one_more() {
    check_lines(
        "NodeDiskIO",
        &lines(|_, event| if is(&event, "NodeDiskIO") { vec![] } else { vec![event] }),
        &[("*", "only left")],
    );
    let right = lines(|_, event| {
        let mut other = event.clone();
        other["interface"] = json!("eth9");
        if is(&event, "NodeNet") { vec![event, other] } else { vec![event] }
    });
    let report = compared(&unchanged(), &right);
    let found: Vec<_> = differences(&report).into_iter().collect();
    assert_eq!(found, [("NodeNet".to_owned(), "*".to_owned(), "only right")], "{}", report.text());
}

#[test]
fn a_type_that_was_never_compared_is_not_equal() {
    // Seen in the first interval only, which has no rates yet.
    let text = lines(|tick, event| if is(&event, "Node") && tick > 0 { vec![] } else { vec![event] });
    let report = compared(&text, &text);
    assert_eq!((report.uncompared.as_slice(), report.unexplained()), ([catalog::RecordType::Node].as_slice(), 1));
}

#[test]
fn one_event_less() {
    let right = lines(|tick, event| if is(&event, "Node") && tick == 5 { vec![] } else { vec![event] });
    check_lines("Node", &right, &[("(event)", "missing events")]);
}

#[test]
fn an_event_twice() {
    let right =
        lines(|tick, event| if is(&event, "Node") && tick == 5 { vec![event.clone(), event] } else { vec![event] });
    check_lines("Node", &right, &[("(event)", "doubled events")]);
}

#[test]
fn another_log_group() {
    let wrapped = |text: &str, group: &str| -> String {
        let wrap = |line: &str| {
            let time = serde_json::from_str::<Value>(line).expect("the golden events have it")["Timestamp"]
                .as_str()
                .expect("the golden events have it")
                .parse::<i64>();
            json!({ "timestamp": time.expect("the golden events have it"), "message": line, "group": group, "stream": "s" }).to_string() + "\n"
        };
        text.lines().map(wrap).collect()
    };
    let (left, right) = (wrapped(&unchanged(), "/a"), wrapped(&unchanged(), "/b"));
    let found = differences(&compared(&left, &right));
    assert!(
        !found.is_empty() && found.iter().all(|(_, field, what)| (field.as_str(), *what) == ("(log group)", "value"))
    );
    assert_eq!(differences(&compared(&left, &left)).len(), 0);
    // Without a wrapper nobody says where an event was found.
    assert_eq!(differences(&compared(&unchanged(), &right)).len(), 0);
}

#[test]
fn a_change_that_one_side_sees_an_interval_later_is_none() {
    let changing = |from: u64| {
        lines(move |tick, mut event| {
            if is(&event, "Node") && tick >= from {
                event["node_number_of_running_pods"] = json!(99);
            }
            vec![event]
        })
    };
    assert_eq!(differences(&compared(&changing(6), &changing(7))).len(), 0);
    assert_eq!(differences(&compared(&changing(4), &changing(7))).len(), 1);
}

/// Record types by name, for tests alone.
trait ParseType {
    fn parse_type(self) -> &'static catalog::RecordType;
}

impl ParseType for &str {
    fn parse_type(self) -> &'static catalog::RecordType {
        catalog::RecordType::ALL.iter().find(|of| of.as_str() == self).expect("the golden events have it")
    }
}

/// A time is another one in each event; one that no clock shows isn't one like another.
#[test]
fn a_time_before_1970_is_not_like_one_of_today() {
    for wrong in [json!("-1800000000000"), json!("9223372036854775807")] {
        check("Node", |event| event["Timestamp"] = wrong.clone(), &[("Timestamp", "value")]);
    }
}

/// Names, values, fields and times come from events, and a report is read on a terminal.
#[test]
fn nothing_of_an_event_reaches_a_terminal_that_it_would_obey() {
    let evil = "\u{1b}]0;x\u{7}\u{9b}31m\u{202e}\r\nUnexplained: 0";
    let right = lines(|_, mut event| {
        if is(&event, "Pod") {
            event["Service"] = json!(evil);
            event[evil] = json!(1);
            event["PodName"] = json!(evil);
        }
        if is(&event, "NodeFS") {
            event["Type"] = json!(evil);
        }
        vec![event]
    });
    let report = compared(&unchanged(), &right);
    assert!(report.unexplained() > 0);
    for text in [report.text(), report.json()] {
        let obeyed = text.chars().find(|char| (char.is_control() && *char != '\n') || *char == '\u{202e}');
        assert_eq!(obeyed, None, "{text}");
        assert!(text.contains("u{1b}") || text.contains("\\u001b"), "{text}");
        assert!(!text.contains("\nUnexplained: 0"), "{text}");
    }
}
