//! Both streams read at once, always the one that is behind, so that only a window or two are in memory.

mod reader;
mod windows;

use std::io;

use crate::calendar;
use crate::event::Texts;
use crate::input::Feed;
use crate::known_differences::KNOWN_DIFFERENCES;
use crate::report::{Report, SideCount};
use crate::window::Side;
use reader::Reader;
use windows::Windows;

/// Events between two words on progress.
const EVENTS_A_WORD: u64 = 16_384;

/// How streams are compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// The time between two events of one thing, in milliseconds; more than 0.
    pub interval_ms: i64,
    /// Intervals in a window; more than 0.
    pub intervals: u32,
    /// Examples of each difference.
    pub examples: usize,
    /// Whether differences on purpose are explained.
    pub known_differences: bool,
    /// What the sides are called.
    pub names: [String; 2],
}

impl Default for Options {
    fn default() -> Options {
        let names = ["left", "right"].map(str::to_owned);
        Options { interval_ms: 60_000, intervals: 10, examples: 3, known_differences: true, names }
    }
}

/// How far a comparison is. Pairs are left and right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Events that were read.
    pub events: [u64; 2],
    /// Bytes that were read.
    pub bytes: [u64; 2],
    /// The time that was reached, in milliseconds since 1970.
    pub time_ms: i64,
}

/// Why there is nothing to report.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A side can't be read.
    #[error("read {name}")]
    Read {
        /// Which side.
        name: String,
        /// What the system said.
        source: io::Error,
    },
    /// A side has no events.
    #[error("{name} has no events{}", bad.first().map(|(line, why)| format!("; {count} lines are none, line {line}: {why}")).unwrap_or_default())]
    Empty {
        /// Which side.
        name: String,
        /// Lines that are no events.
        count: u64,
        /// The first few of them.
        bad: Vec<(u64, String)>,
    },
    /// The two have no time in common.
    #[error("nothing to compare: {left} and {right} have no time in common")]
    Apart {
        /// The left side and its times.
        left: String,
        /// The right side and its times.
        right: String,
    },
}

/// Compares two streams to their ends.
pub fn compare(
    left: &mut dyn Feed,
    right: &mut dyn Feed,
    options: &Options,
    progress: &mut dyn FnMut(Progress),
) -> Result<Report, Error> {
    let mut texts = Texts::default();
    let mut sides = [Reader::new(left, &options.names[0]), Reader::new(right, &options.names[1])];
    for side in &mut sides {
        side.advance(&mut texts, options.examples)?;
        if !side.waiting {
            let SideCount { bad, bad_lines, .. } = std::mem::take(&mut side.count);
            return Err(Error::Empty { name: side.name.to_owned(), count: bad, bad: bad_lines });
        }
    }
    let begin = sides[0].event.time_ms.max(sides[1].event.time_ms);
    let mut windows = Windows::new(begin, options);
    let mut words = EVENTS_A_WORD;
    while sides.iter().any(|side| side.waiting) {
        let [left, right] = &sides;
        let side = match (left.waiting, right.waiting) {
            (true, true) if left.mark <= right.mark => Side::Left,
            (true, false) => Side::Left,
            _ => Side::Right,
        };
        let reader = &mut sides[side as usize];
        reader.mark = reader.mark.max(reader.event.time_ms);
        windows.push(side, reader, &texts);
        reader.advance(&mut texts, options.examples)?;
        if !reader.waiting {
            windows.end = windows.end.min(reader.mark);
        }
        let passed = sides.iter().map(|side| if side.waiting { side.mark } else { i64::MAX }).min().unwrap_or(i64::MAX);
        windows.close(passed, &texts, &mut sides);
        let events = [sides[0].count.events, sides[1].count.events];
        if events[0] + events[1] >= words {
            words += EVENTS_A_WORD;
            progress(Progress { events, bytes: [sides[0].feed.bytes(), sides[1].feed.bytes()], time_ms: passed });
        }
    }
    windows.finish(&texts, &mut sides);
    if !windows.compared_anything() {
        let shown = |side: &Reader<'_>| {
            let (first, last) = side.count.time_ms.unwrap_or_default();
            format!("{} ({} to {})", side.name, calendar::shown(first), calendar::shown(last))
        };
        return Err(Error::Apart { left: shown(&sides[0]), right: shown(&sides[1]) });
    }
    Ok(report(windows, &texts, sides.map(|side| side.count), options))
}

fn report(windows: Windows<'_>, texts: &Texts, sides: [SideCount; 2], options: &Options) -> Report {
    let (compared_ms, seen, mut tally) = (windows.compared, windows.seen, windows.tally);
    tally.finish(texts);
    let mut entries: Vec<&'static str> = KNOWN_DIFFERENCES.iter().map(|known| known.entry).collect();
    entries.sort_unstable();
    entries.dedup();
    let counted = |entry: &'static str| (entry, tally.entries.get(entry).copied().unwrap_or(0));
    Report {
        names: options.names.clone(),
        sides,
        interval_ms: options.interval_ms,
        intervals: options.intervals,
        compared_ms,
        windows: tally.windows,
        paired_by_name: tally.paired_by_name,
        uncompared: seen.into_iter().filter(|of| !tally.records.contains_key(of)).collect(),
        entries: entries.into_iter().map(counted).collect(),
        records: tally.records,
        fields: tally.fields,
    }
}
