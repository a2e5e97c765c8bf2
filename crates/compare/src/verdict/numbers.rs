//! Fields with numbers: their values, and how they are extracted.

use catalog::Tolerance;

use super::{Finding, Outcome, Place, STANDARD_ERRORS, Shown, What, different, outcome};
use crate::cell::{NumberCell, Runs, agree, same};
use crate::event::{Aspect, Extraction};
use crate::tolerance;
use crate::window::Side;

impl Place<'_> {
    pub(crate) fn number(self, cell: &NumberCell) -> Outcome {
        let [left, right] = cell.sides;
        let mut findings = Vec::new();
        match (left.count(), right.count()) {
            (0, 0) => return Outcome::Equal,
            (0, _) if self.has_text(cell.field, Side::Left) => {
                let shown = self.text(Side::Left, self.texts.fields.value(cell.field));
                let left = shown.and_then(|text| self.texts.values.find(text)).map_or(Shown::Nothing, Shown::Text);
                return different(What::Value, left, Shown::Number(right.mean()));
            }
            (_, 0) if self.has_text(cell.field, Side::Right) => {
                let shown = self.text(Side::Right, self.texts.fields.value(cell.field));
                let right = shown.and_then(|text| self.texts.values.find(text)).map_or(Shown::Nothing, Shown::Text);
                return different(What::Value, Shown::Number(left.mean()), right);
            }
            (0, _) => return different(What::OnlyRight, Shown::Nothing, Shown::Number(right.mean())),
            (_, 0) => return different(What::OnlyLeft, Shown::Number(left.mean()), Shown::Nothing),
            counts => findings.extend(self.presence(counts)),
        }
        findings.extend(self.extractions(cell));
        let name = self.texts.fields.value(cell.field);
        let (record_type, tolerance) = (self.record_type(), tolerance::of(self.record_type(), name));
        let distance = (left.mean() - right.mean()).abs();
        let close = tolerance.relative() * left.mean().abs().max(right.mean().abs());
        let near = close.max(tolerance::step(record_type, name, self.seconds));
        let error = (left.squared_error() + right.squared_error()).sqrt();
        let unequal = match tolerance {
            Tolerance::Constant => !self.constant(cell),
            Tolerance::Gauge | Tolerance::Rate => distance > near && distance > STANDARD_ERRORS * error,
        };
        if unequal {
            let (left, right) = self.shown_numbers(cell);
            findings.push(Finding { what: What::Value, left, right });
        }
        outcome(findings, tolerance != Tolerance::Constant && distance > near)
    }

    fn constant(self, cell: &NumberCell) -> bool {
        if !cell.sides[0].changed && !cell.sides[1].changed {
            return same(cell.sides[0].mean(), cell.sides[1].mean());
        }
        agree(&self.runs(cell, Side::Left), &self.runs(cell, Side::Right), same)
    }

    fn runs(self, cell: &NumberCell, side: Side) -> Runs<f64> {
        let numbers = cell.sides[side as usize];
        let changed = self.window.changed_numbers.get(&(self.place, cell.field, side));
        changed.cloned().unwrap_or_else(|| vec![(numbers.mean(), u32::from(numbers.count()))])
    }

    /// Means, or for constants the value that the other side hasn't.
    fn shown_numbers(self, cell: &NumberCell) -> (Shown, Shown) {
        let name = self.texts.fields.value(cell.field);
        if tolerance::of(self.record_type(), name) != Tolerance::Constant {
            return (Shown::Number(cell.sides[0].mean()), Shown::Number(cell.sides[1].mean()));
        }
        let odd = |side: Side| {
            let (own, theirs) = (self.runs(cell, side), self.runs(cell, side.other()));
            let odd = own.iter().rev().find(|run| !theirs.iter().any(|other| same(other.0, run.0)));
            odd.or(own.last()).map_or(Shown::Nothing, |run| Shown::Number(run.0))
        };
        (odd(Side::Left), odd(Side::Right))
    }

    /// Differences in how a metric is extracted.
    fn extractions(self, cell: &NumberCell) -> Vec<Finding> {
        let all = |side: Side| -> Vec<u32> {
            let changed = self.window.changed_extractions.get(&(self.place, cell.field, side));
            let mut all = changed.cloned().unwrap_or_else(|| vec![cell.extractions[side as usize]]);
            all.sort_unstable();
            all
        };
        let (left, right) = (all(Side::Left), all(Side::Right));
        if left == right {
            return Vec::new();
        }
        let odd = |own: &[u32], other: &[u32]| own.iter().copied().find(|one| !other.contains(one)).unwrap_or(own[0]);
        let (left, right) = (odd(&left, &right), odd(&right, &left));
        let (one, two) = (self.texts.extractions.value(left), self.texts.extractions.value(right));
        let aspects = [
            (What::Dimensions, Aspect::Dimensions),
            (What::Unit, Aspect::Unit),
            (What::Resolution, Aspect::Resolution),
            (What::Namespace, Aspect::Namespace),
        ];
        // What isn't extracted on one side has no unit there to differ.
        let count = if one.is_empty() || two.is_empty() { 1 } else { aspects.len() };
        let differing = aspects[..count]
            .iter()
            .filter(|(_, aspect)| Extraction::aspect(one, *aspect) != Extraction::aspect(two, *aspect));
        differing
            .map(|&(what, aspect)| Finding {
                what,
                left: Shown::Extractions(left, aspect),
                right: Shown::Extractions(right, aspect),
            })
            .collect()
    }
}
