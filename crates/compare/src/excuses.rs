//! Differences on purpose: one row for one field of one record type under one condition, with its entry in
//! `docs/compatibility.md`.
//!
//! A row is `TYPES => "field", Condition, ENTRY;` and stands for one row of each of the types listed. `ENTRY` is the exact text
//! of the first column of a row of that page, which a test looks up. There are no patterns: what is not listed is
//! not excused.

use catalog::RecordType;

use crate::verdict::{Finding, Place, Shown, What};
use crate::window::Side;

/// When a difference is the one meant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Condition {
    /// Only the left side has the field.
    OnlyLeft,
    /// Only the right side has the field.
    OnlyRight,
    /// The left side says this, as JSON, and the right side something else.
    LeftIs(&'static str),
    /// Only the left side has the field, and says this there.
    OnlyLeftAs(&'static str),
    /// The left side's number is that of another of its fields, and the right side's isn't.
    LeftIsItsOwn(&'static str),
    /// The right side's number is the sum of others of its fields.
    RightIsSum(&'static [&'static str]),
    /// Only the right side has the whole thing, and says something else there than this, as JSON.
    OnlyRightUnless(&'static str),
    /// Only the right side has the whole thing.
    ThingOnlyRight,
    /// Only the left side has the whole thing, and this field of it is this, as JSON.
    ThingOnlyLeftAs(&'static str),
}

/// A row of the table.
#[derive(Debug, PartialEq)]
pub(crate) struct Excuse {
    pub(crate) record_type: RecordType,
    pub(crate) field: &'static str,
    pub(crate) condition: Condition,
    pub(crate) entry: &'static str,
}

macro_rules! excuses {
    ($([$($record_type:ident)*] => $field:literal, $condition:expr, $entry:ident;)*) => {
        &[$($(Excuse {
            record_type: RecordType::$record_type,
            field: $field,
            condition: $condition,
            entry: $entry,
        },)*)*]
    };
}

const POD_ATTRIBUTES: &str = "`K8sPodName`, `PodId`, `ContainerId`, `ContainerName` and `pod_status` of `PodNet` are attributes and in the JSON.";
const WAITING: &str =
    "Containers that wait or have ended, in pods that go on, have a `Container` record without usage.";

use Condition::*;

/// Every difference on purpose that shows in events.
#[rustfmt::skip]
pub(crate) static EXCUSES: &[Excuse] = excuses! {
    [Pod PodNet Container ContainerFS] => "K8sPodName", OnlyRight, POD_ATTRIBUTES;
    [Pod PodNet Container ContainerFS] => "PodId", OnlyRight, POD_ATTRIBUTES;
    [Container ContainerFS] => "ContainerName", OnlyRight, POD_ATTRIBUTES;
    [Container ContainerFS] => "ContainerId", OnlyRight, POD_ATTRIBUTES;
    [PodNet] => "pod_status", OnlyRight, POD_ATTRIBUTES;
    [Container] => "container_status", OnlyRightUnless("\"Running\""), WAITING;
};

/// The row that excuses a field's difference.
pub(crate) fn of_field(place: Place<'_>, field: &str, finding: &Finding) -> Option<&'static Excuse> {
    let record_type = place.record_type();
    let rows = EXCUSES.iter().filter(|row| row.record_type == record_type && row.field == field);
    rows.into_iter().find(|row| row.condition.holds(place, field, finding))
}

/// The row that excuses a thing of one side only.
pub(crate) fn of_thing(place: Place<'_>, side: Side) -> Option<&'static Excuse> {
    let record_type = place.record_type();
    EXCUSES.iter().filter(|row| row.record_type == record_type).find(|row| match row.condition {
        ThingOnlyRight => side == Side::Right,
        OnlyRightUnless(value) => {
            side == Side::Right && place.text(side, row.field).is_some_and(|found| found != value)
        }
        ThingOnlyLeftAs(value) => side == Side::Left && place.text(side, row.field) == Some(value),
        _ => false,
    })
}

impl Condition {
    fn holds(self, place: Place<'_>, field: &str, finding: &Finding) -> bool {
        let near = |one: f64, two: f64| (one - two).abs() <= 0.03 * one.abs().max(two.abs()) + 1e-6;
        let text = |shown: Shown| match shown {
            Shown::Text(number) => Some(place.texts.values.value(number).to_owned()),
            Shown::Number(number) => Some(number.to_string()),
            _ => None,
        };
        match self {
            OnlyLeft => finding.what == What::OnlyLeft,
            OnlyRight => finding.what == What::OnlyRight,
            LeftIs(value) => finding.what == What::Value && text(finding.left).as_deref() == Some(value),
            OnlyLeftAs(value) => finding.what == What::OnlyLeft && text(finding.left).as_deref() == Some(value),
            LeftIsItsOwn(other) => {
                let mean = |name: &str| place.mean(Side::Left, name);
                finding.what == What::Value && mean(field).zip(mean(other)).is_some_and(|(one, two)| near(one, two))
            }
            RightIsSum(others) => {
                let sum: Option<f64> = others.iter().map(|other| place.mean(Side::Right, other)).sum();
                let own = place.mean(Side::Right, field);
                matches!(finding.what, What::Value | What::OnlyRight)
                    && own.zip(sum).is_some_and(|(own, sum)| near(own, sum))
            }
            OnlyRightUnless(_) | ThingOnlyRight | ThingOnlyLeftAs(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = include_str!("../../../docs/compatibility.md");

    fn entries() -> Vec<&'static str> {
        let rows = PAGE.lines().filter_map(|line| line.strip_prefix("| "));
        rows.filter_map(|row| row.split(" | ").next()).collect()
    }

    #[test]
    fn every_excuse_has_its_entry_once_on_the_page() {
        for excuse in EXCUSES {
            let count = entries().iter().filter(|entry| **entry == excuse.entry).count();
            assert_eq!(count, 1, "{} {}: {}", excuse.record_type.as_str(), excuse.field, excuse.entry);
        }
    }

    #[test]
    fn no_excuse_stands_twice() {
        for (at, excuse) in EXCUSES.iter().enumerate() {
            assert!(!EXCUSES[..at].contains(excuse), "{excuse:?}");
        }
    }

    #[test]
    fn every_excused_field_is_one_the_catalogue_knows() {
        for excuse in EXCUSES {
            let first = excuse.field.split('.').next().unwrap_or_default();
            let metric = catalog::Metric::of(excuse.record_type).any(|metric| metric.name == excuse.field);
            let attribute = catalog::attributes_of(excuse.record_type).any(|row| row.attribute.as_str() == first);
            let envelope = first == "_aws";
            assert!(metric || attribute || envelope, "{} has no {}", excuse.record_type.as_str(), excuse.field);
        }
    }
}
