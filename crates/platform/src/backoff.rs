//! Backoff between attempts: each about twice as long as the one before, up to a longest.

use std::time::Duration;

/// How long to wait, attempt by attempt.
#[derive(Debug, Clone, Copy)]
pub struct Backoff {
    next: Duration,
    first: Duration,
    longest: Duration,
}

impl Backoff {
    /// The first pause, and the longest.
    pub fn new(first: Duration, longest: Duration) -> Self {
        Self { next: first, first, longest }
    }

    /// The next pause, between half and one and a half of what it would be: agents that began together part.
    pub fn pause(&mut self) -> Duration {
        let pause = spread(self.next.min(self.longest));
        self.next = self.next.saturating_mul(2).min(self.longest);
        pause
    }

    /// Begins again, after a success.
    pub fn reset(&mut self) {
        self.next = self.first;
    }
}

/// A time within half of itself.
fn spread(time: Duration) -> Duration {
    time.mul_f64(0.5 + fastrand::f64())
}

/// A time within a tenth of itself: for what is asked again and again, at about the same rate by everybody.
pub fn about(time: Duration) -> Duration {
    time.mul_f64(0.9 + fastrand::f64() / 5.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_begin_again() {
        let seconds = Duration::from_secs;
        let mut backoff = Backoff::new(seconds(1), seconds(3));
        let is_about = |pause: Duration, expected: u64| {
            pause >= seconds(expected).mul_f64(0.5) && pause <= seconds(expected).mul_f64(1.5)
        };
        for expected in [1, 2, 3, 3] {
            assert!(is_about(backoff.pause(), expected));
        }
        backoff.reset();
        assert!(is_about(backoff.pause(), 1));
    }
}
