//! How long to wait before the next attempt.

use std::time::Duration;

use super::config::RetryOnFailure;

/// No wait is shorter, even if the configuration asks for one.
const SHORTEST: Duration = Duration::from_millis(100);

/// Waits that grow while attempts fail, each random around its middle.
#[derive(Debug, Clone)]
pub(super) struct Backoff {
    initial: Duration,
    factor: f64,
    multiplier: f64,
    most: Duration,
    next: Duration,
    failures: u32,
}

impl Backoff {
    pub(super) fn new(config: &RetryOnFailure) -> Self {
        Self {
            initial: config.initial_interval,
            factor: config.randomization_factor,
            multiplier: config.multiplier,
            most: config.max_interval,
            next: config.initial_interval,
            failures: 0,
        }
    }

    /// Attempts that failed since the last one that didn't.
    pub(super) fn failures(&self) -> u32 {
        self.failures
    }

    /// The wait after a failure; `slow` where only a person can help, so that asking often does not help.
    pub(super) fn failed(&mut self, slow: bool) -> Duration {
        self.failures = self.failures.saturating_add(1);
        let middle = if slow { self.most } else { self.next.min(self.most) };
        self.next = self.next.mul_f64(self.multiplier.min(1e6)).min(self.most).max(self.initial.min(self.most));
        middle.mul_f64(1.0 + self.factor * (fastrand::f64() * 2.0 - 1.0)).max(SHORTEST)
    }

    /// Begins anew after a success.
    pub(super) fn succeeded(&mut self) {
        self.failures = 0;
        self.next = self.initial;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_longest_and_lie_around_their_middle() {
        let mut backoff = Backoff::new(&RetryOnFailure::default());
        for middle in [5.0, 7.5, 11.25, 16.875, 25.3125, 30.0, 30.0] {
            let wait = backoff.failed(false).as_secs_f64();
            assert!((middle * 0.5..=middle * 1.5).contains(&wait), "{wait} around {middle}");
        }
        assert_eq!(backoff.failures(), 7);
        backoff.succeeded();
        assert!(backoff.failed(false).as_secs_f64() <= 7.5);
        assert!(backoff.failed(true).as_secs_f64() >= 15.0, "where only a person can help, rarely");
    }

    #[test]
    fn waits_of_equal_length_differ() {
        let waits: Vec<_> = (0..20).map(|_| Backoff::new(&RetryOnFailure::default()).failed(false)).collect();
        assert!(waits.iter().any(|wait| *wait != waits[0]));
    }
}
