//! `batch`: parts of rounds gathered into larger ones, within bounds.
//!
//! A round goes on as soon as its end is marked. What comes without an end waits until it has `send_batch_size` points,
//! `timeout` has passed, or another round begins. Records are never cut, so everything about one thing stays together.

mod config;

use std::time::Duration;

use model::Round;

pub use config::{Config, Options, Timeout};

/// Gathers parts of rounds. Times are monotonic, from any one moment.
#[derive(Debug)]
pub struct Batch {
    timeout: Duration,
    size: usize,
    max_size: usize,
    waiting: Round,
    points: usize,
    since: Option<Duration>,
}

impl Batch {
    /// A batch processor with nothing waiting.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let count = |points: u32| usize::try_from(points).unwrap_or(usize::MAX);
        Self {
            timeout: config.timeout.0,
            size: count(config.send_batch_size),
            max_size: count(config.send_batch_max_size),
            waiting: Round::default(),
            points: 0,
            since: None,
        }
    }

    /// Takes a round or a part of one at the time `now`; gives what goes on.
    pub fn push(&mut self, mut round: Round, now: Duration) -> Vec<Round> {
        // The waiting part of an earlier round stays a round of its own, with its own time.
        let mut ready =
            if self.since.is_some() && self.waiting.time_ms != round.time_ms { self.flush() } else { Vec::new() };
        self.since.get_or_insert(now);
        self.points += points(&round);
        self.waiting.time_ms = round.time_ms;
        self.waiting.ends = round.ends;
        if self.waiting.records.is_empty() {
            self.waiting.records = round.records;
        } else {
            self.waiting.records.append(&mut round.records);
        }
        let waited = self.deadline().is_some_and(|deadline| deadline <= now);
        if self.waiting.ends || waited || self.points >= self.size {
            ready.append(&mut self.flush());
        }
        ready
    }

    /// When [`Batch::expire`] has something to give; `None` while nothing waits.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        Some(self.since?.saturating_add(self.timeout))
    }

    /// What has waited long enough at the time `now`.
    pub fn expire(&mut self, now: Duration) -> Vec<Round> {
        match self.deadline() {
            Some(deadline) if deadline <= now => self.flush(),
            _ => Vec::new(),
        }
    }

    /// All that waits.
    pub fn flush(&mut self) -> Vec<Round> {
        if self.since.take().is_none() {
            return Vec::new();
        }
        self.points = 0;
        cut(std::mem::take(&mut self.waiting), self.max_size)
    }
}

fn points(round: &Round) -> usize {
    round.records.iter().map(|record| record.points.len()).sum()
}

/// Cuts a round between records, into parts of at most `max_size` points where no record alone has more; 0 for no
/// bound. The last part carries the round's end.
fn cut(round: Round, max_size: usize) -> Vec<Round> {
    if max_size == 0 || points(&round) <= max_size {
        return vec![round];
    }
    let mut parts = Vec::new();
    let part = || Round { time_ms: round.time_ms, records: Vec::new(), ends: false };
    let mut current = part();
    let mut size = 0;
    for record in round.records {
        if size + record.points.len() > max_size && !current.records.is_empty() {
            parts.push(std::mem::replace(&mut current, part()));
            size = 0;
        }
        size += record.points.len();
        current.records.push(record);
    }
    current.ends = round.ends;
    parts.push(current);
    parts
}

#[cfg(test)]
mod tests;
