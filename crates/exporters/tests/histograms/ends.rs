//! What the smallest and the largest value of a distribution can be where nobody says it: worked out from the data model, beside
//! the agent's code.

use model::{Buckets, Data, ExponentialHistogram, Histogram, Summary, Value};
use serde_json::Value as Json;

/// The numbers of a point of the payload.
pub(crate) fn data(value: &Value) -> &Data {
    match value {
        Value::Compound(compound) => &compound.data,
        other => panic!("a number: {other:?}"),
    }
}

pub(crate) fn sum(value: &Value) -> f64 {
    match data(value) {
        Data::Histogram(histogram) => histogram.sum.unwrap_or(0.0),
        Data::ExponentialHistogram(histogram) => histogram.sum.unwrap_or(0.0),
        Data::Summary(summary) => summary.sum,
        Data::Number(number) => panic!("a number: {number:?}"),
    }
}

/// The value of the lowest or the highest quantile.
pub(crate) fn of_quantiles(summary: &Summary, smallest: bool) -> f64 {
    let mut quantiles = summary.quantiles.clone();
    quantiles.sort_by(|one, other| one.0.total_cmp(&other.0));
    let end = if smallest { quantiles.first() } else { quantiles.last() };
    end.expect("there are quantiles").1
}

/// Between which numbers the smallest or the largest value lies; `None` where the sender gave it.
pub(crate) fn can_be(data: &Data, smallest: bool) -> Option<(f64, f64)> {
    let (given, count, sum, bucket) = match data {
        Data::Histogram(histogram) => {
            let given = if smallest { histogram.min } else { histogram.max };
            (given.is_some(), histogram.count, histogram.sum, outermost(histogram, smallest))
        }
        Data::ExponentialHistogram(histogram) => {
            let given = if smallest { histogram.min } else { histogram.max };
            (given.is_some(), histogram.count, histogram.sum, outermost_exponential(histogram, smallest))
        }
        Data::Summary(summary) => (!summary.quantiles.is_empty(), summary.count, Some(summary.sum), None),
        Data::Number(number) => panic!("a number: {number:?}"),
    };
    if given {
        return None;
    }
    // Without buckets at least the mean is known; it is between both ends.
    let mean = if count == 0 { 0.0 } else { sum.unwrap_or(0.0) / count as f64 };
    Some(bucket.unwrap_or((mean, mean)))
}

/// The bounds of the first or last bucket in use. Of one that is open on a side, the end that it has.
fn outermost(histogram: &Histogram, smallest: bool) -> Option<(f64, f64)> {
    let used = |at: &usize| histogram.buckets[*at] > 0;
    let mut all = 0..histogram.buckets.len();
    let at = if smallest { all.find(used) } else { all.rfind(used) }?;
    let bound =
        |at: Option<usize>| at.and_then(|at| histogram.bounds.get(at)).copied().filter(|bound| bound.is_finite());
    let (low, high) = (bound(at.checked_sub(1)), bound(Some(at)));
    Some((low.or(high)?, high.or(low)?))
}

/// Whether these values, from the smallest on, stand for the buckets in use: as many of each, and each in its bucket.
pub(crate) fn are_of_buckets(histogram: &Histogram, values: &[(Json, Json)]) -> bool {
    let used: Vec<(usize, u64)> =
        (0..).zip(histogram.buckets.iter().copied()).filter(|(_, count)| *count > 0).collect();
    let fits = |((at, count), (value, counted)): (&(usize, u64), &(Json, Json))| {
        let low = at.checked_sub(1).map_or(f64::NEG_INFINITY, |at| histogram.bounds[at]);
        let high = histogram.bounds.get(*at).copied().unwrap_or(f64::INFINITY);
        let value = value.as_f64().expect("a number");
        (low..=high).contains(&value) && counted.as_u64() == Some(*count)
    };
    used.len() == values.len() && used.iter().zip(values).all(fits)
}

fn outermost_exponential(histogram: &ExponentialHistogram, smallest: bool) -> Option<(f64, f64)> {
    let power = |index: i64| (index as f64 * 2_f64.powi(-histogram.scale)).exp2();
    let mut used = Vec::new();
    for (side, sign) in [(&histogram.positive, 1.0), (&histogram.negative, -1.0)] {
        for (index, _) in (i64::from(side.offset)..).zip(&side.counts).filter(|(_, count)| **count > 0) {
            let (near, far) = (sign * power(index), sign * power(index + 1));
            used.push((near.min(far), near.max(far)));
        }
    }
    if histogram.zero_count > 0 {
        used.push((0.0, 0.0));
    }
    used.sort_by(|one, other| one.0.total_cmp(&other.0));
    if smallest { used.first() } else { used.last() }.copied()
}

/// The largest index of a bucket that a distribution has, as a number without sign; 0 of one without such buckets.
pub(crate) fn largest_index(data: &Data) -> f64 {
    let Data::ExponentialHistogram(histogram) = data else { return 0.0 };
    let of_side = |side: &Buckets| f64::from(side.offset).abs() + side.counts.len() as f64;
    of_side(&histogram.positive).max(of_side(&histogram.negative))
}
