//! Which points make one event: those of equal labels, time and destination.
//!
//! All records of this agent's receiver are one event each; records that came from elsewhere may hold points with
//! attributes of their own, and several records may have the same labels.

use std::cmp::Ordering;

use model::{Attributes, Name, Record, Round, Text};

/// What points without attributes of their own have.
pub(crate) static NONE: Attributes = Attributes::new();

/// Points of one record that belong to one event.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part {
    /// The event: the number of its first part.
    pub(crate) event: u32,
    /// The record's place in its round.
    pub(crate) record: u32,
    /// The first of the part's points in the list of picked ones, and the end; `None` for all of the record.
    picked: Option<(u32, u32)>,
    /// Where the event goes.
    pub(crate) place: Place,
    /// Milliseconds since the Unix epoch.
    pub(crate) time_ms: i64,
    fingerprint: u64,
}

/// Where an event goes, in the encoder's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) destination: u32,
    pub(crate) namespace: u32,
    pub(crate) resolved: bool,
}

/// The parts of a round, those of one event beside each other.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    pub(crate) parts: Vec<Part>,
    picked: Vec<u32>,
    order: Vec<u32>,
}

impl Parts {
    /// Arranges a round; `place` says where a record's points with these attributes go.
    pub(crate) fn arrange(
        &mut self,
        round: &Round,
        conversion: bool,
        mut place: impl FnMut(&Record, &Attributes) -> Place,
    ) {
        self.parts.clear();
        self.picked.clear();
        for (index, record) in (0..).zip(&round.records) {
            let time_ms = if record.time_ms == 0 { round.time_ms } else { record.time_ms };
            let mut part = |own: &Attributes, picked| Part {
                event: 0,
                record: index,
                picked,
                place: place(record, own),
                time_ms,
                fingerprint: fingerprint(time_ms, labels(record, own, conversion)),
            };
            if record.points.iter().all(|point| point.attributes.is_empty()) {
                if !record.points.is_empty() {
                    self.parts.push(part(&NONE, None));
                }
                continue;
            }
            for (start, end) in pick(record, &mut self.order, &mut self.picked) {
                let own = &record.points[self.picked[start as usize] as usize].attributes;
                self.parts.push(part(own, Some((start, end))));
            }
        }
        self.join(round, conversion);
    }

    /// The points of a part.
    pub(crate) fn points<'a>(&self, part: Part, record: &'a Record) -> impl Iterator<Item = &'a model::Point> {
        let (all, picked) = match part.picked {
            None => (&record.points[..], &[][..]),
            Some((start, end)) => (&[][..], &self.picked[start as usize..end as usize]),
        };
        all.iter().chain(picked.iter().map(|&at| &record.points[at as usize]))
    }

    /// The attributes that all points of a part have of their own.
    pub(crate) fn own<'a>(&self, part: Part, record: &'a Record) -> &'a Attributes {
        part.picked.map_or(&NONE, |(start, _)| &record.points[self.picked[start as usize] as usize].attributes)
    }

    /// Gives parts of one event the same number and brings them together.
    fn join(&mut self, round: &Round, conversion: bool) {
        let mut order = std::mem::take(&mut self.order);
        order.clear();
        order.extend((0..).take(self.parts.len()));
        order.sort_unstable_by_key(|&at| (self.parts[at as usize].fingerprint, at));
        let mut joined = false;
        for (position, &at) in order.iter().enumerate() {
            self.parts[at as usize].event = at;
            let part = self.parts[at as usize];
            let same = order[..position]
                .iter()
                .rev()
                .map(|&earlier| self.parts[earlier as usize])
                .take_while(|earlier| earlier.fingerprint == part.fingerprint)
                .filter(|earlier| earlier.time_ms == part.time_ms && earlier.place == part.place)
                .find(|earlier| {
                    let (this, that) = (&round.records[part.record as usize], &round.records[earlier.record as usize]);
                    labels(this, self.own(part, this), conversion).eq(labels(
                        that,
                        self.own(*earlier, that),
                        conversion,
                    ))
                });
            if let Some(earlier) = same {
                self.parts[at as usize].event = earlier.event;
                joined = true;
            }
        }
        if joined {
            self.parts.sort_by_key(|part| part.event);
        }
        self.order = order;
    }
}

/// Sorts a record's points by their attributes, keeping their order otherwise; gives the ranges of equal ones in the
/// order of their first points.
fn pick(record: &Record, order: &mut Vec<u32>, picked: &mut Vec<u32>) -> Vec<(u32, u32)> {
    let own = |at: u32| &record.points[at as usize].attributes;
    order.clear();
    order.extend((0..).take(record.points.len()));
    order.sort_by_cached_key(|&at| (fingerprint(0, own(at).iter()), at));
    let start = picked.len();
    picked.extend_from_slice(order);
    // Equal attributes have equal fingerprints; where different ones do as well, they part into more ranges, and the
    // events are brought together again when parts are joined.
    let mut ranges = Vec::new();
    let mut first = start;
    for at in start + 1..=picked.len() {
        if at == picked.len() || own(picked[at]) != own(picked[first]) {
            ranges.push((first as u32, at as u32));
            first = at;
        }
    }
    ranges.sort_by_key(|&(first, _)| picked[first as usize]);
    ranges
}

/// A number that is equal for equal labels and hardly ever for others.
fn fingerprint<'a>(time_ms: i64, labels: impl Iterator<Item = (&'a Name, &'a Text)>) -> u64 {
    labels.fold(time_ms.cast_unsigned(), |sum, (_, value)| {
        let bytes = value.as_bytes();
        // Of a long text, JSON as a rule, the beginning and the end are enough.
        let (chunks, _) = bytes[..bytes.len().min(64)].as_chunks::<8>();
        let last = match bytes.last_chunk::<8>() {
            Some(last) => u64::from_le_bytes(*last),
            None => bytes.iter().fold(0, |last, byte| last << 8 | u64::from(*byte)),
        };
        let sum = chunks.iter().fold(sum, |sum, chunk| spread(sum ^ u64::from_le_bytes(*chunk)));
        spread(sum ^ last.wrapping_add(bytes.len() as u64))
    })
}

fn spread(number: u64) -> u64 {
    number.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
}

/// The labels of points, in byte order of the names: their own, and with conversion those of the record, which win over
/// own ones of the same name.
pub(crate) fn labels<'a>(
    record: &'a Record,
    own: &'a Attributes,
    conversion: bool,
) -> impl Iterator<Item = (&'a Name, &'a Text)> {
    let common = if conversion { &record.attributes } else { &NONE };
    let (mut common, mut own) = (common.iter(), own.iter());
    let (mut next_common, mut next_own) = (common.next(), own.next());
    std::iter::from_fn(move || {
        let order = match (next_common, next_own) {
            (Some((this, _)), Some((that, _))) => this.cmp(that),
            (None, Some(_)) => Ordering::Greater,
            _ => Ordering::Less,
        };
        if order.is_ge() {
            let skipped = std::mem::replace(&mut next_own, own.next());
            if order.is_gt() {
                return skipped;
            }
        }
        std::mem::replace(&mut next_common, common.next())
    })
}
