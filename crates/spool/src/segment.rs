//! A segment as the index knows it: which records its file holds and which of them are pending.

pub(crate) mod header;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::frame::HEADER;
use crate::stats::Dropped;

/// Most bytes of one segment or record: offsets in a segment have 32 bits.
pub(crate) const MOST_BYTES: u64 = 1 << 30;

/// Blocks in which file systems hand out space, in bytes.
const BLOCK: u64 = 4096;

/// What a file of this length takes on disk, in bytes.
pub(crate) fn occupied(length: u64) -> u64 {
    length.next_multiple_of(BLOCK)
}

/// One record in the index.
#[derive(Debug, Clone)]
pub(crate) struct Indexed {
    pub(crate) key: Arc<[u8]>,
    pub(crate) time_ms: i64,
    /// Its id, less that of the segment's first record.
    pub(crate) ordinal: u32,
    /// Where its frame begins in the file.
    pub(crate) offset: u32,
    pub(crate) stored_bytes: u32,
    pub(crate) body_bytes: u32,
    pub(crate) items: u32,
    pub(crate) pending: bool,
}

const _: () = assert!(size_of::<Indexed>() <= 64);

impl Indexed {
    /// Length of its frame, in bytes.
    pub(crate) fn frame_bytes(&self) -> usize {
        HEADER + self.key.len() + self.stored_bytes as usize
    }
}

/// One segment.
#[derive(Debug)]
pub(crate) struct Segment {
    /// Id of its first record, which names the file.
    pub(crate) first_id: u64,
    /// Length in bytes up to the end of its last whole frame: where the next one goes.
    pub(crate) length: u64,
    /// In the order of their ids, which is that of the file.
    pub(crate) records: Vec<Indexed>,
    /// How many of them are pending.
    pub(crate) pending: usize,
    /// Offsets of frames whose acknowledgement could not be written.
    pub(crate) unmarked: Vec<u32>,
    /// Something was written since the last sync.
    pub(crate) unsynced: bool,
    /// The system could not read all of it: kept, though nothing in it is pending, until the budget needs its space.
    pub(crate) unreadable: bool,
}

impl Segment {
    pub(crate) fn new(first_id: u64, length: u64) -> Self {
        Segment {
            first_id,
            length,
            records: Vec::new(),
            pending: 0,
            unmarked: Vec::new(),
            unsynced: true,
            unreadable: false,
        }
    }

    pub(crate) fn push(&mut self, record: Indexed) {
        self.pending += usize::from(record.pending);
        self.records.push(record);
    }

    /// The record with this id, pending or not.
    pub(crate) fn find(&mut self, id: u64) -> Option<&mut Indexed> {
        let ordinal = u32::try_from(id.checked_sub(self.first_id)?).ok()?;
        let index = self.records.binary_search_by_key(&ordinal, |record| record.ordinal).ok()?;
        self.records.get_mut(index)
    }

    pub(crate) fn pending(&self) -> impl DoubleEndedIterator<Item = &Indexed> {
        // A segment that is done with is passed over at once.
        let records = if self.pending == 0 { &[] } else { &self.records[..] };
        records.iter().filter(|record| record.pending)
    }

    /// The pending records, counted.
    pub(crate) fn count(&self) -> Dropped {
        Dropped { records: self.pending as u64, items: self.pending().map(|record| u64::from(record.items)).sum() }
    }
}

/// Each key once, however many records have it.
#[derive(Debug, Default)]
pub(crate) struct Keys(BTreeSet<Arc<[u8]>>);

impl Keys {
    pub(crate) fn share(&mut self, key: &[u8]) -> Arc<[u8]> {
        if let Some(known) = self.0.get(key) {
            return Arc::clone(known);
        }
        let key: Arc<[u8]> = key.into();
        self.0.insert(Arc::clone(&key));
        key
    }

    /// Forgets the keys that no record has any more.
    pub(crate) fn prune(&mut self) {
        self.0.retain(|key| Arc::strong_count(key) > 1);
    }

    /// Memory they take, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.0.iter().map(|key| key.len() + 2 * size_of::<usize>() + size_of::<Arc<[u8]>>()).sum()
    }
}
