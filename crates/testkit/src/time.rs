//! Dates as HTTP headers and signatures spell them, in UTC.

use std::time::Duration;

use time::{Date, Month, OffsetDateTime};

/// `Wed, 25 Nov 2026 00:15:00 GMT` (RFC 9110).
pub(crate) fn http_date(ms: i64) -> String {
    let time = OffsetDateTime::from_unix_timestamp(ms.div_euclid(1000)).expect("a fake's time is in this age");
    let (week, month) = (time.weekday().to_string(), time.month().to_string());
    let (hour, minute, second) = time.to_hms();
    let (week, month, day, year) = (&week[..3], &month[..3], time.day(), time.year());
    format!("{week}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
}

/// `2026-11-25T00:15:00Z` (RFC 3339).
pub(crate) fn iso_date(ms: i64) -> String {
    net::time::seconds(Duration::from_millis(ms.try_into().expect("a fake's time is after 1970")))
}

/// Milliseconds since 1970 of `20261125T001500Z`.
pub(crate) fn amz_date_ms(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if bytes.len() != 16 || bytes[8] != b'T' || bytes[15] != b'Z' {
        return None;
    }
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<u8>().ok();
    let month = Month::try_from(number(4..6)?).ok()?;
    let date = Date::from_calendar_date(text.get(..4)?.parse().ok()?, month, number(6..8)?).ok()?;
    let time = date.with_hms(number(9..11)?, number(11..13)?, number(13..15)?).ok()?;
    Some(time.assume_utc().unix_timestamp() * 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(http_date(1_795_565_700_000), "Wed, 25 Nov 2026 00:15:00 GMT");
        assert_eq!(http_date(951_782_400_000), "Tue, 29 Feb 2000 00:00:00 GMT");
        assert_eq!(iso_date(1_795_565_700_000), "2026-11-25T00:15:00Z");
        assert_eq!(amz_date_ms("20261125T001500Z"), Some(1_795_565_700_000));
        assert_eq!(amz_date_ms("20261125T001500"), None);
    }
}
