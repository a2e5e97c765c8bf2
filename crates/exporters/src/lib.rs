//! Exporters: records to events, and events to a destination.

pub mod awsemf;
pub mod debug;

use std::io;

use model::Batch;

/// Sends batches somewhere.
pub trait Exporter: Send {
    /// Exports a batch.
    ///
    /// # Errors
    ///
    /// Why the batch, or a part of it, did not arrive.
    fn export(&mut self, batch: &Batch) -> Result<(), Error>;

    /// Whether it counts what it sent, and says how it is, by itself: what it was given is not sent yet when
    /// [`Exporter::export`] returns.
    fn counts_itself(&self) -> bool {
        false
    }
}

/// Why an export failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The stream that events are written to took no more: it was closed, or its disk is full.
    #[error("write events")]
    Write(#[source] io::Error),
}
