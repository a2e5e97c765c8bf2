//! The queue: parcels of every stream, in memory or in the spool, until each is settled.
//!
//! The exporter's thread puts parcels in; the tasks of the streams take them, and settle them or put them back. A parcel counts
//! until it is settled, also while a request with it is under way.

mod room;
mod state;

use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use crate::awsemf::destination::Destination;
use net::chain;
use tokio::sync::Notify;

use self::state::{DestinationQueue, State};
use super::disk::{Disk, lock};
use super::parcel::{Parcel, service_bytes};
use super::queued::{Queued, Storage, unpack};
use super::self_metrics::SelfMetrics;
use crate::awsemf::config::{SendingQueue, Sizer};

/// Which end of a stream's queue.
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
    sizer: Sizer,
    size: u64,
    block: bool,
    room: Condvar,
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
    /// A queue, with what a former run left in the spool.
    pub(super) fn new(config: &SendingQueue, disk: Option<Disk>, metrics: Arc<SelfMetrics>, now: Duration) -> Self {
        let is_without = disk.is_none() && config.storage.is_some();
        let (sizer, size) = if is_without { config.limit_in_memory() } else { config.limit() };
        metrics.capacity.set(size as f64);
        let mut state = State::default();
        if let Some(disk) = &disk {
            let (left, foreign) = disk.left();
            metrics.dropped("foreign_version", foreign, 0);
            for parcel in left {
                let queued = Queued {
                    order: state.order(),
                    events: parcel.events,
                    points: 0,
                    service_bytes: service_bytes(parcel.body_bytes, parcel.events),
                    since: now,
                    memory_bytes: 0,
                    storage: Storage::Spooled(parcel.id),
                };
                state.add(Arc::new(parcel.destination), End::Backlog, queued);
            }
        }
        let (state, block) = (Mutex::new(state), config.block_on_overflow);
        let queue =
            Self { state, disk, sizer, size, block, room: Condvar::new(), arrived: Notify::new(), metrics, is_without };
        queue.tell_size();
        queue
    }

    /// Whether it has a spool.
    pub(super) fn has_disk(&self) -> bool {
        self.disk.is_some()
    }

    /// Puts a parcel in: in the spool, where there is one, before this returns. The oldest goes where there is no room.
    pub(super) fn push(&self, parcel: Parcel, now: Duration) {
        if self.block {
            let full = |state: &mut State| !state.closed && state.requests > 0 && self.is_over(state, Some(&parcel));
            drop(self.room.wait_while(self.state(), full));
        }
        let written = self.disk.as_ref().and_then(|disk| disk.write(&parcel));
        let destination = Arc::clone(&parcel.destination);
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
        self.tell_size();
        self.arrived.notify_one();
    }

    /// Streams with something to deliver that no task delivers yet, at most so many; from now on one does.
    pub(super) fn idle_destinations(&self, most: usize) -> Vec<Arc<Destination>> {
        self.state().idle_destinations(most)
    }

    /// Ends the task of a stream; `false` where something waits for it.
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
        self.state().take(destination, end)
    }

    /// The body of a parcel that was taken. May block on the disk.
    pub(super) fn open(&self, queued: &mut Queued) -> Opened {
        match (&mut queued.storage, &self.disk) {
            (Storage::Raw(body), _) => Opened::Body(std::mem::take(body)),
            (Storage::Packed(packed), _) => {
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

    /// Ends parcels, whatever became of their events. May block on the disk.
    pub(super) fn settle(&self, settled: &[Queued]) {
        let spooled: Vec<u64> = settled.iter().filter_map(Queued::spool_id).collect();
        if let Some(disk) = &self.disk {
            disk.acknowledge(&spooled);
        }
        let mut state = self.state();
        state.unsynced |= !spooled.is_empty();
        settled.iter().for_each(|queued| state.discount(queued));
        drop(state);
        self.room.notify_all();
        self.tell_size();
    }

    /// Gives back what was taken and could not be delivered: it is backlog now.
    pub(super) fn put_back(&self, destination: &Arc<Destination>, returned: Vec<Queued>) {
        let mut state = self.state();
        for mut queued in returned {
            state.memory_bytes -= queued.pack();
            state.insert(destination, End::Backlog, queued);
        }
        self.drop_overflow(&mut state);
        drop(state);
        self.tell_size();
    }

    /// Puts what is left of parcels in their place: the rest of their events is settled. May block on the disk.
    pub(super) fn replace(&self, destination: &Arc<Destination>, begun: &[Queued], rest: Vec<Parcel>) {
        for parcel in rest {
            let written = self.disk.as_ref().and_then(|disk| disk.write(&parcel));
            let order = begun.iter().map(|queued| queued.order).min().unwrap_or_default();
            let since = begun.iter().map(|queued| queued.since).min().unwrap_or_default();
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

    /// Whether anything of a stream waits.
    pub(super) fn has(&self, destination: &Destination, end: End) -> bool {
        self.state().destinations.get_mut(destination).is_some_and(|queue| !queue.end(end).is_empty())
    }

    /// Events that are not settled; of them, those that only memory holds.
    pub(super) fn left(&self) -> (u64, u64) {
        let state = self.state();
        (state.events, state.memory_events)
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

    /// Lets nobody wait for room any more: what comes from now on is the last.
    pub(super) fn close(&self) {
        self.state().closed = true;
        self.room.notify_all();
    }

    /// What is wrong with the disk, in words.
    pub(super) fn trouble(&self) -> Option<&'static str> {
        if self.is_without {
            return Some("the disk can't be used: events wait in memory until the next start");
        }
        let failing = self.disk.as_ref().is_some_and(Disk::is_failing);
        failing.then_some("the disk takes no events: they wait in memory")
    }

    fn tell_size(&self) {
        let (requests, events, memory_bytes) = {
            let state = self.state();
            (state.requests, state.events, state.memory_bytes)
        };
        let disk_bytes = self.disk.as_ref().map_or(0, Disk::disk_bytes);
        let size = match self.sizer {
            // What is on disk is removed by whole segments: of one that is done with nothing waits.
            _ if requests == 0 => 0,
            Sizer::Requests => requests,
            Sizer::Items => events,
            Sizer::Bytes => memory_bytes + disk_bytes,
        };
        self.metrics.size.set(size as f64);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}
