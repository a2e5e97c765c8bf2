//! Distributions of every shape that the data model allows, as OTLP JSON points without labels and time.

use serde_json::{Value, json};

/// Numbers that look random and are the same in every run (SplitMix64).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// From 0 to below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    /// Thousandths, from `low` to below `high`.
    fn float(&mut self, low: i64, high: i64) -> f64 {
        let thousandths = self.below((high - low).unsigned_abs() * 1000);
        low as f64 + thousandths as f64 / 1000.0
    }

    /// So many counts, a share of which are 0.
    fn counts(&mut self, length: usize, zeros_of_ten: u64) -> Vec<u64> {
        (0..length).map(|_| if self.below(10) < zeros_of_ten { 0 } else { 1 + self.below(50) }).collect()
    }
}

fn texts(counts: &[u64]) -> Vec<String> {
    counts.iter().map(u64::to_string).collect()
}

/// A histogram with explicit bounds.
pub(crate) fn histogram(number: usize, random: &mut Random) -> Value {
    let bounds = match number % 10 {
        5 => Vec::new(),
        7 => vec![-100.0, -10.0, -1.0, 0.0],
        8 => (0..130).map(|bound| f64::from(bound) * 0.25).collect(),
        _ => vec![0.005, 0.1, 0.5, 1.0, 2.5, 10.0],
    };
    let counts = match number % 10 {
        4 => vec![0; bounds.len() + 1],
        // Only the bucket without an end is used, or only the first.
        9 if number % 20 == 9 => [vec![0; bounds.len()], vec![7]].concat(),
        9 => [vec![7], vec![0; bounds.len()]].concat(),
        _ => random.counts(bounds.len() + 1, 4),
    };
    let count: u64 = counts.iter().sum();
    let sum = if number % 10 == 7 { random.float(-5000, -10) } else { random.float(0, 5000) };
    let mut point = json!({"count": count.to_string(), "sum": sum});
    if number % 10 != 6 {
        point["explicitBounds"] = json!(bounds);
        point["bucketCounts"] = json!(texts(&counts));
    }
    match number % 10 {
        0 | 7 | 8 if number % 20 < 10 => {
            point["min"] = json!(random.float(-200, 0));
            point["max"] = json!(random.float(1, 100));
        }
        2 => point["min"] = json!(random.float(0, 1)),
        3 => point["max"] = json!(random.float(10, 20)),
        4 => point["sum"] = json!(0.0),
        _ => {}
    }
    match number {
        // A sum is left out where values may be negative.
        17 => drop(point.as_object_mut().map(|members| members.remove("sum"))),
        21 => point["flags"] = 1.into(),
        23 => point["sum"] = "NaN".into(),
        25 => point["max"] = "Infinity".into(),
        // A last bound that is spelled out, with nothing beyond it.
        27 => {
            point["explicitBounds"] = json!([-100.0, -10.0, -1.0, "Infinity"]);
            point["bucketCounts"].as_array_mut().expect("a list").swap(3, 4);
        }
        31 => {
            let exemplar = json!({"timeUnixNano": "1700000000000000000", "asDouble": 0.3,
                "spanId": "eee19b7ec3c1b174", "traceId": "5b8efff798038103d269b633813fc60c"});
            point["exemplars"] = json!([exemplar]);
        }
        _ => {}
    }
    point
}

/// A histogram with exponential buckets.
pub(crate) fn exponential(number: usize, random: &mut Random) -> Value {
    let (scale, offset, positive, negative, zeros) = match number % 10 {
        0 => (0, -2, random.counts(6, 3), Vec::new(), 0),
        1 => (3, -40, random.counts(120, 0), Vec::new(), 0),
        2 => (1, 0, random.counts(5, 3), random.counts(7, 3), 4),
        3 => (5, 0, Vec::new(), Vec::new(), 9),
        4 => (0, 0, vec![0; if number % 20 == 4 { 0 } else { 5 }], Vec::new(), 0),
        5 => (20, 9_961_472, random.counts(20, 5), Vec::new(), 0),
        6 => (4, -60, random.counts(160, 2), random.counts(90, 2), 1),
        7 => (-3, -2, random.counts(4, 1), random.counts(3, 1), 2),
        8 => (2, 7, vec![1 + random.below(9)], Vec::new(), 0),
        // A hundred and one, the last of which begins a part; or a hundred, with empty ones behind.
        _ if number % 20 == 9 => (3, -10, [vec![0; 12], vec![2; 101]].concat(), Vec::new(), 0),
        _ => (3, -10, [vec![0; 12], vec![2; 100]].concat(), vec![0; 9], 0),
    };
    let count = positive.iter().chain(&negative).sum::<u64>() + zeros;
    let mut point = json!({
        "count": count.to_string(), "sum": random.float(-500, 5000), "scale": scale, "zeroCount": zeros.to_string(),
        "positive": {"offset": offset, "bucketCounts": texts(&positive)},
        "negative": {"offset": offset, "bucketCounts": texts(&negative)},
    });
    if number % 4 < 2 {
        point["min"] = json!(random.float(-900, 0));
        point["max"] = json!(random.float(100, 900));
    }
    match number {
        12 => point["zeroThreshold"] = json!(0.5),
        18 => {
            point["positive"]["bucketCounts"] = json!(["9007199254740993"]);
            point["count"] = "9007199254740993".into();
        }
        // Measurements that are in no bucket.
        24 => point["count"] = "5".into(),
        21 => point["flags"] = 1.into(),
        33 => point["min"] = "NaN".into(),
        35 => drop(point.as_object_mut().map(|members| members.remove("sum"))),
        _ => {}
    }
    point
}

/// A summary.
pub(crate) fn summary(number: usize, random: &mut Random) -> Value {
    let quantiles: &[f64] = match number % 8 {
        0 | 1 => &[0.5, 0.9, 0.99],
        2 => &[0.0, 0.25, 0.5, 1.0],
        3 => &[0.99, 0.5, 0.1],
        4 => &[0.5],
        5 => &[],
        6 => &[0.0, 1.0],
        _ => &[0.01, 0.99],
    };
    let mut values: Vec<f64> = quantiles.iter().map(|_| random.float(-20, 300)).collect();
    values.sort_by(f64::total_cmp);
    if number % 8 == 3 {
        values.reverse();
    }
    let mut pairs: Vec<Value> =
        quantiles.iter().zip(values).map(|(quantile, value)| json!({"quantile": quantile, "value": value})).collect();
    let count = if number % 16 == 6 { 0 } else { 1 + random.below(1000) };
    let mut point = json!({"count": count.to_string(), "sum": random.float(0, 9000)});
    match number {
        9 => point["flags"] = 1.into(),
        // As a Prometheus client says it of a window without measurements.
        17 => pairs[1]["value"] = "NaN".into(),
        25 => pairs.iter_mut().for_each(|pair| pair["value"] = "NaN".into()),
        33 => point["sum"] = "Infinity".into(),
        _ => {}
    }
    point["quantileValues"] = json!(pairs);
    point
}
