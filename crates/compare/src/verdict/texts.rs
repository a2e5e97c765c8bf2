//! Fields with texts: equal or not.

use super::{Finding, Outcome, Place, Shown, What, different, outcome};
use crate::cell::{Runs, TextCell, agree};
use crate::event::{LOG_GROUP, LOG_STREAM};
use crate::window::Side;

impl Place<'_> {
    pub(crate) fn text_cell(self, cell: &TextCell) -> Outcome {
        let [left, right] = cell.sides;
        let (one, two) = (Shown::Text(left.value), Shown::Text(right.value));
        match (left.count, right.count) {
            // Told with the numbers of the same name.
            (0, _) if self.has_number(cell.field, Side::Left) => return Outcome::Equal,
            (_, 0) if self.has_number(cell.field, Side::Right) => return Outcome::Equal,
            (0, 0) => return Outcome::Equal,
            // Without a wrapper it is unknown where an event was found.
            (0, _) | (_, 0) if [LOG_GROUP, LOG_STREAM].contains(&self.texts.fields.value(cell.field)) => {
                return Outcome::Equal;
            }
            (0, _) => return different(What::OnlyRight, Shown::Nothing, two),
            (_, 0) => return different(What::OnlyLeft, one, Shown::Nothing),
            _ => {}
        }
        let mut findings: Vec<_> = self.presence((left.count, right.count)).into_iter().collect();
        let runs = |side: Side| -> Runs<u32> {
            let text = cell.sides[side as usize];
            let changed = self.window.changed_texts.get(&(self.place, cell.field, side));
            changed.cloned().unwrap_or_else(|| vec![(text.value, u32::from(text.count))])
        };
        let equal = if left.changed || right.changed {
            agree(&runs(Side::Left), &runs(Side::Right), |one, two| one == two)
        } else {
            left.value == right.value
        };
        if !equal {
            // Where the last values are the same, an earlier one tells more.
            let odd = |mine: Side| {
                let theirs = runs(mine.other());
                let own = runs(mine);
                let odd = own.iter().rev().find(|run| !theirs.iter().any(|other| other.0 == run.0));
                odd.or(own.last()).map_or(Shown::Nothing, |run| Shown::Text(run.0))
            };
            findings.push(Finding { what: What::Value, left: odd(Side::Left), right: odd(Side::Right) });
        }
        outcome(findings, false)
    }
}
