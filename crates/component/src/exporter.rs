//! Exporters: batches to a destination.

use std::any::Any;
use std::fmt::Debug;
use std::io;
use std::time::Duration;

use confmap::{ComponentId, Fault};
use model::Batch;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::{BuildError, Cause, Context, Process, Refusal, Task};

/// An exporter's options, read.
pub trait BuildExporter: Any + Debug + Send + Sync {
    /// What is worth a warning in options that are valid; paths begin with `path`.
    fn warnings(&self, _path: &str) -> Vec<Fault> {
        Vec::new()
    }

    /// The storage extension that its queue waits in.
    fn storage(&self) -> Option<&ComponentId> {
        None
    }

    /// Builds the exporter.
    ///
    /// # Errors
    ///
    /// Why it cannot be built.
    fn build(&self, context: Context, process: &Process<'_>) -> Result<BuiltExporter, BuildError>;
}

/// An exporter, and what belongs to it.
pub struct BuiltExporter {
    /// Takes batches from the pipelines.
    pub exporter: Box<dyn Exporter>,
    /// Delivers beside the pipelines what the exporter has queued.
    pub worker: Option<Box<dyn Worker>>,
    /// Whether it writes to standard output.
    pub writes_stdout: bool,
}

impl BuiltExporter {
    /// An exporter that does all its work when it is called.
    #[must_use]
    pub fn alone(exporter: Box<dyn Exporter>) -> Self {
        Self { exporter, worker: None, writes_stdout: false }
    }
}

/// Takes batches for a destination.
pub trait Exporter: Send {
    /// Takes a batch.
    ///
    /// # Errors
    ///
    /// Why the batch, or a part of it, was not taken.
    fn export(&mut self, batch: &Batch) -> Result<(), ExportError>;

    /// Whether it counts what it sent, and reports its health, by itself: what it was given is not sent yet when
    /// [`Exporter::export`] returns.
    fn counts_itself(&self) -> bool {
        false
    }
}

/// Why an export failed.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The stream that events are written to took no more: it was closed, or its disk is full.
    #[error("write events")]
    Write(#[source] io::Error),
    /// The queue or the destination did not take the batch.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// Delivers what an exporter has queued, beside the pipelines.
pub trait Worker: Send {
    /// How long delivering what is left may take at shutdown.
    fn drain_timeout(&self) -> Duration;

    /// Frees a pipeline that waits for room in the queue, once the shutdown begins.
    fn closer(&self) -> Box<dyn Fn() + Send>;

    /// Runs until `stopping` has the time at which the shutdown began, and the queue is empty or its time is over.
    fn run(self: Box<Self>, stopping: watch::Receiver<Option<Instant>>) -> Task<'static, Result<(), Cause>>;
}
