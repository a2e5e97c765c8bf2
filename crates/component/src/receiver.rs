//! Receivers: where batches come from.

use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;

use confmap::{Decode, Faults, Node};
use model::{Batch, Permit};

use crate::{BuildError, Context, Process, Receipt, Refusal};

/// A receiver's options, read.
pub trait BuildReceiver: Any + Debug + Send + Sync {
    /// Reads the options at `node`; `None` after adding at least one fault to `faults`. Opens no file, asks no variable.
    fn read(node: &Node, path: &str, faults: &mut Faults) -> Option<Self>
    where
        Self: Decode,
    {
        Self::decode(node, path, faults)
    }

    /// Starts the receiver.
    ///
    /// # Errors
    ///
    /// Why it cannot start.
    fn start(
        &self,
        context: Context,
        process: &Process<'_>,
        sink: Arc<dyn Sink>,
    ) -> Result<Box<dyn Receiver>, BuildError>;
}

/// A receiver at work.
pub trait Receiver: Send {
    /// Stops it and waits until it has handed its last batch on. Blocks.
    fn stop(self: Box<Self>);
}

/// The pipelines as one receiver sees them.
pub trait Sink: Send + Sync {
    /// Hands a batch to every pipeline of the receiver without waiting; false where one of them had no room for it.
    fn offer(&self, batch: Batch) -> bool;

    /// Hands a batch over without waiting. The receipt tells the sender what became of it: taken by every exporter or by a
    /// processor that gathers, or refused.
    fn send(&self, batch: Batch, receipt: Receipt);

    /// Asks for room for a request of so many bytes before it is read. The permit goes with the batch it becomes.
    ///
    /// # Errors
    ///
    /// The request is to be refused: too much is in flight, or memory is short.
    fn admit(&self, bytes: usize) -> Result<Permit, Refusal>;
}
