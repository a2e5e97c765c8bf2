//! Dates as HTTP headers and signatures spell them, in UTC.

/// `Wed, 25 Nov 2026 00:15:00 GMT` (RFC 9110).
pub(crate) fn http_date(ms: i64) -> String {
    let (days, seconds) = (ms.div_euclid(86_400_000), ms.rem_euclid(86_400_000) / 1000);
    let (year, month, day) = civil(days);
    let week = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][days.rem_euclid(7) as usize];
    let name = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][month as usize - 1];
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{week}, {day:02} {name} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
}

/// `2026-11-25T00:15:00Z` (RFC 3339).
pub(crate) fn iso_date(ms: i64) -> String {
    let (days, seconds) = (ms.div_euclid(86_400_000), ms.rem_euclid(86_400_000) / 1000);
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Milliseconds since 1970 of `20261125T001500Z`.
pub(crate) fn amz_date_ms(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if bytes.len() != 16 || bytes[8] != b'T' || bytes[15] != b'Z' {
        return None;
    }
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<i64>().ok();
    let days = days(number(0..4)?, number(4..6)?, number(6..8)?);
    Some(((days * 24 + number(9..11)?) * 60 + number(11..13)?) * 60_000 + number(13..15)? * 1000)
}

/// Days since 1970 of a day in the Gregorian calendar, whose years here begin in March.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + of_year - 719_468
}

/// The inverse of [`days`], by search: a fake has the time.
fn civil(wanted: i64) -> (i64, i64, i64) {
    let mut year = 1970 + wanted.div_euclid(366);
    while days(year + 1, 1, 1) <= wanted {
        year += 1;
    }
    let month = (1..=12).rev().find(|month| days(year, *month, 1) <= wanted).unwrap_or(1);
    (year, month, wanted - days(year, month, 1) + 1)
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

    #[test]
    fn every_day_of_two_centuries_goes_there_and_back() {
        for day in -36_525..36_525 {
            let (year, month, date) = civil(day);
            assert_eq!(days(year, month, date), day);
        }
    }
}
