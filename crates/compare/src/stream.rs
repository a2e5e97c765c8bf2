//! Both streams read at once, always the one that is behind, so that only a window or two are in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use catalog::RecordType;

use crate::calendar;
use crate::event::{Event, NoEvent, Texts};
use crate::excuses::EXCUSES;
use crate::input::{Feed, Next};
use crate::report::{Report, SideCount};
use crate::tally::{Stretch, Tally};
use crate::window::{Side, Window};

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
    pub excuses: bool,
    /// What the sides are called.
    pub names: [String; 2],
}

impl Default for Options {
    fn default() -> Options {
        let names = ["left", "right"].map(str::to_owned);
        Options { interval_ms: 60_000, intervals: 10, examples: 3, excuses: true, names }
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
    let mut entries: Vec<&'static str> = EXCUSES.iter().map(|excuse| excuse.entry).collect();
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

/// One side, with its next event.
struct Reader<'a> {
    feed: &'a mut dyn Feed,
    name: &'a str,
    text: Vec<u8>,
    event: Event,
    /// Whether there is a next event.
    waiting: bool,
    /// The latest time that was read.
    mark: i64,
    count: SideCount,
}

impl<'a> Reader<'a> {
    fn new(feed: &'a mut dyn Feed, name: &'a str) -> Reader<'a> {
        let (text, event, count) = (Vec::new(), Event::default(), SideCount::default());
        Reader { feed, name, text, event, waiting: false, mark: i64::MIN, count }
    }

    /// Reads the next event; lines that are none are counted.
    fn advance(&mut self, texts: &mut Texts, examples: usize) -> Result<(), Error> {
        loop {
            let next = self.feed.next(&mut self.text);
            let next = next.map_err(|source| Error::Read { name: self.name.to_owned(), source })?;
            let line = match next {
                Next::End => {
                    self.waiting = false;
                    return Ok(());
                }
                Next::Line(line) | Next::TooLong(line) => line,
                Next::Message(_) => 0,
            };
            match texts.read(&self.text, next, &mut self.event) {
                Ok(()) => break,
                Err(why) => self.bad(line, &why, examples),
            }
        }
        self.waiting = true;
        self.count.events += 1;
        let time = self.event.time_ms;
        let (first, last) = self.count.time_ms.unwrap_or((time, time));
        self.count.time_ms = Some((first.min(time), last.max(time)));
        Ok(())
    }

    fn bad(&mut self, line: u64, why: &NoEvent, examples: usize) {
        self.count.bad += 1;
        if self.count.bad_lines.len() < examples {
            self.count.bad_lines.push((line, why.to_string()));
        }
    }
}

/// The windows that are open, and what became of those before.
struct Windows<'a> {
    options: &'a Options,
    /// Where the first window begins: one interval after both sides have.
    origin: i64,
    /// Where the first side ended.
    end: i64,
    /// The number of the first window that isn't judged yet.
    next: i64,
    open: BTreeMap<i64, Window>,
    /// What was said before the origin: compared only where there is nothing else.
    before: Option<Window>,
    compared: (i64, i64),
    /// Types of all events.
    seen: BTreeSet<RecordType>,
    tally: Tally,
}

impl<'a> Windows<'a> {
    fn new(begin: i64, options: &'a Options) -> Windows<'a> {
        let origin = begin.saturating_add(options.interval_ms);
        let (open, before, tally) = (BTreeMap::new(), Some(Window::default()), Tally::default());
        Windows {
            options,
            origin,
            end: i64::MAX,
            next: 0,
            open,
            before,
            compared: (origin, origin),
            seen: BTreeSet::new(),
            tally,
        }
    }

    fn span(&self) -> i64 {
        self.options.interval_ms.saturating_mul(i64::from(self.options.intervals))
    }

    fn push(&mut self, side: Side, reader: &mut Reader<'_>, texts: &Texts) {
        let event = &reader.event;
        self.seen.insert(texts.identities.value(event.identity).record_type);
        let since = event.time_ms.saturating_sub(self.origin);
        if event.time_ms > self.end {
            reader.count.edge += 1;
        } else if since < 0 {
            reader.count.edge += 1;
            // One tick of each side: as far as an interval before both had begun.
            if let Some(window) = self.before.as_mut().filter(|_| since >= -2 * self.options.interval_ms) {
                window.push(side, event, self.options.interval_ms);
            }
        } else if since / self.span() < self.next {
            reader.count.late += 1;
        } else {
            let window = self.open.entry(since / self.span()).or_default();
            window.push(side, event, self.options.interval_ms);
        }
    }

    /// Judges the windows that both sides have passed by an interval.
    fn close(&mut self, passed: i64, texts: &Texts, sides: &mut [Reader<'_>; 2]) {
        while let Some((&number, _)) = self.open.first_key_value() {
            let end = self.origin.saturating_add((number + 1).saturating_mul(self.span()));
            if passed < end.saturating_add(self.options.interval_ms) {
                return;
            }
            if let Some(window) = self.open.remove(&number) {
                self.next = number + 1;
                self.judge(number, window, texts, sides);
            }
        }
    }

    fn judge(&mut self, number: i64, window: Window, texts: &Texts, sides: &mut [Reader<'_>; 2]) {
        let start_ms = self.origin.saturating_add(number.saturating_mul(self.span()));
        let covered = self.end.saturating_sub(start_ms).min(self.span());
        // The last tick of an interval stands for all of it.
        let intervals = u32::try_from(covered / self.options.interval_ms + 1).unwrap_or(1).min(self.options.intervals);
        if self.tally.windows > 0 && intervals * 2 < self.options.intervals {
            for thing in &window.things {
                for (side, seen) in sides.iter_mut().zip(thing.seen) {
                    side.count.edge += u64::from(seen.events) + u64::from(seen.doubles);
                }
            }
            return;
        }
        if !window.has_both() {
            return;
        }
        self.before = None;
        if self.tally.windows == 0 {
            self.compared.0 = start_ms;
        }
        self.compared.1 = start_ms.saturating_add(covered);
        self.judge_as(window, texts, start_ms, intervals);
    }

    fn judge_as(&mut self, window: Window, texts: &Texts, start_ms: i64, intervals: u32) {
        let seconds = f64::from(intervals) * self.options.interval_ms as f64 / 1000.0;
        let at = Stretch { start_ms, intervals, seconds };
        self.tally.judge(window, texts, at, self.options.examples, self.options.excuses);
    }

    /// The rest, and what was said before the first window if there was none.
    fn finish(&mut self, texts: &Texts, sides: &mut [Reader<'_>; 2]) {
        self.close(i64::MAX, texts, sides);
        let Some(window) = self.before.take().filter(Window::has_both) else { return };
        for side in sides.iter_mut() {
            side.count.edge = 0;
        }
        let start = self.origin.saturating_sub(self.options.interval_ms);
        self.compared = (start, start);
        self.judge_as(window, texts, start, 1);
    }

    fn compared_anything(&self) -> bool {
        self.tally.windows > 0
    }
}
