//! The parcels of every destination, and what they count.

use std::collections::{BTreeMap, VecDeque};

use super::End;
use crate::delivery::destination::Destination;
use crate::delivery::limits::{Limits, Load};
use crate::delivery::queued::{Queued, Storage};

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) destinations: BTreeMap<Destination, DestinationQueue>,
    /// Parcels that are not settled, those out for a request included; so are the next three.
    pub(super) requests: u64,
    pub(super) frames: u64,
    /// Frames that a kill would lose.
    pub(super) memory_frames: u64,
    pub(super) memory_bytes: u64,
    pub(super) unsynced: bool,
    pub(super) closed: bool,
    last_order: u64,
}

/// What waits for one destination.
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
    pub(super) fn add(&mut self, destination: Destination, end: End, queued: Queued) {
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
        self.frames += u64::from(queued.frames);
        self.memory_frames += if queued.is_in_memory() { u64::from(queued.frames) } else { 0 };
        self.memory_bytes += queued.memory_bytes;
    }

    /// Takes a settled or dropped parcel off the counts.
    pub(super) fn discount(&mut self, queued: &Queued) {
        self.requests -= 1;
        self.frames -= u64::from(queued.frames);
        self.memory_frames -= if queued.is_in_memory() { u64::from(queued.frames) } else { 0 };
        self.memory_bytes -= queued.memory_bytes;
    }

    /// Destinations with something to deliver that no task delivers, at most so many: those that have waited longest. From now on
    /// one delivers them.
    pub(super) fn idle_destinations(&mut self, most: usize) -> Vec<Destination> {
        if most == 0 {
            return Vec::new();
        }
        let idle = self.destinations.iter().filter(|(_, queue)| !queue.busy);
        let mut idle: Vec<_> =
            idle.filter_map(|(destination, queue)| Some((queue.oldest()?, destination.clone()))).collect();
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
    pub(super) fn take(&mut self, destination: &Destination, end: End, limits: &Limits) -> Vec<Queued> {
        let Some(queue) = self.destinations.get_mut(destination) else { return Vec::new() };
        let from = queue.end(end);
        let (mut load, mut taken) = (Load::default(), Vec::new());
        while let Some(next) = from.front() {
            let frames = next.frames as usize;
            let overhead = frames.saturating_mul(limits.frame_overhead);
            load.add_group(next.frame_bytes.saturating_add(overhead), frames, next.points);
            if !taken.is_empty() && !load.fits(limits) {
                break;
            }
            taken.extend(from.pop_front());
        }
        taken
    }

    /// Gives back what was taken, in the order of arrival.
    pub(super) fn insert(&mut self, destination: &Destination, end: End, queued: Queued) {
        let end = self.destinations.entry(destination.clone()).or_default().end(end);
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
        let destination = destination.clone();
        let queue = self.destinations.get_mut(&destination)?;
        let queued = queue.end(end).remove(place)?;
        if queue.is_empty() && !queue.busy {
            self.destinations.remove(&destination);
        }
        self.discount(&queued);
        Some(queued)
    }

    /// Takes out any parcel that only memory holds; it still counts.
    pub(super) fn take_in_memory(&mut self) -> Option<(Destination, End, Queued)> {
        self.destinations.iter_mut().find_map(|(destination, queue)| {
            [End::Backlog, End::Live].into_iter().find_map(|end| {
                let from = queue.end(end);
                let place = from.iter().position(Queued::is_in_memory)?;
                Some((destination.clone(), end, from.remove(place)?))
            })
        })
    }

    /// Forgets what the spool dropped: all before this id. How many frames that were, and how many points.
    pub(super) fn forget_spooled(&mut self, oldest: u64) -> (u64, u64) {
        let is_gone = |queued: &Queued| matches!(queued.storage, Storage::Spooled(id) if id < oldest);
        let (mut frames, mut points) = (0, 0);
        while let Some(gone) = self.drop_oldest(is_gone) {
            frames += u64::from(gone.frames);
            points += gone.points;
        }
        (frames, points)
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
