//! Every metric, type by type: the rows of [`crate::measurements`] with each record type's own full names.

use crate::kind::{Kind, Tier, Tolerance};
use crate::measurements::{Measurement, ROWS, Row};
use crate::record_type::RecordType;
use crate::unit::Unit;

/// A metric of a record type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// Whose metric it is.
    pub record_type: RecordType,
    /// What is measured.
    pub measurement: Measurement,
    /// The name as it is written in an event.
    pub name: &'static str,
    /// Its unit.
    pub unit: Unit,
    /// Reading, count, rate or delta.
    pub kind: Kind,
    /// How far two agents' values may be apart.
    pub tolerance: Tolerance,
    /// When it is emitted.
    pub tier: Tier,
}

/// Every metric that Container Insights knows, sorted by record type as [`RecordType`] lists them.
pub static METRICS: &[Metric] = &metrics();

const COUNT: usize = count();
const PAIRS: [(&Row, RecordType); COUNT] = pairs();
/// The metrics' names, one after the other.
const NAMES: [u8; bytes()] = names();

/// What a metric's name begins with: a container's restarts have no prefix.
const fn prefix(record_type: RecordType, measurement: Measurement) -> &'static str {
    match (record_type, measurement) {
        (RecordType::Container, Measurement::NumberOfContainerRestarts) => "",
        _ => record_type.prefix(),
    }
}

const fn count() -> usize {
    let (mut count, mut at) = (0, 0);
    while at < ROWS.len() {
        count += ROWS[at].types.count();
        at += 1;
    }
    count
}

const fn pairs() -> [(&'static Row, RecordType); COUNT] {
    let (mut pairs, mut count, mut at) = ([(&ROWS[0], RecordType::Cluster); COUNT], 0, 0);
    while at < ROWS.len() * RecordType::ALL.len() {
        let (record_type, row) = (RecordType::ALL[at / ROWS.len()], &ROWS[at % ROWS.len()]);
        if row.types.contains(record_type) {
            pairs[count] = (row, record_type);
            count += 1;
        }
        at += 1;
    }
    pairs
}

const fn bytes() -> usize {
    let (mut bytes, mut at) = (0, 0);
    while at < COUNT {
        let (row, record_type) = PAIRS[at];
        bytes += prefix(record_type, row.measurement).len() + row.measurement.as_str().len();
        at += 1;
    }
    bytes
}

const fn names() -> [u8; bytes()] {
    let (mut names, mut end, mut at) = ([0; bytes()], 0, 0);
    while at < COUNT * 2 {
        let (row, record_type) = PAIRS[at / 2];
        let part = if at % 2 == 0 { prefix(record_type, row.measurement) } else { row.measurement.as_str() };
        names.split_at_mut(end).1.split_at_mut(part.len()).0.copy_from_slice(part.as_bytes());
        end += part.len();
        at += 1;
    }
    names
}

const fn metrics() -> [Metric; COUNT] {
    let mut metrics = [metric(PAIRS[0], ""); COUNT];
    let (mut rest, mut at): (&[u8], usize) = (&NAMES, 0);
    while at < COUNT {
        let (row, record_type) = PAIRS[at];
        let length = prefix(record_type, row.measurement).len() + row.measurement.as_str().len();
        let (name, others) = rest.split_at(length);
        metrics[at] = match str::from_utf8(name) {
            Ok(name) => metric(PAIRS[at], name),
            Err(_) => panic!("names are text"),
        };
        rest = others;
        at += 1;
    }
    metrics
}

const fn metric((row, record_type): (&Row, RecordType), name: &'static str) -> Metric {
    let Row { measurement, unit, kind, tolerance, tier, .. } = *row;
    Metric { record_type, measurement, name, unit, kind, tolerance, tier }
}
