//! Pods that stand in a list byte for byte as in the last one, found while the bytes come.
//!
//! A kubelet writes a list of megabytes in any order, of which hardly a pod changes from one time to the next.

use std::ops::Range;
use std::sync::Arc;

use super::Pod;

#[cfg(test)]
mod tests;

/// The most bytes of items that are held from one list to the next. Items beyond are read every time.
const MOST_REPEATED: usize = 4 << 20;
/// A larger item is read every time.
const LARGEST_REPEATED: usize = 256 << 10;

/// An item as it came, and what was read of it.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) json: Arc<[u8]>,
    /// Of what was kept of it.
    pub(super) hash: u64,
    pub(super) pod: Arc<Pod>,
}

/// The items of the last list, sorted by their bytes.
#[derive(Debug, Default)]
pub(super) struct Repeated {
    entries: Vec<Entry>,
    /// With so many bytes all of them begin alike.
    alike: usize,
}

/// The items that have begun as the present one.
#[derive(Debug)]
pub(super) struct Search {
    candidates: Range<usize>,
    /// With so many bytes all candidates begin alike.
    alike: usize,
    /// So many bytes of the first candidate have come.
    matched: usize,
}

/// How far a search has come.
#[derive(Debug)]
pub(super) enum Found<'r> {
    /// It is this item, which has ended.
    Item(&'r Entry),
    /// It may be one of several; more bytes are needed.
    Open,
    /// It is none of them, but began with these bytes of one.
    Other(&'r [u8]),
}

impl Repeated {
    /// `entries` in any order.
    pub(super) fn new(mut entries: Vec<Entry>) -> Self {
        entries.sort_unstable_by(|one, other| one.json.cmp(&other.json));
        let alike = entries.first().zip(entries.last()).map_or(0, |(first, last)| common(&first.json, &last.json));
        Self { entries, alike }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Begins with an item; `None` where there is nothing to find.
    pub(super) fn search(&self) -> Option<Search> {
        let candidates = 0..self.entries.len();
        (!candidates.is_empty()).then_some(Search { candidates, alike: self.alike, matched: 0 })
    }
}

impl Search {
    /// Takes the next bytes of the item: how many of them belong to what was found. JSON ends by itself, so that no item is
    /// the beginning of another.
    pub(super) fn push<'r>(&mut self, repeated: &'r Repeated, chunk: &[u8]) -> (usize, Found<'r>) {
        let mut taken = 0;
        loop {
            let candidate = &repeated.entries[self.candidates.start];
            let same = common(&candidate.json[self.matched..], &chunk[taken..]);
            self.matched += same;
            taken += same;
            if self.matched == candidate.json.len() {
                return (taken, Found::Item(candidate));
            }
            let Some(byte) = chunk.get(taken) else { return (taken, Found::Open) };
            let begun = &candidate.json[..self.matched];
            if self.matched < self.alike {
                return (taken, Found::Other(begun));
            }
            // Those of the candidates that go on as what has come, and then with this byte.
            let rest = &begun[self.alike..];
            let of = |entry: &Entry| {
                let json = &entry.json[self.alike..];
                let length = json.len().min(rest.len());
                json[..length].cmp(rest).then_with(|| json.get(length).cmp(&Some(byte)))
            };
            let candidates = &repeated.entries[self.candidates.clone()];
            let first = candidates.partition_point(|entry| of(entry).is_lt());
            let end = candidates.partition_point(|entry| of(entry).is_le());
            if first == end {
                return (taken, Found::Other(begun));
            }
            self.candidates = self.candidates.start + first..self.candidates.start + end;
            self.alike = self.matched + 1;
        }
    }

    /// What has come of the item.
    pub(super) fn begun<'r>(&self, repeated: &'r Repeated) -> &'r [u8] {
        &repeated.entries[self.candidates.start].json[..self.matched]
    }
}

/// The items of the present list, as far as they are held for the next.
#[derive(Debug, Default)]
pub(super) struct Holding {
    entries: Vec<Entry>,
    bytes: usize,
    /// Whether one of them was not there before.
    has_new: bool,
    /// The present item as it comes; empty where it is too large.
    json: Vec<u8>,
    is_too_large: bool,
}

impl Holding {
    /// Begins an item.
    pub(super) fn begin(&mut self) {
        self.json.clear();
        self.is_too_large = false;
    }

    /// Takes the next bytes of an item.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        let length = self.json.len() + bytes.len();
        self.is_too_large |= length > LARGEST_REPEATED || self.bytes + length > MOST_REPEATED;
        if !self.is_too_large {
            self.json.extend_from_slice(bytes);
        }
    }

    /// The item has ended, and is this.
    pub(super) fn end(&mut self, hash: u64, pod: Arc<Pod>) {
        if !self.is_too_large {
            self.has_new = true;
            self.keep(Entry { json: self.json.as_slice().into(), hash, pod });
        }
    }

    /// An item that was there before.
    pub(super) fn keep(&mut self, entry: Entry) {
        if self.bytes + entry.json.len() <= MOST_REPEATED {
            self.bytes += entry.json.len();
            self.entries.push(entry);
        }
    }

    /// Lets go of the others.
    pub(super) fn retain(&mut self, is_kept: impl Fn(&Arc<Pod>) -> bool) {
        let before = self.entries.len();
        self.entries.retain(|entry| is_kept(&entry.pod));
        self.has_new |= self.entries.len() < before;
    }

    /// What the next list is compared with; `before` where it has the same.
    pub(super) fn finish(self, before: &Arc<Repeated>) -> Arc<Repeated> {
        let is_same = !self.has_new && self.entries.len() == before.len();
        if is_same { before.clone() } else { Arc::new(Repeated::new(self.entries)) }
    }
}

/// How many of the first bytes are the same. By words: musl, with which the program is linked, compares byte by byte.
fn common(one: &[u8], other: &[u8]) -> usize {
    const WORD: usize = size_of::<u64>();
    const STEP: usize = 4 * WORD;
    let word = |bytes: &[u8], at: usize| u64::from_ne_bytes(bytes[at..at + WORD].try_into().expect("a word's bytes"));
    let mut same = 0;
    for (one, other) in one.chunks_exact(STEP).zip(other.chunks_exact(STEP)) {
        let differ = |at| word(one, at) ^ word(other, at);
        if differ(0) | differ(WORD) | differ(2 * WORD) | differ(3 * WORD) != 0 {
            break;
        }
        same += STEP;
    }
    same + one[same..].iter().zip(&other[same..]).take_while(|(one, other)| one == other).count()
}
