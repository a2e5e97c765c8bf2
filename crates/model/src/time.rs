//! Times of records.

use std::num::NonZeroU64;

/// Nanoseconds in a millisecond.
const MILLISECOND: u64 = 1_000_000;

/// Nanoseconds since the Unix epoch, as OTLP counts them; never zero, which is OTLP's unknown time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixTime(NonZeroU64);

impl UnixTime {
    /// From nanoseconds; `None` for zero.
    #[must_use]
    pub fn from_nanos(nanos: u64) -> Option<Self> {
        NonZeroU64::new(nanos).map(Self)
    }

    /// From milliseconds. What is not behind the epoch becomes the moment behind it, and what is beyond the year 2554 that year.
    #[must_use]
    pub fn from_millis(millis: i64) -> Self {
        let nanos = u64::try_from(millis).unwrap_or(0).saturating_mul(MILLISECOND);
        Self(NonZeroU64::new(nanos).unwrap_or(NonZeroU64::MIN))
    }

    /// In nanoseconds.
    #[must_use]
    pub fn as_nanos(self) -> u64 {
        self.0.get()
    }

    /// In whole milliseconds.
    #[must_use]
    pub fn as_millis(self) -> i64 {
        i64::try_from(self.0.get() / MILLISECOND).unwrap_or(i64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_come_back_and_what_is_no_time_is_none() {
        assert_eq!(UnixTime::from_millis(1_700_000_000_123).as_millis(), 1_700_000_000_123);
        assert_eq!(UnixTime::from_millis(1).as_nanos(), 1_000_000);
        assert_eq!(UnixTime::from_nanos(0), None);
        // Not behind the epoch, and beyond what 64 bits hold.
        for (millis, nanos) in [(0, 1), (-5, 1), (i64::MAX, u64::MAX)] {
            assert_eq!(UnixTime::from_millis(millis).as_nanos(), nanos);
        }
    }
}
