//! What becomes of one field of one thing in one window.
//!
//! Numbers are equal where their means are, within a part of the larger one and the step they come in. Values that are
//! unsteady by themselves can't be told apart that well: where the means differ by more, but by less than four standard errors
//! of their difference, they are called unsteady, which proves little and is counted apart. Four, because a window of a node
//! has some ten thousand fields: at three, dozens of them would differ by chance, at four and ten values a side less than one
//! in a thousand of those that are unsteady at all.

mod numbers;
mod texts;

use catalog::RecordType;

use crate::event::{Aspect, Extraction, Texts};
use crate::window::{Side, Thing, Window};

/// Standard errors of a difference within which means are unsteady, and not different.
const STANDARD_ERRORS: f64 = 4.0;

/// What is different.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum What {
    /// Only the left side has it.
    OnlyLeft,
    /// Only the right side has it.
    OnlyRight,
    /// The value.
    Value,
    /// One side says it more often.
    Presence,
    /// The unit.
    Unit,
    /// The storage resolution.
    Resolution,
    /// The namespace.
    Namespace,
    /// The dimension sets or their order.
    Dimensions,
    /// Intervals without an event.
    Missing,
    /// Several events in an interval.
    Doubled,
}

impl What {
    /// In words.
    pub const fn as_str(self) -> &'static str {
        match self {
            What::OnlyLeft => "only left",
            What::OnlyRight => "only right",
            What::Value => "value",
            What::Presence => "presence",
            What::Unit => "unit",
            What::Resolution => "storage resolution",
            What::Namespace => "namespace",
            What::Dimensions => "dimensions",
            What::Missing => "missing events",
            What::Doubled => "doubled events",
        }
    }
}

/// One side of a difference.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Shown {
    Nothing,
    Number(f64),
    Text(u32),
    Extractions(u32, Aspect),
    /// So many of so many events, or so many of them in all.
    Count(u16, Option<u16>),
}

/// A difference.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Finding {
    pub(crate) what: What,
    pub(crate) left: Shown,
    pub(crate) right: Shown,
}

/// What a field came to.
#[derive(Debug)]
pub(crate) enum Outcome {
    Equal,
    Unsteady,
    Different(Vec<Finding>),
}

/// A window with one thing of it, and over how many seconds it was watched.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) window: &'a Window,
    pub(crate) texts: &'a Texts,
    pub(crate) place: u32,
    pub(crate) seconds: f64,
}

impl<'a> Place<'a> {
    pub(crate) fn thing(self) -> &'a Thing {
        &self.window.things[self.place as usize]
    }

    pub(crate) fn record_type(self) -> RecordType {
        self.texts.identities.value(self.thing().identity).record_type
    }

    /// The mean of a field with numbers on one side.
    pub(crate) fn mean(self, side: Side, field: &str) -> Option<f64> {
        let field = self.texts.fields.find(field)?;
        let at = self.thing().numbers.binary_search_by_key(&field, |cell| cell.field).ok()?;
        let numbers = self.thing().numbers[at].sides[side as usize];
        (numbers.count() > 0).then(|| numbers.mean())
    }

    /// The last value of a field with texts on one side, as JSON.
    pub(crate) fn text(self, side: Side, field: &str) -> Option<&'a str> {
        let field = self.texts.fields.find(field)?;
        let at = self.thing().texts.binary_search_by_key(&field, |cell| cell.field).ok()?;
        let text = self.thing().texts[at].sides[side as usize];
        (text.count > 0).then(|| self.texts.values.value(text.value))
    }

    /// One side of a difference, in words; `None` where the side says nothing.
    pub(crate) fn shown(self, shown: Shown) -> Option<String> {
        match shown {
            Shown::Nothing => None,
            Shown::Number(number) => Some(number.to_string()),
            Shown::Text(text) => Some(self.texts.values.value(text).to_owned()),
            Shown::Extractions(number, aspect) => {
                let all = self.texts.extractions.value(number);
                Some(if all.is_empty() { "not extracted".to_owned() } else { Extraction::aspect(all, aspect) })
            }
            Shown::Count(count, None) => Some(count.to_string()),
            Shown::Count(count, Some(all)) => Some(format!("{count} of {all} events")),
        }
    }

    /// What is wrong with the events themselves: how many there are.
    pub(crate) fn events(self) -> Outcome {
        let [left, right] = self.thing().seen;
        let mut findings = Vec::new();
        let counts =
            |what, left, right| Finding { what, left: Shown::Count(left, None), right: Shown::Count(right, None) };
        if left.doubles != right.doubles {
            findings.push(counts(What::Doubled, left.doubles, right.doubles));
        }
        // Holes are seen between two events; a thing that begins later or ends earlier shows by the number of events.
        if left.holes != right.holes {
            findings.push(counts(What::Missing, left.holes, right.holes));
        } else if left.events.abs_diff(right.events) > 1 {
            let most = left.events.max(right.events);
            findings.push(counts(What::Missing, most - left.events, most - right.events));
        }
        outcome(findings, false)
    }

    /// Whether one side leaves the field out of some of its events, and the other doesn't. Once is an edge's.
    fn presence(self, counts: (u16, u16)) -> Option<Finding> {
        let [left, right] = self.thing().seen;
        let missing = (left.events.saturating_sub(counts.0), right.events.saturating_sub(counts.1));
        (missing.0.abs_diff(missing.1) > 1).then_some(Finding {
            what: What::Presence,
            left: Shown::Count(counts.0, Some(left.events)),
            right: Shown::Count(counts.1, Some(right.events)),
        })
    }

    fn has_text(self, field: u32, side: Side) -> bool {
        let texts = &self.thing().texts;
        let found = texts.binary_search_by_key(&field, |cell| cell.field).ok();
        found.is_some_and(|at| texts[at].sides[side as usize].count > 0)
    }

    fn has_number(self, field: u32, side: Side) -> bool {
        let numbers = &self.thing().numbers;
        let found = numbers.binary_search_by_key(&field, |cell| cell.field).ok();
        found.is_some_and(|at| numbers[at].sides[side as usize].count() > 0)
    }
}

fn different(what: What, left: Shown, right: Shown) -> Outcome {
    Outcome::Different(vec![Finding { what, left, right }])
}

fn outcome(findings: Vec<Finding>, unsteady: bool) -> Outcome {
    match (findings.is_empty(), unsteady) {
        (false, _) => Outcome::Different(findings),
        (true, true) => Outcome::Unsteady,
        (true, false) => Outcome::Equal,
    }
}
