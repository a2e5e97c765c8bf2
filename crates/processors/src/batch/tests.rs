use std::time::Duration;

use confmap::{Decode, Faults};
use model::{Attributes, Batch, Descriptor, Metric, Point, Record, Tick, UnixTime, Value};
use proptest::prelude::*;

use super::*;

fn config(yaml: &str) -> Result<Config, String> {
    let text = format!("batch: {yaml}");
    let loaded = confmap::load(&["env:TEXT".to_owned()], &[], &|_| Some(text.clone())).map_err(|f| f.to_string())?;
    let mut faults = Faults::new();
    let node = loaded.root.get("batch").expect("the text has the block");
    Config::decode(node, "processors::batch", &mut faults).ok_or_else(|| faults.to_string())
}

fn batch(yaml: &str) -> Batcher {
    Batcher::new(&config(yaml).unwrap())
}

/// A record with a number, by which it is known again, and some points.
fn record(number: i64, points: usize) -> Record {
    let metric = Metric::Other(Descriptor::gauge("m", "").into());
    let point = Point { metric, value: Value::Integer(number) };
    Record::of(Attributes::new(), UnixTime::from_millis(number), vec![point; points])
}

fn round(time_ms: i64, records: &[(i64, usize)], ends: bool) -> Batch {
    let records = records.iter().map(|&(number, points)| record(number, points)).collect();
    Batch { tick: Some(Tick { time: UnixTime::from_millis(time_ms) }), records, ends, permits: Vec::new() }
}

/// Rounds as their records' numbers and whether they end.
fn shown(rounds: &[Batch]) -> Vec<(Vec<i64>, bool)> {
    rounds
        .iter()
        .map(|round| (round.records.iter().map(|record| record.time.as_millis()).collect(), round.ends))
        .collect()
}

/// Batches as the times of their ticks.
fn ticks(batches: &[Batch]) -> Vec<Option<i64>> {
    batches.iter().map(|batch| batch.tick.map(|tick| tick.time.as_millis())).collect()
}

fn at(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

#[test]
fn a_whole_round_goes_on_at_once() {
    let mut batch = batch("{timeout: 60s}");
    assert_eq!(shown(&batch.push(round(1, &[(1, 5), (2, 5)], true), at(0))), [(vec![1, 2], true)]);
    assert_eq!(batch.deadline(), None);
    assert!(batch.flush().is_empty());
}

#[test]
fn a_rounds_parts_go_on_together_once_its_end_comes() {
    let mut batch = batch("{timeout: 60s}");
    assert!(batch.push(round(1, &[(1, 5)], false), at(0)).is_empty());
    assert_eq!(shown(&batch.push(round(1, &[(2, 5)], true), at(9))), [(vec![1, 2], true)]);
}

#[test]
fn an_end_without_records_is_passed_on() {
    let mut batch = batch("{timeout: 60s}");
    assert_eq!(shown(&batch.push(round(1, &[], true), at(0))), [(vec![], true)]);
}

#[test]
fn a_part_waits_for_the_timeout_at_most() {
    let mut batch = batch("{timeout: 200ms}");
    assert!(batch.push(round(1, &[(1, 5)], false), at(1000)).is_empty());
    assert!(batch.push(round(1, &[(2, 5)], false), at(1100)).is_empty());
    assert_eq!(batch.deadline(), Some(at(1200)), "the first part's wait counts");
    assert!(batch.expire(at(1199)).is_empty());
    assert_eq!(shown(&batch.expire(at(1200))), [(vec![1, 2], false)]);
    assert_eq!(batch.deadline(), None);
}

#[test]
fn a_part_waits_for_the_size_at_most() {
    let mut batch = batch("{timeout: 60s, send_batch_size: 10}");
    assert!(batch.push(round(1, &[(1, 9)], false), at(0)).is_empty());
    assert_eq!(shown(&batch.push(round(1, &[(2, 1)], false), at(0))), [(vec![1, 2], false)]);
}

#[test]
fn without_a_timeout_or_a_size_nothing_waits() {
    for yaml in ["{timeout: 0s}", "{send_batch_size: 0}"] {
        assert_eq!(shown(&batch(yaml).push(round(1, &[(1, 1)], false), at(0))), [(vec![1], false)]);
    }
}

#[test]
fn another_round_sends_the_waiting_part_on_as_its_own() {
    let mut batch = batch("{timeout: 60s}");
    batch.push(round(1, &[(1, 5)], false), at(0));
    let ready = batch.push(round(2, &[(2, 5)], true), at(0));
    assert_eq!(shown(&ready), [(vec![1], false), (vec![2], true)]);
    assert_eq!(ticks(&ready), [Some(1), Some(2)]);
}

#[test]
fn what_was_received_is_gathered_whenever_it_came() {
    let mut batch = batch("{timeout: 60s, send_batch_size: 10}");
    let received = |number| Batch { tick: None, ..round(1, &[(number, 5)], false) };
    assert!(batch.push(received(1), at(0)).is_empty());
    let ready = batch.push(received(2), at(9));
    assert_eq!((shown(&ready), ticks(&ready)), (vec![(vec![1, 2], false)], vec![None]));
}

#[test]
fn the_largest_size_cuts_between_records() {
    let mut batch = batch("{send_batch_size: 10, send_batch_max_size: 10}");
    let records = [(1, 4), (2, 6), (3, 1), (4, 25), (5, 2)];
    let ready = batch.push(round(1, &records, true), at(0));
    assert_eq!(shown(&ready), [(vec![1, 2], false), (vec![3], false), (vec![4], false), (vec![5], true)]);
    assert_eq!(ticks(&ready), [Some(1); 4]);
}

#[test]
fn options_have_to_fit_together() {
    let fault = |yaml: &str| config(yaml).unwrap_err().split(" (").next().unwrap().to_owned();
    assert_eq!(
        fault("{send_batch_max_size: 100}"),
        "processors::batch::send_batch_max_size: send_batch_max_size must be greater or equal to send_batch_size"
    );
    assert_eq!(
        config("{metadata_keys: [a, B, A]}").unwrap_err().split(" (env").next().unwrap(),
        "processors::batch::metadata_keys: duplicate entry in metadata_keys: \"A\" (case-insensitive)"
    );
    for timeout in ["-1s", "-1"] {
        let yaml = format!("{{timeout: {timeout}}}");
        assert_eq!(fault(&yaml), "processors::batch::timeout: timeout must be greater or equal to 0");
    }
    assert_eq!(fault("{timout: 1s}"), "processors::batch::timout: unknown key; did you mean \"timeout\"?");
}

#[test]
fn without_a_body_the_defaults_count() {
    let config = config("").unwrap();
    assert_eq!(config, Config::default());
    assert_eq!(
        (config.timeout.0, config.send_batch_size, config.send_batch_max_size),
        (Duration::from_millis(200), 8192, 0)
    );
    assert!(Config::nested_options().iter().all(|option| option.doc.ends_with('.')));
}

proptest! {
    #[test]
    fn nothing_is_lost_reordered_held_too_long_or_too_large(
        timeout in 0u64..50,
        size in 0usize..30,
        max_size in prop_oneof![Just(0), 30usize..40],
        // The records' points, whether the part ends its round, and the time until the next part.
        parts in prop::collection::vec((prop::collection::vec(0usize..20, 0..5), any::<bool>(), 0u64..40), 0..30),
    ) {
        let mut batch =
            batch(&format!("{{timeout: {timeout}ms, send_batch_size: {size}, send_batch_max_size: {max_size}}}"));
        let (mut now, mut number, mut time_ms) = (0, 0, 0);
        let (mut given, mut came, mut arrivals) = (Vec::new(), Vec::new(), Vec::new());
        let (mut ends_given, mut ends_came) = (0, 0);
        for (records, ends, pause) in parts {
            let records: Vec<(i64, usize)> = records.iter().map(|&points| { number += 1; (number, points) }).collect();
            given.extend(&records);
            arrivals.extend(records.iter().map(|_| now));
            let mut ready = batch.push(round(time_ms, &records, ends), at(now));
            if ends {
                ends_given += 1;
                time_ms += 1;
                prop_assert_eq!(batch.deadline(), None, "a round's end leaves nothing waiting");
            }
            // Until the next part comes, the pipeline looks at the processor's deadline.
            let next = now + pause;
            while let Some(deadline) = batch.deadline().filter(|deadline| *deadline <= at(next)) {
                ready.extend(batch.expire(deadline));
            }
            now = next;
            for part in &ready {
                ends_came += usize::from(part.ends);
                let points: usize = part.records.iter().map(|record| record.points.len()).sum();
                prop_assert!(max_size == 0 || points <= max_size || part.records.len() == 1);
                came.extend(part.records.iter().map(|record| (record.time.as_millis(), record.points.len())));
            }
            let waiting = given.len() - came.len();
            let points: usize = given[came.len()..].iter().map(|&(_, points)| points).sum();
            prop_assert!(waiting == 0 || points < size);
            prop_assert!(waiting == 0 || now - arrivals[came.len()] < timeout);
        }
        for part in batch.flush() {
            came.extend(part.records.iter().map(|record| (record.time.as_millis(), record.points.len())));
        }
        prop_assert_eq!(came, given);
        prop_assert_eq!(ends_came, ends_given);
    }
}
