//! What can't be true of a machine: numbers below zero that wrapped, counters that went back, more than there is.
//!
//! Every value of every source passes here before it leaves; what can't be true is left out and counted. The ceilings are
//! such that no healthy machine reaches them, and such that numbers which wrapped or jumped are beyond them;
//! `docs/kernel-files.md` has them as a table.

use catalog::{Kind, Measurement as M, Metric, Unit};
use model::Value;

use platform::{Capacity, MOST_MEMORY};

/// From here on a 64-bit number is one below zero: nothing that is counted or measured gets this far.
const WRAPPED: u64 = 1 << 63;
/// How many times the node's CPUs may seem to work: readings have no exact time, and counters advance in ticks.
const CPU_FACTOR: f64 = 10.0;
/// CPUs of the largest kernel, for a node whose CPUs aren't known, in millicores.
const MOST_MILLICORES: f64 = 8_192_000.0;
/// How many times the node's memory may seem to be in use: sums of many CPUs' counters are a little late.
const MEMORY_FACTOR: f64 = 1.25;
/// Bytes in a second beyond the memory bandwidth of any machine.
const MOST_BYTES_PER_SECOND: f64 = 1e13;
/// Operations, packets or page faults in a second beyond what any machine's CPUs do.
const MOST_PER_SECOND: f64 = 1e12;
/// The API's own bound of numbers of pods, replicas and restarts.
const MOST_THINGS: f64 = i32::MAX as f64;
/// A node takes no pod whose requests it can't hold, and a task no more than the instance has.
const MOST_RESERVED_PERCENT: f64 = 1000.0;

/// Why a value can't be true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// A number below zero, written without its sign.
    Wrapped,
    /// A counter that is smaller than before: it began again, or was wrong before.
    Backwards,
    /// More than there is, or than there can be.
    Exceeds,
}

impl Reason {
    /// The label of the counter.
    pub fn label(self) -> &'static str {
        match self {
            Self::Wrapped => "wrapped",
            Self::Backwards => "backwards",
            Self::Exceeds => "exceeds",
        }
    }
}

/// Why there is no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// The source doesn't say.
    Missing,
    /// The source says what can't be.
    Impossible(Reason),
}

/// A value, or why there is none.
pub type Said<T> = Result<T, Absent>;

/// A number as a source gives it.
pub fn said(value: Option<u64>) -> Said<u64> {
    match value {
        None => Err(Absent::Missing),
        Some(value) if value >= WRAPPED => Err(Absent::Impossible(Reason::Wrapped)),
        Some(value) => Ok(value),
    }
}

/// A part, unless there is more of it than of the whole; a whole that isn't known bounds nothing.
pub fn within(part: Option<u64>, whole: Said<u64>) -> Said<u64> {
    let part = said(part)?;
    match whole {
        Ok(whole) if part > whole => Err(Absent::Impossible(Reason::Exceeds)),
        _ => Ok(part),
    }
}

/// How much a counter grew.
pub fn growth(earlier: Option<u64>, now: Option<u64>) -> Said<u64> {
    let now = said(now)?;
    let earlier = earlier.ok_or(Absent::Missing)?;
    now.checked_sub(earlier).ok_or(Absent::Impossible(Reason::Backwards))
}

/// A value, unless it is beyond what a metric can be on a node of this capacity, or no number.
pub fn bounded(value: Value, metric: &Metric, capacity: Capacity) -> Said<Value> {
    #[expect(clippy::cast_precision_loss, reason = "a ceiling is no exact number")]
    let (number, is_wrapped) = match &value {
        Value::Integer(value) => (*value as f64, false),
        // A whole number that no signed one holds has become a float.
        Value::Float(value) => (*value, *value >= WRAPPED as f64 && matches!(metric.kind, Kind::Gauge | Kind::Counter)),
        // No source of the receiver has one.
        Value::Compound(_) => return Ok(value),
    };
    if !number.is_finite() {
        return Err(Absent::Missing);
    }
    if is_wrapped {
        return Err(Absent::Impossible(Reason::Wrapped));
    }
    match ceiling(metric, capacity) {
        Some(most) if number > most => Err(Absent::Impossible(Reason::Exceeds)),
        _ => Ok(value),
    }
}

/// A rate of one of several interfaces, unless no interface has it.
pub fn of_one_interface(measurement: M, rate: f64) -> Said<f64> {
    let is_bytes = matches!(measurement, M::NetworkRxBytes | M::NetworkTxBytes);
    let most = if is_bytes { MOST_BYTES_PER_SECOND } else { MOST_PER_SECOND };
    if rate > most { Err(Absent::Impossible(Reason::Exceeds)) } else { Ok(rate) }
}

/// Whether what exceeds a metric's ceiling may mean that the node grew since its capacity was read.
pub fn depends_on_capacity(metric: &Metric) -> bool {
    is_memory_in_use(metric.measurement) || (metric.unit == Unit::Millicore && metric.kind == Kind::Rate)
}

/// The largest value of a metric that can be true; `None` where what it is made of has been looked at already.
#[expect(clippy::cast_precision_loss, reason = "a ceiling is no exact number")]
fn ceiling(metric: &Metric, capacity: Capacity) -> Option<f64> {
    let memory = || capacity.memory_bytes.unwrap_or(MOST_MEMORY) as f64 * MEMORY_FACTOR;
    let millicores = || capacity.cpu_millicores.map_or(MOST_MILLICORES, |millicores| millicores as f64) * CPU_FACTOR;
    match (metric.unit, metric.kind) {
        (Unit::Millicore, Kind::Rate) => Some(millicores()),
        (Unit::BytesPerSecond, _) => Some(MOST_BYTES_PER_SECOND),
        (Unit::CountPerSecond, _) => Some(MOST_PER_SECOND),
        (Unit::Bytes, _) if is_memory_in_use(metric.measurement) => Some(memory()),
        (Unit::Percent, _) => match metric.measurement {
            M::CpuUtilization => Some(100.0 * CPU_FACTOR),
            M::MemoryUtilization => Some(100.0 * MEMORY_FACTOR),
            M::CpuReservedCapacity | M::MemoryReservedCapacity => Some(MOST_RESERVED_PERCENT),
            // Both parts have been looked at; a container's logs may lie on another, larger file system than its capacity.
            _ => None,
        },
        (Unit::Count, Kind::Count | Kind::Delta) => Some(MOST_THINGS),
        // Sizes, limits and running counts.
        _ => Some(WRAPPED as f64),
    }
}

fn is_memory_in_use(measurement: M) -> bool {
    matches!(
        measurement,
        M::MemoryUsage | M::MemoryCache | M::MemoryRss | M::MemoryMaxUsage | M::MemoryMappedFile | M::MemoryWorkingSet
    )
}

#[cfg(test)]
mod tests {
    use catalog::RecordType;

    use super::*;

    const WRAPPED_ONE: Said<u64> = Err(Absent::Impossible(Reason::Wrapped));
    const TOO_MUCH: Said<u64> = Err(Absent::Impossible(Reason::Exceeds));

    #[test]
    fn a_number_below_zero_is_none() {
        assert_eq!(said(Some((1 << 63) - 1)), Ok((1 << 63) - 1));
        for value in [1 << 63, u64::MAX - 1, u64::MAX] {
            assert_eq!(said(Some(value)), WRAPPED_ONE);
            assert_eq!(growth(Some(0), Some(value)), WRAPPED_ONE);
        }
        assert_eq!(said(None), Err(Absent::Missing));
    }

    #[test]
    fn a_part_is_no_more_than_its_whole() {
        assert_eq!(within(Some(5), Ok(5)), Ok(5));
        assert_eq!(within(Some(6), Ok(5)), TOO_MUCH);
        assert_eq!(within(Some(6), Err(Absent::Missing)), Ok(6));
        assert_eq!(within(Some(u64::MAX), Ok(u64::MAX)), WRAPPED_ONE);
    }

    #[test]
    fn a_counter_that_went_back_has_no_growth() {
        assert_eq!(growth(Some(5), Some(9)), Ok(4));
        assert_eq!(growth(Some(9), Some(5)), Err(Absent::Impossible(Reason::Backwards)));
        assert_eq!(growth(Some(u64::MAX), Some(5)), Err(Absent::Impossible(Reason::Backwards)));
        assert_eq!(growth(None, Some(5)), Err(Absent::Missing));
    }

    #[test]
    fn ceilings_are_those_that_the_documentation_has() {
        let capacity = Capacity { cpu_millicores: Some(2000), memory_bytes: Some(1_000_000) };
        let most = |record_type, measurement| {
            ceiling(Metric::find(record_type, measurement).expect("it is in the catalogue"), capacity)
        };
        let two_63 = 9_223_372_036_854_775_808.0;
        for (record_type, measurement, expected) in [
            (RecordType::Pod, M::CpuUsageTotal, Some(20_000.0)),
            (RecordType::Node, M::CpuUtilization, Some(1000.0)),
            (RecordType::Node, M::CpuLimit, Some(two_63)),
            (RecordType::Container, M::MemoryWorkingSet, Some(1_250_000.0)),
            (RecordType::Node, M::MemoryUtilization, Some(125.0)),
            (RecordType::Node, M::MemoryLimit, Some(two_63)),
            (RecordType::Node, M::MemorySwap, Some(two_63)),
            (RecordType::Node, M::MemoryFailcnt, Some(two_63)),
            (RecordType::Node, M::CpuReservedCapacity, Some(1000.0)),
            (RecordType::Node, M::MemoryPgfault, Some(1e12)),
            (RecordType::NodeNet, M::NetworkRxBytes, Some(1e13)),
            (RecordType::NodeNet, M::NetworkRxPackets, Some(1e12)),
            (RecordType::NodeDiskIO, M::DiskioIoServicedRead, Some(1e12)),
            (RecordType::NodeFS, M::FilesystemUsage, Some(two_63)),
            (RecordType::NodeFS, M::FilesystemInodes, Some(two_63)),
            (RecordType::Pod, M::NumberOfContainerRestarts, Some(2_147_483_647.0)),
            (RecordType::Pod, M::MemoryUtilizationOverPodLimit, None),
        ] {
            assert_eq!(most(record_type, measurement), expected, "{record_type:?} {measurement:?}");
        }
    }
}
