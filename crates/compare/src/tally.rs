//! What all windows came to: judged one after the other, added up by record type and field.

use std::collections::{BTreeMap, HashMap};

use catalog::RecordType;

use crate::event::Texts;
use crate::known_differences;
use crate::report::{Count, Difference, Example, Field, Records};
use crate::tolerance;
use crate::verdict::{Finding, Outcome, Place, Shown, What};
use crate::window::{Side, Window};

/// The field that stands for the event itself.
const EVENT: &str = "(event)";

/// Sums over windows.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) fields: BTreeMap<(RecordType, String), Field>,
    pub(crate) records: BTreeMap<RecordType, Records>,
    pub(crate) entries: BTreeMap<&'static str, u64>,
    pub(crate) windows: u64,
    pub(crate) paired_by_name: u64,
    rows: HashMap<(RecordType, u32), Field>,
    events: HashMap<RecordType, Field>,
}

/// When a window began and how much of it was covered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub(crate) start_ms: i64,
    pub(crate) intervals: u32,
    pub(crate) seconds: f64,
}

impl Tally {
    /// Judges a window.
    pub(crate) fn judge(&mut self, mut window: Window, texts: &Texts, at: Span, examples: usize, explain: bool) {
        self.windows += 1;
        self.paired_by_name += window.pair_by_name(texts);
        for place in 0..window.things.len() {
            let place = u32::try_from(place).unwrap_or(u32::MAX);
            let place = Place { window: &window, texts, place, seconds: at.seconds };
            let judge = Judge { place, at, examples, explain };
            match place.thing().seen.map(|seen| seen.events) {
                [0, 0] => {}
                [0, events] => self.alone(judge, Side::Right, events),
                [events, 0] => self.alone(judge, Side::Left, events),
                _ => self.paired(judge),
            }
        }
    }

    fn paired(&mut self, judge: Judge<'_>) {
        let place = judge.place;
        let (thing, record_type) = (place.thing(), place.record_type());
        let records = self.records.entry(record_type).or_default();
        records.paired += 1;
        records.doubled[0] += u64::from(thing.seen[0].doubles);
        records.doubled[1] += u64::from(thing.seen[1].doubles);
        let entries = &mut self.entries;
        judge.add(self.events.entry(record_type).or_default(), EVENT, place.events(), entries);
        for cell in &thing.numbers {
            let row = self.rows.entry((record_type, cell.field)).or_default();
            let name = place.texts.fields.value(cell.field);
            row.tolerance.get_or_insert_with(|| tolerance::of(record_type, name).as_str());
            judge.add(row, name, place.number(cell), entries);
        }
        for cell in &thing.texts {
            let row = self.rows.entry((record_type, cell.field)).or_default();
            judge.add(row, place.texts.fields.value(cell.field), place.text_cell(cell), entries);
        }
    }

    /// A thing of one side only.
    fn alone(&mut self, judge: Judge<'_>, side: Side, events: u16) {
        let records = self.records.entry(judge.place.record_type()).or_default();
        let count = |counts: &mut [Count; 2]| {
            counts[side as usize].things += 1;
            counts[side as usize].events += u64::from(events);
        };
        if let Some(known) = known_differences::of_thing(judge.place, side).filter(|_| judge.explain) {
            count(&mut records.explained);
            *self.entries.entry(known.entry).or_default() += u64::from(events);
        } else if events == 1 && judge.at.intervals > 2 {
            // It came or went at the window's edge, or lived for less than an interval.
            count(&mut records.once);
        } else {
            count(&mut records.alone);
            if records.examples.len() < judge.examples {
                let what = if side == Side::Left { What::OnlyLeft } else { What::OnlyRight };
                let shown = Finding { what, left: Shown::Nothing, right: Shown::Nothing };
                records.examples.push(judge.example(&shown));
            }
        }
    }

    /// Names instead of numbers, in order.
    pub(crate) fn finish(&mut self, texts: &Texts) {
        for ((record_type, field), row) in std::mem::take(&mut self.rows) {
            self.fields.insert((record_type, texts.fields.value(field).to_owned()), row);
        }
        for (record_type, row) in std::mem::take(&mut self.events) {
            self.fields.insert((record_type, EVENT.to_owned()), row);
        }
    }
}

/// A thing to judge, and how.
#[derive(Clone, Copy)]
struct Judge<'a> {
    place: Place<'a>,
    at: Span,
    examples: usize,
    explain: bool,
}

impl Judge<'_> {
    fn add(self, row: &mut Field, name: &str, outcome: Outcome, entries: &mut BTreeMap<&'static str, u64>) {
        let findings = match outcome {
            Outcome::Equal => {
                row.equal += 1;
                return;
            }
            Outcome::Unsteady => {
                row.unsteady += 1;
                return;
            }
            Outcome::Different(findings) => findings,
        };
        let mut unexplained = Vec::new();
        for finding in &findings {
            match known_differences::of_field(self.place, name, finding).filter(|_| self.explain) {
                Some(known) => *entries.entry(known.entry).or_default() += 1,
                None => unexplained.push(finding),
            }
        }
        match unexplained.first().map(|finding| finding.what) {
            None => row.explained += 1,
            Some(What::OnlyLeft) => row.only_left += 1,
            Some(What::OnlyRight) => row.only_right += 1,
            Some(_) => row.different += 1,
        }
        for finding in unexplained {
            let difference: &mut Difference = row.differences.entry(finding.what).or_default();
            difference.count += 1;
            if difference.examples.len() < self.examples {
                difference.examples.push(self.example(finding));
            }
        }
    }

    fn example(self, finding: &Finding) -> Example {
        let (texts, shown) = (self.place.texts, |shown: Shown| self.place.shown(shown));
        let name = texts.identities.value(self.place.thing().identity).name.clone();
        Example { thing: name, time_ms: self.at.start_ms, left: shown(finding.left), right: shown(finding.right) }
    }
}
