//! The catalogue's formulas say what the agent does: evaluated on the recorded files that they name as their sources, without the
//! agent's code, they give the numbers of the golden events.

mod node;
mod readings;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use catalog::{Formula, METRICS, Metric, RecordType, Source, Tier, of_each};
use node::{Node, Thing};
use serde_json::Value as Json;

/// Golden files and the recordings they were made from.
const GOLDEN: [(&str, &str); 5] = [
    ("v1-kubernetes", "v1-kubernetes"),
    ("v1-hybrid-systemd", "v1-hybrid-systemd"),
    ("v2-kubernetes-systemd", "v2-kubernetes-systemd"),
    ("v2-host", "v2-host"),
    ("v1-ecs-ec2", "v1-kubernetes"),
];

/// Which of a recording's two samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    First,
    Second,
}

/// The value of a formula for a thing of a node.
fn value(node: &Node, thing: &Thing, formula: &Formula, at: At) -> Option<f64> {
    let of = |part: &Formula| value(node, thing, part, at);
    Some(match formula {
        Formula::Number(number) => *number,
        Formula::Reading(source, key) => node.reading(thing, *source, key, at)?,
        Formula::Metric(measurement) => {
            let metric = Metric::find(thing.record_type, *measurement).expect("the record type has the metric");
            of(metric.formula().expect("what another formula names has one"))?
        }
        Formula::Count(things) => node.things(thing, things.what, at)?.len() as f64,
        Formula::Rate(part) => {
            let growth = value(node, thing, part, At::Second)? - value(node, thing, part, At::First)?;
            (growth >= 0.0).then_some(growth / node.seconds)?
        }
        Formula::Delta(part) => {
            let growth = value(node, thing, part, At::Second)? - value(node, thing, part, At::First)?;
            growth.max(0.0)
        }
        Formula::Plus(one, two) => of(one)? + of(two)?,
        Formula::Minus(one, two) => of(one)? - of(two)?,
        Formula::Times(one, two) => of(one)? * of(two)?,
        Formula::Divided(one, two) => {
            let whole = of(two).filter(|whole| *whole != 0.0)?;
            of(one)? / whole
        }
        Formula::Max(one, two) => of(one)?.max(of(two)?),
        Formula::Min(one, two) => of(one)?.min(of(two)?),
        Formula::Sum(things, part) => {
            let record_type = of_each(thing.record_type, *things);
            let parts = node.things(thing, things.what, at)?;
            let values: Vec<_> = parts
                .into_iter()
                .map(|part| Thing { record_type, ..part })
                .map(|each| value(node, &each, part, at))
                .collect();
            if things.what.ends_with("if each has one") && values.contains(&None) {
                return None;
            }
            values.into_iter().flatten().reduce(|sum, value| sum + value)?
        }
        Formula::Or(one, two) => of(one).or_else(|| of(two))?,
        Formula::Versions { v1, v2 } => of(if node.is_v2 { v2 } else { v1 })?,
    })
}

/// Whether all that a metric comes from is recorded: what the ECS agent said is not.
fn is_recorded(metric: &Metric) -> bool {
    !metric.sources().iter().any(|source| matches!(source, Source::EcsAgent(_) | Source::ApiServer(_)))
}

fn is_of_cgroup(metric: &Metric) -> bool {
    metric.sources().iter().any(|source| matches!(source, Source::Cgroup(_)))
}

/// The metrics that an event of the type may have, with the number that it has.
fn metrics(event: &Json) -> impl Iterator<Item = (&'static Metric, Option<f64>)> {
    let name = event["Type"].as_str().expect("an event has a type");
    let record_type = RecordType::ALL.iter().find(|of| of.as_str() == name).expect("the catalogue has the type");
    let metrics = Metric::of(*record_type).filter(|metric| metric.tier == Tier::Base && is_recorded(metric));
    metrics.map(|metric| (metric, event.get(metric.name).and_then(Json::as_f64)))
}

/// The text of all sources below a folder.
fn code(folder: &Path) -> String {
    let paths = || std::fs::read_dir(folder).expect("the folder can be read").flatten().map(|entry| entry.path());
    let text = |path: PathBuf| match path.is_dir() {
        true => code(&path),
        false => std::fs::read_to_string(path).expect("a source is text"),
    };
    paths().map(text).collect()
}

#[test]
fn every_kernel_file_that_a_formula_names_is_one_that_linux_opens() {
    let code = code(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../linux/src"));
    for source in METRICS.iter().flat_map(Metric::sources) {
        let file = match source {
            Source::Cgroup(file) => file,
            Source::Proc(file) => file.trim_start_matches("<pid>/"),
            _ => continue,
        };
        assert!(code.contains(&format!("{file}\"")), "{source}");
    }
}

#[test]
fn every_number_of_the_golden_events_is_what_its_formula_says() {
    let (mut wrong, mut compared) = (Vec::new(), BTreeSet::new());
    for (golden, recording) in GOLDEN {
        let text = std::fs::read_to_string(format!("golden/{golden}.jsonl")).expect("the golden file is there");
        let events: Vec<Json> =
            text.lines().map(|line| serde_json::from_str(line).expect("an event is JSON")).collect();
        let node = Node::load(recording, &events);
        for event in &events {
            let thing = Thing::of(event);
            for (metric, emitted) in metrics(event) {
                let formula = metric.formula().expect("an emitted metric has a formula");
                // A container that waits or has ended has no cgroup, and of a missing one nothing is zero.
                let is_there = !is_of_cgroup(metric) || node.has_cgroup(&thing);
                let said = is_there.then(|| value(&node, &thing, formula, At::Second)).flatten();
                let is_right = match (said, emitted) {
                    (Some(said), Some(emitted)) => (said - emitted).abs() <= 1e-9 * emitted.abs().max(1e-3),
                    (said, emitted) => said == emitted,
                };
                if !is_right {
                    wrong.push(format!("{golden}: {thing:?}: {} is {emitted:?}, {formula} is {said:?}", metric.name));
                }
                if emitted.is_some() {
                    compared.insert(metric.name);
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} numbers:\n{}", wrong.len(), wrong.join("\n"));
    let base = |of: &RecordType| Metric::of(*of).filter(|metric| metric.tier == Tier::Base && is_recorded(metric));
    let emitted: Vec<_> = RecordType::ALL.iter().copied().filter(|of| of.is_emitted()).collect();
    let missing: BTreeSet<_> =
        emitted.iter().flat_map(base).map(|metric| metric.name).filter(|name| !compared.contains(name)).collect();
    assert!(missing.is_empty(), "compared with no number: {missing:?}");
}
