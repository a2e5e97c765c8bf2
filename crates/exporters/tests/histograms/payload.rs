//! What both sides are given: made-up distributions as OTLP JSON, the same in every run.

use serde_json::{Map, Value, json};

use crate::shapes::{self, Random};

/// When all points are measured, in nanoseconds.
const TIME_NS: u64 = 1_700_000_000_123_456_789;
/// Points of each kind.
const HISTOGRAMS: usize = 70;
const EXPONENTIAL: usize = 70;
const SUMMARIES: usize = 60;
/// Sources spell units in many ways: CloudWatch's, UCUM, and others.
const UNITS: [&str; 10] = ["s", "ms", "By", "1", "", "ns", "{request}", "%", "Millicore", "Count/Second"];

/// 200 points, over resources and scopes with and without names.
pub(crate) fn all() -> Value {
    request(&points())
}

/// A tenth of them, for exporters whose events differ in their dimensions only.
pub(crate) fn few() -> Value {
    request(&points().into_iter().step_by(9).collect::<Vec<_>>())
}

/// A point of a metric, and where it stands.
struct Made {
    place: usize,
    name: String,
    unit: &'static str,
    kind: &'static str,
    point: Value,
}

/// What a kind of metric is called in OTLP, how many points it has, and how they are made.
type Kind = (&'static str, usize, fn(usize, &mut Random) -> Value);

fn points() -> Vec<Made> {
    let mut random = Random::new(42);
    let kinds: [Kind; 3] = [
        ("histogram", HISTOGRAMS, shapes::histogram),
        ("exponentialHistogram", EXPONENTIAL, shapes::exponential),
        ("summary", SUMMARIES, shapes::summary),
    ];
    let mut made = Vec::new();
    for (kind, count, shape) in kinds {
        let short = kind.trim_end_matches("Histogram");
        for number in 0..count {
            let mut point = shape(number, &mut random);
            // Even ones share their labels with others, odd ones are one metric with a series each.
            let name = if number % 2 == 0 { format!("{short}.{number}") } else { format!("{short}.series") };
            let unit = if number % 2 == 0 { UNITS[number / 2 % UNITS.len()] } else { "s" };
            point["attributes"] = attributes(number);
            point["timeUnixNano"] = TIME_NS.to_string().into();
            point["startTimeUnixNano"] = (TIME_NS - 60_000_000_000).to_string().into();
            made.push(Made { place: number % PLACES, name, unit, kind, point });
        }
    }
    // A metric twice with the same labels. The unit is that of the metric before.
    for (kind, number) in [("histogram", 20), ("exponentialHistogram", 16)] {
        let short = kind.trim_end_matches("Histogram");
        let name = format!("{short}.{number}");
        let at = made.iter().position(|made| made.name == name).expect("the metric is there");
        let mut point = made[at].point.clone();
        point["sum"] = json!(12345.5);
        let first = &made[at];
        let again = Made { place: first.place, name, unit: first.unit, kind, point };
        made.insert(at + 1, again);
    }
    // The last summaries give way, so that it is 200 again.
    made.truncate(HISTOGRAMS + EXPONENTIAL + SUMMARIES);
    made
}

/// Labels of each type that OTLP has.
fn attributes(number: usize) -> Value {
    let mut list = vec![pair("job", json!({"stringValue": format!("job-{}", number % 3)}))];
    if number % 2 == 1 {
        list.push(pair("series", json!({"intValue": number.to_string()})));
    }
    match number % 12 {
        1 => list.push(pair("cached", json!({"boolValue": true}))),
        3 => list.push(pair("share", json!({"doubleValue": 0.25}))),
        5 => list.push(pair("codes", json!({"arrayValue": {"values": [{"intValue": "200"}, {"stringValue": "a b"}]}}))),
        7 => list.push(pair("route", json!({"stringValue": "/täglich/{id}"}))),
        9 => list.push(pair("OTelLib", json!({"stringValue": "an attribute of that name"}))),
        11 => list.push(pair("empty", json!({"stringValue": ""}))),
        _ => {}
    }
    Value::Array(list)
}

fn pair(key: &str, value: Value) -> Value {
    json!({"key": key, "value": value})
}

/// Where points stand: resources with scopes, some of which have no name.
const PLACES: usize = 4;

fn request(points: &[Made]) -> Value {
    let resource = |name: &str| json!({"attributes": [pair("service.name", json!({"stringValue": name})), pair("job", json!({"stringValue": name}))]});
    // Conversion gives `job` of the resource to every point, so only the second one has it.
    let web = json!({"attributes": [pair("service.name", json!({"stringValue": "web"}))]});
    let scope =
        |name: &str, place| json!({"scope": {"name": name, "version": "1.2"}, "metrics": metrics(points, place)});
    json!({"resourceMetrics": [
        {"resource": web, "scopeMetrics": [scope("io.example/http", 0), scope("", 1)]},
        {"resource": resource("batch"), "scopeMetrics": [scope("", 2), scope("io.example/jobs", 3)]},
    ]})
}

/// The metrics of a place, the points of one name and unit together.
fn metrics(points: &[Made], place: usize) -> Vec<Value> {
    let mut metrics: Vec<Value> = Vec::new();
    for made in points.iter().filter(|made| made.place == place) {
        let known = metrics.iter_mut().find(|metric| metric["name"] == *made.name && metric["unit"] == made.unit);
        if let Some(metric) = known {
            metric[made.kind]["dataPoints"].as_array_mut().expect("a list").push(made.point.clone());
            continue;
        }
        let mut data = Map::from_iter([("dataPoints".to_owned(), json!([made.point]))]);
        if made.kind != "summary" {
            data.insert("aggregationTemporality".into(), 1.into());
        }
        metrics.push(json!({"name": made.name, "unit": made.unit, made.kind: data}));
    }
    metrics
}
