//! What a window keeps of one field of one thing: for both sides a count, a mean, a spread, the first value and the last
//! change. Small, because a large cluster has millions of them.

/// One side's numbers.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Numbers {
    mean: f64,
    /// Sum of the squares of the distances from the mean (Welford).
    squares: f32,
    count: u16,
    /// Whether values were not all the same: they are listed apart then.
    pub(crate) changed: bool,
}

impl Numbers {
    /// Takes a value, and says whether it is the first that differs from those before.
    pub(crate) fn push(&mut self, value: f64) -> bool {
        let first_change = self.count > 0 && !self.changed && !same(self.mean, value);
        self.changed |= first_change;
        self.count = self.count.saturating_add(1);
        if self.count == 1 {
            self.mean = value;
        } else if self.changed {
            let distance = value - self.mean;
            self.mean += distance / f64::from(self.count);
            self.squares += (distance * (value - self.mean)) as f32;
        }
        first_change
    }

    pub(crate) fn count(self) -> u16 {
        self.count
    }

    pub(crate) fn mean(self) -> f64 {
        self.mean
    }

    /// The square of the mean's standard error; 0 of one value, of which nothing is known.
    pub(crate) fn squared_error(self) -> f64 {
        if self.count < 2 { 0.0 } else { f64::from(self.squares) / f64::from(self.count - 1) / f64::from(self.count) }
    }
}

/// Whether two numbers are one and the same; of fractions the last digits may come of two ways to compute them.
pub(crate) fn same(left: f64, right: f64) -> bool {
    let fraction = left.fract() != 0.0 || right.fract() != 0.0;
    left == right || fraction && (left - right).abs() <= 1e-12 * left.abs().max(right.abs())
}

/// A field with numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NumberCell {
    pub(crate) field: u32,
    /// How it was extracted first, by side.
    pub(crate) extractions: [u32; 2],
    pub(crate) sides: [Numbers; 2],
}

/// One side's texts.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct TextSide {
    pub(crate) value: u32,
    pub(crate) count: u16,
    pub(crate) changed: bool,
}

/// A field with texts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TextCell {
    pub(crate) field: u32,
    pub(crate) sides: [TextSide; 2],
}

/// Values in the order in which they came, each with how often it came in a row.
pub(crate) type Runs<T> = Vec<(T, u32)>;

pub(crate) fn push_run<T: Copy>(runs: &mut Runs<T>, value: T, same: impl Fn(T, T) -> bool) {
    match runs.last_mut() {
        Some((last, count)) if same(*last, value) => *count += 1,
        _ => runs.push((value, 1)),
    }
}

/// By how many intervals a change may come earlier on one side: it can fall between two readings, and timers wander.
const APART: u32 = 2;

/// Whether both sides saw the same values in the same order, and changes at about the same time. What stood for one interval at
/// an end may be missing on the other side: it can have changed between two readings there.
pub(crate) fn agree<T: Copy>(left: &[(T, u32)], right: &[(T, u32)], same: impl Fn(T, T) -> bool) -> bool {
    let equal = |left: &[(T, u32)], right: &[(T, u32)]| {
        let values = left.len() == right.len() && left.iter().zip(right).all(|(one, two)| same(one.0, two.0));
        let mut at = (0, 0);
        let times = left.iter().zip(right).take(left.len().saturating_sub(1)).all(|(one, two)| {
            at = (at.0 + one.1, at.1 + two.1);
            u32::abs_diff(at.0, at.1) <= APART
        });
        !left.is_empty() && values && times
    };
    let trims = |runs: &'_ [(T, u32)]| -> Vec<(usize, usize)> {
        let (first, last) = (runs.first().is_some_and(|run| run.1 == 1), runs.last().is_some_and(|run| run.1 == 1));
        let mut trims = vec![(0, runs.len())];
        if runs.len() > 1 {
            trims.extend(first.then_some((1, runs.len())));
            trims.extend(last.then_some((0, runs.len() - 1)));
            trims.extend((first && last && runs.len() > 2).then_some((1, runs.len() - 1)));
        }
        trims
    };
    let rights = trims(right);
    trims(left).iter().any(|one| rights.iter().any(|two| equal(&left[one.0..one.1], &right[two.0..two.1])))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(left: &[(u32, u32)], right: &[(u32, u32)], expected: bool) {
        assert_eq!(agree(left, right, |one, two| one == two), expected, "{left:?} {right:?}");
        assert_eq!(agree(right, left, |one, two| one == two), expected, "{right:?} {left:?}");
    }

    #[test]
    fn a_change_that_one_side_sees_an_interval_later_is_no_difference() {
        check(&[(5, 10)], &[(5, 10)], true);
        check(&[(5, 10)], &[(5, 9), (6, 1)], true);
        check(&[(5, 4), (6, 6)], &[(5, 5), (6, 5)], true);
        check(&[(5, 10)], &[(5, 8), (6, 2)], false);
        check(&[(5, 3), (6, 7)], &[(5, 6), (6, 4)], false);
        check(&[(5, 10)], &[(6, 10)], false);
        check(&[(5, 1)], &[(6, 1)], false);
        check(&[(5, 5), (6, 5)], &[(6, 5), (5, 5)], false);
        check(&[], &[], false);
    }

    #[test]
    fn means_and_their_errors_are_those_of_the_values() {
        let mut numbers = Numbers::default();
        let changes: Vec<bool> = [2.0, 2.0, 4.0, 4.0].map(|value| numbers.push(value)).into();
        assert_eq!(changes, [false, false, true, false]);
        assert_eq!((numbers.mean(), numbers.count()), (3.0, 4));
        assert!((numbers.squared_error() - 1.0 / 3.0).abs() < 1e-6);
    }
}
