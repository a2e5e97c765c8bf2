//! Room in the queue: what happens if there is none, and what moves to the disk once that works again.

use std::sync::Arc;

use super::Queue;
use super::state::State;
use crate::delivery::config::{FALLBACK_BYTES, Sizer};
use crate::delivery::parcel::Parcel;
use crate::delivery::queued::{Queued, Storage, unpack};
use crate::delivery::self_metrics::OVERFLOW;

/// What happens if the queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overflow {
    /// The oldest data is dropped, and counted.
    DropOldest,
    /// The exporter waits for room. See [`Room::wait`] for a way to wait that blocks no thread.
    Wait,
    /// The batch is refused, and may be sent again later.
    Refuse,
}

/// The queue has no room for a batch: the same batch may find room later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sending queue is full")]
pub struct Full;

/// For the receiver's sender.
impl From<Full> for component::Refusal {
    fn from(full: Full) -> Self {
        Self::retryable(full.to_string())
    }
}

/// Tells when a batch finds room in an exporter's queue. Clones are of the same queue.
#[derive(Debug, Clone)]
pub struct Room(Arc<Queue>);

impl Room {
    pub(in crate::delivery) const fn new(queue: Arc<Queue>) -> Self {
        Self(queue)
    }

    /// Whether a batch would be taken now without waiting for room, and without being refused.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.0.overflow == Overflow::DropOldest || self.0.has_room(&self.0.state(), 1)
    }

    /// Waits until [`Room::is_there`]: at once if the queue drops the oldest, and once the process begins to end.
    pub async fn wait(&self) {
        loop {
            let mut freed = std::pin::pin!(self.0.freed.notified());
            // What is freed between the check and the wait counts.
            freed.as_mut().enable();
            if self.is_there() {
                return;
            }
            freed.await;
        }
    }
}

impl Queue {
    /// Whether a batch may begin to be pushed.
    pub(in crate::delivery) fn admit(&self) -> Result<(), Full> {
        let refuses = self.overflow == Overflow::Refuse && !self.has_room(&self.state(), 1);
        if refuses { Err(Full) } else { Ok(()) }
    }

    /// From now on, waits for no room: what comes now is the last.
    pub(in crate::delivery) fn close(&self) {
        self.state().closed = true;
        self.report_room();
    }

    /// Whether a parcel of so many frames finds room. An empty queue takes one of any size.
    pub(super) fn has_room(&self, state: &State, frames: u64) -> bool {
        state.closed || state.requests == 0 || !self.is_over(state, (1, frames))
    }

    pub(super) fn report_room(&self) {
        self.room.notify_all();
        self.freed.notify_waiters();
    }

    /// Whether it is over its size, or would be with so many more requests and frames.
    fn is_over(&self, state: &State, (requests, frames): (u64, u64)) -> bool {
        match self.sizer {
            Sizer::Requests => state.requests + requests > self.size,
            Sizer::Items => state.frames + frames > self.size,
            // How small a parcel will be isn't known before it is compressed.
            Sizer::Bytes => self.disk.is_none() && state.memory_bytes + requests > self.size,
        }
    }

    /// Drops the oldest until the rest is within the limits; what is under way can't be dropped.
    ///
    /// If batches wait for room or are refused, nothing is dropped for its size; memory that stands for a disk keeps its bound.
    pub(super) fn drop_overflow(&self, state: &mut State) {
        if self.is_over(state, (0, 0)) {
            state.pack();
        }
        while self.overflow == Overflow::DropOldest && self.is_over(state, (0, 0)) {
            let Some(dropped) = state.drop_oldest(|_| true) else { break };
            if let (Some(id), Some(disk)) = (dropped.spool_id(), &self.disk) {
                disk.acknowledge(&[id]);
            }
            self.metrics.dropped(OVERFLOW, u64::from(dropped.frames), dropped.points);
        }
        while self.disk.is_some() && state.memory_bytes > FALLBACK_BYTES {
            let Some(dropped) = state.drop_oldest(Queued::is_in_memory) else { break };
            self.metrics.dropped(OVERFLOW, u64::from(dropped.frames), dropped.points);
        }
    }

    /// Forgets and counts what the spool dropped: all before this id.
    pub(super) fn forget_spooled(&self, state: &mut State, oldest: Option<u64>) {
        if let Some(oldest) = oldest {
            let (frames, points) = state.forget_spooled(oldest);
            self.metrics.dropped(OVERFLOW, frames, points);
        }
    }

    /// Writes to the spool what had to wait in memory while the disk took nothing.
    pub(super) fn rescue(&self) {
        let Some(disk) = &self.disk else { return };
        loop {
            let Some((destination, end, mut queued)) = self.state().take_in_memory() else { return };
            let body = match &queued.storage {
                Storage::Compressed(packed) => unpack(packed),
                Storage::Plain(body) => Some(body.clone()),
                Storage::Spooled(_) => None,
            };
            let written = body.and_then(|body| {
                let destination = destination.clone();
                disk.write(&Parcel { destination, time_ms: 0, frames: queued.frames, points: 0, body })
            });
            let mut state = self.state();
            if let Some(written) = written {
                state.memory_bytes -= std::mem::take(&mut queued.memory_bytes);
                state.memory_frames -= u64::from(queued.frames);
                queued.storage = Storage::Spooled(written.id);
                self.forget_spooled(&mut state, written.oldest);
            }
            state.insert(&destination, end, queued);
            if written.is_none() {
                return;
            }
        }
    }
}
