//! The numbers in the files of a task's cgroup.

use crate::text::{number, words};

/// Shares of one CPU.
const SHARES: u128 = 1024;
/// From here on a limit of version 1 is no limit: the largest signed number, rounded down to a page of at most 64 KiB.
const UNLIMITED: u64 = i64::MAX as u64 - 0xffff;

/// A plain number.
pub(super) fn plain(text: &[u8]) -> Option<u64> {
    number(text)
}

/// A number, or zero where the file is empty, `max`, or not understood.
pub(super) fn or_none(text: &[u8]) -> u64 {
    number(text).unwrap_or(0)
}

/// A limit or soft limit in bytes; `None` where there is none: `max`, nothing, or version 1's largest number.
pub(super) fn limit(text: &[u8]) -> Option<u64> {
    number(text).filter(|&bytes| bytes < UNLIMITED)
}

/// A quota of version 1 in microseconds; `None` where there is none, which is `-1`.
pub(super) fn quota(text: &[u8]) -> Option<u64> {
    number(text)
}

/// Quota and period of version 2's `cpu.max`, in microseconds; `None` where there is no quota.
pub(super) fn maximum(text: &[u8]) -> Option<(u64, u64)> {
    let mut words = words(text);
    Some((number(words.next()?)?, number(words.next()?)?))
}

/// The shares that a quota is worth, rounded up; `None` for a period of nothing.
pub(super) fn shares_of_quota(quota: u64, period: u64) -> Option<u64> {
    if period == 0 {
        return None;
    }
    Some(u64::try_from((SHARES * u128::from(quota)).div_ceil(u128::from(period))).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_quota_is_worth_its_part_of_a_cpu_rounded_up() {
        assert_eq!(shares_of_quota(250, 1000), Some(256));
        assert_eq!(shares_of_quota(200_000, 100_000), Some(2048));
        assert_eq!(shares_of_quota(1, 100_000), Some(1));
        assert_eq!(shares_of_quota(1000, 0), None);
        assert_eq!(shares_of_quota(u64::MAX, 1), Some(u64::MAX));
        assert_eq!(maximum(b"250 1000\n"), Some((250, 1000)));
        for none in ["max 100000\n", "max\n", "", "\n", "100000\n"] {
            assert_eq!(maximum(none.as_bytes()), None, "{none:?}");
        }
        assert_eq!((quota(b"-1\n"), quota(b"250\n")), (None, Some(250)));
    }

    #[test]
    fn a_limit_that_limits_nothing_is_none() {
        assert_eq!(limit(b"536870912\n"), Some(536_870_912));
        assert_eq!(limit(b"0\n"), Some(0));
        // With pages of 4 KiB, of 64 KiB, and without any.
        for none in
            ["9223372036854771712\n", "9223372036854710272\n", "9223372036854775807\n", "max\n", "", "\n", "-1\n"]
        {
            assert_eq!(limit(none.as_bytes()), None, "{none:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(text: Vec<u8>) {
            let _ = (limit(&text), quota(&text), maximum(&text), plain(&text), or_none(&text));
        }

        #[test]
        fn any_quota_is_survived(quota: u64, period: u64) {
            let _ = shares_of_quota(quota, period);
        }
    }
}
