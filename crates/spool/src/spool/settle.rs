//! Records out: read, acknowledged, their segments removed; and what was written put on the disk.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use super::Spool;
use crate::directory::{Access, Directory};
use crate::error::Error;
use crate::frame::{ACKNOWLEDGED, Parsed, STATE, parse_head};
use crate::record::Record;
use crate::segment::{Indexed, Segment, occupied};
use crate::stats::Dropped;

impl Spool {
    /// Reads a pending record.
    ///
    /// A damaged one is forgotten and counted, and the error says so once. After any other error it is still pending.
    pub fn read(&mut self, id: u64) -> Result<Record, Error> {
        let (first_id, record) = self.pending_record(id).ok_or(Error::NotPending { id })?;
        match self.read_record(first_id, id, &record) {
            Ok(Some(body)) => {
                Ok(Record { key: Arc::clone(&record.key), time_ms: record.time_ms, items: record.items, body })
            }
            Ok(None) => {
                self.damaged.add(Dropped { records: 1, items: u64::from(record.items) });
                self.acknowledge(id);
                Err(Error::Damaged { id, path: self.directory.segment_path(first_id) })
            }
            Err(error) => Err(error),
        }
    }

    /// Ends a record: it isn't given again. `false` if it wasn't pending, as one dropped over budget isn't any more.
    ///
    /// The mark is written before this returns; where that fails, the record is ended for this process and
    /// [`Spool::sync`] writes the mark again and tells why it can't.
    pub fn acknowledge(&mut self, id: u64) -> bool {
        let Some((first_id, segment)) = self.segments.range_mut(..=id).next_back() else { return false };
        let first_id = *first_id;
        let Some(record) = segment.find(id).filter(|record| record.pending) else { return false };
        record.pending = false;
        self.pending.remove(record);
        let offset = record.offset;
        segment.pending -= 1;
        segment.unmarked.push(offset);
        // Both are tried again, and told, by the next sync.
        let _ = self.mark(first_id);
        if self.segments.get(&first_id).is_some_and(|segment| segment.pending == 0) {
            let _ = self.sweep();
        }
        true
    }

    /// Puts everything on the disk, so that it survives a loss of power, and does what failed before.
    ///
    /// Costs nothing where nothing changed. Everything is tried; the first error is returned.
    pub fn sync(&mut self) -> Result<(), Error> {
        let unmarked = self.segments.values().filter(|segment| !segment.unmarked.is_empty());
        let unmarked: Vec<u64> = unmarked.map(|segment| segment.first_id).collect();
        let mut first = Ok(());
        for first_id in unmarked {
            first = first.and(self.mark(first_id));
        }
        first = first.and(self.sweep());
        let newest = self.segments.keys().next_back().copied();
        for segment in self.segments.values_mut().filter(|segment| segment.unsynced) {
            let head = self.head.as_ref().filter(|_| newest == Some(segment.first_id));
            let done = sync_segment(&self.directory, segment.first_id, head);
            segment.unsynced = done.is_err();
            first = first.and(done);
        }
        if self.directory_unsynced {
            let done = self.directory.sync();
            self.directory_unsynced = done.is_err();
            first = first.and(done);
        }
        first
    }

    /// Removes the segments with nothing pending, but the newest.
    pub(super) fn sweep(&mut self) -> Result<(), Error> {
        let newest = self.segments.keys().next_back().copied();
        let done = |segment: &&Segment| segment.pending == 0 && !segment.unreadable && Some(segment.first_id) != newest;
        let done: Vec<u64> = self.segments.values().filter(done).map(|segment| segment.first_id).collect();
        let mut first = Ok(());
        for first_id in done {
            first = first.and(self.remove(first_id));
        }
        first
    }

    /// Removes a segment with all that is in it.
    pub(super) fn remove(&mut self, first_id: u64) -> Result<(), Error> {
        self.directory.remove_segment(first_id)?;
        let newest = self.segments.keys().next_back() == Some(&first_id);
        let Some(segment) = self.segments.remove(&first_id) else { return Ok(()) };
        segment.pending().for_each(|record| self.pending.remove(record));
        self.disk_bytes -= occupied(segment.length);
        self.directory_unsynced = true;
        self.reader.take_if(|reader| reader.0 == first_id);
        if newest {
            self.head = None;
        }
        drop(segment);
        self.keys.prune();
        Ok(())
    }

    fn pending_record(&mut self, id: u64) -> Option<(u64, Indexed)> {
        let (first_id, segment) = self.segments.range_mut(..=id).next_back()?;
        let record = segment.find(id).filter(|record| record.pending)?;
        Some((*first_id, record.clone()))
    }

    /// The body; `None` if it is damaged or its file gone.
    fn read_record(&mut self, first_id: u64, id: u64, record: &Indexed) -> Result<Option<Vec<u8>>, Error> {
        let file = match self.reader.take_if(|reader| reader.0 == first_id) {
            Some((_, file)) => file,
            None => match self.directory.open_segment(first_id, Access::Read) {
                Ok(file) => file,
                Err(error) if error.is_not_found() => return Ok(None),
                Err(error) => return Err(error),
            },
        };
        let mut frame = vec![0; record.frame_bytes()];
        match file.read_exact_at(&mut frame, u64::from(record.offset)) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(Error::io("read", &self.directory.segment_path(first_id), error)),
        }
        self.reader = Some((first_id, file));
        let Parsed::Head(head) = parse_head(&frame) else { return Ok(None) };
        if head.id != id || head.frame_bytes() != frame.len() as u64 {
            return Ok(None);
        }
        Ok(head.decode_body(&frame[frame.len() - record.stored_bytes as usize..]))
    }

    /// Writes the marks of a segment's acknowledged records that are still to be written.
    pub(super) fn mark(&mut self, first_id: u64) -> Result<(), Error> {
        let Some(segment) = self.segments.get_mut(&first_id).filter(|segment| !segment.unmarked.is_empty()) else {
            return Ok(());
        };
        let file = match self.directory.open_segment(first_id, Access::Write) {
            Ok(file) => file,
            // Nothing is left to be given again.
            Err(error) if error.is_not_found() => {
                segment.unmarked.clear();
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        while let Some(&offset) = segment.unmarked.last() {
            let at = u64::from(offset) + STATE as u64;
            file.write_all_at(&[ACKNOWLEDGED], at)
                .map_err(|error| Error::io("write", &self.directory.segment_path(first_id), error))?;
            segment.unmarked.pop();
            segment.unsynced = true;
        }
        Ok(())
    }
}

fn sync_segment(directory: &Directory, first_id: u64, head: Option<&File>) -> Result<(), Error> {
    let failed = |error| Error::io("sync", &directory.segment_path(first_id), error);
    if let Some(head) = head {
        return head.sync_data().map_err(failed);
    }
    match directory.open_segment(first_id, Access::Write) {
        Ok(file) => file.sync_data().map_err(failed),
        // Deleted by another program: reading its records fails, and says so.
        Err(error) if error.is_not_found() => Ok(()),
        Err(error) => Err(error),
    }
}
