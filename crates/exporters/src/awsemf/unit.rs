//! Units of metrics in CloudWatch's spelling, after the `Unit` parameter of its MetricDatum.

/// Every unit that CloudWatch knows.
pub const UNITS: &[&str] = &[
    "Seconds",
    "Microseconds",
    "Milliseconds",
    "Bytes",
    "Kilobytes",
    "Megabytes",
    "Gigabytes",
    "Terabytes",
    "Bits",
    "Kilobits",
    "Megabits",
    "Gigabits",
    "Terabits",
    "Percent",
    "Count",
    "Bytes/Second",
    "Kilobytes/Second",
    "Megabytes/Second",
    "Gigabytes/Second",
    "Terabytes/Second",
    "Bits/Second",
    "Kilobits/Second",
    "Megabits/Second",
    "Gigabits/Second",
    "Terabits/Second",
    "Count/Second",
    "None",
];

/// The unit as CloudWatch spells it; `None` where it has no such unit.
#[must_use]
pub fn known(unit: &str) -> Option<&'static str> {
    UNITS.iter().find(|known| **known == unit).copied()
}

/// CloudWatch's spelling of a source's unit; empty where there is none.
///
/// Sources spell units as CloudWatch does or by UCUM. Binary multiples such as `KiBy` have no CloudWatch unit, and the
/// value isn't scaled, so they leave without one; so do nanoseconds.
#[must_use]
pub fn of_source(unit: &str) -> &'static str {
    if let Some(known) = known(unit) {
        return known;
    }
    match unit {
        "s" => "Seconds",
        "ms" => "Milliseconds",
        "us" => "Microseconds",
        "%" => "Percent",
        "By" => "Bytes",
        "kBy" => "Kilobytes",
        "MBy" => "Megabytes",
        "GBy" => "Gigabytes",
        "TBy" => "Terabytes",
        "bit" => "Bits",
        "kbit" => "Kilobits",
        "Mbit" => "Megabits",
        "Gbit" => "Gigabits",
        "Tbit" => "Terabits",
        "By/s" => "Bytes/Second",
        "kBy/s" => "Kilobytes/Second",
        "MBy/s" => "Megabytes/Second",
        "GBy/s" => "Gigabytes/Second",
        "TBy/s" => "Terabytes/Second",
        "bit/s" => "Bits/Second",
        "kbit/s" => "Kilobits/Second",
        "Mbit/s" => "Megabits/Second",
        "Gbit/s" => "Gigabits/Second",
        "Tbit/s" => "Terabits/Second",
        "1/s" => "Count/Second",
        // `{pods}` counts things; the word between the braces says which.
        _ => match unit.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
            Some((_, "")) => "Count",
            Some((_, "/s")) => "Count/Second",
            _ => "",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cloudwatch_units_pass_through_ucum_is_mapped_and_the_rest_has_none() {
        for unit in UNITS {
            assert_eq!(of_source(unit), *unit);
        }
        for (unit, expected) in [
            ("%", "Percent"),
            ("{pods}", "Count"),
            ("{packets}/s", "Count/Second"),
            ("By/s", "Bytes/Second"),
            ("1", ""),
            ("ns", ""),
            ("", ""),
            ("Millicore", ""),
            ("KiBy", ""),
            ("{pods}/h", ""),
            ("{", ""),
        ] {
            assert_eq!(of_source(unit), expected, "{unit}");
        }
    }
}
