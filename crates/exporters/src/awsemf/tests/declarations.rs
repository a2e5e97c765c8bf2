//! Which metrics are extracted by which dimension sets.

use serde_json::json;

use super::support::{SAMPLE, config, encode, encode_one, record};

const POD: &[(&str, &str)] =
    &[("ClusterName", "demo"), ("Namespace", "default"), ("NodeName", "n1"), ("PodName", "web"), ("Type", "Pod")];

#[test]
fn a_set_counts_only_where_each_of_its_names_has_a_value() {
    let cpu = [("pod_cpu_utilization", 1.0)];
    let without = json!([["ClusterName", "Namespace", "PodName"], ["ClusterName", "Namespace"], ["ClusterName"]]);
    assert_eq!(encode_one(&config(SAMPLE), record(POD, &cpu)).extracted()[0].0, without);

    let mut pod = POD.to_vec();
    pod.push(("Service", "  "));
    assert_eq!(encode_one(&config(SAMPLE), record(&pod, &cpu)).extracted()[0].0, without, "a blank value is none");
    pod.pop();
    pod.push(("Service", "web"));
    assert_eq!(
        encode_one(&config(SAMPLE), record(&pod, &cpu)).extracted()[0].0,
        json!([
            ["ClusterName", "Namespace", "PodName"],
            ["ClusterName", "Namespace", "Service"],
            ["ClusterName", "Namespace"],
            ["ClusterName"]
        ])
    );
    let nameless: Vec<_> = POD.iter().copied().filter(|(name, _)| *name != "Namespace").collect();
    assert_eq!(encode_one(&config(SAMPLE), record(&nameless, &cpu)).extracted()[0].0, json!([["ClusterName"]]));
    let clusterless: Vec<_> = POD.iter().copied().filter(|(name, _)| *name != "ClusterName").collect();
    assert!(encode_one(&config(SAMPLE), record(&clusterless, &cpu)).directives().is_empty());
}

#[test]
fn what_is_no_text_or_too_long_is_no_dimension() {
    let yaml = "resource_to_telemetry_conversion: {enabled: true}, parse_json_encoded_attr_values: [Sources],
        metric_declarations: [{dimensions: [[Sources], [long], [fits]], metric_name_selectors: [.]}]";
    let (long, fits) = ("e".repeat(1025), "e".repeat(1024));
    let pairs = [("Sources", "[1]"), ("long", &*long), ("fits", &*fits)];
    assert_eq!(encode_one(&config(yaml), record(&pairs, &[("a", 1.0)])).extracted()[0].0, json!([["fits"]]));
    let pairs = [("Sources", "no json"), ("long", &*long)];
    assert_eq!(encode_one(&config(yaml), record(&pairs, &[("a", 1.0)])).extracted()[0].0, json!([["Sources"]]));
}

#[test]
fn metrics_of_the_same_declarations_share_a_directive_in_the_declarations_order() {
    let yaml = "resource_to_telemetry_conversion: {enabled: true}, metric_declarations: [
        {dimensions: [[b, a, a], [a]], metric_name_selectors: [both, first]},
        {dimensions: [[a], [a, b]], metric_name_selectors: [both, second]},
        {metric_name_selectors: [nothing]}]";
    let metrics = [("second", 1.0), ("both_2", 1.0), ("nothing", 1.0), ("first", 1.0), ("both_1", 1.0)];
    let event = encode_one(&config(yaml), record(&[("a", "1"), ("b", "2")], &metrics));
    assert_eq!(
        event.extracted(),
        [
            (json!([["a", "b"], ["a"]]), vec!["first"]),
            (json!([["a", "b"], ["a"]]), vec!["both_1", "both_2"]),
            (json!([["a"], ["a", "b"]]), vec!["second"]),
        ]
    );
    assert_eq!(event.json["nothing"], 1);
}

#[test]
fn selectors_are_searched_for_anywhere_in_a_name() {
    let yaml = "metric_declarations: [{dimensions: [[]], metric_name_selectors: [pod_cpu, '^x.*z$']}]";
    let metrics = [("a_pod_cpu_b", 1.0), ("xyz", 1.0), ("axyz", 1.0), ("POD_CPU", 1.0)];
    assert_eq!(encode_one(&config(yaml), record(&[], &metrics)).extracted()[0].1, ["a_pod_cpu_b", "xyz"]);
}

#[test]
fn any_label_matcher_admits_an_event_and_missing_labels_count_as_empty() {
    let yaml = "resource_to_telemetry_conversion: {enabled: true}, metric_declarations: [
        {dimensions: [[a]], metric_name_selectors: [.], label_matchers: [
            {label_names: [a, missing, b], regex: '^1;;2$'}, {label_names: [b, a], separator: '/', regex: '3/1'}]}]";
    for (b, extracted) in [("2", true), ("3", true), ("33", true), ("4", false)] {
        let event = encode_one(&config(yaml), record(&[("a", "1"), ("b", b)], &[("m", 1.0)]));
        assert_eq!(!event.directives().is_empty(), extracted, "{b}");
    }
}

#[test]
fn declarations_beyond_sixty_four_have_their_own_matchers() {
    let declaration = |number| {
        format!(
            "{{dimensions: [[a]], metric_name_selectors: ['^m{number}$'], label_matchers: [{{label_names: [a], regex: '^{number}$'}}]}}"
        )
    };
    let list: Vec<String> = (0..70).map(declaration).collect();
    let yaml =
        format!("resource_to_telemetry_conversion: {{enabled: true}}, metric_declarations: [{}]", list.join(", "));
    let event = encode_one(&config(&yaml), record(&[("a", "69")], &[("m68", 1.0), ("m69", 1.0), ("m5", 1.0)]));
    assert_eq!(event.extracted(), [(json!([["a"]]), vec!["m69"])]);
}

#[test]
fn more_than_a_hundred_metrics_are_split_over_directives() {
    let names: Vec<String> = (0..250).map(|number| format!("m{number:03}")).collect();
    let metrics: Vec<(&str, f64)> = names.iter().map(|name| (name.as_str(), 1.0)).collect();
    let yaml = "metric_declarations: [{dimensions: [[]], metric_name_selectors: [.]}]";
    let event = encode_one(&config(yaml), record(&[], &metrics));
    let sizes: Vec<usize> = event.extracted().iter().map(|(_, metrics)| metrics.len()).collect();
    assert_eq!(sizes, [100, 100, 50]);
    let all: Vec<&str> = event.extracted().into_iter().flat_map(|(_, metrics)| metrics).collect();
    assert_eq!(all, names);
}

#[test]
fn without_declarations_everything_is_extracted_by_all_attributes() {
    let all = "resource_to_telemetry_conversion: {enabled: true}";
    let pairs = [("b", "2"), ("a", "1"), ("empty", ""), ("Timestamp", "x"), ("Version", "0"), ("OTelLib", "lib")];
    let check = |options: &str, expected: serde_json::Value| {
        let event = encode_one(&config(&format!("{all}{options}")), record(&pairs, &[("n", 1.0), ("m", 2.0)]));
        assert_eq!(event.extracted(), [(expected, vec!["m", "n"])], "{options}");
    };
    check("", json!([["a", "b"], [], ["a"], ["b"]]));
    check(", metric_declarations: []", json!([["a", "b"], [], ["a"], ["b"]]));
    check(", dimension_rollup_option: SingleDimensionRollupOnly", json!([["a", "b"], ["a"], ["b"]]));
    check(", dimension_rollup_option: NoDimensionRollup", json!([["a", "b"]]));
    let one = encode_one(&config(all), record(&[("a", "1")], &[("m", 1.0)]));
    assert_eq!(one.extracted()[0].0, json!([[], ["a"]]));
}

#[test]
fn declarations_that_select_nothing_extract_nothing() {
    let yaml = "metric_declarations: [{dimensions: [[]], metric_name_selectors: ['$^']}]";
    assert!(encode_one(&config(yaml), record(&[], &[("m", 1.0)])).directives().is_empty());
}

#[test]
fn with_declarations_nothing_is_rolled_up_unless_asked_for() {
    let declared = "resource_to_telemetry_conversion: {enabled: true},
        metric_declarations: [{dimensions: [[a, b]], metric_name_selectors: [.]}]";
    let sets = |options: &str| {
        let event =
            encode_one(&config(&format!("{declared}{options}")), record(&[("a", "1"), ("b", "2")], &[("m", 1.0)]));
        event.extracted()[0].0.clone()
    };
    assert_eq!(sets(""), json!([["a", "b"]]));
    assert_eq!(sets(", dimension_rollup_option: ZeroAndSingleDimensionRollup"), json!([["a", "b"], [], ["a"], ["b"]]));
}

#[test]
fn without_declarations_thirty_attributes_at_most_are_dimensions() {
    let names: Vec<String> = (0..40).map(|number| format!("a{number:02}")).collect();
    let pairs: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "1")).collect();
    let yaml = "resource_to_telemetry_conversion: {enabled: true}, dimension_rollup_option: NoDimensionRollup";
    let event = encode_one(&config(yaml), record(&pairs, &[("m", 1.0)]));
    assert_eq!(event.extracted()[0].0, json!([names[..30]]));
}

#[test]
fn data_that_is_not_extracted_is_kept_or_dropped_as_asked() {
    let pod = || record(POD, &[("pod_cpu_utilization", 1.0), ("pod_memory_cache", 2.0)]);
    let net = || record(&[("ClusterName", "demo"), ("Type", "PodNet")], &[("pod_interface_network_rx_bytes", 1.0)]);
    let disk = || record(&[("ClusterName", "demo"), ("Type", "NodeDiskIO")], &[("node_diskio_io_serviced_total", 1.0)]);
    let types = |options: &str| -> Vec<String> {
        let events = encode(&config(&format!("{SAMPLE}{options}")), vec![pod(), net(), disk()]);
        events.iter().map(|event| event.json["Type"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(types(""), ["Pod", "PodNet", "NodeDiskIO"]);
    assert_eq!(types("  undeclared_events: drop\n"), ["Pod"]);
    assert_eq!(types("  enhanced_container_insights: true\n"), ["Pod"]);
    assert_eq!(types("  undeclared_events: drop\n  undeclared_event_types: [PodNet]\n"), ["Pod", "NodeDiskIO"]);
    let dropped = encode_one(&config(&format!("{SAMPLE}  undeclared_metrics: drop\n")), pod());
    assert!(dropped.json.get("pod_cpu_utilization").is_some() && dropped.json.get("pod_memory_cache").is_none());
    assert_eq!(
        types("  disable_metric_extraction: true\n  enhanced_container_insights: true\n"),
        ["Pod", "PodNet", "NodeDiskIO"],
        "no extraction is stronger"
    );
    let logs = encode_one(&config(&format!("{SAMPLE}  disable_metric_extraction: true\n")), pod());
    assert!(logs.directives().is_empty() && logs.json["pod_memory_cache"] == 2);
}

/// CloudWatch extracts nothing of a directive with such a value (`Dimension` in its API reference).
#[test]
fn a_value_that_is_no_dimension_costs_the_sets_that_have_it() {
    let plain = "resource_to_telemetry_conversion: {enabled: true}, dimension_rollup_option: NoDimensionRollup";
    let sets = "[[ClusterName], [ClusterName, NodeName], [NodeName], [InstanceId]]";
    let declared =
        format!("{plain}, metric_declarations: [{{dimensions: {sets}, metric_name_selectors: [node_cpu_limit]}}]");
    for bad in ["größe-prod", ":prod", "prod\tx", "prod\u{7f}", "", " ", &"x".repeat(1025)] {
        let given = [("ClusterName", bad), ("NodeName", "a:b"), ("Type", "Node")];
        let events = encode(&config(&declared), vec![record(&given, &[("node_cpu_limit", 1.0)])]);
        assert_eq!(events[0].directives()[0]["Dimensions"], serde_json::json!([["NodeName"]]), "{bad:?}");
        assert_eq!(events[0].json["ClusterName"], bad, "it stays a field");
        // Without declarations all that can be are dimensions.
        let events = encode(&config(plain), vec![record(&given, &[("node_cpu_limit", 1.0)])]);
        let sets = events[0].directives()[0]["Dimensions"].to_string();
        assert!(!sets.contains("ClusterName") && sets.contains("NodeName"), "{bad:?}: {sets}");
    }
}
