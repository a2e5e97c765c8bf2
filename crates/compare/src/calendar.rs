//! Times for people.

use aws_smithy_types::date_time::{DateTime, Format};

/// Milliseconds since 1970 as RFC 3339 in UTC, to the second; as they are where that has no year for them.
pub fn shown(time_ms: i64) -> String {
    DateTime::from_secs(time_ms.div_euclid(1000)).fmt(Format::DateTime).unwrap_or_else(|_| time_ms.to_string())
}

/// Milliseconds since 1970 of a number of them, or of a time as RFC 3339 in UTC: `2026-11-25T17:00:00Z`.
pub fn parsed(text: &str) -> Option<i64> {
    text.parse().ok().or_else(|| DateTime::from_str(text, Format::DateTime).ok()?.to_millis().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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

    #[test]
    fn a_fraction_of_a_second_is_read_to_the_millisecond() {
        assert_eq!(parsed("2024-02-29T12:34:56.7899Z"), Some(1_709_210_096_789));
        assert_eq!(parsed("1969-12-31T23:59:59.999Z"), Some(-1));
    }

    proptest! {
        #[test]
        fn a_shown_time_is_read_again_to_the_second(time_ms in -62_135_596_800_000i64..253_402_300_800_000) {
            prop_assert_eq!(parsed(&shown(time_ms)), Some(time_ms.div_euclid(1000) * 1000));
        }

        #[test]
        fn a_time_beyond_the_calendar_is_shown_and_read_as_its_milliseconds(time_ms in 253_402_300_800_000i64..) {
            prop_assert_eq!(parsed(&shown(time_ms)), Some(time_ms));
            prop_assert_eq!(parsed(&shown(-time_ms)), Some(-time_ms));
        }

        #[test]
        fn any_text_is_survived(text in ".{0,40}", likely in "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.+Zé-]{0,20}Z") {
            let _ = (parsed(&text), parsed(&likely));
        }
    }
}
