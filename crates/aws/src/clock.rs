//! The time as AWS sees it: the agent's own, plus what answers say it is off by.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_smithy_async::time::TimeSource;

/// A difference below this is left alone: signatures hold for five minutes, and a `Date` header has whole seconds.
const TOLERANCE_MS: i64 = 60_000;

/// The time handed down, and its correction. Clones share the correction.
#[derive(Clone)]
pub(crate) struct Clock {
    now: Arc<dyn Fn() -> SystemTime + Send + Sync>,
    offset_ms: Arc<AtomicI64>,
}

impl Clock {
    pub(crate) fn new(now: Arc<dyn Fn() -> SystemTime + Send + Sync>) -> Clock {
        Clock { now, offset_ms: Arc::default() }
    }

    /// The time at AWS, as far as it is known.
    pub(crate) fn corrected(&self) -> SystemTime {
        let (now, offset) = ((self.now)(), self.offset_ms());
        let size = Duration::from_millis(offset.unsigned_abs());
        let moved = if offset < 0 { now.checked_sub(size) } else { now.checked_add(size) };
        moved.unwrap_or(now)
    }

    /// How far AWS's time is ahead of ours; 0 while the difference is too small to matter.
    pub(crate) fn offset_ms(&self) -> i64 {
        self.offset_ms.load(Ordering::Relaxed)
    }

    /// Takes in what AWS says the time is. Whether that moved the corrected time by more than the tolerance.
    pub(crate) fn learn(&self, server: SystemTime) -> bool {
        let measured = unix_ms(server).saturating_sub(unix_ms((self.now)()));
        let offset = if measured.unsigned_abs() < TOLERANCE_MS.unsigned_abs() { 0 } else { measured };
        let before = self.offset_ms.swap(offset, Ordering::Relaxed);
        before.saturating_sub(offset).unsigned_abs() >= TOLERANCE_MS.unsigned_abs()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Clock").field("offset_ms", &self.offset_ms()).finish()
    }
}

impl TimeSource for Clock {
    fn now(&self) -> SystemTime {
        self.corrected()
    }
}

fn unix_ms(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |ms| -ms),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(seconds: u64) -> Clock {
        Clock::new(Arc::new(move || UNIX_EPOCH + Duration::from_secs(seconds)))
    }

    #[test]
    fn an_hour_off_is_corrected_both_ways_and_forgotten_when_it_is_over() {
        for server in [13_600, 6_400] {
            let clock = clock(10_000);
            let server = UNIX_EPOCH + Duration::from_secs(server);
            assert!(clock.learn(server));
            assert_eq!(clock.corrected(), server);
            assert!(!clock.learn(server), "known already");
            assert!(clock.learn(UNIX_EPOCH + Duration::from_secs(10_001)));
            assert_eq!(clock.offset_ms(), 0);
        }
    }

    #[test]
    fn a_few_seconds_are_left_alone() {
        let clock = clock(10_000);
        assert!(!clock.learn(UNIX_EPOCH + Duration::from_secs(10_059)));
        assert_eq!(clock.offset_ms(), 0);
    }

    #[test]
    fn a_clock_before_1970_does_no_harm() {
        let clock = Clock::new(Arc::new(|| UNIX_EPOCH - Duration::from_secs(5)));
        assert!(clock.learn(UNIX_EPOCH + Duration::from_secs(1 << 33)));
        assert_eq!(clock.corrected(), UNIX_EPOCH + Duration::from_secs(1 << 33));
    }
}
