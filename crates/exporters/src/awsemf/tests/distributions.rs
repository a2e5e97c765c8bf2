//! Distributions in events: beside numbers, with their units and directives, and in parts where one event can't hold them.

use model::{
    Buckets, Compound, Data, ExponentialHistogram, Histogram, Number, Point, Record, Summary, UnixTime, Value,
};
use serde_json::json;

use super::support::{TIME, attributes, config, encode, encode_one, encode_with, named};
use crate::awsemf::Encoder;

fn compound(data: Data, flags: u32) -> Value {
    Value::Compound(Box::new(Compound { data, exemplars: Vec::new(), flags }))
}

fn histogram() -> Data {
    let (bounds, buckets) = (vec![1.0, 5.0], vec![1, 1, 0]);
    Data::Histogram(Histogram { count: 2, sum: Some(4.5), min: Some(0.5), max: Some(4.0), bounds, buckets })
}

fn record(values: &[(&str, Value)]) -> Record {
    let points = values.iter().map(|(name, value)| Point { metric: named(name, "s"), value: value.clone() }).collect();
    Record::of(attributes(&[("job", "x")]), UnixTime::from_millis(TIME), points)
}

const ALL: &str = "namespace: N, histograms: statistic_set, dimension_rollup_option: NoDimensionRollup, resource_to_telemetry_conversion: {enabled: true}";

#[test]
fn a_distribution_is_a_member_and_extracted_as_a_number_is() {
    let summary = Data::Summary(Summary { count: 3, sum: 6.0, quantiles: vec![(0.0, 1.0), (1.0, 3.0)] });
    let event = encode_one(
        &config(ALL),
        record(&[
            ("latency", compound(histogram(), 0)),
            ("up", compound(Data::Number(Number::Integer(1)), 0)),
            ("size", compound(summary, 0)),
        ]),
    );
    assert_eq!(event.json["latency"], json!({"Max": 4, "Min": 0.5, "Count": 2, "Sum": 4.5}));
    assert_eq!(event.json["size"], json!({"Max": 3, "Min": 1, "Count": 3, "Sum": 6}));
    assert_eq!(event.json["up"], 1);
    let names = [("latency", "Seconds"), ("size", "Seconds"), ("up", "Seconds")];
    let expected = names.map(|(name, unit)| json!({"Name": name, "Unit": unit, "StorageResolution": 60}));
    assert_eq!(event.directives()[0]["Metrics"], json!(expected));
    assert_eq!(event.directives()[0]["Dimensions"], json!([["job"]]));
}

#[test]
fn a_histogram_has_values_unless_one_asks_for_a_statistic_set() {
    let latency = || record(&[("latency", compound(histogram(), 0))]);
    let values = json!({"Values": [2.5, 0.75], "Counts": [1, 1], "Max": 4, "Min": 0.5, "Count": 2, "Sum": 4.5});
    assert_eq!(encode_one(&config("namespace: N"), latency()).json["latency"], values);
    let set = json!({"Max": 4, "Min": 0.5, "Count": 2, "Sum": 4.5});
    assert_eq!(encode_one(&config("namespace: N, histograms: statistic_set"), latency()).json["latency"], set);
}

#[test]
fn parts_beyond_a_hundred_values_are_events_of_their_own() {
    let positive = Buckets { offset: 0, counts: vec![1; 120] };
    let large =
        ExponentialHistogram { count: 120, sum: Some(7.0), scale: 3, positive, ..ExponentialHistogram::default() };
    let values = [("a", compound(Data::ExponentialHistogram(large), 0)), ("b", Value::Integer(2))];
    let events = encode(&config(ALL), vec![record(&values)]);
    let shown: Vec<_> = events.iter().map(|event| (event.json["a"]["Count"].clone(), event.json.get("b"))).collect();
    assert_eq!(shown, [(json!(100), Some(&json!(2))), (json!(20), None)]);
    assert_eq!((&events[0].json["a"]["Sum"], &events[1].json["a"]["Sum"]), (&json!(7), &json!(0)));
    assert_eq!(events[1].extracted(), [(json!([["job"]]), vec!["a"])]);
}

/// 120 buckets with so many in each: more than one event holds.
fn large(count: u64) -> Value {
    let positive = Buckets { offset: 0, counts: vec![count; 120] };
    let histogram = ExponentialHistogram { count: 120 * count, scale: 3, positive, ..ExponentialHistogram::default() };
    compound(Data::ExponentialHistogram(histogram), 0)
}

#[test]
fn of_a_large_one_twice_no_part_of_the_first_is_left() {
    let events = encode(&config(ALL), vec![record(&[("a", large(1))]), record(&[("a", large(2))])]);
    let counts: Vec<_> = events.iter().map(|event| event.json["a"]["Count"].clone()).collect();
    assert_eq!(counts, [json!(200), json!(40)]);
    assert!(events.iter().all(|event| event.text.matches(r#""a":{"#).count() == 1), "{events:?}");
    // Nor of one that became a number.
    let events = encode(&config(ALL), vec![record(&[("a", large(1))]), record(&[("a", Value::Integer(7))])]);
    assert_eq!((events.len(), &events[0].json["a"]), (1, &json!(7)));
}

#[test]
fn a_large_one_with_an_attributes_name_gives_way_with_all_its_parts() {
    let mut encoder = Encoder::new(&config(ALL), "");
    let events = encode_with(&mut encoder, vec![record(&[("job", large(1)), ("up", Value::Integer(1))])]);
    assert_eq!((events.len(), &events[0].json["job"]), (1, &json!("x")));
    assert_eq!(encoder.counts().collisions, 1);
}

#[test]
fn what_has_no_value_or_is_no_number_is_left_out() {
    let mut encoder = Encoder::new(&config(ALL), "");
    let broken = Data::Summary(Summary { count: 1, sum: f64::NAN, quantiles: Vec::new() });
    let values = [
        ("none", compound(histogram(), 1)),
        ("broken", compound(broken, 0)),
        ("nan", compound(Data::Number(Number::Float(f64::NAN)), 0)),
        ("up", Value::Integer(1)),
    ];
    let events = encode_with(&mut encoder, vec![record(&values)]);
    assert_eq!(events[0].members()[2..4], ["job".to_owned(), "up".to_owned()]);
    // What the sender calls no value is none of ours to count.
    assert_eq!(encoder.counts().not_finite, 2);
    // A value that CloudWatch does not take stays in the event and is not extracted, as with numbers.
    let huge = Data::Histogram(Histogram { count: 1, sum: Some(1e300), ..Histogram::default() });
    let event = encode_one(&config(ALL), record(&[("huge", compound(huge, 0)), ("up", Value::Integer(1))]));
    assert_eq!(event.extracted(), [(json!([["job"]]), vec!["up"])]);
    assert_eq!(event.json["huge"]["Count"], 1);
}
