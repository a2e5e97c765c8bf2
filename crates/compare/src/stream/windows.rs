//! Which windows are open, and when one is judged.

use std::collections::{BTreeMap, BTreeSet};

use catalog::RecordType;

use super::Options;
use super::reader::Reader;
use crate::event::Texts;
use crate::tally::{Span, Tally};
use crate::window::{Side, Window};

/// The windows that are open, and what became of those before.
pub(super) struct Windows<'a> {
    pub(super) options: &'a Options,
    /// Where the first window begins: one interval after both sides have.
    pub(super) origin: i64,
    /// Where the first side ended.
    pub(super) end: i64,
    /// The number of the first window that isn't judged yet.
    pub(super) next: i64,
    pub(super) open: BTreeMap<i64, Window>,
    /// What was said before the origin: compared only where there is nothing else.
    pub(super) before: Option<Window>,
    pub(super) compared: (i64, i64),
    /// Types of all events.
    pub(super) seen: BTreeSet<RecordType>,
    pub(super) tally: Tally,
}

impl<'a> Windows<'a> {
    pub(super) fn new(begin: i64, options: &'a Options) -> Windows<'a> {
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

    pub(super) fn span(&self) -> i64 {
        self.options.interval_ms.saturating_mul(i64::from(self.options.intervals))
    }

    pub(super) fn push(&mut self, side: Side, reader: &mut Reader<'_>, texts: &Texts) {
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
    pub(super) fn close(&mut self, passed: i64, texts: &Texts, sides: &mut [Reader<'_>; 2]) {
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

    pub(super) fn judge(&mut self, number: i64, window: Window, texts: &Texts, sides: &mut [Reader<'_>; 2]) {
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

    pub(super) fn judge_as(&mut self, window: Window, texts: &Texts, start_ms: i64, intervals: u32) {
        let seconds = f64::from(intervals) * self.options.interval_ms as f64 / 1000.0;
        let at = Span { start_ms, intervals, seconds };
        self.tally.judge(window, texts, at, self.options.examples, self.options.known_differences);
    }

    /// The rest, and what was said before the first window if there was none.
    pub(super) fn finish(&mut self, texts: &Texts, sides: &mut [Reader<'_>; 2]) {
        self.close(i64::MAX, texts, sides);
        let Some(window) = self.before.take().filter(Window::has_both) else { return };
        for side in sides.iter_mut() {
            side.count.edge = 0;
        }
        let start = self.origin.saturating_sub(self.options.interval_ms);
        self.compared = (start, start);
        self.judge_as(window, texts, start, 1);
    }

    pub(super) fn compared_anything(&self) -> bool {
        self.tally.windows > 0
    }
}
