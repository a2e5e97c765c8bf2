//! Times and durations as Go's `encoding/json` and `Duration.String` write them.

use std::fmt::Write;
use std::time::Duration;

/// What Go writes for a time that was never set.
pub(crate) const ZERO_TIME: &str = "0001-01-01T00:00:00Z";

/// RFC 3339 in UTC, with as many digits below the second as it takes, for a time since the Unix epoch.
pub(crate) fn rfc3339(since_epoch: Duration) -> String {
    let seconds = since_epoch.as_secs();
    let (year, month, day) = civil(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    let fraction = fraction(since_epoch.subsec_nanos(), 9);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
}

/// `1h2m3.5s`: from the first unit that counts down to seconds; below one second in one smaller unit.
pub(crate) fn duration(duration: Duration) -> String {
    let nanoseconds = duration.as_nanos();
    let below_second = |scale: u32, places: usize, unit: &str| {
        let part = duration.subsec_nanos();
        format!("{}{}{unit}", part / scale, fraction(part % scale, places))
    };
    match nanoseconds {
        0 => return "0s".to_owned(),
        1..1_000 => return below_second(1, 0, "ns"),
        1_000..1_000_000 => return below_second(1_000, 3, "µs"),
        1_000_000..1_000_000_000 => return below_second(1_000_000, 6, "ms"),
        _ => {}
    }
    let seconds = duration.as_secs();
    let mut text = String::new();
    // Writing to a String can't fail.
    if seconds >= 3_600 {
        let _ = write!(text, "{}h", seconds / 3_600);
    }
    if seconds >= 60 {
        let _ = write!(text, "{}m", seconds / 60 % 60);
    }
    let _ = write!(text, "{}{}s", seconds % 60, fraction(duration.subsec_nanos(), 9));
    text
}

/// `.25` for 25 in two places; nothing for zero.
fn fraction(value: u32, places: usize) -> String {
    match value {
        0 => String::new(),
        value => format!(".{value:0places$}").trim_end_matches('0').to_owned(),
    }
}

/// Year, month and day of a day counted from the Unix epoch, in the proleptic Gregorian calendar.
fn civil(mut day: u64) -> (u64, u64, u64) {
    const CYCLE: u64 = 146_097;
    // The calendar repeats every 400 years, so the loops below stay short for any input.
    let mut year = 1970 + day / CYCLE * 400;
    day %= CYCLE;
    while day >= year_days(year) {
        day -= year_days(year);
        year += 1;
    }
    let months = [31, year_days(year) - 337, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 1;
    for days in months {
        if day < days {
            break;
        }
        day -= days;
        month += 1;
    }
    (year, month, day + 1)
}

fn year_days(year: u64) -> u64 {
    let leap = year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    365 + u64::from(leap)
}

#[cfg(test)]
mod tests {
    use super::{Duration, civil, duration, rfc3339};

    fn check_time(seconds: u64, nanoseconds: u32, expected: &str) {
        assert_eq!(rfc3339(Duration::new(seconds, nanoseconds)), expected);
    }

    #[test]
    fn a_time_is_written_in_utc_with_the_digits_it_needs() {
        check_time(0, 0, "1970-01-01T00:00:00Z");
        check_time(951_782_399, 0, "2000-02-28T23:59:59Z");
        check_time(951_782_400, 0, "2000-02-29T00:00:00Z");
        check_time(1_767_323_045, 678_901_234, "2026-01-02T03:04:05.678901234Z");
        check_time(1_767_323_045, 500_000_000, "2026-01-02T03:04:05.5Z");
        check_time(1_767_323_045, 1, "2026-01-02T03:04:05.000000001Z");
        check_time(4_107_542_399, 0, "2100-02-28T23:59:59Z");
        check_time(4_107_542_400, 0, "2100-03-01T00:00:00Z");
    }

    #[test]
    fn every_day_of_a_cycle_follows_the_one_before() {
        let mut previous = civil(0);
        for day in 1..=146_097 {
            let next = civil(day);
            let (year, month, date) = previous;
            assert!([(year, month, date + 1), (year, month + 1, 1), (year + 1, 1, 1)].contains(&next), "{next:?}");
            assert!(previous < next);
            previous = next;
        }
        assert_eq!(previous, (2370, 1, 1));
    }

    #[test]
    fn a_duration_is_written_as_go_does() {
        let check = |nanoseconds: u64, expected: &str| {
            assert_eq!(duration(Duration::from_nanos(nanoseconds)), expected);
        };
        check(0, "0s");
        check(7, "7ns");
        check(1_100, "1.1µs");
        check(100_000, "100µs");
        check(2_200_000, "2.2ms");
        check(999_999_999, "999.999999ms");
        check(1_000_000_000, "1s");
        check(3_300_000_000, "3.3s");
        check(62_345_000_000, "1m2.345s");
        check(300_000_000_000, "5m0s");
        check(3_600_000_000_000, "1h0m0s");
        check(360_300_000_000_001, "100h5m0.000000001s");
    }
}
