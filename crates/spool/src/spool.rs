//! The spool: opened and looked at.

mod append;
mod settle;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;

use crate::directory::{Access, Directory, MOST_ID};
use crate::error::Error;
use crate::frame::HEADER;
use crate::options::Options;
use crate::record::Pending;
use crate::recover::{Bodies, identify, scan};
use crate::segment::{Indexed, Keys, MOST_BYTES, Segment, occupied};
use crate::stats::{Dropped, Recovered, Stats};

/// How many of the files that are passed over are named.
const MOST_WORDS: usize = 8;

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
    passed_over: u64,
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
    /// passed over, and so is a file that can't be used at all: a link, a pipe, a later version's. On a read-only file system a spool that exists is opened too, and gives what it holds.
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
            passed_over: 0,
            directory_unsynced: false,
        };
        let mut recovered = Recovered::default();
        let ids = spool.usable(&mut recovered)?;
        for &first_id in &ids {
            if let Err(error) = spool.recover(first_id, Some(&first_id) == ids.last(), &mut recovered) {
                spool.pass_over(first_id, &error, &mut recovered);
            }
        }
        spool.passed_over = recovered.passed_over;
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
            passed_over: self.passed_over,
            index_bytes: (self.segments.values().map(index).sum::<usize>() + self.keys.bytes()) as u64,
        }
    }

    /// First ids of the segments to recover, in order. A file under another segment's name gets its own; what can't be used is
    /// passed over.
    fn usable(&mut self, recovered: &mut Recovered) -> Result<Vec<u64>, Error> {
        let names = self.directory.list()?;
        let mut ids = BTreeSet::new();
        for &name in &names {
            let path = self.directory.segment_path(name);
            let file = self.directory.open_segment(name, Access::Read);
            match file.and_then(|file| identify(&file, name, &path)) {
                Ok(own) if own > MOST_ID => {
                    let reason = "names an id that no record has";
                    self.pass_over(name, &Error::NoSegment { path, reason }, recovered);
                }
                Ok(own) if own == name => drop(ids.insert(name)),
                Ok(own) if names.binary_search(&own).is_err() && !ids.contains(&own) => {
                    match self.directory.rename_segment(name, own) {
                        Ok(()) => drop(ids.insert(own)),
                        Err(error) => self.pass_over(name, &error, recovered),
                    }
                }
                Ok(_) => {
                    let reason = "has the content of another segment that is there too";
                    self.pass_over(name, &Error::NoSegment { path, reason }, recovered);
                }
                Err(error) => self.pass_over(name, &error, recovered),
            }
        }
        Ok(ids.into_iter().collect())
    }

    /// Leaves a file alone, and tells. No record gets an id that one in it may have.
    fn pass_over(&mut self, name: u64, error: &Error, recovered: &mut Recovered) {
        let file = self.directory.open_segment(name, Access::Read);
        let length = file.and_then(|file| {
            file.metadata().map_err(|error| Error::io("open", &self.directory.segment_path(name), error))
        });
        let records = length.map_or(0, |metadata| metadata.len().min(MOST_BYTES) / HEADER as u64);
        // Nor does a name that no spool comes to use up all ids.
        if name <= MOST_ID / 2 {
            self.next_id = self.next_id.max(name + records + 1);
        }
        recovered.passed_over += 1;
        if recovered.passed_over_words.len() < MOST_WORDS {
            let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
            recovered.passed_over_words.push(format!("{error}{cause}"));
        }
    }

    fn recover(&mut self, first_id: u64, newest: bool, recovered: &mut Recovered) -> Result<(), Error> {
        let bodies = if newest { Bodies::Check } else { Bodies::Trust };
        let file = self.directory.open_segment(first_id, Access::Read)?;
        let mut found = scan(&file, first_id, bodies, &mut self.keys);
        if found.damaged_header && found.segment.records.is_empty() {
            recovered.damaged_segments += 1;
            let reason = "has nothing whole in it";
            return Err(Error::NoSegment { path: self.directory.segment_path(first_id), reason });
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
