//! What arrived against what must have: every tick of the agent's phase, with every event its neighbours have.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use testkit::cloudwatch_logs::Stored;

/// A tick that comes later than this after its moment counts as none, in milliseconds.
const LATEST_MS: i64 = 2000;
/// A tick this close before a kill may not have been written yet, in milliseconds.
const WRITING_MS: i64 = 100;
/// From the start of the process until it samples, at most, in milliseconds.
const STARTING_MS: i64 = 300;
/// What tells the events of a tick apart.
const KEYS: [&str; 7] = ["Type", "device", "interface", "fstype", "Namespace", "PodName", "ContainerName"];

/// When the agent ran, in milliseconds since 1970.
#[derive(Debug, Clone, Default)]
pub(crate) struct Runs {
    /// Between ticks.
    pub(crate) interval_ms: i64,
    /// The first start.
    pub(crate) started_ms: i64,
    /// Each end with the start after it.
    pub(crate) restarts: Vec<(i64, i64)>,
    /// The last end.
    pub(crate) ended_ms: i64,
}

/// What became of the events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Account {
    /// Ticks that the agent must have had.
    pub(crate) ticks: usize,
    /// Ticks that are missing because their moment fell into a restart.
    pub(crate) excused: usize,
    /// Events that are missing of the others, with the moments of their ticks.
    pub(crate) lost: Vec<i64>,
    /// Events stored.
    pub(crate) stored: usize,
    /// Those of them that were stored before, with the time of the last one before.
    pub(crate) duplicates: Vec<i64>,
    /// From each tick to its acceptance, in milliseconds, in ascending order.
    delays_ms: Vec<i64>,
}

impl Runs {
    /// From a start to the first moment that surely has a tick.
    fn warming_ms(&self) -> i64 {
        STARTING_MS + (self.interval_ms / 10).min(500)
    }

    fn excuses(&self, moment: i64) -> bool {
        self.restarts.iter().any(|(ended, started)| {
            (ended - WRITING_MS.min(self.interval_ms)..=started + self.warming_ms()).contains(&moment)
        })
    }
}

impl Account {
    /// Compares what is stored with the agent's runs.
    pub(crate) fn of(stored: &[Stored], runs: &Runs) -> Self {
        let mut account = Self { stored: stored.len(), ..Self::default() };
        // When each event was stored first, and last.
        let mut times: BTreeMap<(i64, &str), (i64, i64)> = BTreeMap::new();
        let mut rounds: BTreeMap<i64, BTreeSet<String>> = BTreeMap::new();
        for event in stored {
            let at = (event.time_ms, event.message.as_str());
            if let Some((_, last)) = times.get_mut(&at) {
                account.duplicates.push(std::mem::replace(last, event.stored_at_ms));
                continue;
            }
            times.insert(at, (event.stored_at_ms, event.stored_at_ms));
            let round = rounds.entry(event.time_ms).or_default();
            let key = key(&event.message);
            // Events that nothing tells apart are told apart by their number.
            let alike = (1_u32..).map(|number| format!("{key}|{number}")).find(|key| !round.contains(key));
            round.extend(alike);
        }
        account.delays_ms = times.iter().map(|((time, _), (stored, _))| stored - time).collect();
        account.delays_ms.sort_unstable();
        let Some(phase) = phase(rounds.keys().copied(), runs.interval_ms) else { return account };
        let ticks = ticks(rounds, phase, runs.interval_ms);
        let expected = Expected::of(&ticks);
        let start = runs.started_ms + runs.warming_ms();
        let first = (start - phase).div_euclid(runs.interval_ms) + 1;
        let last = (runs.ended_ms - WRITING_MS - phase).div_euclid(runs.interval_ms);
        for number in first..=last {
            let moment = phase + number * runs.interval_ms;
            account.ticks += 1;
            match ticks.get(&number) {
                None if runs.excuses(moment) => account.excused += 1,
                found => {
                    let missing = expected.at(number).filter(|key| !found.is_some_and(|found| found.contains(*key)));
                    account.lost.extend(missing.map(|_| moment));
                }
            }
        }
        account
    }

    /// So many hundredths of the events were stored within this time of their tick, in milliseconds.
    pub(crate) fn delay_ms(&self, hundredths: usize) -> i64 {
        let last = self.delays_ms.len().saturating_sub(1);
        self.delays_ms.get(last * hundredths / 100).copied().unwrap_or(i64::MAX)
    }
}

/// From which tick to which an event is expected.
struct Expected(BTreeMap<String, (i64, i64)>);

impl Expected {
    /// What the first or the last tick there is has is expected before or after it too.
    fn of(ticks: &BTreeMap<i64, BTreeSet<String>>) -> Self {
        let mut spans: BTreeMap<String, (i64, i64)> = BTreeMap::new();
        for (number, keys) in ticks {
            for key in keys {
                spans.entry(key.clone()).or_insert((*number, *number)).1 = *number;
            }
        }
        let ends = ticks.keys().next().zip(ticks.keys().next_back());
        if let Some((first, last)) = ends {
            for span in spans.values_mut() {
                span.0 = if span.0 == *first { i64::MIN } else { span.0 };
                span.1 = if span.1 == *last { i64::MAX } else { span.1 };
            }
        }
        Self(spans)
    }

    fn at(&self, number: i64) -> impl Iterator<Item = &String> {
        self.0.iter().filter(move |(_, span)| (span.0..=span.1).contains(&number)).map(|(key, _)| key)
    }
}

fn key(message: &str) -> String {
    let event: Value = serde_json::from_str(message).unwrap_or_default();
    KEYS.map(|name| event[name].as_str().unwrap_or_default().to_owned()).join("|")
}

/// The moment that most rounds share, whatever the interval before or after.
fn phase(times: impl Iterator<Item = i64> + Clone, interval_ms: i64) -> Option<i64> {
    let followers =
        |from: i64| times.clone().filter(move |time| (time - from).rem_euclid(interval_ms) <= early(interval_ms));
    times.clone().max_by_key(|time| (followers(*time).count(), -time))
}

/// How much earlier than the moment a tick may seem, since the moment itself is one tick's.
fn early(interval_ms: i64) -> i64 {
    (interval_ms / 20).min(200)
}

/// Rounds by the number of their tick; the ones that come out of phase, right after a start, are left out.
fn ticks(rounds: BTreeMap<i64, BTreeSet<String>>, phase: i64, interval_ms: i64) -> BTreeMap<i64, BTreeSet<String>> {
    let mut ticks: BTreeMap<i64, BTreeSet<String>> = BTreeMap::new();
    for (time, keys) in rounds {
        let since = time - phase + early(interval_ms);
        if since.rem_euclid(interval_ms) <= LATEST_MS.min(interval_ms / 2) + early(interval_ms) {
            ticks.entry(since.div_euclid(interval_ms)).or_default().extend(keys);
        }
    }
    ticks
}

#[cfg(test)]
mod tests;
