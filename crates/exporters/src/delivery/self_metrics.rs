//! The self-metrics of delivery, and its line on the status page.

use telemetry::{Counter, Gauge, Registry, Status};

use super::service::Confirmed;

/// Why frames are dropped that there is no room for.
pub(super) const OVERFLOW: &str = "overflow";
/// Why frames of a former run are dropped whose destination this version doesn't know.
pub(super) const FOREIGN: &str = "foreign_version";

/// Self-metrics of one exporter's delivery. An event is a frame.
#[derive(Debug)]
pub struct SelfMetrics {
    registry: Registry,
    exporter: String,
    /// The line on the status page.
    pub status: Status,
    pub(super) size: Gauge,
    pub(super) capacity: Gauge,
    pub(super) lag: Gauge,
    pub(super) oldest: Gauge,
    pub(super) uncertain: Counter,
    pub(super) passed_over: Counter,
    unread: Counter,
    already: Counter,
    pub(super) raw_bytes: Counter,
    pub(super) wire_bytes: Counter,
    sent_points: Counter,
    failed_points: Counter,
    enqueue_failed: Counter,
    sent_events: Counter,
}

impl SelfMetrics {
    /// The metrics of this exporter, and its status.
    #[must_use]
    pub fn new(registry: &Registry, exporter: &str, status: Status) -> Self {
        let labels = [("exporter", exporter)];
        let counter = |name, help| registry.counter(name, help, &labels);
        let gauge = |name, help| registry.gauge(name, help, &labels);
        Self {
            registry: registry.clone(),
            exporter: exporter.to_owned(),
            status,
            size: gauge("otelcol_exporter_queue_size", "What waits, as the queue's sizer counts."),
            capacity: gauge("otelcol_exporter_queue_capacity", "How much may wait, as the queue's sizer counts."),
            lag: gauge(
                "container_insights_delivery_lag_seconds",
                "From the time of the newest event accepted last to its acceptance.",
            ),
            oldest: gauge("container_insights_oldest_waiting_seconds", "How long the oldest events have been queued."),
            uncertain: counter(
                "container_insights_uncertain_events",
                "Events of requests whose answer was lost: they are sent again, and may be stored twice.",
            ),
            passed_over: counter(
                "container_insights_spool_passed_over_files",
                "Files in the spool that can't be used: links, pipes, damaged or of a later version. They stay on disk.",
            ),
            unread: counter(
                "container_insights_unread_answer_events",
                "Events that count as stored by the service's word, though the rest of its answer could not be read: what it \
                 may have left out is not known.",
            ),
            already: counter(
                "container_insights_already_stored_events",
                "Events the service had stored already when they were sent again.",
            ),
            raw_bytes: counter(
                "container_insights_request_raw_bytes",
                "Bytes of accepted requests before compression.",
            ),
            wire_bytes: counter("container_insights_request_wire_bytes", "Bytes of accepted requests as sent."),
            sent_points: counter("otelcol_exporter_sent_metric_points", "Metric points that were sent."),
            failed_points: counter(
                "otelcol_exporter_send_failed_metric_points",
                "Metric points that could not be sent and were dropped.",
            ),
            enqueue_failed: counter(
                "otelcol_exporter_enqueue_failed_metric_points",
                "Metric points that found no room in the queue, or had to make it for newer ones.",
            ),
            sent_events: counter("container_insights_sent_events", "Events that the service stored."),
        }
    }

    /// Counts frames that were stored.
    pub(super) fn sent(&self, frames: usize, points: u64) {
        self.sent_events.add(frames as u64);
        self.sent_points.add(points);
    }

    /// Counts frames by how it is known that they were stored.
    pub(super) fn confirmed(&self, how: Confirmed, frames: usize) {
        match how {
            Confirmed::Read => {}
            Confirmed::Unread => self.unread.add(frames as u64),
            Confirmed::Already => self.already.add(frames as u64),
        }
    }

    /// Counts frames that are lost, and why; metric points as far as they are known.
    pub fn dropped(&self, reason: &str, frames: u64, points: u64) {
        if frames == 0 {
            return;
        }
        let help = "Events that were dropped, by reason.";
        let labels = [("exporter", self.exporter.as_str()), ("reason", reason)];
        self.registry.counter("container_insights_dropped_events", help, &labels).add(frames);
        let failed = if reason == OVERFLOW { &self.enqueue_failed } else { &self.failed_points };
        failed.add(points);
    }

    /// Counts metric points that are lost with frames counted before.
    pub(super) fn lost_points(&self, points: u64) {
        self.failed_points.add(points);
    }

    /// Counts a request by what became of it: `ok`, or the error's label.
    pub fn request(&self, operation: &str, outcome: &str) {
        let help = "Requests by what became of them.";
        let labels = [("exporter", self.exporter.as_str()), ("operation", operation), ("outcome", outcome)];
        self.registry.counter("container_insights_requests", help, &labels).add(1);
    }
}
