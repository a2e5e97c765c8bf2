//! What a comparison found.

mod json;
mod text;

use std::collections::BTreeMap;

use catalog::RecordType;

pub use crate::verdict::What;

/// Everything there is to say.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Report {
    /// What the sides are called.
    pub names: [String; 2],
    /// What was read of each side.
    pub sides: [SideCount; 2],
    /// An interval, in milliseconds.
    pub interval_ms: i64,
    /// Intervals in a window.
    pub intervals: u32,
    /// When what was compared began and ended, in milliseconds since 1970.
    pub compared_ms: (i64, i64),
    /// Windows that were compared.
    pub windows: u64,
    /// Things, window by window, that were paired by name because one side has no UID of their pod.
    pub paired_by_name: u64,
    /// Types of which no event was in a window that was compared.
    pub uncompared: Vec<RecordType>,
    /// By record type.
    pub records: BTreeMap<RecordType, Records>,
    /// By record type and field; `(event)` stands for the event itself.
    pub fields: BTreeMap<(RecordType, String), Field>,
    /// Entries of `docs/compatibility.md` with the number of values each explained.
    pub entries: Vec<(&'static str, u64)>,
}

/// What was read of one side.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SideCount {
    /// Events that were read.
    pub events: u64,
    /// Of these, those outside what both sides cover, in the first interval both do, or in a last window that is too short.
    pub edge: u64,
    /// Of these, those that came when their window had been judged.
    pub late: u64,
    /// Lines that are no events.
    pub bad: u64,
    /// The first few of them: the line's number, 0 where there is none, and why.
    pub bad_lines: Vec<(u64, String)>,
    /// The first and the last time, in milliseconds since 1970.
    pub time_ms: Option<(i64, i64)>,
}

/// Things and events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Count {
    /// Things, counted in each window.
    pub things: u64,
    /// Their events.
    pub events: u64,
}

/// What came of the things of one type. Pairs are left and right.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Records {
    /// Things, window by window, that both sides have.
    pub paired: u64,
    /// Those one side has alone.
    pub alone: [Count; 2],
    /// Those one side has alone on purpose.
    pub explained: [Count; 2],
    /// Those one side has alone in a single event: at the edge of a window, or short-lived.
    pub once: [Count; 2],
    /// Events beyond the first of their thing in an interval.
    pub doubled: [u64; 2],
    /// Things that one side has alone.
    pub examples: Vec<Example>,
}

/// What came of a field: one value is that of one thing in one window.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Field {
    /// How values are compared; `None` for texts.
    pub tolerance: Option<&'static str>,
    /// Values that are equal.
    pub equal: u64,
    /// Values whose difference is within their own unsteadiness.
    pub unsteady: u64,
    /// Values that differ on purpose.
    pub explained: u64,
    /// Values that differ otherwise.
    pub different: u64,
    /// Values that only the left side has.
    pub only_left: u64,
    /// Values that only the right side has.
    pub only_right: u64,
    /// What is different, where it is not on purpose.
    pub differences: BTreeMap<What, Difference>,
}

/// One kind of difference of a field.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Difference {
    /// Values with it.
    pub count: u64,
    /// The first few.
    pub examples: Vec<Example>,
}

/// A difference that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// Whose.
    pub thing: String,
    /// When the window began, in milliseconds since 1970.
    pub time_ms: i64,
    /// What the left side says.
    pub left: Option<String>,
    /// What the right side says.
    pub right: Option<String>,
}

impl Report {
    /// Differences that nothing explains: kinds of differences of fields, and types with things of one side only or of which
    /// nothing was compared.
    pub fn unexplained(&self) -> usize {
        let fields: usize = self.fields.values().map(|field| field.differences.len()).sum();
        fields
            + self.uncompared.len()
            + self.records.values().flat_map(|records| records.alone).filter(|count| count.things > 0).count()
    }

    /// For people.
    pub fn text(&self) -> String {
        text::text(self)
    }

    /// For machines.
    pub fn json(&self) -> String {
        json::json(self)
    }
}
