//! Pipelines at work: rounds from the receivers through processors to exporters, on a thread of their own.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use confmap::ComponentId;
use exporters::{Error, Exporter};
use model::{Clock, Round};
use processors::batch::Batch;
use telemetry::{Counter, Episode, Registry, Status};
use tracing::{error, info};

/// Rounds that wait between receivers and pipelines; one that finds no room is dropped by its receiver and counted.
pub const ROOM: usize = 4;
/// How long to wait for a round where no processor has a deadline.
const IDLE: Duration = Duration::from_secs(3600);

/// One pipeline: the receivers whose rounds it takes, and what becomes of them.
pub struct Pipeline {
    /// Where its rounds come from.
    pub receivers: Vec<ComponentId>,
    /// In order.
    pub processors: Vec<Batch>,
    /// By name; shared between pipelines.
    pub exporters: Vec<ComponentId>,
}

/// An exporter with its numbers.
pub struct Sender {
    exporter: Box<dyn Exporter>,
    sent: Counter,
    failed: Counter,
    status: Status,
    episode: Episode,
}

impl Sender {
    /// An exporter of this name.
    pub fn new(id: &ComponentId, exporter: Box<dyn Exporter>, registry: &Registry, status: Status) -> Self {
        let id = id.to_string();
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
            episode: Episode::default(),
        }
    }

    fn send(&mut self, round: &Round, now: Duration) -> Result<(), Error> {
        let points: usize = round.records.iter().map(|record| record.points.len()).sum();
        let result = self.exporter.export(round);
        match &result {
            Ok(()) => {
                if !self.exporter.counts_itself() {
                    self.sent.add(points as u64);
                    self.status.ok(now);
                }
                if let Some(failures) = self.episode.recovered() {
                    info!(failures, "exporter recovered");
                }
            }
            Err(failure) => {
                self.failed.add(points as u64);
                let words = format!(
                    "{:#}",
                    anyhow::Chain::new(failure).map(ToString::to_string).collect::<Vec<_>>().join(": ")
                );
                self.status.failed(now, &words);
                if self.episode.failing() {
                    error!(points, error = words, "export failed; data is lost until it recovers");
                }
            }
        }
        result
    }
}

/// All pipelines of the process.
pub struct Pipelines {
    /// The pipelines.
    pub pipelines: Vec<Pipeline>,
    /// The exporters they share.
    pub exporters: BTreeMap<ComponentId, Sender>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Why the pipelines ended.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    /// The receivers stopped, and everything is drained.
    Drained,
    /// Nobody reads the output any more.
    Closed,
}

/// A round and the receiver it comes from.
pub type Arrival = (ComponentId, Round);

impl Pipelines {
    /// Passes rounds on until the receivers are gone, then drains.
    pub fn run(mut self, arrivals: &Receiver<Arrival>) -> End {
        loop {
            match arrivals.recv_timeout(self.patience()) {
                Ok((receiver, round)) => {
                    if self.arrive(&receiver, round) == End::Closed {
                        return End::Closed;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    if self.expire() == End::Closed {
                        return End::Closed;
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return self.flush(),
            }
        }
    }

    fn patience(&self) -> Duration {
        let deadlines = self.pipelines.iter().flat_map(|pipeline| &pipeline.processors).filter_map(Batch::deadline);
        let now = self.clock.stamp().monotonic;
        deadlines.min().map_or(IDLE, |deadline| deadline.saturating_sub(now))
    }

    fn arrive(&mut self, receiver: &ComponentId, round: Round) -> End {
        let takers: Vec<usize> =
            (0..self.pipelines.len()).filter(|at| self.pipelines[*at].receivers.contains(receiver)).collect();
        let Some((last, others)) = takers.split_last() else { return End::Drained };
        for at in others {
            if self.pass(*at, 0, vec![round.clone()]) == End::Closed {
                return End::Closed;
            }
        }
        self.pass(*last, 0, vec![round])
    }

    /// Passes rounds through a pipeline's processors from one of them on, and to its exporters.
    fn pass(&mut self, pipeline: usize, from: usize, mut rounds: Vec<Round>) -> End {
        let now = self.clock.stamp();
        for processor in &mut self.pipelines[pipeline].processors[from..] {
            rounds = rounds.into_iter().flat_map(|round| processor.push(round, now.monotonic)).collect();
        }
        for round in &rounds {
            for id in &self.pipelines[pipeline].exporters {
                let result = self.exporters.get_mut(id).map_or(Ok(()), |sender| sender.send(round, now.wall));
                if let Err(Error::Write(error)) = result
                    && error.kind() == io::ErrorKind::BrokenPipe
                {
                    return End::Closed;
                }
            }
        }
        End::Drained
    }

    fn expire(&mut self) -> End {
        let now = self.clock.stamp().monotonic;
        self.each_processor(|processor| processor.expire(now))
    }

    fn flush(&mut self) -> End {
        self.each_processor(Batch::flush)
    }

    fn each_processor(&mut self, mut release: impl FnMut(&mut Batch) -> Vec<Round>) -> End {
        for pipeline in 0..self.pipelines.len() {
            for at in 0..self.pipelines[pipeline].processors.len() {
                let rounds = release(&mut self.pipelines[pipeline].processors[at]);
                if self.pass(pipeline, at + 1, rounds) == End::Closed {
                    return End::Closed;
                }
            }
        }
        End::Drained
    }
}
