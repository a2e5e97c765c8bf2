//! Processors and exporters with their metrics: what came, what went on, what failed.

use std::time::Duration;

use component::{ExportError, Exporter, Processor};
use confmap::ComponentId;
use model::{Batch, Stamp};
use net::chain;
use telemetry::{Counter, Failing, Failure, Registry, Severity, Status};
use tracing::Span;

use crate::components::Section;
use crate::logs;

/// A processor with its metrics.
pub struct Stage {
    processor: Box<dyn Processor>,
    incoming: Counter,
    outgoing: Counter,
}

impl Stage {
    /// A processor of this name.
    pub fn new(id: &ComponentId, processor: Box<dyn Processor>, registry: &Registry) -> Self {
        let id = id.to_string();
        let labels = [("processor", id.as_str())];
        let counter = |name, help| registry.counter(name, help, &labels);
        Self {
            processor,
            incoming: counter("otelcol_processor_incoming_items", "Metric points that came to the processor."),
            outgoing: counter("otelcol_processor_outgoing_items", "Metric points that the processor passed on."),
        }
    }

    pub(super) fn push(&mut self, batch: Batch, now: Duration) -> Vec<Batch> {
        self.incoming.add(batch.points() as u64);
        let batches = self.processor.push(batch, now);
        self.passed(batches)
    }

    pub(super) fn expire(&mut self, now: Duration) -> Vec<Batch> {
        let batches = self.processor.expire(now);
        self.passed(batches)
    }

    pub(super) fn flush(&mut self) -> Vec<Batch> {
        let batches = self.processor.flush();
        self.passed(batches)
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        self.processor.deadline()
    }

    /// Whether batches count as taken once it has them.
    pub(super) fn gathers(&self) -> bool {
        self.processor.gathers()
    }

    /// Counts what the processor passed on.
    fn passed(&self, batches: Vec<Batch>) -> Vec<Batch> {
        self.outgoing.add(batches.iter().map(|batch| batch.points() as u64).sum());
        batches
    }
}

static EXPORT: Failure = Failure {
    severity: Severity::Error,
    begins: "export failed; batches are lost until it works again",
    ends: "exporting works again",
};

/// An exporter with its metrics.
pub struct Sender {
    exporter: Box<dyn Exporter>,
    sent: Counter,
    failed: Counter,
    status: Status,
    failing: Failing,
    span: Span,
}

impl Sender {
    /// An exporter of this name.
    pub fn new(id: &ComponentId, exporter: Box<dyn Exporter>, registry: &Registry, status: Status) -> Self {
        let id = id.to_string();
        let span = logs::span(Section::Exporters, &id);
        let labels = [("exporter", id.as_str())];
        Self {
            exporter,
            sent: registry.counter("otelcol_exporter_sent_metric_points", "Metric points that were sent.", &labels),
            failed: registry.counter(
                "otelcol_exporter_send_failed_metric_points",
                "Metric points that could not be sent.",
                &labels,
            ),
            status,
            failing: Failing::new(&EXPORT),
            span,
        }
    }

    /// Hands a batch over. That the output's reader is gone is left to the caller to say, who may end for it.
    pub(super) fn send(&mut self, batch: &Batch, now: Stamp) -> Result<(), ExportError> {
        let points = batch.points() as u64;
        let span = self.span.clone();
        let _within = span.enter();
        let result = self.exporter.export(batch);
        match &result {
            Ok(()) => {
                if !self.exporter.counts_itself() {
                    self.sent.add(points);
                    self.status.ok(now.wall);
                    self.status.output(now.monotonic);
                }
                self.failing.recovered();
            }
            Err(failure) => {
                self.failed.add(points);
                self.status.failed(now.wall, &chain(failure));
            }
        }
        result
    }

    /// Logs a failure of [`Sender::send`], once until it works again.
    pub(super) fn log(&mut self, failure: &ExportError) {
        let span = self.span.clone();
        let _within = span.enter();
        self.failing.failed(1, &chain(failure));
    }
}
