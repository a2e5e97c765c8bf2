//! Room in the queue: what goes where there is none, and what moves to the disk once that works again.

use std::sync::Arc;

use super::Queue;
use super::state::State;
use crate::awsemf::config::{FALLBACK_BYTES, Sizer};
use crate::awsemf::delivery::parcel::Parcel;
use crate::awsemf::delivery::queued::{Queued, Storage, unpack};
use crate::awsemf::delivery::self_metrics::OVERFLOW;

impl Queue {
    /// Whether it is over its size, or would be with this parcel too.
    pub(super) fn is_over(&self, state: &State, parcel: Option<&Parcel>) -> bool {
        match self.sizer {
            Sizer::Requests => state.requests + parcel.map_or(0, |_| 1) > self.size,
            Sizer::Items => state.events + parcel.map_or(0, |parcel| u64::from(parcel.events)) > self.size,
            // How small the parcel will be isn't known before it is made small.
            Sizer::Bytes => self.disk.is_none() && state.memory_bytes + parcel.map_or(0, |_| 1) > self.size,
        }
    }

    /// Drops the oldest until the rest is within the limits; what is under way can't be dropped.
    ///
    /// Where rounds wait for room nothing is dropped for its size, but memory that stands for a disk has its bound.
    pub(super) fn drop_overflow(&self, state: &mut State) {
        if self.is_over(state, None) {
            state.pack();
        }
        while !self.block && self.is_over(state, None) {
            let Some(dropped) = state.drop_oldest(|_| true) else { break };
            if let (Some(id), Some(disk)) = (dropped.spool_id(), &self.disk) {
                disk.acknowledge(&[id]);
            }
            self.metrics.dropped(OVERFLOW, u64::from(dropped.events), dropped.points);
        }
        while self.disk.is_some() && state.memory_bytes > FALLBACK_BYTES {
            let Some(dropped) = state.drop_oldest(Queued::is_in_memory) else { break };
            self.metrics.dropped(OVERFLOW, u64::from(dropped.events), dropped.points);
        }
    }

    /// Forgets and counts what the spool dropped: all before this id.
    pub(super) fn forget_spooled(&self, state: &mut State, oldest: Option<u64>) {
        if let Some(oldest) = oldest {
            let (events, points) = state.forget_spooled(oldest);
            self.metrics.dropped(OVERFLOW, events, points);
        }
    }

    /// Writes to the spool what had to wait in memory while the disk took nothing.
    pub(super) fn rescue(&self) {
        let Some(disk) = &self.disk else { return };
        loop {
            let Some((destination, end, mut queued)) = self.state().take_in_memory() else { return };
            let body = match &queued.storage {
                Storage::Packed(packed) => unpack(packed),
                Storage::Raw(body) => Some(body.clone()),
                Storage::Spooled(_) => None,
            };
            let written = body.and_then(|body| {
                let destination = Arc::clone(&destination);
                disk.write(&Parcel { destination, time_ms: 0, events: queued.events, points: 0, body })
            });
            let mut state = self.state();
            if let Some(written) = written {
                state.memory_bytes -= std::mem::take(&mut queued.memory_bytes);
                state.memory_events -= u64::from(queued.events);
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
