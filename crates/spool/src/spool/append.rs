//! Records in: written before they are answered, in segments of bounded size, within the budget.

use std::fs::File;
use std::os::unix::fs::{FileExt, MetadataExt};

use super::Spool;
use crate::directory::Access;
use crate::error::Error;
use crate::frame::{self, encode_frame};
use crate::record::{Appended, Entry};
use crate::segment::header::{HEADER, encode_header};
use crate::segment::{Indexed, MOST_BYTES, Segment, occupied};

/// Most records of one segment, so that looking for the pending ones in it stays cheap however small they are.
const MOST_RECORDS: usize = 4096;

impl Spool {
    /// Writes a record, and drops the oldest ones where the budget asks for it.
    ///
    /// When it returns, the record survives the process. On an error nothing of the record was kept; what was dropped until
    /// then is told by the next append that succeeds, and by [`Spool::stats`] at once.
    pub fn append(&mut self, entry: &Entry<'_>) -> Result<Appended, Error> {
        let most = |bytes: usize, limit_bytes| Error::TooLarge { bytes: bytes as u64, limit_bytes };
        if entry.body.len() as u64 > MOST_BYTES {
            return Err(most(entry.body.len(), MOST_BYTES));
        }
        let mut frame = Vec::new();
        let too_long = || most(entry.key.len(), u64::from(u16::MAX));
        encode_frame(self.next_id, entry, &mut frame).ok_or_else(too_long)?;
        let limit_bytes = (self.budget_bytes & !4095).saturating_sub(HEADER as u64);
        if frame.len() as u64 > limit_bytes {
            return Err(most(frame.len(), limit_bytes));
        }
        self.leave_lost_head();
        self.make_room(frame.len() as u64)?;
        let id = self.write(&frame, entry)?;
        Ok(Appended { id, dropped: std::mem::take(&mut self.unreported) })
    }

    /// Drops the oldest records until a frame of this length fits.
    pub(super) fn make_room(&mut self, frame_bytes: u64) -> Result<(), Error> {
        while self.disk_bytes + self.growth(frame_bytes) > self.budget_bytes {
            // Space with nothing pending in it costs no record.
            let free = self.segments.values().find(|segment| segment.pending == 0);
            let Some(first_id) = free.or(self.segments.values().next()).map(|segment| segment.first_id) else { break };
            let dropped = self.segments.get(&first_id).map(Segment::count).unwrap_or_default();
            self.remove(first_id)?;
            self.dropped.add(dropped);
            self.unreported.add(dropped);
        }
        Ok(())
    }

    /// What a frame of this length would add to the disk; none of no length.
    fn growth(&self, frame_bytes: u64) -> u64 {
        match self.head_length() {
            _ if frame_bytes == 0 => 0,
            Some(length) if self.takes(length, frame_bytes) => occupied(length + frame_bytes) - occupied(length),
            _ => occupied(HEADER as u64 + frame_bytes),
        }
    }

    fn head_length(&self) -> Option<u64> {
        self.head.as_ref().and(self.segments.values().next_back()).map(|segment| segment.length)
    }

    /// Whether the newest segment, of this length, takes a frame of that one.
    fn takes(&self, length: u64, frame_bytes: u64) -> bool {
        let records = self.segments.values().next_back().map_or(0, |segment| segment.records.len());
        records == 0 || (length + frame_bytes <= self.segment_bytes && records < MOST_RECORDS)
    }

    fn write(&mut self, frame: &[u8], entry: &Entry<'_>) -> Result<u64, Error> {
        let frame_bytes = frame.len() as u64;
        if !self.head_length().is_some_and(|length| self.takes(length, frame_bytes)) {
            self.begin_segment()?;
        }
        let (Some(head), Some(segment)) = (&self.head, self.segments.values_mut().next_back()) else {
            unreachable!("a segment was begun");
        };
        let offset = segment.length;
        if let Err(error) = head.write_all_at(frame, offset) {
            // Half a frame is harmless: the next one goes over it, and opening would cut it off. Only its space matters.
            let _ = head.set_len(offset);
            return Err(Error::io("write", &self.directory.segment_path(segment.first_id), error));
        }
        let narrow = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        let body_offset = (frame::HEADER + entry.key.len()) as u64;
        let record = Indexed {
            key: self.keys.share(entry.key),
            time_ms: entry.time_ms,
            ordinal: narrow(self.next_id - segment.first_id),
            offset: narrow(offset),
            stored_bytes: narrow(frame_bytes - body_offset),
            body_bytes: narrow(entry.body.len() as u64),
            items: entry.items,
            pending: true,
        };
        self.pending.add(&record);
        segment.push(record);
        segment.length += frame_bytes;
        segment.unsynced = true;
        self.disk_bytes += occupied(segment.length) - occupied(offset);
        let id = self.next_id;
        self.next_id += 1;
        Ok(id)
    }

    fn begin_segment(&mut self) -> Result<(), Error> {
        self.finish_head();
        let first_id = self.next_id;
        // One of this name holds no record: left by a crash or a failure while it was made.
        if let Err(error) = self.remove(first_id) {
            if matches!(error, Error::Io { .. }) {
                // A directory that another program made: the next call leaves its name to it.
                self.next_id += 1;
            }
            return Err(error);
        }
        let file = self.directory.open_segment(first_id, Access::Create)?;
        if let Err(error) = file.write_all_at(&encode_header(first_id), 0) {
            let _ = self.directory.remove_segment(first_id);
            return Err(Error::io("write", &self.directory.segment_path(first_id), error));
        }
        self.head = Some(file);
        let segment = Segment::new(first_id, HEADER as u64);
        self.disk_bytes += occupied(segment.length);
        self.segments.insert(first_id, segment);
        self.directory_unsynced = true;
        // What is done with and couldn't be removed is tried again by the next sync.
        let _ = self.sweep();
        Ok(())
    }

    /// The head is full: it goes to the disk before the next one exists, since opening trusts all segments but the newest.
    fn finish_head(&mut self) {
        if let (Some(head), Some(segment)) = (&self.head, self.segments.values_mut().next_back()) {
            // A failure leaves it to the next sync, which tells.
            segment.unsynced = head.sync_data().is_err();
            segment.records.shrink_to_fit();
        }
    }

    /// A head that another program deleted takes no more records: they would be gone with it.
    fn leave_lost_head(&mut self) {
        let links = |head: &File| head.metadata().map_or(0, |metadata| metadata.nlink());
        if self.head.as_ref().is_some_and(|head| links(head) == 0) {
            self.head = None;
        }
    }
}
