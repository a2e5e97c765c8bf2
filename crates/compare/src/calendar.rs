//! Times for people.

/// Milliseconds since 1970 as RFC 3339 in UTC, to the second.
pub fn shown(time_ms: i64) -> String {
    let seconds = time_ms.div_euclid(1000);
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Years that begin in March, in eras of 400 of them (146 097 days): the leap day is the last of its year.
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (day, month) = (day - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    let year = year + 400 * era + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60)
}

/// Milliseconds since 1970 of a number of them, or of a time as RFC 3339 in UTC: `2026-11-25T17:00:00Z`.
pub fn parsed(text: &str) -> Option<i64> {
    if let Ok(time_ms) = text.parse() {
        return Some(time_ms);
    }
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let numbers = |text: &str, separator: char| -> Option<[i64; 3]> {
        let parts: Option<Vec<i64>> =
            text.split(separator).map(|part| part.parse::<u16>().ok().map(i64::from)).collect();
        parts?.try_into().ok()
    };
    let ([year, month, day], [hour, minute, second]) = (numbers(date, '-')?, numbers(time, ':')?);
    let (years, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * years + years.div_euclid(4) - years.div_euclid(100) + years.div_euclid(400);
    let days = days + (153 * month + 2) / 5 + day - 1 - 719_468;
    let time_ms = (days * 86_400 + hour * 3600 + minute * 60 + second) * 1000;
    // What isn't a day of the calendar comes back as another one.
    (shown(time_ms) == text).then_some(time_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_calendar() {
        assert_eq!(shown(0), "1970-01-01T00:00:00Z");
        assert_eq!(shown(1_709_210_096_789), "2024-02-29T12:34:56Z");
        assert_eq!(shown(4_102_444_799_999), "2099-12-31T23:59:59Z");
        assert_eq!(shown(-1), "1969-12-31T23:59:59Z");
    }

    #[test]
    fn times_are_read_as_they_are_shown_and_other_text_is_none() {
        for time_ms in [0, 1_709_210_096_000, 4_102_444_799_000, 951_782_400_000] {
            assert_eq!(parsed(&shown(time_ms)), Some(time_ms));
        }
        assert_eq!(parsed("1709210096789"), Some(1_709_210_096_789));
        for text in
            ["", "2026-02-30T00:00:00Z", "2026-11-25", "2026-11-25T17:00:60Z", "2026-11-25T17:00:00+01:00", "T:Z"]
        {
            assert_eq!(parsed(text), None, "{text}");
        }
    }
}
