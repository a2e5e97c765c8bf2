//! A machine and a kubelet that say whatever they like: numbers at their ends, counters that go back, garbage, pipes.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use catalog::RecordType;
use model::{Batch, Value};
use proptest::prelude::*;
use receivers::awscontainerinsight::Config;
use receivers::awscontainerinsight::config::{Failcnt, FilesystemUtilization, NodeInterfaces, NodeMemory, PodRequests};
use support::{Rig, config, metric, recording};
use testkit::hosts::{Recording, Sample};
use testkit::kubelet::Route;

/// What may stand where a number stood.
const NUMBERS: [&str; 13] = [
    "18446744073709551615",
    "18446744073709551614",
    "18446744073709547520",
    "18446744073709551607",
    "18014398509481983",
    "18446744073709551616",
    "9223372036854775808",
    "9223372036854775807",
    "0",
    "1",
    "-1",
    "1e308",
    "000000000000000000000000000000000000000000000007",
];

/// Numbers from a seed: a case is told by it, whatever is drawn.
struct Dice(u64);

impl Dice {
    /// One of `sides`, from 0.
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap_or(0)
    }

    /// The text with some of its numbers replaced.
    fn numbers(&mut self, text: &[u8]) -> Vec<u8> {
        let mut changed = Vec::with_capacity(text.len());
        for run in text.chunk_by(|left, right| left.is_ascii_digit() == right.is_ascii_digit()) {
            if run[0].is_ascii_digit() && self.roll(3) == 0 {
                changed.extend_from_slice(NUMBERS[self.roll(NUMBERS.len())].as_bytes());
            } else {
                changed.extend_from_slice(run);
            }
        }
        changed
    }

    /// Something else in the place of a file's text.
    fn text(&mut self, text: &[u8]) -> Vec<u8> {
        match self.roll(12) {
            0..4 => text.to_vec(),
            4..9 => self.numbers(text),
            9 => text[..self.roll(text.len() + 1)].to_vec(),
            10 => Vec::new(),
            _ => (0..self.roll(300)).map(|_| u8::try_from(self.roll(256)).unwrap_or(0)).collect(),
        }
    }

    /// Changes the files of the machine and the kubelet's answers; some files become pipes where they may.
    fn shake(&mut self, rig: &Rig, sample: &Sample, pipes: bool) {
        for file in files(rig.scratch.root()) {
            if pipes && self.roll(40) == 0 {
                fs::remove_file(&file).expect("it can be removed");
                assert!(Command::new("mkfifo").arg(&file).status().expect("mkfifo can be run").success());
                continue;
            }
            let text = fs::read(&file).expect("it can be read");
            fs::write(&file, self.text(&text)).expect("it can be written");
        }
        for (route, answer) in [(Route::Pods, &sample.pods), (Route::Summary, &sample.summary)] {
            let answer = answer.clone().unwrap_or_default();
            rig.kubelet.set_answer(route, self.numbers(&answer));
        }
    }
}

fn files(folder: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path);
        }
    }
    found
}

/// No value of a round is negative, infinite, no number at all, or more than there can be.
fn check(round: &Batch) -> Result<(), TestCaseError> {
    prop_assert!(!round.records.is_empty());
    let node = round.records.iter().find(|record| record.record_type == Some(RecordType::Node));
    let of_node = |name| node.and_then(|node| metric(node, name));
    let (cpus, memory) = (of_node("node_cpu_limit"), of_node("node_memory_limit"));
    for record in &round.records {
        let value = |name: &str| {
            let found = record.points.iter().find(|point| point.metric.name().ends_with(name));
            found.and_then(|point| metric(record, point.metric.name()))
        };
        for point in &record.points {
            let name = point.metric.name();
            let good = match &point.value {
                Value::Integer(value) => *value >= 0,
                // A whole number that isn't an `i64` is no true one.
                Value::Float(value) => value.is_finite() && (0.0..9e18).contains(value),
                Value::Compound(_) => false,
            };
            prop_assert!(good, "{:?} {name}: {:?}", record.record_type, point.value);
            let most = match point.metric.unit() {
                "Bytes/Second" => 1e13,
                "Count/Second" => 1e12,
                "Percent" if name.ends_with("cpu_utilization") => 1000.0,
                "Percent" if name.ends_with("memory_utilization") => 125.0,
                "Percent" if name.starts_with("node_filesystem") => 100.0,
                "" if name.contains("cpu_usage") => cpus.map_or(f64::MAX, |cpus| cpus * 10.0),
                "Bytes" if IN_MEMORY.iter().any(|part| name.ends_with(part)) => {
                    memory.map_or(f64::MAX, |all| all * 1.25)
                }
                _ => f64::MAX,
            };
            prop_assert!(metric(record, name) <= Some(most), "{:?} {name}: {:?}", record.record_type, point.value);
        }
        for (part, whole) in
            [("filesystem_available", "filesystem_capacity"), ("filesystem_inodes_free", "filesystem_inodes")]
        {
            if let (Some(part), Some(whole)) = (value(part), value(whole)) {
                prop_assert!(part <= whole, "{:?} {part} of {whole}", record.resource.attributes);
            }
        }
        if let (Some(usage), Some(capacity)) = (metric(record, "node_filesystem_usage"), value("filesystem_capacity")) {
            prop_assert!(usage <= capacity, "{:?} {usage} of {capacity}", record.resource.attributes);
        }
    }
    Ok(())
}

/// Metrics of memory that is part of the node's.
const IN_MEMORY: [&str; 6] =
    ["memory_usage", "memory_cache", "memory_rss", "memory_max_usage", "memory_mapped_file", "memory_working_set"];

/// Options that read and compute the most.
fn all() -> Config {
    Config {
        node_network_interfaces: NodeInterfaces::Physical,
        node_memory: NodeMemory::Available,
        memory_failcnt: Failcnt::Events,
        pod_requests: PodRequests::Scheduler,
        filesystem_utilization: FilesystemUtilization::Df,
        ..config()
    }
}

fn survives(recording: &Recording, config: Config, seed: u64) -> Result<(), TestCaseError> {
    let mut dice = Dice(seed | 1);
    let mut rig = Rig::primed(recording, config);
    for sample in [&recording.first, &recording.second] {
        dice.shake(&rig, sample, false);
        rig.pass(Duration::from_secs(2));
        check(&rig.collector.collect())?;
        // The next one begins where this one ended: many counters go back.
        rig.show(sample);
        rig.pass(Duration::from_secs(4));
        check(&rig.collector.collect())?;
    }
    dice.shake(&rig, &recording.second, true);
    rig.pass(Duration::from_secs(6));
    check(&rig.collector.collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5, max_shrink_iters: 0, ..ProptestConfig::default() })]

    #[test]
    fn a_round_of_cgroup_v1_has_good_numbers_only(seed in any::<u64>(), most in any::<bool>()) {
        survives(&recording(), if most { all() } else { config() }, seed)?;
    }

    #[test]
    fn a_round_of_cgroup_v2_has_good_numbers_only(seed in any::<u64>(), most in any::<bool>()) {
        survives(&Recording::load("v2-kubernetes-systemd"), if most { all() } else { config() }, seed)?;
    }
}
