//! Values that can't be true: counted by metric and reason, and logged once for as long as they last.

use std::collections::BTreeMap;

use catalog::Metric;
use model::Text;
use telemetry::{Failing, Failure, Registry, Severity};

use crate::awscontainerinsight::plausible::{self, Reason};

const POSSIBLE: &str = "values are possible again";

static BACKWARDS: Failure =
    Failure { severity: Severity::Info, begins: "counter went backwards: its rate is missing once", ends: "" };

static WRAPPED: Failure = Failure {
    severity: Severity::Warning,
    begins: "impossible value: below zero; left out until it is possible again",
    ends: POSSIBLE,
};

static EXCEEDS: Failure = Failure {
    severity: Severity::Warning,
    begins: "impossible value: more than there can be; left out until it is possible again",
    ends: POSSIBLE,
};

/// A value that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Impossible {
    /// Whose it would have been.
    pub metric: &'static Metric,
    /// Why it can't be true.
    pub reason: Reason,
    /// The device, interface, container or pod that it was said of; empty for the machine itself.
    pub about: Text,
}

/// The values that a receiver left out.
#[derive(Debug)]
pub struct ImpossibleValues {
    registry: Registry,
    receiver: String,
    lines: BTreeMap<(&'static str, Reason), Failing>,
}

impl ImpossibleValues {
    /// None yet.
    pub fn new(registry: &Registry, receiver: &str) -> Self {
        Self { registry: registry.clone(), receiver: receiver.to_owned(), lines: BTreeMap::new() }
    }

    /// Takes those of one round; true where one of them may mean that the node has grown.
    pub fn note(&mut self, values: &[Impossible]) -> bool {
        let was = |key: &(&'static str, Reason)| values.iter().any(|value| (value.metric.name, value.reason) == *key);
        for ((metric, reason), line) in &mut self.lines {
            if !was(&(metric, *reason)) {
                line.recovered();
            }
        }
        for Impossible { metric, reason, about } in values {
            let (registry, receiver, name) = (&self.registry, &self.receiver, metric.name);
            let line = self.lines.entry((name, *reason)).or_insert_with(|| {
                let counter = registry.counter(
                    "container_insights_impossible_values",
                    "Values that can't be true and were left out, by metric and reason.",
                    &[("receiver", receiver), ("metric", name), ("reason", reason.label())],
                );
                let failure = match reason {
                    Reason::Backwards => &BACKWARDS,
                    Reason::Wrapped => &WRAPPED,
                    Reason::Exceeds => &EXCEEDS,
                };
                Failing::new(failure).about(name).counted_by(counter)
            });
            line.failed(1, about);
        }
        let is_growth =
            |value: &Impossible| value.reason == Reason::Exceeds && plausible::depends_on_capacity(value.metric);
        values.iter().any(is_growth)
    }
}

#[cfg(test)]
mod tests {
    use catalog::{Measurement, RecordType};

    use super::*;

    #[test]
    fn values_are_counted_by_metric_and_reason() {
        let registry = Registry::default();
        let mut values = ImpossibleValues::new(&registry, "r");
        let of = |measurement, reason| Impossible {
            metric: Metric::find(RecordType::Node, measurement).expect("it is in the catalogue"),
            reason,
            about: "".into(),
        };
        let memory = of(Measurement::MemoryUsage, Reason::Exceeds);
        let grew = [
            values.note(&[memory.clone(), of(Measurement::MemoryPgfault, Reason::Backwards)]),
            values.note(&[]),
            values.note(&[of(Measurement::MemoryUsage, Reason::Wrapped)]),
            values.note(&[of(Measurement::CpuUsageTotal, Reason::Exceeds)]),
            values.note(&[memory]),
        ];
        assert_eq!(grew, [true, false, false, true, true]);
        let counted = |metric, reason| {
            let labels = [("receiver", "r"), ("metric", metric), ("reason", reason)];
            registry.counter("container_insights_impossible_values", "", &labels).get()
        };
        assert_eq!(counted("node_memory_usage", "exceeds"), 2);
        assert_eq!(counted("node_memory_usage", "wrapped"), 1);
        assert_eq!(counted("node_memory_pgfault", "backwards"), 1);
    }
}
