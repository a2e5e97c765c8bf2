//! Pipelines at work: batches from the receivers through processors to exporters, each pipeline on a thread of its own.
//!
//! An exporter whose queue blocks holds up its own pipelines only.

mod entrance;
mod instrumented;
mod queue;

use std::io;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use component::{ExportError, Outcome, Refusal};
use model::{Batch, Clock};
use net::chain;

pub use entrance::Entrance;
pub use instrumented::{Sender, Stage};
pub use queue::Queue;
use queue::{Arrival, Taken};

/// How long to wait for a batch where no processor has a deadline.
const IDLE: Duration = Duration::from_secs(3600);

/// One pipeline.
pub struct Pipeline {
    /// Where its batches come from.
    pub queue: Arc<Queue>,
    /// In order.
    pub stages: Vec<Stage>,
    /// Shared with other pipelines.
    pub exporters: Vec<Arc<Mutex<Sender>>>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Whether there is nothing left to do once an output's reader is gone; else the other exporters go on.
    pub ends_with_output: bool,
}

/// Why a pipeline ended.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    /// The receivers stopped, and everything is drained.
    Drained,
    /// The reader of the only output is gone.
    Closed,
}

/// Whether the pipeline goes on, and what became of what passed; it ends with the reader of the only output.
type Flow = ControlFlow<(), Outcome>;

impl Pipeline {
    /// Passes batches on until the queue is closed, then drains.
    pub fn run(mut self) -> End {
        match self.pass_all() {
            ControlFlow::Continue(()) => End::Drained,
            ControlFlow::Break(()) => End::Closed,
        }
    }

    fn pass_all(&mut self) -> ControlFlow<()> {
        loop {
            match self.queue.take(self.patience()) {
                Taken::Arrival(Arrival { batch, receipt }) => {
                    let outcome = self.pass(0, vec![batch])?;
                    if let Some(receipt) = receipt {
                        // What a stage gathers is taken once it has it, also where other batches that go on fail.
                        receipt.settle(if self.gathers() { Ok(()) } else { outcome });
                    }
                }
                Taken::Nothing => {
                    let now = self.clock.stamp().monotonic;
                    self.release(|stage| stage.expire(now))?;
                }
                Taken::Closed => return self.release(Stage::flush),
            }
        }
    }

    fn patience(&self) -> Duration {
        let now = self.clock.stamp().monotonic;
        let deadlines = self.stages.iter().filter_map(Stage::deadline);
        deadlines.min().map_or(IDLE, |deadline| deadline.saturating_sub(now))
    }

    fn gathers(&self) -> bool {
        self.stages.iter().any(Stage::gathers)
    }

    /// Passes batches through the processors from one of them on, and to the exporters.
    fn pass(&mut self, from: usize, mut batches: Vec<Batch>) -> Flow {
        let now = self.clock.stamp();
        for stage in &mut self.stages[from..] {
            batches = batches.into_iter().flat_map(|batch| stage.push(batch, now.monotonic)).collect();
        }
        let mut outcome = Ok(());
        for batch in &batches {
            for exporter in &self.exporters {
                let mut exporter = exporter.lock().unwrap_or_else(PoisonError::into_inner);
                let Err(error) = exporter.send(batch, now) else { continue };
                if let ExportError::Write(error) = &error
                    && self.ends_with_output
                    && error.kind() == io::ErrorKind::BrokenPipe
                {
                    return Flow::Break(());
                }
                exporter.log(&error);
                outcome = Err(refusal(error));
            }
        }
        Flow::Continue(outcome)
    }

    /// Passes on what the stages let go, the first ones first.
    fn release(&mut self, mut of: impl FnMut(&mut Stage) -> Vec<Batch>) -> ControlFlow<()> {
        for at in 0..self.stages.len() {
            let batches = of(&mut self.stages[at]);
            // Its senders have their answer.
            let _taken = self.pass(at + 1, batches)?;
        }
        ControlFlow::Continue(())
    }
}

fn refusal(error: ExportError) -> Refusal {
    match error {
        ExportError::Refused(refusal) => refusal,
        error @ ExportError::Write(_) => Refusal::retryable(chain(&error)),
    }
}
