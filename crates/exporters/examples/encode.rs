//! Measures the encoder: rounds of pods under the sample configuration, as a busy node has them.
//!
//! `cargo run --release -p container-insights-exporters --example encode`

use std::convert::Infallible;
use std::time::Instant;

use catalog::{Attribute, Metric, RecordType, Tier};
use confmap::{Decode, Faults};
use exporters::awsemf::{Config, Encoder};
use model::{Attributes, Batch, Point, Record, Text, UnixTime, Value};

const RECORDS: usize = 350;
const ROUNDS: u32 = 400;

fn main() {
    let mut encoder = Encoder::new(&sample(), "");
    let pods: Vec<Pod> = (0..RECORDS).map(Pod::new).collect();
    let (mut events, mut bytes) = (0, 0);
    let mut times = Vec::new();
    for number in 0..ROUNDS {
        // Made anew each time, as the receiver does it; the pods' texts stay.
        let round = round(&pods, 1_700_000_000_123 + i64::from(number) * 60_000);
        let start = now();
        let Ok(()) = encoder.encode::<Infallible>(&round, &mut |event| {
            events += 1;
            bytes += event.body.len();
            Ok(())
        });
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    let record = pods[0].record(0, &"0".into());
    let (points, attributes) = (record.points.len(), record.resource.attributes.len());
    times.sort_by(f64::total_cmp);
    let line = format!(
        "{} events a round, {points} metrics and {attributes} attributes each, {} bytes an event: \
         {:.3} ms a round in the middle, {:.3} at best\n",
        events / ROUNDS,
        bytes / events as usize,
        times[times.len() / 2],
        times[0],
    );
    std::io::Write::write_all(&mut std::io::stdout(), line.as_bytes()).expect("standard output takes one line");
}

#[expect(clippy::disallowed_methods, reason = "this measures, it is no part of the agent")]
fn now() -> Instant {
    Instant::now()
}

fn sample() -> Config {
    let text = include_str!("../golden/sample.yaml");
    let loaded = confmap::load(&["env:SAMPLE".to_owned()], &[], &|_| Some(text.to_owned())).expect("the sample loads");
    let block = loaded.root.get("awsemf").expect("the sample has the block");
    let mut faults = Faults::new();
    Config::decode(block, "exporters::awsemf", &mut faults).unwrap_or_else(|| panic!("{faults}"))
}

/// A pod's texts, which stay the same from round to round.
struct Pod {
    number: usize,
    common: Attributes,
}

fn round(pods: &[Pod], time_ms: i64) -> Batch {
    let timestamp: Text = time_ms.to_string().into();
    Batch {
        tick: None,
        records: pods.iter().map(|pod| pod.record(time_ms, &timestamp)).collect(),
        ends: true,
        permits: Vec::new(),
    }
}

impl Pod {
    fn new(number: usize) -> Self {
        let mut common = Attributes::new();
        let name = format!("web-{number}-6d4b75cb6d-x7x2p");
        let uid = format!("764d01e1-0000-4000-8000-{number:012}");
        let kubernetes = format!(
            r#"{{"host":"ip-10-0-0-1.ec2.internal","labels":{{"app":"web","pod-template-hash":"6d4b75cb6d"}},"namespace_name":"default","pod_id":"{uid}","pod_name":"{name}","pod_owners":[{{"owner_kind":"Deployment","owner_name":"web-{number}"}}]}}"#
        );
        for (attribute, value) in [
            (Attribute::ClusterName, "demo"),
            (Attribute::InstanceId, "i-0abcdef0123456789"),
            (Attribute::InstanceType, "m5.large"),
            (Attribute::K8sPodName, &name),
            (Attribute::Namespace, "default"),
            (Attribute::NodeName, "ip-10-0-0-1.ec2.internal"),
            (Attribute::PodId, &uid),
            (Attribute::PodName, &format!("web-{number}")),
            (Attribute::Sources, RecordType::Pod.sources().expect("pods have sources")),
            (Attribute::Type, RecordType::Pod.as_str()),
            (Attribute::Version, "0"),
            (Attribute::Kubernetes, &kubernetes),
        ] {
            common.insert(attribute, value);
        }
        Self { number, common }
    }

    fn record(&self, time_ms: i64, timestamp: &Text) -> Record {
        let mut attributes = self.common.clone();
        attributes.insert(Attribute::Timestamp, timestamp.clone());
        let points = Metric::of(RecordType::Pod)
            .filter(|metric| metric.tier == Tier::Base)
            .take(38)
            .enumerate()
            .map(|(place, metric)| Point {
                metric: model::Metric::Known(metric),
                value: match place % 3 {
                    0 => Value::Integer(1 << (place % 40)),
                    1 => Value::Float(self.number as f64 * 0.731_251 + place as f64 / 7.0),
                    _ => Value::Float(0.0),
                },
            })
            .collect();
        Record { record_type: Some(RecordType::Pod), ..Record::of(attributes, UnixTime::from_millis(time_ms), points) }
    }
}
