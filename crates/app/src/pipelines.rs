//! Pipelines at work: batches from the receivers through processors to exporters, on a thread of their own.

mod numbered;

use std::collections::BTreeMap;
use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use confmap::ComponentId;
use exporters::Error;
use model::{Batch, Clock};
use processors::batch::Batcher;

pub use numbered::{Sender, Stage};

/// Batches that wait between receivers and pipelines; one that finds no room is dropped by its receiver and counted.
pub const ROOM: usize = 4;
/// How long to wait for a batch where no processor has a deadline.
const IDLE: Duration = Duration::from_secs(3600);

/// One pipeline: the receivers whose batches it takes, and what becomes of them.
pub struct Pipeline {
    /// Where its batches come from.
    pub receivers: Vec<ComponentId>,
    /// In order.
    pub processors: Vec<Stage>,
    /// By name; shared between pipelines.
    pub exporters: Vec<ComponentId>,
}

/// All pipelines of the process.
pub struct Pipelines {
    /// The pipelines.
    pub pipelines: Vec<Pipeline>,
    /// The exporters they share.
    pub exporters: BTreeMap<ComponentId, Sender>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Whether there is nothing left to do once an output's reader is gone; else the other exporters go on.
    pub end_with_output: bool,
}

/// Why the pipelines ended.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    /// The receivers stopped, and everything is drained.
    Drained,
    /// The reader of the only output is gone.
    Closed,
}

/// Whether the pipelines go on; they end with the reader of the only output.
type Flow = ControlFlow<()>;

/// A batch and the receiver it comes from.
pub type Arrival = (ComponentId, Batch);

impl Pipelines {
    /// Passes batches on until the receivers are gone, then drains.
    pub fn run(mut self, arrivals: &Receiver<Arrival>) -> End {
        match self.pass_all(arrivals) {
            ControlFlow::Continue(()) => End::Drained,
            ControlFlow::Break(()) => End::Closed,
        }
    }

    fn pass_all(&mut self, arrivals: &Receiver<Arrival>) -> Flow {
        loop {
            match arrivals.recv_timeout(self.patience()) {
                Ok((receiver, batch)) => self.arrive(&receiver, batch)?,
                Err(RecvTimeoutError::Timeout) => {
                    let now = self.clock.stamp().monotonic;
                    self.each_processor(|processor| processor.expire(now))?;
                }
                Err(RecvTimeoutError::Disconnected) => return self.each_processor(Batcher::flush),
            }
        }
    }

    fn patience(&self) -> Duration {
        let stages = self.pipelines.iter().flat_map(|pipeline| &pipeline.processors);
        let deadlines = stages.filter_map(|stage| stage.processor.deadline());
        let now = self.clock.stamp().monotonic;
        deadlines.min().map_or(IDLE, |deadline| deadline.saturating_sub(now))
    }

    fn arrive(&mut self, receiver: &ComponentId, batch: Batch) -> Flow {
        let takers: Vec<usize> =
            (0..self.pipelines.len()).filter(|at| self.pipelines[*at].receivers.contains(receiver)).collect();
        let Some((last, others)) = takers.split_last() else { return Flow::Continue(()) };
        for at in others {
            self.pass(*at, 0, vec![batch.clone()])?;
        }
        self.pass(*last, 0, vec![batch])
    }

    /// Passes batches through a pipeline's processors from one of them on, and to its exporters.
    fn pass(&mut self, pipeline: usize, from: usize, mut batches: Vec<Batch>) -> Flow {
        let now = self.clock.stamp();
        for stage in &mut self.pipelines[pipeline].processors[from..] {
            batches = batches.into_iter().flat_map(|batch| stage.push(batch, now.monotonic)).collect();
        }
        for batch in &batches {
            for id in &self.pipelines[pipeline].exporters {
                let Some(sender) = self.exporters.get_mut(id) else { continue };
                let Err(failure) = sender.send(batch, now) else { continue };
                let Error::Write(error) = &failure;
                if self.end_with_output && error.kind() == io::ErrorKind::BrokenPipe {
                    return Flow::Break(());
                }
                sender.log(&failure);
            }
        }
        Flow::Continue(())
    }

    fn each_processor(&mut self, mut release: impl FnMut(&mut Batcher) -> Vec<Batch>) -> Flow {
        for pipeline in 0..self.pipelines.len() {
            for at in 0..self.pipelines[pipeline].processors.len() {
                let stage = &mut self.pipelines[pipeline].processors[at];
                let batches = release(&mut stage.processor);
                let batches = stage.passed(batches);
                self.pass(pipeline, at + 1, batches)?;
            }
        }
        Flow::Continue(())
    }
}
