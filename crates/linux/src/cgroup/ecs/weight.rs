//! The CPU shares from which a `cpu.weight` was made.
//!
//! Runtimes turn shares (2 to 262144) into weights (1 to 10000) by one of two formulas, and the weight alone doesn't say by
//! which: a straight line, by which 1024 shares are 39, and since runc 1.3.2 and crun 1.23 a curve through 2, 1024 and 262144
//! shares at 1, 100 and 10000.

use std::ops::{Range, RangeInclusive};

/// The fewest shares, and the most.
const SHARES: RangeInclusive<u64> = 2..=262_144;

/// How shares became a weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Formula {
    /// Evenly.
    Line,
    /// By a square in the logarithms.
    Curve,
}

/// What a container asked for, and what it was given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    /// Shares, where Docker's file can be read; 0 where nothing was asked for.
    pub(super) shares: Option<u64>,
    /// The weight of its own cgroup, where that can be read.
    pub(super) weight: Option<u64>,
}

impl Formula {
    /// The weight that these shares become.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "shares and weights are small"
    )]
    fn weight(self, shares: u64) -> u64 {
        let shares = shares.clamp(*SHARES.start(), *SHARES.end());
        match self {
            Formula::Line => 1 + (shares - 2) * 9999 / 262_142,
            Formula::Curve if shares == 2 => 1,
            Formula::Curve => {
                let doublings = (shares as f64).log2();
                let exponent = (doublings * doublings + 125.0 * doublings) / 612.0 - 7.0 / 34.0;
                (10_f64.powf(exponent).ceil() as u64).clamp(1, 10_000)
            }
        }
    }

    /// The shares that become a weight, from and to.
    fn interval(self, weight: u64) -> Range<u64> {
        let first = |least: u64| {
            let (mut low, mut high) = (*SHARES.start(), *SHARES.end() + 1);
            while low < high {
                let middle = low.midpoint(high);
                if self.weight(middle) < least { low = middle + 1 } else { high = middle }
            }
            low
        };
        first(weight)..first(weight + 1)
    }

    /// The roundest of the shares that become a weight, and how round it is; `None` where none do.
    fn roundest(self, weight: u64) -> Option<(u64, u64)> {
        roundest(&self.interval(weight))
    }
}

/// The roundest of some numbers of shares, and of what it is a multiple.
fn roundest(range: &Range<u64>) -> Option<(u64, u64)> {
    let powers = (0..18).map(|power| 1 << power);
    let decimals = (1..6).flat_map(|power| [10, 25, 50].map(|step| step * 10_u64.pow(power - 1)));
    powers
        .chain(decimals)
        .map(|step: u64| ((range.end - 1) / step * step, step))
        .filter(|(shares, _)| range.contains(shares))
        .max_by_key(|(_, step)| *step)
}

/// The shares from which a task's weight was made.
///
/// A task has what its containers ask for together: exactly, where that is known and becomes this weight, or else within what
/// their own weights leave. Where those are unknown too, the roundest number counts that becomes it: people ask for 512 or 1000,
/// not for 2608. Between two that are as round the formula of the containers' own weights decides, and last the line, which is
/// the ECS agent's own.
pub(super) fn shares(weight: u64, containers: &[Asked]) -> u64 {
    let weight = weight.clamp(1, 10_000);
    if let Some(sum) = by_weights(weight, containers) {
        return sum;
    }
    if weight == 1 {
        // What a task has that asks for nothing.
        return *SHARES.start();
    }
    match (Formula::Line.roundest(weight), Formula::Curve.roundest(weight)) {
        (Some(line), Some(curve)) => {
            let is_curve = curve.1 > line.1 || curve.1 == line.1 && formula_of(containers) == Some(Formula::Curve);
            if is_curve { curve.0 } else { line.0 }
        }
        (line, curve) => line.or(curve).map_or(2, |(shares, _)| shares),
    }
}

/// The shares that a task can have by what is known of each container, by the formulas by which its containers asked for the
/// roundest numbers; the runtime may have the newer one before the ECS agent has it.
fn by_weights(weight: u64, containers: &[Asked]) -> Option<u64> {
    let mut best: Option<(f64, u64)> = None;
    for [own, task] in [[Formula::Line; 2], [Formula::Curve; 2], [Formula::Curve, Formula::Line]] {
        let (mut sum, mut range, mut roundness) = (0, 0..1, 0.0);
        for container in containers {
            let (likely, possible, step) = match (container.shares, container.weight) {
                // The ECS agent counts the fewest shares for a container that asks for none.
                (Some(shares), _) => {
                    let shares = shares.clamp(*SHARES.start(), *SHARES.end());
                    (shares, shares..shares + 1, 1)
                }
                // The smallest weight is that of a container that asks for nothing.
                (None, Some(1)) => (*SHARES.start(), own.interval(1), 1),
                (None, Some(weight)) => {
                    let possible = own.interval(weight.min(10_000));
                    let (likely, step) = roundest(&possible)?;
                    (likely, possible, step)
                }
                (None, None) => return None,
            };
            sum += likely;
            range = range.start + possible.start..range.end + possible.end - 1;
            roundness += (step as f64).log2();
        }
        let whole = task.interval(weight);
        let range = range.start.max(whole.start)..range.end.min(whole.end);
        if containers.is_empty() || range.is_empty() || best.is_some_and(|(other, _)| other >= roundness) {
            continue;
        }
        let sum = if range.contains(&sum) { sum } else { roundest(&range)?.0 };
        best = Some((roundness, sum));
    }
    best.map(|(_, sum)| sum)
}

/// The formula by which the containers' own weights were made, where one of them tells.
fn formula_of(containers: &[Asked]) -> Option<Formula> {
    let tells = |asked: &Asked| {
        let (shares, weight) = (asked.shares.filter(|shares| shares > SHARES.start())?, asked.weight?);
        match [Formula::Line, Formula::Curve].map(|formula| formula.weight(shares) == weight) {
            [true, false] => Some(Formula::Line),
            [false, true] => Some(Formula::Curve),
            _ => None,
        }
    };
    containers.iter().find_map(tells)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const UNKNOWN: Asked = Asked { shares: None, weight: None };

    fn asked(shares: u64, weight: u64) -> Asked {
        Asked { shares: Some(shares), weight: Some(weight) }
    }

    fn weighs(weight: u64) -> Asked {
        Asked { shares: None, weight: Some(weight) }
    }

    #[test]
    fn both_formulas_are_those_of_the_runtimes() {
        // runc's own tests name the ends and the default; the others are by hand: 10^((81+1125)/612-7/34) = 58.17.
        for (shares, line, curve) in
            [(2, 1, 1), (128, 5, 21), (512, 20, 59), (1024, 39, 100), (2048, 79, 174), (262_144, 10_000, 10_000)]
        {
            assert_eq!((Formula::Line.weight(shares), Formula::Curve.weight(shares)), (line, curve), "{shares}");
        }
    }

    #[test]
    fn the_roundest_shares_tell_the_formula() {
        for (weight, expected) in [
            (1, 2),
            (39, 1024),
            (100, 1024),
            (20, 512),
            (79, 2048),
            (174, 2048),
            (157, 4096),
            (303, 4096),
            (5, 128),
            (21, 128),
            (99, 1000),
            (77, 2000),
            (170, 2000),
            (0, 2),
            (10_000, 262_144),
            (u64::MAX, 262_144),
        ] {
            assert_eq!(shares(weight, &[]), expected, "{weight}");
        }
    }

    #[test]
    fn what_the_containers_asked_for_decides() {
        // 59 is 512 shares by the curve and 1536 by the line.
        assert_eq!(shares(59, &[]), 1536);
        assert_eq!(shares(59, &[asked(512, 59)]), 512);
        assert_eq!(shares(59, &[asked(1024, 100), asked(512, 59)]), 1536);
        assert_eq!(shares(59, &[asked(511, 59), asked(0, 1)]), 513);
        // Some aren't known: the formula of those that are.
        assert_eq!(shares(59, &[asked(256, 35), UNKNOWN]), 512);
        assert_eq!(shares(59, &[asked(256, 10), UNKNOWN]), 1536);
        // A runtime's formula is not the agent's.
        assert_eq!(shares(39, &[asked(256, 35), UNKNOWN]), 1024);
        assert_eq!(shares(39, &[asked(1000, 99)]), 1000);
    }

    #[test]
    fn without_dockers_files_the_containers_weights_decide() {
        // 192 shares are 8 by the line, of which 200 is the roundest; its containers have 128 and 64, which are 5 and 3.
        assert_eq!(shares(8, &[]), 200);
        assert_eq!(shares(8, &[weighs(5), weighs(3)]), 192);
        assert_eq!(shares(8, &[asked(128, 5), weighs(3)]), 192);
        // The same by a runtime of the curve, where 128 and 64 are 21 and 12, in a task by the line.
        assert_eq!(shares(8, &[weighs(21), weighs(12)]), 192);
        // One container of the task's own weight tells nothing about either formula.
        assert_eq!(shares(59, &[weighs(59)]), 1536);
        assert_eq!(shares(8, &[weighs(5), UNKNOWN]), 200);
        // 1000 and nothing by the line: no sum of round numbers, but one of 1001 to 1024.
        assert_eq!(shares(39, &[weighs(39), weighs(1)]), 1024);
        // 32 twice by the line, whose weights 2 are 50 as likely as 32.
        assert_eq!(shares(3, &[weighs(2), weighs(2)]), 64);
        // 1024 and nothing by the curve, which would fit 2624 to 2649 by the line.
        assert_eq!(shares(101, &[weighs(100), weighs(1)]), 1026);
        // The ECS agent counts two shares for each container that asks for none.
        assert_eq!(shares(1, &[weighs(1), weighs(1)]), 4);
        assert_eq!(shares(1, &[weighs(1)]), 2);
    }

    proptest! {
        #[test]
        fn the_shares_that_come_back_become_the_weight(shares_asked in 2_u64..=262_144, by_curve: bool) {
            let formula = if by_curve { Formula::Curve } else { Formula::Line };
            let weight = formula.weight(shares_asked);
            let (back, _) = formula.roundest(weight).expect("some shares have it");
            prop_assert_eq!(formula.weight(back), weight);
            prop_assert_eq!(shares(weight, &[asked(shares_asked, weight)]), shares_asked);
        }

        #[test]
        fn any_weight_and_any_asking_are_survived(weight: u64, shares_asked: u64, own: u64) {
            prop_assert!(SHARES.contains(&shares(weight, &[asked(shares_asked, own), UNKNOWN])));
            prop_assert!(SHARES.contains(&shares(weight, &[asked(shares_asked, own)])));
        }
    }
}
