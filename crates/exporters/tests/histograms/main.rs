//! Distributions in events beside the Go exporter's: 200 histograms, exponential histograms and summaries go to both, and their
//! events are compared as data.
//!
//! Every run replays what the Go exporter wrote, `golden/distributions.jsonl`. The other test starts the collector of
//! `beds/peer-wide`: `cargo xtask verify histograms`.

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "a test, of numbers that are made up"
)]
#![expect(clippy::print_stdout, reason = "what was compared is told")]

mod collector;
mod differences;
mod ends;
mod events;
mod otlp;
mod payload;
mod shapes;

use std::convert::Infallible;

use confmap::{Decode, Faults};
use differences::{BUCKETS, Given, KNOWN, Verdict};
use exporters::awsemf::{Config, Encoder, Histograms};
use model::{Batch, Record};
use serde_json::Value;

const CONFIGURATION: &str = include_str!("collector.yaml");
const RECORDED: &str = include_str!("../../golden/distributions.jsonl");
/// Its exporters, and whether each is given all points or a part.
const EXPORTERS: [(&str, &str, Sent); 3] = [
    ("awsemf/all", "All", Sent::All),
    ("awsemf/rolled_up", "RolledUp", Sent::Few),
    ("awsemf/declared", "Declared", Sent::Few),
];

#[derive(Clone, Copy, PartialEq)]
enum Sent {
    All,
    Few,
}

fn request(sent: Sent) -> Value {
    match sent {
        Sent::All => payload::all(),
        Sent::Few => payload::few(),
    }
}

/// The options of one of the collector's exporters, read as the agent reads them.
fn config(exporter: &str, histograms: Histograms) -> Config {
    let loaded = confmap::load(&["env:TEXT".to_owned()], &[], &|name| match name {
        "TEXT" => Some(CONFIGURATION.to_owned()),
        _ => Some("1".to_owned()),
    });
    let loaded = loaded.expect("the configuration loads");
    let node =
        loaded.root.get("exporters").and_then(|exporters| exporters.get(exporter)).expect("the exporter is there");
    let mut faults = Faults::new();
    let config = Config::decode(node, exporter, &mut faults).unwrap_or_else(|| panic!("{faults}"));
    Config { histograms, ..config }
}

/// This agent's events of the same requests.
fn ours(histograms: Histograms) -> String {
    let mut lines = String::new();
    for (exporter, _, sent) in EXPORTERS {
        let mut encoder = Encoder::new(&config(exporter, histograms), "stream");
        let records = otlp::records(&request(sent));
        let batch = Batch { tick: None, records, ends: true, permits: Vec::new() };
        let Ok(()) = encoder.encode::<Infallible>(&batch, &mut |event| {
            lines.push_str(std::str::from_utf8(event.body).expect("JSON is text"));
            lines.push('\n');
            Ok(())
        });
    }
    lines
}

/// All that a request has, by what its metrics are found by in events.
fn given<'a>(namespace: &str, conversion: bool, records: &'a [Record], given: &mut Given<'a>) {
    for record in records {
        let resource = record.resource.attributes.iter().filter(|_| conversion);
        let labels = record.attributes.iter().chain(resource).filter(|(name, _)| name.as_str() != events::SCOPE);
        let labels: std::collections::BTreeMap<String, String> =
            labels.map(|(name, value)| (name.as_str().to_owned(), value.to_string())).collect();
        for point in &record.points {
            let key = (namespace.to_owned(), point.metric.name().to_owned(), record.time.as_millis(), labels.clone());
            given.entry(key).or_default().push((record, point));
        }
    }
}

/// Compares the Go exporter's events with ours, and holds that nothing is unexplained and no known difference is out of use.
#[track_caller]
fn check(go: &str, histograms: Histograms) {
    let records = EXPORTERS.map(|(_, _, sent)| otlp::records(&request(sent)));
    let mut all = Given::new();
    for ((exporter, namespace, _), records) in EXPORTERS.iter().zip(&records) {
        given(namespace, config(exporter, histograms).resource_to_telemetry_conversion.enabled, records, &mut all);
    }
    let verdict = differences::compare(&events::metrics(go), &events::metrics(&ours(histograms)), &all);
    let Verdict { metrics, parts, left_out, rounding, .. } = verdict;
    println!(
        "{histograms:?}: {metrics} metrics in {parts} parts, {left_out} left out by both, apart by {rounding:.0e} at most"
    );
    for (name, reason) in KNOWN {
        println!("{:>4} {name}: {reason}", verdict.known.get(name).copied().unwrap_or(0));
    }
    let count = verdict.unexplained.len();
    assert!(count == 0, "{count} unexplained:\n{}", verdict.unexplained.join("\n"));
    for (name, _) in KNOWN {
        let expected = name != BUCKETS || histograms == Histograms::Values;
        assert_eq!(verdict.known.contains_key(name), expected, "{name}");
    }
    assert!(left_out > 0, "some have no value");
}

#[test]
fn both_are_given_two_hundred_points() {
    let points: usize = otlp::records(&payload::all()).iter().map(|record| record.points.len()).sum();
    assert_eq!(points, 200);
}

#[test]
fn the_go_exporters_recorded_events_are_ours_but_for_known_differences() {
    check(RECORDED, Histograms::Values);
    check(RECORDED, Histograms::StatisticSet);
}

#[test]
#[ignore = "needs the Go collector: cargo xtask verify histograms"]
fn the_go_exporters_events_are_ours_but_for_known_differences() {
    let binary = std::env::var("PEER_WIDE").expect("PEER_WIDE is the path of the collector");
    let go = events::in_order(&collector::events(&binary, &payload::all(), &payload::few()));
    testkit::golden::check("golden/distributions.jsonl", &go);
    check(&go, Histograms::Values);
    check(&go, Histograms::StatisticSet);
}
