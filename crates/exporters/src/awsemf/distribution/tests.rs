//! Distributions worked out by hand, after the OpenTelemetry data model and the format's specification.

use proptest::prelude::*;

use super::*;

fn written(data: &Data, histograms: Histograms) -> Vec<String> {
    let text = |set: &Set| {
        let mut out = Vec::new();
        set.write(&mut out);
        String::from_utf8(out).expect("JSON is text")
    };
    sets(data, histograms).iter().map(text).collect()
}

/// What it is where histograms are statistic sets.
#[track_caller]
fn check(data: Data, expected: &[&str]) {
    assert_eq!(written(&data, Histograms::StatisticSet), expected);
}

/// What it is where histograms are values.
#[track_caller]
fn check_values(data: Data, expected: &[&str]) {
    assert_eq!(written(&data, Histograms::Values), expected);
}

fn histogram(min: Option<f64>, max: Option<f64>, buckets: &[u64]) -> Data {
    let bounds = if buckets.is_empty() { Vec::new() } else { vec![1.0, 2.5, 10.0] };
    let count = 6;
    Data::Histogram(Histogram { count, sum: Some(15.0), min, max, bounds, buckets: buckets.to_vec() })
}

#[test]
fn a_histogram_is_a_statistic_set() {
    check(histogram(Some(0.5), Some(8.0), &[1, 2, 3, 0]), &[r#"{"Max":8,"Min":0.5,"Count":6,"Sum":15}"#]);
    // What is missing is taken from the buckets: from 1 to 10, and of one that is open on a side its other end.
    check(histogram(None, None, &[0, 2, 4, 0]), &[r#"{"Max":10,"Min":1,"Count":6,"Sum":15}"#]);
    check(histogram(None, None, &[3, 0, 0, 3]), &[r#"{"Max":10,"Min":1,"Count":6,"Sum":15}"#]);
    check(histogram(None, Some(7.0), &[0, 6, 0, 0]), &[r#"{"Max":7,"Min":1,"Count":6,"Sum":15}"#]);
    check(histogram(None, None, &[]), &[r#"{"Max":2.5,"Min":2.5,"Count":6,"Sum":15}"#]);
    check(Data::Histogram(Histogram::default()), &[r#"{"Max":0,"Min":0,"Count":0,"Sum":0}"#]);
    // A last bound that is spelled out is no end.
    let (bounds, buckets) = (vec![1.0, f64::INFINITY], vec![0, 2, 0]);
    check(
        Data::Histogram(Histogram { count: 2, sum: Some(15.0), min: None, max: None, bounds, buckets }),
        &[r#"{"Max":1,"Min":1,"Count":2,"Sum":15}"#],
    );
}

#[test]
fn a_histogram_with_buckets_is_their_middles_with_their_counts() {
    // Up to 1, 2.5, 10, and above: ends cut the outer ones.
    check_values(
        histogram(Some(0.5), Some(8.0), &[1, 2, 3, 0]),
        &[r#"{"Values":[5.25,1.75,0.75],"Counts":[3,2,1],"Max":8,"Min":0.5,"Count":6,"Sum":15}"#],
    );
    check_values(
        histogram(Some(-3.0), Some(20.0), &[3, 0, 0, 3]),
        &[r#"{"Values":[15,-1],"Counts":[3,3],"Max":20,"Min":-3,"Count":6,"Sum":15}"#],
    );
    // Of one that is open on a side its other end.
    check_values(
        histogram(None, None, &[3, 1, 0, 2]),
        &[r#"{"Values":[10,1.75,1],"Counts":[2,1,3],"Max":10,"Min":1,"Count":6,"Sum":15}"#],
    );
    // One bucket without bounds is its mean, or the middle of its ends.
    let one = |min, max| {
        let (bounds, buckets) = (Vec::new(), vec![6]);
        Data::Histogram(Histogram { count: 6, sum: Some(15.0), min, max, bounds, buckets })
    };
    check_values(one(None, None), &[r#"{"Values":[2.5],"Counts":[6],"Max":2.5,"Min":2.5,"Count":6,"Sum":15}"#]);
    let ends = one(Some(1.0), Some(9.0));
    check_values(ends, &[r#"{"Values":[5],"Counts":[6],"Max":9,"Min":1,"Count":6,"Sum":15}"#]);
}

#[test]
fn a_histogram_whose_buckets_are_missing_or_do_not_add_up_stays_a_statistic_set() {
    check_values(histogram(None, None, &[]), &[r#"{"Max":2.5,"Min":2.5,"Count":6,"Sum":15}"#]);
    check_values(histogram(None, None, &[0, 5, 0, 0]), &[r#"{"Max":2.5,"Min":1,"Count":6,"Sum":15}"#]);
    check_values(histogram(None, None, &[6]), &[r#"{"Max":1,"Min":1,"Count":6,"Sum":15}"#]);
    check_values(histogram(None, None, &[u64::MAX, 7, 0, 0]), &[r#"{"Max":2.5,"Min":1,"Count":6,"Sum":15}"#]);
    check_values(Data::Histogram(Histogram::default()), &[r#"{"Max":0,"Min":0,"Count":0,"Sum":0}"#]);
}

#[test]
fn more_than_a_hundred_buckets_with_bounds_are_several_sets() {
    let bounds: Vec<f64> = (0..150).map(f64::from).collect();
    let (count, buckets) = (151, vec![1; 151]);
    let data = Data::Histogram(Histogram { count, sum: Some(9.0), min: None, max: Some(200.0), bounds, buckets });
    let sets = sets(&data, Histograms::Values);
    let shown: Vec<_> = sets.iter().map(|set| (set.max, set.min, set.count, set.sum)).collect();
    assert_eq!(shown, [(200.0, 50.0, 100, 9.0), (50.0, 0.0, 51, 0.0)]);
}

#[test]
fn an_exponential_histogram_is_its_buckets_middles_from_the_largest_on() {
    // Scale 0: bounds are powers of two. 1 to 2 and 4 to 8, two zeros, -2 to -1.
    let one = ExponentialHistogram {
        count: 9,
        sum: Some(20.0),
        min: Some(-1.5),
        max: Some(7.0),
        scale: 0,
        zero_count: 2,
        positive: Buckets { offset: 0, counts: vec![3, 0, 1] },
        negative: Buckets { offset: 0, counts: vec![3] },
        ..ExponentialHistogram::default()
    };
    check(
        Data::ExponentialHistogram(one.clone()),
        &[r#"{"Values":[6,1.5,0,-1.5],"Counts":[1,3,2,3],"Max":7,"Min":-1.5,"Count":9,"Sum":20}"#],
    );
    // Without the ends those of the buckets count.
    check(
        Data::ExponentialHistogram(ExponentialHistogram { min: None, max: None, ..one }),
        &[r#"{"Values":[6,1.5,0,-1.5],"Counts":[1,3,2,3],"Max":8,"Min":-2,"Count":9,"Sum":20}"#],
    );
    // Scale -1 has the factor 4, scale 1 the root of two.
    let of = |scale| {
        let positive = Buckets { offset: 1, counts: vec![5] };
        Data::ExponentialHistogram(ExponentialHistogram {
            count: 5,
            scale,
            positive,
            ..ExponentialHistogram::default()
        })
    };
    check(of(-1), &[r#"{"Values":[10],"Counts":[5],"Max":16,"Min":4,"Count":5,"Sum":0}"#]);
    assert!(
        written(&of(1), Histograms::Values)[0].starts_with(r#"{"Values":[1.7071067811865"#),
        "{:?}",
        written(&of(1), Histograms::Values)
    );
    check(
        Data::ExponentialHistogram(ExponentialHistogram {
            count: 2,
            sum: Some(3.0),
            ..ExponentialHistogram::default()
        }),
        &[r#"{"Values":[],"Counts":[],"Max":1.5,"Min":1.5,"Count":2,"Sum":3}"#],
    );
}

#[test]
fn the_finest_buckets_have_exact_bounds() {
    // Scale 20: a million buckets for each power of two. This one begins at 2^9.5.
    let positive = Buckets { offset: 19 << 19, counts: vec![1] };
    let histogram = ExponentialHistogram { count: 1, scale: 20, positive, ..ExponentialHistogram::default() };
    let set = &sets(&Data::ExponentialHistogram(histogram), Histograms::Values)[0];
    let begin = 512.0 * 2_f64.sqrt();
    assert!((set.min / begin - 1.0).abs() < 1e-15, "{} for {begin}", set.min);
    assert!((set.max / set.min - 2_f64.powf(2_f64.powi(-20))).abs() < 1e-15, "{}", set.max);
}

#[test]
fn more_than_a_hundred_buckets_are_several_sets() {
    let positive = Buckets { offset: -100, counts: vec![1; 150] };
    let negative = Buckets { offset: 0, counts: vec![2; 100] };
    let data = Data::ExponentialHistogram(ExponentialHistogram {
        count: 350,
        sum: Some(-5.0),
        min: Some(-1e30),
        max: Some(1e15),
        positive,
        negative,
        ..ExponentialHistogram::default()
    });
    let sets = sets(&data, Histograms::Values);
    let shown: Vec<_> = sets.iter().map(|set| (set.values.as_ref().map_or(0, Vec::len), set.count, set.sum)).collect();
    assert_eq!(shown, [(100, 100, -5.0), (100, 150, 0.0), (50, 100, 0.0)]);
    assert_eq!((sets[0].max, sets[0].min), (1e15, 2_f64.powi(-50)));
    assert_eq!((sets[1].max, sets[1].min), (2_f64.powi(-50), -(2_f64.powi(50))));
    assert_eq!((sets[2].max, sets[2].min), (-(2_f64.powi(50)), -1e30));
}

#[test]
fn a_summary_is_from_its_lowest_to_its_highest_quantile() {
    let summary =
        |quantiles: &[(f64, f64)]| Data::Summary(Summary { count: 4, sum: 10.0, quantiles: quantiles.to_vec() });
    check(summary(&[(0.99, 9.0), (0.0, 0.5), (0.5, 2.0)]), &[r#"{"Max":9,"Min":0.5,"Count":4,"Sum":10}"#]);
    check(summary(&[]), &[r#"{"Max":2.5,"Min":2.5,"Count":4,"Sum":10}"#]);
}

#[test]
fn what_is_not_finite_is_nothing() {
    check(histogram(Some(f64::NAN), None, &[]), &[]);
    check(histogram(None, Some(f64::INFINITY), &[]), &[]);
    let quantiles = vec![(0.1, 1.0), (0.5, f64::NAN), (0.9, 2.0)];
    check(Data::Summary(Summary { count: 3, sum: 4.0, quantiles }), &[]);
    let positive = Buckets { offset: i32::MAX, counts: vec![1] };
    check(
        Data::ExponentialHistogram(ExponentialHistogram { count: 1, positive, ..ExponentialHistogram::default() }),
        &[],
    );
}

proptest! {
    #[test]
    fn any_histogram_with_bounds_is_survived_and_loses_no_measurement(
        steps in prop::collection::vec(-5.0..50.0_f64, 0..130), counts in prop::collection::vec(0_u64..9, 131), sum in -1e9..1e9_f64,
        min in prop::option::of(-9.0..9.0_f64), max in prop::option::of(-9.0..9e3_f64),
    ) {
        let bounds: Vec<f64> = steps.iter().scan(0.0, |at, step| { *at += step; Some(*at) }).collect();
        let buckets = counts[..=bounds.len()].to_vec();
        let count = buckets.iter().sum::<u64>();
        let data = Data::Histogram(Histogram { count, sum: Some(sum), min, max, bounds, buckets });
        let sets = sets(&data, Histograms::Values);
        prop_assert_eq!(sets.iter().map(|set| set.count).sum::<u64>(), count);
        prop_assert_eq!(sets.iter().map(|set| set.sum).sum::<f64>(), sum);
        prop_assert!(sets.iter().all(|set| set.values.as_ref().is_none_or(|values| (1..=MOST_VALUES).contains(&values.len()))));
    }

    #[test]
    fn any_histogram_is_survived_and_loses_no_measurement(
        scale: i32, offset: i32, counts in prop::collection::vec(0_u64..1000, 0..300), zero_count in 0_u64..9, sum in -1e9..1e9_f64,
    ) {
        let positive = Buckets { offset, counts: counts.clone() };
        let negative = Buckets { offset, counts: counts.iter().rev().copied().collect() };
        let count = counts.iter().sum::<u64>() * 2 + zero_count;
        let (sum, min, max) = (Some(sum), None, None);
        let zero_threshold = 0.0;
        let data = Data::ExponentialHistogram(ExponentialHistogram {
            count, sum, min, max, scale, zero_count, zero_threshold, positive, negative,
        });
        let sets = sets(&data, Histograms::Values);
        prop_assert!(sets.is_empty() || sets.iter().map(|set| set.count).sum::<u64>() == count);
        for set in &sets {
            let values = set.values.as_ref().map_or(&[][..], Vec::as_slice);
            prop_assert!(values.len() <= MOST_VALUES);
            prop_assert!(values.is_sorted_by(|one, other| one.0 >= other.0));
        }
        for text in written(&data, Histograms::Values) {
            prop_assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{text}");
        }
    }
}
