//! How long a reflector waits for what.

use std::time::Duration;

/// The longest that a server's `Retry-After` is obeyed.
const LONGEST_ORDER: Duration = Duration::from_secs(300);

/// The times of a [`super::Reflector`]; each is spread at random, so that the agents of a cluster don't ask in step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Before the first new try after a failure; doubled with each further one.
    pub first: Duration,
    /// The most that it is doubled to.
    pub longest: Duration,
    /// After a refusal (403), or where there is no such collection (404).
    pub refused: Duration,
    /// After a token that isn't accepted (401).
    pub unauthorized: Duration,
    /// How long a watch lasts at least; at most twice as long. The server ends it.
    pub watch: Duration,
    /// How long nothing may come. Bookmarks come every minute.
    pub idle: Duration,
    /// A watch that is closed sooner, without having said anything, is a failure.
    pub shortest: Duration,
    /// A watch that lasted so long makes up for the failures before it.
    pub steady: Duration,
}

impl Default for Pace {
    /// 0.8 to 30 s after failures, 5 minutes after a refusal and 1 after a bad token; watches of 5 to 10 minutes, dead after
    /// 3 of silence.
    fn default() -> Self {
        Self {
            first: Duration::from_millis(800),
            longest: Duration::from_secs(30),
            refused: Duration::from_secs(300),
            unauthorized: Duration::from_secs(60),
            watch: Duration::from_secs(300),
            idle: Duration::from_secs(180),
            shortest: Duration::from_secs(1),
            steady: Duration::from_secs(60),
        }
    }
}

impl Pace {
    /// What a watch is asked to last, in seconds.
    pub(super) fn watch_seconds(&self) -> u64 {
        let least = self.watch.as_secs().max(1);
        fastrand::u64(least..=least * 2)
    }

    /// The wait after a number of failures in a row, at least 1; `order` is the server's own.
    pub(super) fn after_failures(&self, failures: u32, order: Option<Duration>) -> Duration {
        let doubled = self.first.saturating_mul(1 << failures.saturating_sub(1).min(16));
        let wait = spread(doubled.min(self.longest));
        // Agents that were refused together must not come back together.
        let order =
            order.map_or(Duration::ZERO, |order| order.min(LONGEST_ORDER).mul_f64(1.0 + fastrand::f64() / 10.0));
        wait.max(order)
    }
}

/// Half to one and a half of a time.
fn spread(time: Duration) -> Duration {
    time.mul_f64(0.5 + fastrand::f64())
}

/// A fifth more or less of a time.
pub(super) fn about(time: Duration) -> Duration {
    time.mul_f64(0.8 + 0.4 * fastrand::f64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let pace = Pace::default();
        for (failures, seconds) in [(1, 0.8), (2, 1.6), (4, 6.4), (6, 25.6), (7, 30.0), (4_000_000_000, 30.0)] {
            for _ in 0..100 {
                let wait = pace.after_failures(failures, None).as_secs_f64();
                assert!((seconds * 0.499..=seconds * 1.501).contains(&wait), "{failures}: {wait}");
            }
        }
    }

    #[test]
    fn the_servers_order_is_obeyed_within_reason() {
        let pace = Pace::default();
        let wait = |seconds| pace.after_failures(1, Some(Duration::from_secs(seconds))).as_secs();
        assert!((20..=22).contains(&wait(20)));
        assert!((300..=330).contains(&wait(u64::MAX)));
        assert!(wait(0) < 2);
    }

    proptest! {
        #[test]
        fn no_wait_is_too_long(failures in any::<u32>(), order in proptest::option::of(any::<u64>())) {
            let wait = Pace::default().after_failures(failures, order.map(Duration::from_secs));
            prop_assert!(wait <= LONGEST_ORDER.mul_f64(1.1));
            let seconds = Pace::default().watch_seconds();
            prop_assert!((300..=600).contains(&seconds));
            prop_assert!(about(Duration::from_secs(300)) <= Duration::from_secs(360));
        }
    }
}
