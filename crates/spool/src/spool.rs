//! The spool: opened, looked at, and the values that go in and out.

mod append;
mod settle;

use std::collections::BTreeMap;
use std::fs::File;
use std::sync::Arc;

use crate::directory::{Access, Directory};
use crate::error::Error;
use crate::frame::HEADER;
use crate::options::Options;
use crate::recover::{Bodies, scan};
use crate::segment::{Indexed, Keys, Segment, occupied};
use crate::stats::{Dropped, Recovered, Stats};

/// Most bytes of one segment or record: offsets in a segment have 32 bits.
const MOST_BYTES: u64 = 1 << 30;

/// What is kept: a record before it has an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The stream it belongs to: where it goes. At most 65535 bytes.
    pub key: &'a [u8],
    /// Its time in milliseconds of the owner's clock; the spool only hands it back.
    pub time_ms: i64,
    /// How many things the body holds: what is lost is counted in them.
    pub items: u32,
    /// The body, as it is before compression.
    pub body: &'a [u8],
}

/// A record read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The stream it belongs to.
    pub key: Arc<[u8]>,
    /// Its time in milliseconds.
    pub time_ms: i64,
    /// How many things the body holds.
    pub items: u32,
    /// The body.
    pub body: Vec<u8>,
}

/// A record that waits, without its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pending<'a> {
    /// Its id: larger than that of every record before it that is still there, also after a restart.
    pub id: u64,
    /// The stream it belongs to.
    pub key: &'a [u8],
    /// Its time in milliseconds.
    pub time_ms: i64,
    /// How many things the body holds.
    pub items: u32,
    /// Length of the body in bytes, before compression.
    pub bytes: u32,
}

/// What became of an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// The record's id.
    pub id: u64,
    /// What had to go, the oldest first, to stay within the budget, appends that failed since the last one included.
    pub dropped: Dropped,
}

/// A directory of records.
#[derive(Debug)]
pub struct Spool {
    directory: Directory,
    budget_bytes: u64,
    segment_bytes: u64,
    /// By the id of the first record. The newest stays, even with nothing pending: its name keeps ids from being used again.
    segments: BTreeMap<u64, Segment>,
    /// The newest segment, if this process made it: only such a one is appended to.
    head: Option<File>,
    /// The segment read last.
    reader: Option<(u64, File)>,
    next_id: u64,
    keys: Keys,
    disk_bytes: u64,
    pending: Totals,
    dropped: Dropped,
    unreported: Dropped,
    damaged: Dropped,
    /// Segments were made or removed since the last sync.
    directory_unsynced: bool,
}

#[derive(Debug, Clone, Copy, Default)]
struct Totals {
    records: u64,
    items: u64,
    bytes: u64,
}

impl Totals {
    fn add(&mut self, record: &Indexed) {
        self.records += 1;
        self.items += u64::from(record.items);
        self.bytes += u64::from(record.body_bytes);
    }

    fn remove(&mut self, record: &Indexed) {
        self.records -= 1;
        self.items -= u64::from(record.items);
        self.bytes -= u64::from(record.body_bytes);
    }
}

impl Spool {
    /// Opens the spool, and says what it holds.
    ///
    /// Makes the directory where missing, and takes its lock for as long as the spool lives. A torn end is cut off; damage is
    /// passed over. On a read-only file system a spool that exists is opened too, and gives what it holds.
    pub fn open(options: Options) -> Result<(Spool, Recovered), Error> {
        let directory = Directory::open(&options.directory, options.permissions)?;
        let mut spool = Spool {
            directory,
            budget_bytes: options.budget_bytes,
            segment_bytes: options.segment_bytes.min(options.budget_bytes / 8).min(MOST_BYTES),
            segments: BTreeMap::new(),
            head: None,
            reader: None,
            next_id: 1,
            keys: Keys::default(),
            disk_bytes: 0,
            pending: Totals::default(),
            dropped: Dropped::default(),
            unreported: Dropped::default(),
            damaged: Dropped::default(),
            directory_unsynced: false,
        };
        let mut recovered = Recovered::default();
        let ids = spool.directory.list()?;
        for &first_id in &ids {
            spool.recover(first_id, Some(&first_id) == ids.last(), &mut recovered)?;
        }
        // What can't be removed now is by the next sync.
        let _ = spool.sweep();
        let _ = spool.make_room(0);
        recovered.dropped = std::mem::take(&mut spool.unreported);
        let Totals { records, items, bytes } = spool.pending;
        Ok((spool, Recovered { records, items, bytes, ..recovered }))
    }

    /// Everything that waits, the oldest first; reverse it for the newest first, filter it for one stream.
    pub fn pending(&self) -> impl DoubleEndedIterator<Item = Pending<'_>> {
        self.segments.values().flat_map(|segment| {
            segment.pending().map(|record| Pending {
                id: segment.first_id + u64::from(record.ordinal),
                key: &record.key,
                time_ms: record.time_ms,
                items: record.items,
                bytes: record.body_bytes,
            })
        })
    }

    /// Counts of what it holds and what it lost.
    pub fn stats(&self) -> Stats {
        let index = |segment: &Segment| segment.records.capacity() * size_of::<Indexed>() + size_of::<Segment>();
        Stats {
            records: self.pending.records,
            items: self.pending.items,
            bytes: self.pending.bytes,
            disk_bytes: self.disk_bytes,
            budget_bytes: self.budget_bytes,
            segments: self.segments.len() as u64,
            unwritten_acknowledgements: self.segments.values().map(|segment| segment.unmarked.len() as u64).sum(),
            dropped: self.dropped,
            damaged: self.damaged,
            index_bytes: (self.segments.values().map(index).sum::<usize>() + self.keys.bytes()) as u64,
        }
    }

    fn recover(&mut self, first_id: u64, newest: bool, recovered: &mut Recovered) -> Result<(), Error> {
        let bodies = if newest { Bodies::Check } else { Bodies::Trust };
        let file = self.directory.open_segment(first_id, Access::Read)?;
        let mut found = scan(&file, first_id, bodies, &mut self.keys);
        if let Some(version) = found.other_format {
            return Err(Error::Format { path: self.directory.segment_path(first_id), version });
        }
        let mut length = found.segment.length;
        if found.torn_bytes > 0 && newest && !found.segment.unreadable {
            recovered.torn_bytes += found.torn_bytes;
            // On a read-only disk it stays, and is found again.
            if self.cut(first_id, length).is_err() {
                length += found.torn_bytes;
            }
        } else if found.torn_bytes > 0 {
            found.damaged_records += 1;
            length += found.torn_bytes;
        }
        recovered.damaged_records += found.damaged_records;
        recovered.damaged_segments +=
            u64::from(found.damaged_records > 0 || found.damaged_header || found.segment.unreadable);
        found.segment.length = length;
        for record in found.segment.pending() {
            self.pending.add(record);
        }
        // Where something is missing, there may have been as many records as fit.
        let lost = if found.damaged_records > 0 { length / HEADER as u64 + 1 } else { 0 };
        let last = found.segment.records.last().map_or(first_id, |record| first_id + u64::from(record.ordinal) + 1);
        self.next_id = self.next_id.max(last).max(first_id.saturating_add(lost));
        self.disk_bytes += occupied(length);
        self.segments.insert(first_id, found.segment);
        // A failure is the next sync's.
        let _ = self.mark(first_id);
        Ok(())
    }

    fn cut(&mut self, first_id: u64, length: u64) -> Result<(), Error> {
        let file = self.directory.open_segment(first_id, Access::Write)?;
        let path = self.directory.segment_path(first_id);
        file.set_len(length).and_then(|()| file.sync_data()).map_err(|error| Error::io("cut", &path, error))
    }
}
