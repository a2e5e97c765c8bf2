//! What holds for every round: valid JSON, exact numbers, directives within CloudWatch's limits.

use model::{Point, Record, UnixTime, Value};
use proptest::prelude::*;
use serde_json::Value as Json;

use super::support::{Event, SAMPLE, TIME, attributes, config, encode, named};

const NAMES: &[&str] = &[
    "ClusterName",
    "NodeName",
    "InstanceId",
    "PodName",
    "Namespace",
    "Service",
    "Type",
    "Timestamp",
    "Version",
    "Sources",
    "kubernetes",
    "_aws",
    "CloudWatchMetrics",
    "OTelLib",
    "a\"b",
    "pod_cpu_utilization",
    "device",
    "",
];

const METRICS: &[&str] = &[
    "pod_cpu_utilization",
    "pod_memory_utilization",
    "node_cpu_limit",
    "node_cpu_utilization",
    "Timestamp",
    "device",
    "pod_network_rx_bytes",
    "other",
    "_aws",
    "q\"\u{1}",
    "",
];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just("x".to_owned()),
        Just(r#"{"a":[1,"b"]}"#.to_owned()),
        Just("[\n1]".to_owned()),
        "\\PC{0,12}",
        any::<String>(),
        Just("é".repeat(1025)),
    ]
}

fn pairs() -> impl Strategy<Value = Vec<(&'static str, String)>> {
    prop::collection::vec((prop::sample::select(NAMES), text()), 0..12)
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i64>().prop_map(Value::Integer),
        any::<u64>().prop_map(|bits| Value::Float(f64::from_bits(bits))),
        (-1e6..1e6).prop_map(Value::Float),
        Just(Value::Float(f64::NAN)),
    ]
}

fn points() -> impl Strategy<Value = Vec<Point>> {
    let name = prop_oneof![
        prop::sample::select(METRICS).prop_map(str::to_owned),
        (0..400u32).prop_map(|number| format!("node_cpu_utilization_{number}")),
    ];
    let point = (name, prop::sample::select(&["", "s", "%", "odd"][..]), value())
        .prop_map(|(name, unit, value)| Point { metric: named(&name, unit), value });
    let point = point.boxed();
    prop_oneof![4 => prop::collection::vec(point.clone(), 0..12), 1 => prop::collection::vec(point, 0..300)]
}

fn records() -> impl Strategy<Value = Vec<Record>> {
    let own =
        prop_oneof![3 => Just(Vec::new()), 1 => prop::collection::vec((prop::sample::select(NAMES), text()), 0..3)];
    let record = (pairs(), own, points()).prop_map(|(pairs, own, points)| {
        let [pairs, own] = [pairs, own].map(|pairs| {
            let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
            attributes(&pairs)
        });
        Record { attributes: own, ..Record::of(pairs, UnixTime::from_millis(TIME), points) }
    });
    prop::collection::vec(record, 0..5)
}

const CONFIGS: &[&str] = &[
    SAMPLE,
    "version: 1",
    "version: 0, resource_to_telemetry_conversion: {enabled: true}, parse_json_encoded_attr_values: [kubernetes]",
    "resource_to_telemetry_conversion: {enabled: true}, dimension_rollup_option: SingleDimensionRollupOnly,
        metric_declarations: [{dimensions: [[Type], ['a\"b', device], []], metric_name_selectors: [.]}]",
];

/// What the embedded metric format asks of a document.
fn check_format(event: &Event) {
    let root = event.json.as_object().expect("an object");
    assert!(!event.text.contains(['\n', '\r']), "{}", event.text);
    assert_eq!(root["Timestamp"], TIME.to_string());
    assert!(root["Version"].is_string());
    for directive in event.directives() {
        let metrics = directive["Metrics"].as_array().expect("a list");
        assert!((1..=100).contains(&metrics.len()));
        for metric in metrics {
            assert!(root[metric["Name"].as_str().expect("a text")].is_number(), "{}", event.text);
        }
        let sets = directive["Dimensions"].as_array().expect("a list");
        assert!(!sets.is_empty());
        for set in sets {
            let names = set.as_array().expect("a list");
            assert!(names.len() <= 30);
            for name in names {
                let value = root[name.as_str().expect("a text")].as_str().expect("a dimension is a text");
                assert!(!value.trim().is_empty() && value.chars().count() <= 1024, "{}", event.text);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn every_event_is_what_the_format_asks_for(records in records(), which in 0..CONFIGS.len()) {
        let events = encode(&config(CONFIGS[which]), records.clone());
        events.iter().for_each(check_format);
    }

    #[test]
    fn what_was_encoded_before_does_not_show(mut records in records(), which in 0..CONFIGS.len()) {
        for (time_ms, record) in (1..).zip(&mut records) {
            record.time = UnixTime::from_millis(time_ms);
        }
        let config = config(CONFIGS[which]);
        let alone: Vec<Event> = records.iter().flat_map(|record| encode(&config, vec![record.clone()])).collect();
        let mut encoder = crate::awsemf::Encoder::new(&config, "stream");
        prop_assert_eq!(&super::support::encode_with(&mut encoder, records.clone()), &alone);
        prop_assert_eq!(&super::support::encode_with(&mut encoder, records), &alone);
    }

    #[test]
    fn numbers_and_texts_arrive_as_they_were(value in value(), text: String) {
        let points = vec![Point { metric: named("m", ""), value: value.clone() }];
        let own = attributes(&[("t", &text)]);
        let record = Record { attributes: own, ..Record::of(attributes(&[]), UnixTime::from_millis(TIME), points) };
        let events = encode(&config("version: 1"), vec![record]);
        match value {
            Value::Float(value) if !value.is_finite() => prop_assert!(events.is_empty()),
// The parser of whole documents rounds some floats a second time; that of the language doesn't.
            Value::Float(value) => {
                let (_, rest) = events[0].text.split_once("\"m\":").expect("the metric is there");
                let end = rest.find([',', '}']).expect("the object ends");
                prop_assert_eq!(rest[..end].parse::<f64>(), Ok(value));
            }
            Value::Integer(value) => prop_assert_eq!(&events[0].json["m"], &Json::from(value)),
            Value::Compound(_) => unreachable!("no compound value is made here"),
        }
        if let Some(event) = events.first() {
            prop_assert_eq!(&event.json["t"], &Json::from(text));
        }
    }

    #[test]
    fn every_finite_point_leaves_once_or_is_counted(records in records()) {
        let mut encoder = crate::awsemf::Encoder::new(&config(CONFIGS[2]), "");
        let points: usize = records.iter().map(|record| record.points.len()).sum();
        let events = super::support::encode_with(&mut encoder, records);
        // An attribute that is JSON may be a number too, and is no metric.
        let is_metric = |(name, value): &(&String, &serde_json::Value)| value.is_number() && !["Sources", "kubernetes"].contains(&name.as_str());
        let numbers = |event: &Event| event.json.as_object().map_or(0, |root| root.iter().filter(is_metric).count());
        let left: usize = events.iter().map(numbers).sum();
        let counts = encoder.counts();
        let lost = counts.not_finite + counts.collisions + counts.replaced;
        prop_assert_eq!(left as u64 + lost, points as u64);
    }
}
