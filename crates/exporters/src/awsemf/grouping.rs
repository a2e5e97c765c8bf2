//! Which records make one event: those of equal labels, time and destination.
//!
//! All records of this agent's own receiver are one event each; of those that came from elsewhere several may have the same
//! labels.

use std::cmp::Ordering;
use std::sync::LazyLock;

use model::{Attributes, Batch, Name, Record, Text};

/// The attributes of a resource whose attributes are no labels.
static NONE: Attributes = Attributes::new();
/// The label that has the name of a record's scope, as the Go exporter calls it.
pub(crate) const SCOPE: &str = "OTelLib";
static SCOPE_NAME: LazyLock<Name> = LazyLock::new(|| SCOPE.into());

/// A record as a part of an event.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part {
    /// The event: the number of its first part.
    pub(crate) event: u32,
    /// The record's place in its batch.
    pub(crate) record: u32,
    /// Where the event goes.
    pub(crate) target: Target,
    /// Milliseconds since the Unix epoch.
    pub(crate) time_ms: i64,
    fingerprint: u64,
}

/// Where an event goes, in the encoder's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) destination: u32,
    pub(crate) namespace: u32,
    pub(crate) resolved: bool,
}

/// The parts of a batch, those of one event beside each other.
#[derive(Debug, Default)]
pub(crate) struct Grouping {
    pub(crate) parts: Vec<Part>,
    order: Vec<u32>,
}

impl Grouping {
    /// Arranges a batch; `target` says where a record's points go.
    pub(crate) fn arrange(&mut self, batch: &Batch, conversion: bool, mut target: impl FnMut(&Record) -> Target) {
        self.parts.clear();
        let records = (0..).zip(&batch.records).filter(|(_, record)| !record.points.is_empty());
        self.parts.extend(records.map(|(index, record)| {
            let time_ms = record.time.as_millis();
            let fingerprint = fingerprint(time_ms, labels(record, conversion));
            Part { event: 0, record: index, target: target(record), time_ms, fingerprint }
        }));
        self.join(batch, conversion);
    }

    /// Gives parts of one event the same number and brings them together.
    fn join(&mut self, batch: &Batch, conversion: bool) {
        let mut order = std::mem::take(&mut self.order);
        order.clear();
        order.extend((0..).take(self.parts.len()));
        order.sort_unstable_by_key(|&at| (self.parts[at as usize].fingerprint, at));
        let mut joined = false;
        for (position, &at) in order.iter().enumerate() {
            self.parts[at as usize].event = at;
            let part = self.parts[at as usize];
            let labels = |part: &Part| labels(&batch.records[part.record as usize], conversion);
            let same = order[..position]
                .iter()
                .rev()
                .map(|&earlier| self.parts[earlier as usize])
                .take_while(|earlier| earlier.fingerprint == part.fingerprint)
                .filter(|earlier| earlier.time_ms == part.time_ms && earlier.target == part.target)
                .find(|earlier| labels(&part).eq(labels(earlier)));
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

/// The labels of a record's points, in byte order of the names: its attributes and the name of its scope, which wins over an
/// attribute called [`SCOPE`]. A scope without a name is none.
pub(crate) fn labels(record: &Record, conversion: bool) -> impl Iterator<Item = (&Name, &Text)> {
    let named = record.scope.as_deref().filter(|scope| !scope.name.is_empty());
    let mut scope = named.map(|scope| (&*SCOPE_NAME, &scope.name));
    let mut attributes = attributes(record, conversion).peekable();
    std::iter::from_fn(move || {
        let Some(label) = scope else { return attributes.next() };
        match attributes.peek().map(|(name, _)| (*name).cmp(label.0)) {
            Some(Ordering::Less) => return attributes.next(),
            Some(Ordering::Equal) => drop(attributes.next()),
            _ => {}
        }
        scope.take()
    })
}

/// A record's own attributes, and with conversion those of its resource, which win over own ones of the same name.
fn attributes(record: &Record, conversion: bool) -> impl Iterator<Item = (&Name, &Text)> {
    let common = if conversion { &record.resource.attributes } else { &NONE };
    let (mut common, mut own) = (common.iter(), record.attributes.iter());
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
