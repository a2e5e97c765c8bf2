//! The parcels of every stream, and what they count.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::awsemf::destination::Destination;
use aws::logs::limits;

use super::End;
use crate::awsemf::delivery::queued::{Queued, Storage};

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) destinations: BTreeMap<Arc<Destination>, DestinationQueue>,
    /// Parcels that are not settled, those out for a request included; so are the next three.
    pub(super) requests: u64,
    pub(super) events: u64,
    /// Events that a kill would lose.
    pub(super) memory_events: u64,
    pub(super) memory_bytes: u64,
    pub(super) unsynced: bool,
    pub(super) closed: bool,
    last_order: u64,
}

/// What waits for one stream.
#[derive(Debug, Default)]
pub(super) struct DestinationQueue {
    pub(super) live: VecDeque<Queued>,
    pub(super) backlog: VecDeque<Queued>,
    /// A task delivers it.
    pub(super) busy: bool,
}

impl State {
    /// The next place in the order of arrival.
    pub(super) fn order(&mut self) -> u64 {
        self.last_order += 1;
        self.last_order
    }

    /// Adds a parcel that is new.
    pub(super) fn add(&mut self, destination: Arc<Destination>, end: End, queued: Queued) {
        self.count(&queued);
        let queue = self.destinations.entry(destination).or_default();
        if end == End::Live {
            // Only the newest goes at once; what is before it waits, so it is made small.
            self.memory_bytes -= queue.live.back_mut().map_or(0, Queued::pack);
        }
        queue.end(end).push_back(queued);
    }

    /// Adds a parcel to the counts.
    pub(super) fn count(&mut self, queued: &Queued) {
        self.requests += 1;
        self.events += u64::from(queued.events);
        self.memory_events += if queued.is_in_memory() { u64::from(queued.events) } else { 0 };
        self.memory_bytes += queued.memory_bytes;
    }

    /// Takes a settled or dropped parcel off the counts.
    pub(super) fn discount(&mut self, queued: &Queued) {
        self.requests -= 1;
        self.events -= u64::from(queued.events);
        self.memory_events -= if queued.is_in_memory() { u64::from(queued.events) } else { 0 };
        self.memory_bytes -= queued.memory_bytes;
    }

    /// Streams with something to deliver that no task delivers, at most so many: those that have waited longest. From now on
    /// one delivers them.
    pub(super) fn idle_destinations(&mut self, most: usize) -> Vec<Arc<Destination>> {
        if most == 0 {
            return Vec::new();
        }
        let idle = self.destinations.iter().filter(|(_, queue)| !queue.busy);
        let mut idle: Vec<_> =
            idle.filter_map(|(destination, queue)| Some((queue.oldest()?, Arc::clone(destination)))).collect();
        if idle.len() > most {
            idle.sort_unstable_by_key(|(order, _)| *order);
            idle.truncate(most);
        }
        for (_, destination) in &idle {
            if let Some(queue) = self.destinations.get_mut(destination) {
                queue.busy = true;
            }
        }
        idle.into_iter().map(|(_, destination)| destination).collect()
    }

    /// Takes parcels for one request; they still count.
    pub(super) fn take(&mut self, destination: &Destination, end: End) -> Vec<Queued> {
        let Some(queue) = self.destinations.get_mut(destination) else { return Vec::new() };
        let from = queue.end(end);
        let (mut bytes, mut events, mut taken) = (0, 0, Vec::new());
        while let Some(next) = from.front() {
            bytes += next.service_bytes;
            events += next.events as usize;
            if !taken.is_empty() && (bytes > limits::MAX_BATCH_BYTES || events > limits::MAX_EVENTS) {
                break;
            }
            taken.extend(from.pop_front());
        }
        taken
    }

    /// Gives back what was taken, in the order of arrival.
    pub(super) fn insert(&mut self, destination: &Arc<Destination>, end: End, queued: Queued) {
        let end = self.destinations.entry(Arc::clone(destination)).or_default().end(end);
        let place = end.partition_point(|other| other.order < queued.order);
        end.insert(place, queued);
    }

    /// Compresses what still is in memory as it is.
    pub(super) fn pack(&mut self) {
        let ends = self.destinations.values_mut().flat_map(|queue| [&mut queue.backlog, &mut queue.live]);
        let saved: u64 = ends.flatten().map(Queued::pack).sum();
        self.memory_bytes -= saved;
    }

    /// Takes out the oldest parcel of this kind; it no longer counts.
    pub(super) fn drop_oldest(&mut self, is_candidate: impl Fn(&Queued) -> bool) -> Option<Queued> {
        let ends = self.destinations.iter().flat_map(|(destination, queue)| {
            [(destination, End::Backlog, &queue.backlog), (destination, End::Live, &queue.live)]
        });
        let candidates = ends.filter_map(|(destination, end, queued)| {
            let place = queued.iter().position(&is_candidate)?;
            Some((queued[place].order, place, destination, end))
        });
        let (_, place, destination, end) = candidates.min_by_key(|(order, ..)| *order)?;
        let destination = Arc::clone(destination);
        let queue = self.destinations.get_mut(&destination)?;
        let queued = queue.end(end).remove(place)?;
        if queue.is_empty() && !queue.busy {
            self.destinations.remove(&destination);
        }
        self.discount(&queued);
        Some(queued)
    }

    /// Takes out any parcel that only memory holds; it still counts.
    pub(super) fn take_in_memory(&mut self) -> Option<(Arc<Destination>, End, Queued)> {
        self.destinations.iter_mut().find_map(|(destination, queue)| {
            [End::Backlog, End::Live].into_iter().find_map(|end| {
                let from = queue.end(end);
                let place = from.iter().position(Queued::is_in_memory)?;
                Some((Arc::clone(destination), end, from.remove(place)?))
            })
        })
    }

    /// Forgets what the spool dropped: all before this id. How many events that were, and how many points.
    pub(super) fn forget_spooled(&mut self, oldest: u64) -> (u64, u64) {
        let is_gone = |queued: &Queued| matches!(queued.storage, Storage::Spooled(id) if id < oldest);
        let (mut events, mut points) = (0, 0);
        while let Some(gone) = self.drop_oldest(is_gone) {
            events += u64::from(gone.events);
            points += gone.points;
        }
        (events, points)
    }
}

impl DestinationQueue {
    pub(super) fn is_empty(&self) -> bool {
        self.live.is_empty() && self.backlog.is_empty()
    }

    /// The place of its oldest parcel in the order of arrival.
    fn oldest(&self) -> Option<u64> {
        [&self.backlog, &self.live].into_iter().filter_map(|end| Some(end.front()?.order)).min()
    }

    pub(super) fn end(&mut self, end: End) -> &mut VecDeque<Queued> {
        match end {
            End::Live => &mut self.live,
            End::Backlog => &mut self.backlog,
        }
    }
}
