//! Sources that fail: each failure is counted, and the log says when it starts and when it ends.

use std::collections::BTreeMap;
use std::fmt::Display;

use telemetry::{Counter, Episode, Registry};
use tracing::{info, warn};

/// The failures of each source.
#[derive(Debug)]
pub struct Troubles {
    registry: Registry,
    sources: BTreeMap<&'static str, Source>,
}

#[derive(Debug)]
struct Source {
    failures: Counter,
    episode: Episode,
}

impl Troubles {
    /// No failures yet.
    pub fn new(registry: &Registry) -> Self {
        Self { registry: registry.clone(), sources: BTreeMap::new() }
    }

    /// Notes how a source fared and returns what it gave.
    pub fn note<T, E: Display>(&mut self, source: &'static str, result: Result<T, E>) -> Option<T> {
        match result {
            Ok(value) => {
                self.recovered(source);
                Some(value)
            }
            Err(error) => {
                self.failed(source, 1, &error);
                None
            }
        }
    }

    /// Counts `failures` of a source of which `example` is one.
    pub fn failed(&mut self, source: &'static str, failures: u64, example: &dyn Display) {
        let registry = &self.registry;
        let line = self.sources.entry(source).or_insert_with(|| Source {
            failures: registry.counter(
                "container_insights_source_failures",
                "Readings of a source that failed.",
                &[("source", source)],
            ),
            episode: Episode::default(),
        });
        line.failures.add(failures);
        if line.episode.failing() {
            warn!(source, error = %example, "source fails; what it gives is missing until it recovers");
        }
    }

    /// Notes that nothing is wrong with a source.
    pub fn recovered(&mut self, source: &'static str) {
        if let Some(failures) = self.sources.get_mut(source).and_then(|line| line.episode.recovered()) {
            info!(source, failures, "source recovered");
        }
    }
}
