//! The encoder's counts as the agent's own metrics.

use telemetry::{Counter, Registry};

use super::encode::Counts;

/// Counters of one exporter, brought up to the encoder's counts.
#[derive(Debug)]
pub(super) struct EncoderMetrics {
    published: Counts,
    events: Counter,
    bytes: Counter,
    altered: [Counter; 7],
    oversized: Counter,
}

/// Why something of a record isn't in its event, in the order of [`reasons`].
const REASONS: [&str; 7] =
    ["not_finite", "collision", "replaced", "reserved", "invalid_json", "undeclared", "attributes_cut"];

impl EncoderMetrics {
    pub(super) fn new(registry: &Registry, exporter: &str) -> Self {
        let counter = |name, help| registry.counter(name, help, &[("exporter", exporter)]);
        let altered = |reason| {
            let help = "Values that were left out of events or written otherwise, by reason.";
            registry.counter("container_insights_altered_values", help, &[("exporter", exporter), ("reason", reason)])
        };
        Self {
            published: Counts::default(),
            events: counter("container_insights_events", "Events that were encoded."),
            bytes: counter("container_insights_event_bytes", "Bytes of events that were encoded."),
            altered: REASONS.map(altered),
            oversized: registry.counter(
                "container_insights_dropped_events",
                "Events that were dropped, by reason.",
                &[("exporter", exporter), ("reason", "oversized")],
            ),
        }
    }

    pub(super) fn publish(&mut self, counts: Counts) {
        self.events.add(counts.events - self.published.events);
        self.bytes.add(counts.bytes - self.published.bytes);
        self.oversized.add(counts.oversized - self.published.oversized);
        for ((counter, now), before) in self.altered.iter().zip(reasons(&counts)).zip(reasons(&self.published)) {
            counter.add(now - before);
        }
        self.published = counts;
    }
}

fn reasons(counts: &Counts) -> [u64; 7] {
    let Counts { not_finite, collisions, replaced, reserved, invalid_json, undeclared, cut, .. } = *counts;
    [not_finite, collisions, replaced, reserved, invalid_json, undeclared, cut]
}
