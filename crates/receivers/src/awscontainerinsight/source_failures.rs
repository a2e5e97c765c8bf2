//! Sources that fail: each failure is counted, and the log says when it starts and when it ends.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Display;

use net::chain;
use telemetry::{Failing, Failure, Limits, Registry, Severity};

static SOURCE: Failure = Failure {
    severity: Severity::Warning,
    begins: "source fails; what it gives is missing until it recovers",
    ends: "source recovered",
};

/// The failures of each source.
#[derive(Debug)]
pub struct SourceFailures {
    registry: Registry,
    receiver: String,
    round: u64,
    sources: BTreeMap<&'static str, Source>,
    limits: Limits,
}

#[derive(Debug)]
struct Source {
    failing: Failing,
    /// The round of its last failure.
    failed_in: u64,
}

impl SourceFailures {
    /// No failures of the receiver's sources yet.
    pub fn new(registry: &Registry, receiver: &str) -> Self {
        let limits = Limits::new(registry, "receiver", receiver);
        Self { registry: registry.clone(), receiver: receiver.to_owned(), round: 0, sources: BTreeMap::new(), limits }
    }

    /// The limits of the receiver's sources.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// What is missing now and why: sources that fail and limits that cut; `None` where nothing is.
    pub fn message(&self) -> Option<String> {
        let failing = self.sources.iter().filter(|(_, source)| source.failing.is_failing());
        let failing: Vec<&str> = failing.map(|(name, _)| *name).collect();
        let failing = (!failing.is_empty()).then(|| format!("sources that fail: {}", failing.join(", ")));
        let messages: Vec<String> = failing.into_iter().chain(self.limits.message()).collect();
        (!messages.is_empty()).then(|| messages.join("; "))
    }

    /// Notes how a source fared and returns what it gave.
    pub fn note<T, E: Error>(&mut self, source: &'static str, result: Result<T, E>) -> Option<T> {
        match result {
            Ok(value) => {
                self.recovered(source);
                Some(value)
            }
            Err(error) => {
                self.failed(source, 1, &chain(&error));
                None
            }
        }
    }

    /// Counts `failures` of a source of which `example` is one.
    pub fn failed(&mut self, source: &'static str, failures: u64, example: &dyn Display) {
        let (registry, receiver) = (&self.registry, &self.receiver);
        let line = self.sources.entry(source).or_insert_with(|| {
            let counter = registry.counter(
                "container_insights_source_failures",
                "Readings of a source that failed.",
                &[("receiver", receiver), ("source", source)],
            );
            Source { failing: Failing::new(&SOURCE).of(source).counted_by(counter), failed_in: 0 }
        });
        line.failed_in = self.round;
        line.failing.failed(failures, example);
    }

    /// Begins a round.
    pub fn begin_round(&mut self) {
        self.round += 1;
    }

    /// Ends a round for a source that is read in many places: it has recovered where none of them failed.
    pub fn settle(&mut self, source: &'static str) {
        if self.sources.get(source).is_some_and(|line| line.failed_in != self.round) {
            self.recovered(source);
        }
    }

    /// Notes that nothing is wrong with a source.
    pub fn recovered(&mut self, source: &'static str) {
        if let Some(line) = self.sources.get_mut(source) {
            line.failing.recovered();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_read_in_many_places_recovers_once_none_of_them_fails() {
        let mut failures = SourceFailures::new(&Registry::default(), "r");
        let fails = |failures: &mut SourceFailures, failing: bool| {
            failures.begin_round();
            if failing {
                failures.failed("s", 1, &"why");
            }
            failures.settle("s");
            failures.sources.get_mut("s").map(|line| line.failing.is_failing())
        };
        assert_eq!(fails(&mut failures, false), None);
        assert_eq!(fails(&mut failures, true), Some(true));
        assert_eq!(fails(&mut failures, true), Some(true));
        assert_eq!(fails(&mut failures, false), Some(false));
    }
}
