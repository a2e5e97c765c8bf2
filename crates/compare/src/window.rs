//! The things seen during a number of intervals, with what both sides said of them. A window is judged as a whole and dropped.

use std::collections::HashMap;

use crate::cell::{NumberCell, Numbers, Runs, TextCell, TextSide, push_run, same};
use crate::event::Event;

/// Which stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    /// What is there today.
    Left,
    /// What may take its place.
    Right,
}

impl Side {
    /// The other one.
    pub(crate) fn other(self) -> Side {
        match self {
            Side::Left => Side::Right,
            Side::Right => Side::Left,
        }
    }
}

/// What one side said of a thing.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Seen {
    pub(crate) first_ms: i64,
    pub(crate) last_ms: i64,
    pub(crate) events: u16,
    /// Events that came less than half an interval after the one before.
    pub(crate) doubles: u16,
    /// Intervals without an event between two with one.
    pub(crate) holes: u16,
}

/// One thing.
#[derive(Debug)]
pub(crate) struct Thing {
    pub(crate) identity: u32,
    pub(crate) seen: [Seen; 2],
    /// Sorted by field.
    pub(crate) numbers: Vec<NumberCell>,
    /// Sorted by field.
    pub(crate) texts: Vec<TextCell>,
}

/// What a value that changed is found by: the thing's place, the field, the side.
pub(crate) type Key = (u32, u32, Side);

/// A number of intervals.
#[derive(Debug, Default)]
pub(crate) struct Window {
    places: HashMap<u32, u32>,
    pub(crate) things: Vec<Thing>,
    /// Of constants alone: of the others all values would be here.
    pub(crate) changed_numbers: HashMap<Key, Runs<f64>>,
    pub(crate) changed_texts: HashMap<Key, Runs<u32>>,
    /// All ways in which a metric was extracted, where it was more than one.
    pub(crate) changed_extractions: HashMap<Key, Vec<u32>>,
}

impl Window {
    /// Takes an event of one side.
    pub(crate) fn push(&mut self, side: Side, event: &Event, interval_ms: i64) {
        let next = u32::try_from(self.things.len()).unwrap_or(u32::MAX);
        let place = *self.places.entry(event.identity).or_insert(next);
        if place == next {
            self.things.push(Thing {
                identity: event.identity,
                seen: Default::default(),
                numbers: Vec::with_capacity(event.numbers.len()),
                texts: Vec::with_capacity(event.texts.len()),
            });
        }
        let thing = &mut self.things[place as usize];
        if !thing.seen[side as usize].take(event.time_ms, interval_ms) {
            return;
        }
        for number in &event.numbers {
            let key = (place, number.field, side);
            let cell = number_cell(&mut thing.numbers, number.field);
            let numbers = &mut cell.sides[side as usize];
            let (before, count) = (numbers.mean(), numbers.count());
            if numbers.push(number.value) && number.constant {
                self.changed_numbers.insert(key, vec![(before, u32::from(count))]);
            }
            if numbers.changed
                && number.constant
                && let Some(runs) = self.changed_numbers.get_mut(&key)
            {
                push_run(runs, number.value, same);
            }
            let first = &mut cell.extractions[side as usize];
            if count == 0 {
                *first = number.extractions;
            } else if *first != number.extractions {
                let all = self.changed_extractions.entry(key).or_insert_with(|| vec![*first]);
                if !all.contains(&number.extractions) {
                    all.push(number.extractions);
                }
            }
        }
        for &(field, value) in &event.texts {
            let key = (place, field, side);
            let text = &mut text_cell(&mut thing.texts, field).sides[side as usize];
            if text.count > 0 && !text.changed && text.value != value {
                text.changed = true;
                self.changed_texts.insert(key, vec![(text.value, u32::from(text.count))]);
            }
            if text.changed
                && let Some(runs) = self.changed_texts.get_mut(&key)
            {
                push_run(runs, value, |one, two| one == two);
            }
            text.value = value;
            text.count = text.count.saturating_add(1);
        }
    }
}

impl Window {
    /// Whether both sides said anything.
    pub(crate) fn has_both(&self) -> bool {
        [0, 1].iter().all(|side| self.things.iter().any(|thing| thing.seen[*side].events > 0))
    }
}

impl Seen {
    /// Counts an event; false where it is a double, whose values don't count.
    fn take(&mut self, time_ms: i64, interval_ms: i64) -> bool {
        if self.events == 0 {
            (self.first_ms, self.last_ms) = (time_ms, time_ms);
        }
        let gap = time_ms.saturating_sub(self.last_ms);
        if self.events > 0 && gap.abs() < interval_ms / 2 {
            self.doubles = self.doubles.saturating_add(1);
            return false;
        }
        // Timers wander by up to half an interval.
        let holes = (gap + interval_ms / 2 - interval_ms / 10) / interval_ms - 1;
        self.holes = self.holes.saturating_add(u16::try_from(holes).unwrap_or(0));
        self.last_ms = self.last_ms.max(time_ms);
        self.events = self.events.saturating_add(1);
        true
    }
}

pub(crate) fn number_cell(cells: &mut Vec<NumberCell>, field: u32) -> &mut NumberCell {
    let at = cells.binary_search_by_key(&field, |cell| cell.field).unwrap_or_else(|at| {
        cells.insert(at, NumberCell { field, extractions: [0; 2], sides: [Numbers::default(); 2] });
        at
    });
    &mut cells[at]
}

pub(crate) fn text_cell(cells: &mut Vec<TextCell>, field: u32) -> &mut TextCell {
    let at = cells.binary_search_by_key(&field, |cell| cell.field).unwrap_or_else(|at| {
        cells.insert(at, TextCell { field, sides: [TextSide::default(); 2] });
        at
    });
    &mut cells[at]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(seconds: &[i64], expected: (u16, u16, u16)) {
        let mut seen = Seen::default();
        for second in seconds {
            seen.take(second * 1000, 60_000);
        }
        assert_eq!((seen.events, seen.doubles, seen.holes), expected, "{seconds:?}");
    }

    #[test]
    fn doubles_and_holes_are_told_from_timers_that_wander() {
        check(&[0, 60, 120], (3, 0, 0));
        check(&[0, 56, 119, 175, 241, 308], (6, 0, 0));
        check(&[0, 60, 60, 120], (3, 1, 0));
        check(&[0, 60, 180, 240], (4, 0, 1));
        check(&[0, 62, 175, 240], (4, 0, 1));
    }
}
