//! Restarts since the last round: a delta of the kubelet's running count, by pod and by container.

use std::collections::HashMap;
use std::time::Duration;

use model::{Stamp, Text};

/// How long a count is remembered without being asked for; two intervals where those are longer.
const KEPT: Duration = Duration::from_secs(600);

/// The counts that the last round saw.
#[derive(Debug)]
pub struct Restarts {
    kept: Duration,
    counts: HashMap<Key, (u64, Stamp)>,
}

#[derive(Debug, PartialEq, Eq, Hash)]
enum Key {
    Pod(Text),
    Container(Text, Text),
}

impl Restarts {
    /// No counts yet; rounds come every `interval`.
    pub fn new(interval: Duration) -> Self {
        Self { kept: KEPT.max(interval * 2), counts: HashMap::new() }
    }

    /// Restarts of all of a pod's containers since the last round; `None` at first sight, 0 where the count fell.
    pub fn of_pod(&mut self, uid: &Text, count: u64, now: Stamp) -> Option<u64> {
        self.advance(Key::Pod(uid.clone()), count, now)
    }

    /// Restarts of one container since the last round; `None` at first sight, 0 where the count fell.
    pub fn of_container(&mut self, uid: &Text, name: &Text, count: u64, now: Stamp) -> Option<u64> {
        self.advance(Key::Container(uid.clone(), name.clone()), count, now)
    }

    /// Forgets pods that are gone, and containers that were not asked for in a long time.
    pub fn sweep(&mut self, now: Stamp, is_known: impl Fn(&str) -> bool) {
        self.counts.retain(|key, (_, seen)| {
            let (Key::Pod(uid) | Key::Container(uid, _)) = key;
            is_known(uid) && now.since(*seen) <= self.kept
        });
    }

    fn advance(&mut self, key: Key, count: u64, now: Stamp) -> Option<u64> {
        let (before, _) = self.counts.insert(key, (count, now))?;
        Some(count.saturating_sub(before))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Stamp {
        Stamp { monotonic: Duration::from_secs(seconds), wall: Duration::ZERO }
    }

    #[test]
    fn restarts_are_counted_from_the_second_sight_on() {
        let mut restarts = Restarts::new(Duration::from_secs(60));
        let uid: Text = "u".into();
        let deltas: Vec<_> = [3, 3, 5, 4, 6].map(|count| restarts.of_pod(&uid, count, at(0))).into();
        assert_eq!(deltas, [None, Some(0), Some(2), Some(0), Some(2)]);
        assert_eq!(restarts.of_container(&uid, &"main".into(), 9, at(0)), None);
    }

    #[test]
    fn a_count_is_forgotten_after_ten_minutes() {
        let mut restarts = Restarts::new(Duration::from_secs(60));
        let uid: Text = "u".into();
        restarts.of_pod(&uid, 1, at(0));
        restarts.sweep(at(600), |_| true);
        assert_eq!(restarts.of_pod(&uid, 2, at(600)), Some(1));
        restarts.sweep(at(1201), |_| true);
        assert_eq!(restarts.of_pod(&uid, 3, at(1201)), None);
        restarts.sweep(at(1201), |known| known != "u");
        assert!(restarts.counts.is_empty());
    }
}
