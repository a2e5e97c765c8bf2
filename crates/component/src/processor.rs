//! Processors: batches to batches, on the way from receivers to exporters.

use std::any::Any;
use std::fmt::Debug;
use std::time::Duration;

use model::{Batch, Gate};

use crate::{BuildError, Context};

/// A processor's options, read.
pub trait BuildProcessor: Any + Debug + Send + Sync {
    /// Builds the processor.
    ///
    /// # Errors
    ///
    /// Why it cannot be built.
    fn build(&self, context: &Context) -> Result<BuiltProcessor, BuildError>;
}

/// What a processor's options ask for.
pub enum BuiltProcessor {
    /// A stage that batches pass.
    Stage(Box<dyn Processor>),
    /// A gate that receivers ask before they queue; batches pass it as they are.
    Gate(Gate),
    /// Nothing: batches pass as they are.
    Passes,
}

/// A stage of a pipeline. Times are those of the monotonic clock.
///
/// A batch's permits go on with its data.
pub trait Processor: Send {
    /// Takes a batch at the time `now`; gives what goes on.
    fn push(&mut self, batch: Batch, now: Duration) -> Vec<Batch>;

    /// When [`Processor::expire`] has something to give; `None` while nothing waits.
    fn deadline(&self) -> Option<Duration> {
        None
    }

    /// Gives what has waited long enough at the time `now`.
    fn expire(&mut self, _now: Duration) -> Vec<Batch> {
        Vec::new()
    }

    /// Whether a batch counts as taken, and is acknowledged to its sender, once the processor has it: what it gathers goes on
    /// together with other batches.
    fn gathers(&self) -> bool {
        false
    }

    /// Gives all that waits: the pipeline ends.
    fn flush(&mut self) -> Vec<Batch> {
        Vec::new()
    }
}
