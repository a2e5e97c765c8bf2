//! Times as Kubernetes writes them (RFC 3339, UTC): to the second (`metav1.Time`) and to the microsecond
//! (`metav1.MicroTime`).

use std::time::Duration;

const DAY: u64 = 86_400;

/// A wall time, since 1970, to the second.
pub(super) fn seconds(time: Duration) -> String {
    let (year, month, day) = civil(time.as_secs() / DAY);
    let rest = time.as_secs() % DAY;
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}

/// A wall time, since 1970, to the microsecond.
pub(super) fn micros(time: Duration) -> String {
    let text = seconds(time);
    format!("{}.{:06}Z", text.trim_end_matches('Z'), time.subsec_micros())
}

/// Reads a time with any offset and any fraction; `None` where it is none, or lies before 1970.
pub(super) fn parse(text: &str) -> Option<Duration> {
    let (date, rest) = text.split_once(['T', 't'])?;
    let mut parts = date.split('-').map(digits);
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    if parts.next().is_some()
        || date.len() != 10
        || !(1970..=9999).contains(&year)
        || day == 0
        || day > days_of(year, month)?
    {
        return None;
    }
    let clock = rest.get(..8)?;
    let mut parts = clock.split(':').map(digits);
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    if parts.next().is_some() || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let (fraction, offset) = rest[8..].split_at(rest[8..].find(['Z', 'z', '+', '-'])?);
    let nanos = match fraction.strip_prefix('.') {
        None if fraction.is_empty() => 0,
        Some(fraction) if (1..=9).contains(&fraction.len()) => digits(&format!("{fraction:0<9}"))?,
        _ => return None,
    };
    let seconds = days(year, month, day) * DAY + hour * 3600 + minute * 60 + second;
    let seconds = match offset {
        "Z" | "z" => seconds,
        _ => {
            let (hours, minutes) = offset.get(1..)?.split_once(':')?;
            let shift = digits(hours).filter(|hours| *hours < 24)? * 3600 + digits(minutes).filter(|it| *it < 60)? * 60;
            if offset.starts_with('+') { seconds.checked_sub(shift)? } else { seconds + shift }
        }
    };
    Some(Duration::new(seconds, u32::try_from(nanos).ok()?))
}

fn digits(text: &str) -> Option<u64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) { None } else { text.parse().ok() }
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_of(year: u64, month: u64) -> Option<u64> {
    match month {
        2 => Some(28 + u64::from(is_leap(year))),
        4 | 6 | 9 | 11 => Some(30),
        1..=12 => Some(31),
        _ => None,
    }
}

/// Days from 1970 to a date that exists.
fn days(year: u64, month: u64, day: u64) -> u64 {
    let before = year - 1;
    let leaps = (before / 4 - before / 100 + before / 400) - (1969 / 4 - 1969 / 100 + 1969 / 400);
    let months: u64 = (1..month).filter_map(|month| days_of(year, month)).sum();
    (year - 1970) * 365 + leaps + months + day - 1
}

/// The date that many days after 1970-01-01.
fn civil(mut rest: u64) -> (u64, u64, u64) {
    // No year has more than 366 days, so this never starts too late.
    let mut year = 1970 + rest / 366;
    rest -= days(year, 1, 1);
    while rest >= 365 + u64::from(is_leap(year)) {
        rest -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let mut month = 1;
    while let Some(length) = days_of(year, month).filter(|length| rest >= *length) {
        rest -= length;
        month += 1;
    }
    (year, month, rest + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
