//! `batch`: batches gathered into larger ones, within bounds.
//!
//! A tick goes on as soon as its end is marked. What comes without an end waits until it has `send_batch_size` points,
//! `timeout` has passed, or another tick begins. Records are never cut, so everything about one thing stays together.

mod config;

use std::time::Duration;

use component::{BuildError, BuildProcessor, BuiltProcessor, Context, Processor};
use model::Batch;

pub use config::{Config, Options, Timeout};

/// Gathers batches. Times are monotonic, from any one moment.
#[derive(Debug)]
pub struct Batcher {
    timeout: Duration,
    size: usize,
    max_size: usize,
    waiting: Batch,
    points: usize,
    since: Option<Duration>,
}

impl Batcher {
    /// A batch processor with nothing waiting.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let count = |points: u32| usize::try_from(points).unwrap_or(usize::MAX);
        Self {
            timeout: config.timeout.0,
            size: count(config.send_batch_size),
            max_size: count(config.send_batch_max_size),
            waiting: Batch::default(),
            points: 0,
            since: None,
        }
    }
}

impl BuildProcessor for Config {
    fn build(&self, _context: &Context) -> Result<BuiltProcessor, BuildError> {
        Ok(BuiltProcessor::Stage(Box::new(Batcher::new(self))))
    }
}

impl Processor for Batcher {
    fn push(&mut self, mut batch: Batch, now: Duration) -> Vec<Batch> {
        // The waiting part of an earlier tick stays a batch of its own.
        let mut ready = if self.since.is_some() && self.waiting.tick != batch.tick { self.flush() } else { Vec::new() };
        self.since.get_or_insert(now);
        self.points += batch.points();
        self.waiting.tick = batch.tick;
        self.waiting.ends = batch.ends;
        self.waiting.permits.append(&mut batch.permits);

        if self.waiting.records.is_empty() {
            self.waiting.records = batch.records;
        } else {
            self.waiting.records.append(&mut batch.records);
        }
        let waited = self.deadline().is_some_and(|deadline| deadline <= now);
        if self.waiting.ends || waited || self.points >= self.size {
            ready.append(&mut self.flush());
        }
        ready
    }

    fn deadline(&self) -> Option<Duration> {
        Some(self.since?.saturating_add(self.timeout))
    }

    fn expire(&mut self, now: Duration) -> Vec<Batch> {
        match self.deadline() {
            Some(deadline) if deadline <= now => self.flush(),
            _ => Vec::new(),
        }
    }

    fn gathers(&self) -> bool {
        true
    }

    fn flush(&mut self) -> Vec<Batch> {
        if self.since.take().is_none() {
            return Vec::new();
        }
        self.points = 0;
        cut(std::mem::take(&mut self.waiting), self.max_size)
    }
}

/// Cuts a batch between records, into parts of at most `max_size` points where no record alone has more; 0 for no
/// bound. The last part carries the tick's end.
fn cut(batch: Batch, max_size: usize) -> Vec<Batch> {
    if max_size == 0 || batch.points() <= max_size {
        return vec![batch];
    }
    let mut parts = Vec::new();
    // Each part is in flight until the last one is gone.
    let part = || Batch { tick: batch.tick, records: Vec::new(), ends: false, permits: batch.permits.clone() };
    let mut current = part();
    let mut size = 0;
    for record in batch.records {
        if size + record.points.len() > max_size && !current.records.is_empty() {
            parts.push(std::mem::replace(&mut current, part()));
            size = 0;
        }
        size += record.points.len();
        current.records.push(record);
    }
    current.ends = batch.ends;
    parts.push(current);
    parts
}

#[cfg(test)]
mod tests;
