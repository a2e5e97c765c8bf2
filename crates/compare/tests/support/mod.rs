//! A recorded node's events at many ticks, and what a comparison says of them.

use std::collections::BTreeSet;

use compare::{Lines, Options, Report, What};
use serde_json::Value;

/// The events of a node whose agent leads, as they leave.
const GOLDEN: &str = include_str!("../../../app/golden/v1-kubernetes-leader.jsonl");
const INTERVAL_MS: u64 = 60_000;
pub const TICKS: u64 = 12;

/// One tick's events.
pub fn events() -> Vec<Value> {
    GOLDEN.lines().map(|line| serde_json::from_str(line).expect("golden events are JSON")).collect()
}

/// The events at a tick, with its time.
pub fn at(tick: u64) -> Vec<Value> {
    let mut events = events();
    for event in &mut events {
        let time = 1_800_000_000_000 + tick * INTERVAL_MS;
        event["Timestamp"] = time.to_string().into();
        if let Some(own) = event.pointer_mut("/_aws/Timestamp") {
            *own = time.into();
        }
    }
    events
}

/// All ticks as lines, each event having passed through `change`.
#[allow(dead_code, reason = "not every test file needs it")]
pub fn lines(change: impl Fn(u64, Value) -> Vec<Value>) -> String {
    let mut text = String::new();
    for tick in 0..TICKS {
        for event in at(tick).into_iter().flat_map(|event| change(tick, event)) {
            text.push_str(&event.to_string());
            text.push('\n');
        }
    }
    text
}

#[allow(dead_code, reason = "not every test file needs it")]
pub fn unchanged() -> String {
    lines(|_, event| vec![event])
}

pub fn compared(left: &str, right: &str) -> Report {
    let options = Options::default();
    compare::compare(&mut Lines::new(left.as_bytes()), &mut Lines::new(right.as_bytes()), &options, &mut |_| {})
        .expect("there is something to compare")
}

/// Every unexplained difference: type, field and what; a thing of one side alone has the field `*`.
pub fn differences(report: &Report) -> BTreeSet<(String, String, &'static str)> {
    let mut found = BTreeSet::new();
    for ((record_type, field), row) in &report.fields {
        for what in row.differences.keys() {
            found.insert((record_type.as_str().to_owned(), field.clone(), what.as_str()));
        }
    }
    for (record_type, records) in &report.records {
        for (count, what) in records.alone.iter().zip([What::OnlyLeft, What::OnlyRight]) {
            if count.things > 0 {
                found.insert((record_type.as_str().to_owned(), "*".to_owned(), what.as_str()));
            }
        }
    }
    assert_eq!(found.len() + report.uncompared.len(), report.unexplained());
    found
}
