//! Distributions as CloudWatch takes them: statistic sets, and values with their counts.

use model::{Buckets, Data, ExponentialHistogram, Histogram, Summary};

use super::config::Histograms;
use super::json;

/// Values that one metric of an event may have (CloudWatch's embedded metric format).
const MOST_VALUES: usize = 100;

/// A metric's value of several numbers.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Set {
    /// Values, each with how often it was measured; `None` in a plain statistic set.
    pub(crate) values: Option<Vec<(f64, u64)>>,
    pub(crate) max: f64,
    pub(crate) min: f64,
    pub(crate) count: u64,
    pub(crate) sum: f64,
}

impl Set {
    /// Whether CloudWatch takes all of its numbers.
    pub(crate) fn is_within(&self, limit: f64) -> bool {
        self.numbers().all(|number| number.abs() <= limit)
    }

    /// Appends it as JSON.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.push(b'{');
        if let Some(values) = &self.values {
            out.extend_from_slice(br#""Values":["#);
            json::write_list(out, values.iter(), |out, (value, _)| json::write_float(out, *value));
            out.extend_from_slice(br#"],"Counts":["#);
            json::write_list(out, values.iter(), |out, (_, count)| json::write_unsigned(out, *count));
            out.extend_from_slice(b"],");
        }
        out.extend_from_slice(br#""Max":"#);
        json::write_float(out, self.max);
        out.extend_from_slice(br#","Min":"#);
        json::write_float(out, self.min);
        out.extend_from_slice(br#","Count":"#);
        json::write_unsigned(out, self.count);
        out.extend_from_slice(br#","Sum":"#);
        json::write_float(out, self.sum);
        out.push(b'}');
    }

    fn numbers(&self) -> impl Iterator<Item = f64> {
        let values = self.values.iter().flatten().map(|(value, _)| *value);
        [self.max, self.min, self.sum].into_iter().chain(values)
    }
}

/// What a compound value becomes; several where one can't hold all its buckets. None where a number is NaN or infinite, and
/// of a single number.
pub(crate) fn sets(data: &Data, histograms: Histograms) -> Vec<Set> {
    let sets = match data {
        Data::Number(_) => Vec::new(),
        Data::Histogram(histogram) => {
            let set = of_histogram(histogram);
            if histograms == Histograms::Values { of_buckets(histogram, set) } else { vec![set] }
        }
        Data::ExponentialHistogram(histogram) => of_exponential(histogram),
        // One quantile that is no number is enough, as in the Go exporter: a window without measurements has such.
        Data::Summary(summary) if !is_finite(summary) => Vec::new(),
        Data::Summary(summary) => vec![of_summary(summary)],
    };
    if sets.iter().all(|set| set.numbers().all(f64::is_finite)) { sets } else { Vec::new() }
}

/// A statistic set. A smallest or largest value that the sender does not give is taken from the buckets, and is the mean where
/// there are none: a zero would be CloudWatch's minimum for good.
fn of_histogram(histogram: &Histogram) -> Set {
    let sum = histogram.sum.unwrap_or(0.0);
    let used = |(_, count): &(usize, &u64)| **count > 0;
    // Some senders spell out the last bound, which is infinite.
    let bound = |at: usize| histogram.bounds.get(at).copied().filter(|bound| bound.is_finite());
    let mut buckets = histogram.buckets.iter().enumerate().filter(used);
    // Of a bucket without an end on one side the other one.
    let (first, last) = (buckets.next(), buckets.next_back());
    let (first, last) = (first.map(|(at, _)| at), last.or(first).map(|(at, _)| at));
    let lowest = first.and_then(|at| at.checked_sub(1).and_then(bound).or_else(|| bound(at)));
    let highest = last.and_then(|at| bound(at).or_else(|| at.checked_sub(1).and_then(bound)));
    let mean = mean(sum, histogram.count);
    Set {
        values: None,
        max: histogram.max.or(highest).unwrap_or(mean),
        min: histogram.min.or(lowest).unwrap_or(mean),
        count: histogram.count,
        sum,
    }
}

/// The statistic set with the middles of the buckets in use, cut to what lies between both ends; as it is where buckets are missing
/// or do not add up.
fn of_buckets(histogram: &Histogram, set: Set) -> Vec<Set> {
    let counted = histogram.buckets.iter().try_fold(0_u64, |sum, count| sum.checked_add(*count));
    if histogram.buckets.len() != histogram.bounds.len() + 1 || counted != Some(set.count) || set.count == 0 {
        return vec![set];
    }
    let bound = |at: Option<usize>| at.and_then(|at| histogram.bounds.get(at)).copied();
    let used = histogram.buckets.iter().enumerate().rev().filter(|(_, count)| **count > 0);
    let buckets: Vec<Bucket> = used
        .map(|(at, count)| {
            let high = bound(Some(at)).unwrap_or(set.max);
            let low = bound(at.checked_sub(1)).unwrap_or(set.min).max(set.min).min(high);
            Bucket { low, high: high.min(set.max).max(low), count: *count }
        })
        .collect();
    parts(&buckets, &set)
}

/// The values are the buckets' middles.
fn of_exponential(histogram: &ExponentialHistogram) -> Vec<Set> {
    let all = buckets(histogram);
    let (count, sum) = (histogram.count, histogram.sum.unwrap_or(0.0));
    let mean = mean(sum, count);
    let (lowest, highest) = (all.last().map(|bucket| bucket.low), all.first().map(|bucket| bucket.high));
    let max = histogram.max.or(highest).unwrap_or(mean);
    let min = histogram.min.or(lowest).unwrap_or(mean);
    parts(&all, &Set { values: Some(Vec::new()), max, min, count, sum })
}

/// A distribution of these buckets, which come from the largest values on: a hundred of them in each set. The first set has the
/// sum and the largest value of the whole, the last one the smallest. The whole itself where there are no buckets.
fn parts(buckets: &[Bucket], whole: &Set) -> Vec<Set> {
    let mut sets: Vec<Set> = buckets
        .chunks(MOST_VALUES)
        .map(|part| Set {
            values: Some(part.iter().map(|bucket| (bucket.low.midpoint(bucket.high), bucket.count)).collect()),
            max: part[0].high,
            min: part[part.len() - 1].low,
            count: part.iter().fold(0, |sum, bucket| sum.saturating_add(bucket.count)),
            sum: 0.0,
        })
        .collect();
    match sets.as_mut_slice() {
        [] => return vec![whole.clone()],
        [one] => (one.sum, one.max, one.min) = (whole.sum, whole.max, whole.min),
        [first, .., last] => {
            (first.sum, first.max) = (whole.sum, whole.max);
            last.min = whole.min;
        }
    }
    sets
}

/// A bucket with anything in it.
struct Bucket {
    low: f64,
    high: f64,
    count: u64,
}

/// The buckets from the largest values on.
fn buckets(histogram: &ExponentialHistogram) -> Vec<Bucket> {
    // How far a bucket reaches, as a power of two.
    let step = (-f64::from(histogram.scale)).exp2();
    let side = |buckets: &Buckets, sign: f64| -> Vec<Bucket> {
        let used = (i64::from(buckets.offset)..).zip(&buckets.counts).filter(|(_, count)| **count > 0);
        used.map(|(index, count)| {
            #[expect(clippy::cast_precision_loss, reason = "an index beyond 2^53 is infinite as a power anyway")]
            // Not a power of the rounded factor: fine buckets have indexes of eight digits, which would take the rounding along.
            let bound = |index: i64| sign * (index as f64 * step).exp2();
            let (near, far) = (bound(index), bound(index + 1));
            Bucket { low: near.min(far), high: near.max(far), count: *count }
        })
        .collect()
    };
    let mut all = side(&histogram.positive, 1.0);
    all.reverse();
    if histogram.zero_count > 0 {
        all.push(Bucket { low: 0.0, high: 0.0, count: histogram.zero_count });
    }
    all.append(&mut side(&histogram.negative, -1.0));
    all
}

fn is_finite(summary: &Summary) -> bool {
    summary.quantiles.iter().all(|(quantile, value)| quantile.is_finite() && value.is_finite())
}

/// A statistic set from the lowest to the highest quantile, in any order.
fn of_summary(summary: &Summary) -> Set {
    let by_quantile = |one: &&(f64, f64), other: &&(f64, f64)| one.0.total_cmp(&other.0);
    let (lowest, highest) =
        (summary.quantiles.iter().min_by(by_quantile), summary.quantiles.iter().max_by(by_quantile));
    let mean = mean(summary.sum, summary.count);
    Set {
        values: None,
        max: highest.map_or(mean, |(_, value)| *value),
        min: lowest.map_or(mean, |(_, value)| *value),
        count: summary.count,
        sum: summary.sum,
    }
}

/// Zero of nothing.
fn mean(sum: f64, count: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a mean of more than 2^53 measurements is as good")]
    if count == 0 { 0.0 } else { sum / count as f64 }
}

#[cfg(test)]
mod tests;
