//! Times as Kubernetes and Go write them, over one calendar. A time is a [`Duration`] since 1970, in UTC.

use std::fmt::Write;
use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// What Go writes for a time that was never set.
pub const ZERO: &str = "0001-01-01T00:00:00Z";

/// To the second: `metav1.Time`.
#[must_use]
pub fn seconds(time: Duration) -> String {
    written(time, "")
}

/// To the microsecond: `metav1.MicroTime`.
#[must_use]
pub fn micros(time: Duration) -> String {
    written(time, &format!(".{:06}", time.subsec_micros()))
}

/// RFC 3339 with as many digits below the second as it takes, as Go's `encoding/json` writes it.
#[must_use]
pub fn rfc3339(time: Duration) -> String {
    written(time, &fraction(time.subsec_nanos(), 9))
}

/// Reads RFC 3339 with any offset and any fraction; `None` where it is none, or lies before 1970.
#[must_use]
pub fn parse(text: &str) -> Option<Duration> {
    let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    Some(Duration::new(time.unix_timestamp().try_into().ok()?, time.nanosecond()))
}

/// A time beyond the year 9999, which RFC 3339 can't write, is written as its last second.
fn written(time: Duration, fraction: &str) -> String {
    const LAST: i64 = 253_402_300_799;
    let seconds = i64::try_from(time.as_secs()).unwrap_or(LAST).min(LAST);
    let time = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let (year, month, day) = (time.year(), u8::from(time.month()), time.day());
    let (hour, minute, second) = time.to_hms();
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
}

/// `1h2m3.5s`: from the first unit that counts down to seconds; below one second in one smaller unit.
#[must_use]
pub fn duration(duration: Duration) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
        let civil = |day: u64| {
            let text = seconds(Duration::from_secs(day * 86_400));
            let mut parts = text[..10].split('-').map(|part| part.parse::<u32>().unwrap());
            (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap())
        };
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

    #[test]
    fn known_times_are_written_and_read() {
        let check = |text: &str, seconds_: u64, micros_: u32| {
            let time = Duration::new(seconds_, micros_ * 1000);
            assert_eq!(parse(text), Some(time), "{text}");
        };
        check("1970-01-01T00:00:00Z", 0, 0);
        check("2000-02-29T23:59:59Z", 951_868_799, 0);
        check("2026-11-25T13:14:58.000250Z", 1_795_612_498, 250);
        check("2026-11-25T15:14:58+02:00", 1_795_612_498, 0);
        check("2026-11-25T08:44:58.5-04:30", 1_795_612_498, 500_000);
        let time = Duration::new(1_795_612_498, 250_000);
        assert_eq!(
            (seconds(time), micros(time)),
            ("2026-11-25T13:14:58Z".into(), "2026-11-25T13:14:58.000250Z".into())
        );
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "now",
            "2026-11-25",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-11-25T24:00:00Z",
            "2026-11-25T00:00:00",
            "2026-11-25T00:00:00.Z",
            "1969-12-31T23:59:59Z",
            "2026-11-25T00:00:00é",
            "+026-11-25T00:00:00Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in ".{0,40}", likely in "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.+Zé-]{0,20}") {
            let _ = (parse(&text), parse(&likely));
        }

        #[test]
        fn a_written_time_is_read_again(seconds_ in 0u64..253_402_300_799, micros_ in 0u32..1_000_000) {
            let time = Duration::new(seconds_, micros_ * 1000);
            prop_assert_eq!(parse(&micros(time)), Some(time));
            prop_assert_eq!(parse(&seconds(time)), Some(Duration::from_secs(seconds_)));
        }
    }
}
