//! A small reader of OTLP JSON, as far as the payload goes: points to the agent's records.

use std::sync::Arc;

use catalog::{Instrument, Temporality};
use model::{
    Any, AttributeValue, Attributes, Buckets, Compound, Data, Descriptor, ExponentialHistogram, Histogram, Metric,
    Point, Record, Resource, Scope, Summary, Typed, UnixTime, Value,
};
use serde_json::Value as Json;

/// The records of a request: one for each resource, scope, set of attributes and time, each metric once in it.
pub(crate) fn records(request: &Json) -> Vec<Record> {
    let mut records: Vec<Record> = Vec::new();
    for of_resource in list(request, "resourceMetrics") {
        let resource = Arc::new(Resource::of(attributes(&of_resource["resource"])));
        for of_scope in list(of_resource, "scopeMetrics") {
            let scope = scope(&of_scope["scope"]);
            let begin = records.len();
            for metric in list(of_scope, "metrics") {
                for (attributes, time, point) in points(metric) {
                    let fits = |record: &&mut Record| {
                        record.attributes == attributes && record.time == time && !has(record, point.metric.name())
                    };
                    if let Some(record) = records[begin..].iter_mut().find(fits) {
                        record.points.push(point);
                        continue;
                    }
                    let (resource, scope) = (resource.clone(), scope.clone());
                    let record = Record::of(Attributes::new(), time, vec![point]);
                    records.push(Record { resource, scope, attributes, ..record });
                }
            }
        }
    }
    records
}

fn has(record: &Record, metric: &str) -> bool {
    record.points.iter().any(|point| point.metric.name() == metric)
}

fn list<'a>(json: &'a Json, name: &str) -> &'a [Json] {
    json[name].as_array().map_or(&[], Vec::as_slice)
}

fn text(json: &Json) -> &str {
    json.as_str().unwrap_or_default()
}

fn scope(json: &Json) -> Option<Arc<Scope>> {
    let scope = Scope {
        name: text(&json["name"]).into(),
        version: text(&json["version"]).into(),
        attributes: attributes(json),
        schema_url: None,
    };
    Some(Arc::new(scope))
}

/// What a kind of metric is called in OTLP, what it is, and how its points are read.
type Kind = (&'static str, Instrument, fn(&Json) -> Data);

fn points(metric: &Json) -> Vec<(Attributes, UnixTime, Point)> {
    let delta = Temporality::Delta;
    let kinds: [Kind; 3] = [
        ("histogram", Instrument::Histogram(delta), histogram),
        ("exponentialHistogram", Instrument::ExponentialHistogram(delta), exponential),
        ("summary", Instrument::Summary, summary),
    ];
    let (kind, instrument, read) =
        kinds.into_iter().find(|(kind, ..)| metric.get(kind).is_some()).expect("a known kind");
    let (name, unit) = (text(&metric["name"]).into(), text(&metric["unit"]).into());
    let descriptor = Arc::new(Descriptor { name, unit, description: "".into(), instrument });
    let of_point = |json: &Json| {
        let time = UnixTime::from_millis(i64::try_from(unsigned(&json["timeUnixNano"]) / 1_000_000).expect("a time"));
        let flags = json["flags"].as_u64().unwrap_or(0) as u32;
        let compound = Compound { data: read(json), exemplars: Vec::new(), flags };
        let value = Value::Compound(Box::new(compound));
        (attributes(json), time, Point { metric: Metric::Other(descriptor.clone()), value })
    };
    list(&metric[kind], "dataPoints").iter().map(of_point).collect()
}

fn histogram(json: &Json) -> Data {
    Data::Histogram(Histogram {
        count: unsigned(&json["count"]),
        sum: float(&json["sum"]),
        min: float(&json["min"]),
        max: float(&json["max"]),
        bounds: list(json, "explicitBounds").iter().filter_map(float).collect(),
        buckets: list(json, "bucketCounts").iter().map(unsigned).collect(),
    })
}

fn exponential(json: &Json) -> Data {
    let buckets = |side: &Json| Buckets {
        offset: side["offset"].as_i64().unwrap_or(0) as i32,
        counts: list(side, "bucketCounts").iter().map(unsigned).collect(),
    };
    Data::ExponentialHistogram(ExponentialHistogram {
        count: unsigned(&json["count"]),
        sum: float(&json["sum"]),
        min: float(&json["min"]),
        max: float(&json["max"]),
        scale: json["scale"].as_i64().unwrap_or(0) as i32,
        zero_count: unsigned(&json["zeroCount"]),
        zero_threshold: float(&json["zeroThreshold"]).unwrap_or(0.0),
        positive: buckets(&json["positive"]),
        negative: buckets(&json["negative"]),
    })
}

fn summary(json: &Json) -> Data {
    let pair = |pair: &Json| Some((float(&pair["quantile"])?, float(&pair["value"])?));
    Data::Summary(Summary {
        count: unsigned(&json["count"]),
        sum: float(&json["sum"]).unwrap_or(0.0),
        quantiles: list(json, "quantileValues").iter().filter_map(pair).collect(),
    })
}

/// 64-bit integers are texts in OTLP JSON.
fn unsigned(json: &Json) -> u64 {
    json.as_str().map_or_else(|| json.as_u64().unwrap_or(0), |text| text.parse().expect("a number"))
}

/// `NaN` and `Infinity` are texts.
fn float(json: &Json) -> Option<f64> {
    json.as_str().map_or_else(|| json.as_f64(), |text| text.parse().ok())
}

fn attributes(json: &Json) -> Attributes {
    let mut attributes = Attributes::new();
    for pair in list(json, "attributes") {
        let value = &pair["value"];
        let value = match any(value) {
            Any::Text(text) => AttributeValue::Text(text),
            other => AttributeValue::Other(Box::new(Typed { text: shown(value).as_str().into(), value: other })),
        };
        attributes.insert(text(&pair["key"]), value);
    }
    attributes
}

fn any(value: &Json) -> Any {
    match &value.as_object().and_then(|members| members.iter().next()) {
        Some((kind, inner)) => match kind.as_str() {
            "boolValue" => Any::Bool(inner.as_bool().unwrap_or_default()),
            "intValue" => Any::Integer(text(inner).parse().expect("a number")),
            "doubleValue" => Any::Float(inner.as_f64().expect("a number")),
            "arrayValue" => Any::List(list(inner, "values").iter().map(any).collect()),
            _ => Any::Text(text(inner).into()),
        },
        None => Any::Empty,
    }
}

/// A value as a text, as the data model writes one: numbers and lists as JSON.
fn shown(value: &Json) -> String {
    match any(value) {
        Any::Bool(value) => value.to_string(),
        Any::Integer(value) => value.to_string(),
        Any::Float(value) => value.to_string(),
        Any::List(_) => Json::from_iter(list(&value["arrayValue"], "values").iter().map(plain)).to_string(),
        _ => text(&value["stringValue"]).to_owned(),
    }
}

fn plain(value: &Json) -> Json {
    match any(value) {
        Any::Integer(value) => value.into(),
        Any::Float(value) => value.into(),
        Any::Bool(value) => value.into(),
        _ => value["stringValue"].clone(),
    }
}
