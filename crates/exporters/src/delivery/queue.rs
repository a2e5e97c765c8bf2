//! The queue: parcels of every destination, in memory or in the spool, until each is settled.
//!
//! The exporter's thread puts parcels in; the tasks of the destinations take them, and settle them or put them back. A parcel
//! counts until it is settled, also while a request with it is under way.

mod room;
mod state;

use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use net::chain;
use tokio::sync::Notify;

pub use self::room::{Full, Overflow, Room};
use self::state::{DestinationQueue, State};
use super::config::{SendingQueue, Sizer};
use super::destination::Destination;
use super::disk::{Disk, lock};
use super::limits::Limits;
use super::parcel::{Parcel, frame_bytes};
use super::queued::{Queued, Storage, unpack};
use super::self_metrics::{FOREIGN, SelfMetrics};

/// Which end of a destination's queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// What came since the last attempt.
    Live,
    /// What failed, or was left by a former run; the oldest first.
    Backlog,
}

/// All that waits for delivery.
#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    disk: Option<Disk>,
    limits: Limits,
    sizer: Sizer,
    size: u64,
    overflow: Overflow,
    /// Parcels were settled or dropped: for threads that wait for room, and for tasks.
    room: Condvar,
    freed: Notify,
    /// Something came.
    pub(super) arrived: Notify,
    metrics: Arc<SelfMetrics>,
    /// There should be a spool, and the disk can't be used.
    is_without: bool,
}

/// The body of a parcel, or why there is none.
#[derive(Debug)]
pub(super) enum Opened {
    /// The frames.
    Body(Vec<u8>),
    /// Dropped from the spool meanwhile.
    Gone,
    /// No longer whole, and why.
    Damaged(String),
    /// It can't be read just now, and why.
    Failed(String),
}

impl Queue {
    /// A queue, with what a former run left in the spool for destinations that the service `knows`.
    pub(super) fn new(
        config: &SendingQueue,
        (overflow, limits): (Overflow, Limits),
        disk: Option<Disk>,
        metrics: Arc<SelfMetrics>,
        (now, knows): (Duration, &dyn Fn(&Destination) -> bool),
    ) -> Self {
        let is_without = disk.is_none() && config.storage.is_some();
        let (sizer, size) = if is_without { config.limit_in_memory() } else { config.limit() };
        metrics.capacity.set(size as f64);
        let mut state = State::default();
        if let Some(disk) = &disk {
            let (left, foreign) = disk.left(knows);
            metrics.dropped(FOREIGN, foreign, 0);
            for parcel in left {
                let queued = Queued {
                    order: state.order(),
                    frames: parcel.frames,
                    points: 0,
                    frame_bytes: frame_bytes(parcel.body_bytes, parcel.frames),
                    since: now,
                    memory_bytes: 0,
                    storage: Storage::Spooled(parcel.id),
                };
                state.add(parcel.destination, End::Backlog, queued);
            }
        }
        let queue = Self {
            state: Mutex::new(state),
            disk,
            limits,
            sizer,
            size,
            overflow,
            room: Condvar::new(),
            freed: Notify::new(),
            arrived: Notify::new(),
            metrics,
            is_without,
        };
        queue.report_size();
        queue
    }

    /// Whether it has a spool.
    pub(super) fn has_disk(&self) -> bool {
        self.disk.is_some()
    }

    /// Puts a parcel in: in the spool, if there is one, before this returns. With [`Overflow::Wait`] it blocks the thread until
    /// there is room; with [`Overflow::DropOldest`] it drops the oldest instead.
    pub(super) fn push(&self, parcel: Parcel, now: Duration) {
        if self.overflow == Overflow::Wait {
            let is_full = |state: &mut State| !self.has_room(state, u64::from(parcel.frames));
            drop(self.room.wait_while(self.state(), is_full));
        }
        let written = self.disk.as_ref().and_then(|disk| disk.write(&parcel));
        let destination = parcel.destination.clone();
        let mut state = self.state();
        let order = state.order();
        let queued = match written {
            Some(written) => {
                self.forget_spooled(&mut state, written.oldest);
                Queued::spooled(order, &parcel, now, written.id)
            }
            None => Queued::in_memory(order, parcel, now),
        };
        state.unsynced |= written.is_some();
        state.add(destination, End::Live, queued);
        self.drop_overflow(&mut state);
        drop(state);
        if written.is_some() {
            self.rescue();
        }
        self.report_size();
        self.arrived.notify_one();
    }

    /// Destinations with something to deliver that no task delivers yet, at most so many; from now on one does.
    pub(super) fn idle_destinations(&self, most: usize) -> Vec<Destination> {
        self.state().idle_destinations(most)
    }

    /// Ends the task of a destination; `false` if something waits for it.
    pub(super) fn leave(&self, destination: &Destination) -> bool {
        let mut state = self.state();
        let empty = state.destinations.get(destination).is_none_or(DestinationQueue::is_empty);
        if empty {
            state.destinations.remove(destination);
        }
        empty
    }

    /// Takes parcels for one request.
    pub(super) fn take(&self, destination: &Destination, end: End) -> Vec<Queued> {
        self.state().take(destination, end, &self.limits)
    }

    /// The body of a parcel that was taken. May block on the disk.
    pub(super) fn open(&self, queued: &mut Queued) -> Opened {
        match (&mut queued.storage, &self.disk) {
            (Storage::Plain(body), _) => Opened::Body(std::mem::take(body)),
            (Storage::Compressed(packed), _) => {
                unpack(packed).map_or_else(|| Opened::Damaged("it was changed in memory".to_owned()), Opened::Body)
            }
            (Storage::Spooled(id), Some(disk)) => match disk.read(*id) {
                Ok(body) => Opened::Body(body),
                Err(spool::Error::NotPending { .. }) => Opened::Gone,
                Err(error @ spool::Error::Damaged { .. }) => Opened::Damaged(chain(&error)),
                Err(error) => Opened::Failed(chain(&error)),
            },
            (Storage::Spooled(_), None) => Opened::Gone,
        }
    }

    /// Ends parcels whose frames are delivered or dropped. May block on the disk.
    pub(super) fn settle(&self, settled: &[Queued]) {
        let spooled: Vec<u64> = settled.iter().filter_map(Queued::spool_id).collect();
        if let Some(disk) = &self.disk {
            disk.acknowledge(&spooled);
        }
        let mut state = self.state();
        state.unsynced |= !spooled.is_empty();
        settled.iter().for_each(|queued| state.discount(queued));
        drop(state);
        self.report_room();
        self.report_size();
    }

    /// Gives back what was taken and could not be delivered: it is backlog now.
    pub(super) fn put_back(&self, destination: &Destination, returned: Vec<Queued>) {
        let mut state = self.state();
        for mut queued in returned {
            state.memory_bytes -= queued.pack();
            state.insert(destination, End::Backlog, queued);
        }
        self.drop_overflow(&mut state);
        drop(state);
        self.report_size();
    }

    /// Puts what is left of parcels in their place: the rest of their frames is settled. May block on the disk.
    pub(super) fn replace(&self, destination: &Destination, begun: &[Queued], rest: Vec<Parcel>) {
        let order = begun.iter().map(|queued| queued.order).min().unwrap_or_default();
        let since = begun.iter().map(|queued| queued.since).min().unwrap_or_default();
        // Each goes before those of the same place in the order, so the last one first.
        for parcel in rest.into_iter().rev() {
            let written = self.disk.as_ref().and_then(|disk| disk.write(&parcel));
            let mut queued = match written {
                Some(written) => Queued::spooled(order, &parcel, since, written.id),
                None => Queued::in_memory(order, parcel, since),
            };
            queued.pack();
            let mut state = self.state();
            self.forget_spooled(&mut state, written.and_then(|written| written.oldest));
            state.count(&queued);
            state.insert(destination, End::Backlog, queued);
        }
        self.settle(begun);
    }

    /// Whether anything of a destination waits.
    pub(super) fn has(&self, destination: &Destination, end: End) -> bool {
        self.state().destinations.get_mut(destination).is_some_and(|queue| !queue.end(end).is_empty())
    }

    /// Frames that are not settled; of them, those that only memory holds.
    pub(super) fn left(&self) -> (u64, u64) {
        let state = self.state();
        (state.frames, state.memory_frames)
    }

    /// When the oldest parcel that waits came.
    pub(super) fn oldest(&self) -> Option<Duration> {
        let state = self.state();
        let ends = state.destinations.values().flat_map(|queue| [&queue.backlog, &queue.live]);
        ends.filter_map(|end| end.front()).map(|queued| queued.since).min()
    }

    /// Whether something was written since the last [`Queue::sync`].
    pub(super) fn is_unsynced(&self) -> bool {
        self.state().unsynced
    }

    /// Puts on the disk what was written since the last time. May block.
    pub(super) fn sync(&self) {
        if std::mem::take(&mut self.state().unsynced)
            && let Some(disk) = &self.disk
        {
            disk.sync();
        }
    }

    /// What is wrong with the disk, for the status page.
    pub(super) fn trouble(&self) -> Option<&'static str> {
        if self.is_without {
            return Some("the disk can't be used: events wait in memory until the next start");
        }
        let failing = self.disk.as_ref().is_some_and(Disk::is_failing);
        failing.then_some("the disk takes no events: they wait in memory")
    }

    fn report_size(&self) {
        let (requests, frames, memory_bytes) = {
            let state = self.state();
            (state.requests, state.frames, state.memory_bytes)
        };
        let disk_bytes = self.disk.as_ref().map_or(0, Disk::disk_bytes);
        let size = match self.sizer {
            // What is on disk is removed by whole segments: once nothing waits, what is left of one doesn't count.
            _ if requests == 0 => 0,
            Sizer::Requests => requests,
            Sizer::Items => frames,
            Sizer::Bytes => memory_bytes + disk_bytes,
        };
        self.metrics.size.set(size as f64);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}
