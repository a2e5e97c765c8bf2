//! The spool behind the queue: written before a batch counts as taken, and what happens while the disk doesn't work.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use net::chain;
use spool::{Entry, Error, Spool};
use telemetry::Episode;
use tracing::{error, info, warn};

use super::destination::Destination;
use super::parcel::{self, Parcel};

/// What a former run left in the spool.
#[derive(Debug)]
pub(super) struct Left {
    pub(super) id: u64,
    pub(super) destination: Destination,
    pub(super) frames: u32,
    pub(super) body_bytes: usize,
}

/// A parcel that was written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Written {
    pub(super) id: u64,
    /// Everything with a smaller id is gone: dropped to stay within the budget.
    pub(super) oldest: Option<u64>,
}

/// The spool, and how its disk is.
#[derive(Debug)]
pub(super) struct Disk {
    spool: Mutex<Spool>,
    writes: Mutex<Episode>,
    syncs: Mutex<Episode>,
    fsync: bool,
    /// As they last were, so that reading them never waits for the disk.
    disk_bytes: AtomicU64,
}

impl Disk {
    pub(super) fn new(spool: Spool, fsync: bool) -> Self {
        let disk_bytes = AtomicU64::new(spool.stats().disk_bytes);
        Self { spool: Mutex::new(spool), writes: Mutex::default(), syncs: Mutex::default(), fsync, disk_bytes }
    }

    /// What waits from a former run, the oldest first; also how many frames had a destination of another version or one that the
    /// service doesn't know, which are dropped.
    pub(super) fn left(&self, knows: &dyn Fn(&Destination) -> bool) -> (Vec<Left>, u64) {
        let mut spool = self.spool();
        let (mut left, mut foreign, mut foreign_frames) = (Vec::new(), Vec::new(), 0);
        for pending in spool.pending() {
            match parcel::destination(pending.key).filter(knows) {
                Some(destination) => left.push(Left {
                    id: pending.id,
                    destination,
                    frames: pending.items,
                    body_bytes: pending.bytes as usize,
                }),
                None => {
                    foreign.push(pending.id);
                    foreign_frames += u64::from(pending.items);
                }
            }
        }
        for id in foreign {
            spool.acknowledge(id);
        }
        (left, foreign_frames)
    }

    /// Writes a parcel; `None` if the disk can't take it, which is logged once.
    pub(super) fn write(&self, parcel: &Parcel) -> Option<Written> {
        let mut spool = self.spool();
        let key = parcel::spool_key(&parcel.destination);
        let entry = Entry { key: &key, time_ms: parcel.time_ms, items: parcel.frames, body: &parcel.body };
        let written = spool.append(&entry);
        self.disk_bytes.store(spool.stats().disk_bytes, Ordering::Relaxed);
        if self.fsync && written.is_ok() {
            // What isn't synced is written all the same: it is logged, and tried again.
            self.report_sync(spool.sync());
        }
        let mut episode = lock(&self.writes);
        match written {
            Ok(appended) => {
                if let Some(failures) = episode.recovered() {
                    info!(failures, "spool: writing works again");
                }
                let dropped = appended.dropped.records > 0;
                let oldest = dropped.then(|| spool.pending().next().map_or(appended.id, |pending| pending.id));
                Some(Written { id: appended.id, oldest })
            }
            Err(failure) => {
                if episode.failing() {
                    let error = chain(&failure);
                    error!(error, "spool: writing fails; events wait in memory meanwhile, and a kill would lose them");
                }
                None
            }
        }
    }

    /// Whether writing fails just now.
    pub(super) fn is_failing(&self) -> bool {
        lock(&self.writes).failures() > 0
    }

    /// Reads a parcel's body. [`Error::NotPending`] for one dropped meanwhile, [`Error::Damaged`] for one that is no longer whole.
    pub(super) fn read(&self, id: u64) -> Result<Vec<u8>, Error> {
        self.spool().read(id).map(|record| record.body)
    }

    /// Ends parcels.
    pub(super) fn acknowledge(&self, ids: &[u64]) {
        let mut spool = self.spool();
        for id in ids {
            spool.acknowledge(*id);
        }
        self.disk_bytes.store(spool.stats().disk_bytes, Ordering::Relaxed);
    }

    /// Puts everything on the disk, so that it survives a loss of power.
    pub(super) fn sync(&self) {
        let result = self.spool().sync();
        self.report_sync(result);
    }

    fn report_sync(&self, result: Result<(), Error>) {
        let mut episode = lock(&self.syncs);
        match result {
            Ok(()) => drop(episode.recovered()),
            Err(failure) => {
                if episode.failing() {
                    let error = chain(&failure);
                    warn!(error, "spool: sync fails; a loss of power could lose what was written");
                }
            }
        }
    }

    /// Bytes on disk.
    pub(super) fn disk_bytes(&self) -> u64 {
        self.disk_bytes.load(Ordering::Relaxed)
    }

    fn spool(&self) -> MutexGuard<'_, Spool> {
        lock(&self.spool)
    }
}

/// A thread that panicked left nothing half-done that the next one would trip over.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
