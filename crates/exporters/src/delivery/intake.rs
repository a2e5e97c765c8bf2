//! The exporter's end of the queue.

use std::sync::Arc;

use model::Clock;

use super::destination::Destination;
use super::parcel::{Packer, Parcel};
use super::queue::{Full, Queue, Room};
use super::service::Frame;

/// Puts frames into the queue, on the exporter's thread. It never waits for the network.
#[derive(Debug)]
pub struct Intake {
    pub(super) packer: Packer,
    pub(super) queue: Arc<Queue>,
    pub(super) clock: Arc<dyn Clock>,
}

impl Intake {
    /// Asked before a batch is encoded.
    ///
    /// # Errors
    ///
    /// The queue is full and [`Overflow::Refuse`](super::Overflow::Refuse) is in force.
    pub fn admit(&self) -> Result<(), Full> {
        self.queue.admit()
    }

    /// Adds a frame of the batch.
    pub fn push(&mut self, destination: &Destination, frame: Frame<'_>) {
        let Self { packer, queue, clock } = self;
        packer.push(destination, frame, &mut |parcel| queue.push(parcel, clock.stamp().monotonic));
    }

    /// Adds a parcel that was packed before.
    pub fn push_parcel(&self, parcel: Parcel) {
        self.queue.push(parcel, self.clock.stamp().monotonic);
    }

    /// Ends a batch: all its frames are in the queue, on disk if there is a spool, once this returns.
    pub fn flush(&mut self) {
        let Self { packer, queue, clock } = self;
        packer.finish(&mut |parcel| queue.push(parcel, clock.stamp().monotonic));
    }

    /// Tells when a batch finds room.
    #[must_use]
    pub fn room(&self) -> Room {
        Room::new(Arc::clone(&self.queue))
    }
}
