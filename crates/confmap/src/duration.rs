//! Durations as Go writes them: `300ms`, `1.5h`, `2h45m`.
//!
//! Follows the syntax of Go's `time.ParseDuration`, for durations that are not negative.

use std::time::Duration;

/// Why a text is no duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// The text is empty or holds something that is neither number nor unit.
    #[error("not a duration; write a number and a unit, such as 300ms, 60s or 1h30m")]
    Syntax,
    /// A number has no unit behind it.
    #[error("a duration needs a unit: ns, us, ms, s, m or h")]
    MissingUnit,
    /// The letters behind a number are no unit.
    #[error("unknown unit; known are ns, us, ms, s, m and h")]
    UnknownUnit,
    /// The duration is below zero.
    #[error("a duration can't be negative")]
    Negative,
    /// More than about 292 years, the longest Go knows.
    #[error("the duration is too long")]
    Overflow,
}

/// The longest duration: what 63 bits of nanoseconds hold.
pub const MAX: Duration = Duration::from_nanos(i64::MAX as u64);

const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("\u{b5}s", 1_000),
    ("\u{3bc}s", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Parses a duration; `0` alone needs no unit.
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    let (negative, unsigned) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    if unsigned == "0" {
        return Ok(Duration::ZERO);
    }
    if unsigned.is_empty() {
        return Err(DurationError::Syntax);
    }
    let mut rest = unsigned;
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let (nanoseconds, after) = parse_part(rest)?;
        total = total.checked_add(nanoseconds).ok_or(DurationError::Overflow)?;
        rest = after;
    }
    if total > i64::MAX as u64 {
        return Err(DurationError::Overflow);
    }
    if negative && total > 0 {
        return Err(DurationError::Negative);
    }
    Ok(Duration::from_nanos(total))
}

/// One number with its unit, in nanoseconds, and the text behind it.
fn parse_part(text: &str) -> Result<(u64, &str), DurationError> {
    let (whole, rest) = split_digits(text);
    let (fraction, rest) = rest.strip_prefix('.').map_or(("", rest), split_digits);
    if whole.is_empty() && fraction.is_empty() {
        return Err(DurationError::Syntax);
    }
    let end = rest.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(rest.len());
    let (unit, rest) = rest.split_at(end);
    if unit.is_empty() {
        return Err(DurationError::MissingUnit);
    }
    let (_, scale) = UNITS.iter().find(|(name, _)| *name == unit).ok_or(DurationError::UnknownUnit)?;
    let whole: u64 = match whole {
        "" => 0,
        digits => digits.parse().map_err(|_| DurationError::Overflow)?,
    };
    let nanoseconds = whole.checked_mul(*scale).ok_or(DurationError::Overflow)?;
    // Digits beyond the eighteenth lie below a nanosecond for every unit.
    let digits = &fraction[..fraction.len().min(18)];
    let below = match digits {
        "" => 0,
        digits => {
            let numerator: u128 = digits.parse().map_err(|_| DurationError::Overflow)?;
            let denominator = 10u128.pow(digits.len() as u32);
            (numerator * u128::from(*scale) / denominator) as u64
        }
    };
    let nanoseconds = nanoseconds.checked_add(below).ok_or(DurationError::Overflow)?;
    Ok((nanoseconds, rest))
}

fn split_digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

/// The duration in the shortest usual spelling, which [`parse`] reads back: `1m`, `1h30m`, `1.5s`, `300ms`.
pub fn format(duration: Duration) -> String {
    let nanoseconds = duration.as_nanos();
    if nanoseconds == 0 {
        return "0s".to_owned();
    }
    let (hours, rest) = (nanoseconds / 3_600_000_000_000, nanoseconds % 3_600_000_000_000);
    let (minutes, rest) = (rest / 60_000_000_000, rest % 60_000_000_000);
    let mut text = String::new();
    if hours > 0 {
        text.push_str(&format!("{hours}h"));
    }
    if minutes > 0 {
        text.push_str(&format!("{minutes}m"));
    }
    if rest > 0 {
        let (scale, places, unit) = match rest {
            1_000_000_000.. => (1_000_000_000, 9, "s"),
            1_000_000.. => (1_000_000, 6, "ms"),
            1_000.. => (1_000, 3, "us"),
            _ => (1, 0, "ns"),
        };
        let (whole, below) = (rest / scale, rest % scale);
        text.push_str(&whole.to_string());
        if below > 0 {
            let digits = format!("{below:0places$}");
            text.push('.');
            text.push_str(digits.trim_end_matches('0'));
        }
        text.push_str(unit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expected: Result<u64, DurationError>) {
        assert_eq!(parse(text), expected.map(Duration::from_nanos), "{text:?}");
    }

    #[test]
    fn durations_are_read_as_go_reads_them() {
        check("300ms", Ok(300_000_000));
        check("1.5h", Ok(5_400_000_000_000));
        check("2h45m", Ok(9_900_000_000_000));
        check("60s", Ok(60_000_000_000));
        check("1h0m0.5s", Ok(3_600_500_000_000));
        check("7ns", Ok(7));
        check("7us", Ok(7_000));
        check("7\u{b5}s", Ok(7_000));
        check("7\u{3bc}s", Ok(7_000));
        check(".5s", Ok(500_000_000));
        check("5.s", Ok(5_000_000_000));
        check("+5s", Ok(5_000_000_000));
        check("0", Ok(0));
        check("-0s", Ok(0));
        check("1s1s", Ok(2_000_000_000));
        check("0.1234567890123456789s", Ok(123_456_789));
        check("9223372036854775807ns", Ok(i64::MAX as u64));
        assert_eq!(parse("9223372036854775807ns"), Ok(MAX));
    }

    #[test]
    fn a_text_that_is_no_duration_says_why() {
        for text in ["", "s", ".s", "+", "-", "abc", "1s 2m", " 1s", "1s ", "--1s", "1_000s"] {
            assert!(matches!(parse(text), Err(DurationError::Syntax | DurationError::UnknownUnit)), "{text:?}");
        }
        check("5", Err(DurationError::MissingUnit));
        check("1m5", Err(DurationError::MissingUnit));
        check("1d", Err(DurationError::UnknownUnit));
        check("1S", Err(DurationError::UnknownUnit));
        check("-5s", Err(DurationError::Negative));
        check("9223372036854775808ns", Err(DurationError::Overflow));
        check("3000000h", Err(DurationError::Overflow));
        check("99999999999999999999999s", Err(DurationError::Overflow));
    }

    #[test]
    fn a_duration_is_shown_in_its_usual_spelling() {
        for text in ["0s", "1m", "1h30m", "1.5s", "300ms", "5ns", "1.5us", "1h0.5ms", "24h", "1m0.001us"] {
            let duration = parse(text).unwrap();
            assert_eq!(parse(&format(duration)), Ok(duration), "{text}");
        }
        assert_eq!(format(Duration::from_secs(60)), "1m");
        assert_eq!(format(Duration::from_millis(5_430_250)), "1h30m30.25s");
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(nanoseconds in 0..=i64::MAX as u64) {
            let duration = Duration::from_nanos(nanoseconds);
            prop_assert_eq!(parse(&format(duration)), Ok(duration));
        }

        #[test]
        fn short_durations_are_read_back(nanoseconds in 0..=5_000_000_000u64) {
            let duration = Duration::from_nanos(nanoseconds);
            prop_assert_eq!(parse(&format(duration)), Ok(duration));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in ".{0,40}", near in "[-+.0-9nuµmsh]{0,40}") {
            let _ = parse(&text);
            let _ = parse(&near);
        }
    }
}
