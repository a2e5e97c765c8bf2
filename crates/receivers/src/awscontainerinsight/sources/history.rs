//! The last reading of each thing, so that the next one has something to be compared with.

use std::collections::HashMap;
use std::hash::Hash;

use model::Stamp;

use crate::awscontainerinsight::samples::Pair;

/// How many rounds a thing may be missing from before its last reading is forgotten.
///
/// A thing that couldn't be read once still has a rate at the next round, over both intervals.
const ROUNDS_KEPT: u64 = 2;

/// Last readings by the identity of what was read.
#[derive(Debug)]
pub struct History<K, T> {
    round: u64,
    last: HashMap<K, Last<T>>,
}

#[derive(Debug)]
struct Last<T> {
    round: u64,
    at: Stamp,
    value: T,
}

impl<K: Eq + Hash, T: Clone> History<K, T> {
    /// No readings yet.
    pub fn new() -> Self {
        Self { round: 0, last: HashMap::new() }
    }

    /// Puts a reading in the place of the last one and returns both.
    pub fn exchange(&mut self, key: K, at: Stamp, value: T) -> Pair<T> {
        let last = Last { round: self.round, at, value: value.clone() };
        let earlier = self.last.insert(key, last).map(|earlier| (earlier.at, earlier.value));
        Pair { at, now: value, earlier }
    }

    /// Ends a round: what has been missing for too long is forgotten.
    pub fn end_round(&mut self) {
        let oldest = self.round.saturating_sub(ROUNDS_KEPT);
        self.last.retain(|_, last| last.round >= oldest);
        self.round += 1;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(seconds: u64) -> Stamp {
        Stamp { monotonic: Duration::from_secs(seconds), wall: Duration::ZERO }
    }

    fn rate(pair: &Pair<u64>) -> Option<f64> {
        pair.rate(|value| Some(*value)).ok()
    }

    #[test]
    fn a_counter_that_began_again_is_left_out_once() {
        let mut history = History::new();
        let rates: Vec<_> = [100, 200, 10, 70]
            .into_iter()
            .enumerate()
            .map(|(second, value)| {
                let pair = history.exchange("a", at(second as u64), value);
                history.end_round();
                rate(&pair)
            })
            .collect();
        assert_eq!(rates, [None, Some(100.0), None, Some(60.0)]);
    }

    #[test]
    fn a_reading_missing_once_is_bridged_and_missing_for_long_is_forgotten() {
        let mut history = History::new();
        history.exchange("a", at(0), 0);
        history.end_round();
        history.end_round();
        assert_eq!(rate(&history.exchange("a", at(2), 20)), Some(10.0));
        for _ in 0..4 {
            history.end_round();
        }
        assert_eq!(rate(&history.exchange("a", at(6), 60)), None);
        assert_eq!(history.last.len(), 1);
    }
}
