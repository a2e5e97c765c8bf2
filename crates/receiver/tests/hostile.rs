//! A machine and a kubelet that say whatever they like: numbers at their ends, counters that go back, garbage, pipes.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use model::{Round, Value};
use proptest::prelude::*;
use receiver::Config;
use receiver::config::{Failcnt, NodeInterfaces, NodeMemory, PodRequests};
use support::{Rig, config, recording};
use testkit::hosts::{Recording, Sample};
use testkit::kubelet::Route;

/// What may stand where a number stood.
const NUMBERS: [&str; 9] = [
    "18446744073709551615",
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

/// No value of a round is negative, infinite or no number at all.
fn check(round: &Round) -> Result<(), TestCaseError> {
    prop_assert!(!round.records.is_empty());
    for record in &round.records {
        for point in &record.points {
            let good = match point.value {
                Value::Integer(value) => value >= 0,
                Value::Float(value) => value.is_finite() && value >= 0.0,
            };
            prop_assert!(good, "{:?} {}: {:?}", record.record_type, point.metric.name(), point.value);
        }
    }
    Ok(())
}

/// Options that read and compute the most.
fn all() -> Config {
    Config {
        node_network_interfaces: NodeInterfaces::Physical,
        node_memory: NodeMemory::Available,
        memory_failcnt: Failcnt::Events,
        pod_requests: PodRequests::Scheduler,
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
