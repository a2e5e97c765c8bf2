//! Quantities of the Kubernetes API (`100m`, `1.5Gi`, `2e3`) as whole numbers, rounded up.
//!
//! Follows the serialization format of `k8s.io/apimachinery/pkg/api/resource`.

/// Digits kept of a number; 10^20 shifted by 2^60 (`Ei`) still fits 128 bits.
const DIGITS: usize = 20;
/// The API caps larger amounts here, and so do we.
const MOST: u64 = i64::MAX as u64;

/// Thousandths of a quantity, rounded up: `100m` is 100, `0.5` is 500, `100u` is 1.
///
/// `None` for a negative amount and for text that is no quantity. Amounts beyond 2^63-1 stay there.
pub fn parse_millis(text: &str) -> Option<u64> {
    parse(text, 3)
}

/// A quantity as an integer, rounded up: `1Ki` is 1024, `1500m` is 2.
///
/// `None` for a negative amount and for text that is no quantity. Amounts beyond 2^63-1 stay there.
pub fn parse_integer(text: &str) -> Option<u64> {
    parse(text, 0)
}

/// `text` × 10^`scale`, rounded up.
fn parse(text: &str, scale: i64) -> Option<u64> {
    let (negative, number) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let end = number.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(number.len());
    let (digits, suffix) = number.split_at(end);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if fraction.contains('.') || whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let (binary, decimal) = parse_suffix(suffix)?;

    let mut mantissa = 0_u128;
    let mut kept = 0;
    let mut exponent = decimal + scale - i64::try_from(fraction.len()).ok()?;
    let mut rest = false;
    for digit in whole.bytes().chain(fraction.bytes()).map(|byte| u128::from(byte - b'0')) {
        if kept < DIGITS {
            mantissa = mantissa * 10 + digit;
            kept += usize::from(mantissa != 0);
        } else {
            exponent += 1;
            rest |= digit != 0;
        }
    }
    if mantissa == 0 {
        return Some(0);
    }
    if negative {
        return None;
    }
    Some(scaled(mantissa << binary, exponent, rest))
}

/// The powers of two and of ten that a suffix stands for.
fn parse_suffix(suffix: &str) -> Option<(u32, i64)> {
    Some(match suffix {
        "" => (0, 0),
        "n" => (0, -9),
        "u" => (0, -6),
        "m" => (0, -3),
        "k" => (0, 3),
        "M" => (0, 6),
        "G" => (0, 9),
        "T" => (0, 12),
        "P" => (0, 15),
        "E" => (0, 18),
        "Ki" => (10, 0),
        "Mi" => (20, 0),
        "Gi" => (30, 0),
        "Ti" => (40, 0),
        "Pi" => (50, 0),
        "Ei" => (60, 0),
        _ => {
            let power = suffix.strip_prefix(['e', 'E'])?;
            (0, power.parse::<i32>().ok()?.into())
        }
    })
}

/// `number` × 10^`exponent`, rounded up; `rest` says that digits were cut off behind `number`.
fn scaled(number: u128, exponent: i64, rest: bool) -> u64 {
    let power = u32::try_from(exponent.unsigned_abs()).ok().and_then(|power| 10_u128.checked_pow(power));
    let value = match (exponent < 0, power) {
        (false, Some(power)) => number.saturating_mul(power),
        (false, None) => u128::MAX,
        // `number` is less than 10^39, so less than one is left of it.
        (true, None) => 1,
        (true, Some(power)) => number / power + u128::from(rest || !number.is_multiple_of(power)),
    };
    let value = if exponent >= 0 && rest { value.saturating_add(1) } else { value };
    u64::try_from(value).unwrap_or(MOST).min(MOST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, millis: Option<u64>, integer: Option<u64>) {
        assert_eq!(parse_millis(text), millis, "thousandths of {text:?}");
        assert_eq!(parse_integer(text), integer, "{text:?} as an integer");
    }

    #[test]
    fn quantities_are_rounded_up() {
        check("100m", Some(100), Some(1));
        check("0.5", Some(500), Some(1));
        check("100u", Some(1), Some(1));
        check("1n", Some(1), Some(1));
        check("1500m", Some(1500), Some(2));
        check("2000m", Some(2000), Some(2));
        check("0.0001", Some(1), Some(1));
        check("1", Some(1000), Some(1));
        check("0", Some(0), Some(0));
    }

    #[test]
    fn every_suffix_has_its_power() {
        check("1k", Some(1_000_000), Some(1000));
        check("64Mi", Some(64 * 1_048_576_000), Some(67_108_864));
        check("1.5Gi", Some(1_610_612_736_000), Some(1_610_612_736));
        check("128974848000m", Some(128_974_848_000), Some(128_974_848));
        check("129e6", Some(129_000_000_000), Some(129_000_000));
        check("129E6", Some(129_000_000_000), Some(129_000_000));
        check("1E", Some(MOST), Some(1_000_000_000_000_000_000));
        check("5e-1", Some(500), Some(1));
        check("+3", Some(3000), Some(3));
        check(".5", Some(500), Some(1));
        check("2.", Some(2000), Some(2));
        check("0.1Ki", Some(102_400), Some(103));
    }

    #[test]
    fn negative_amounts_count_as_not_set() {
        check("-1", None, None);
        check("-100m", None, None);
        check("-0", Some(0), Some(0));
    }

    #[test]
    fn what_is_no_quantity_is_none() {
        for text in
            ["", " ", "-", "+", ".", "1.2.3", "1 Gi", "1GiB", "Gi", "1e", "1e+", "0x10", "1,5", "ten", "1K", "½"]
        {
            check(text, None, None);
        }
    }

    #[test]
    fn amounts_beyond_the_largest_stay_there() {
        check("9223372036854775807", Some(MOST), Some(MOST));
        check("9223372036854775808", Some(MOST), Some(MOST));
        check("16Ei", Some(MOST), Some(MOST));
        check("1e2147483647", Some(MOST), Some(MOST));
        check("1e-2147483648", Some(1), Some(1));
        check("1e99999999999", None, None);
        check(&"9".repeat(400), Some(MOST), Some(MOST));
        check(&format!("0.{}1", "0".repeat(400)), Some(1), Some(1));
        check(&format!("{}1", "0".repeat(400)), Some(1000), Some(1));
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in ".*", number in "[+-]?[0-9.]{0,60}(Ei|E|n|e[+-]?[0-9]{1,12})?") {
            let _ = (parse_millis(&text), parse_integer(&text));
            let _ = (parse_millis(&number), parse_integer(&number));
        }

        #[test]
        fn a_whole_number_is_itself(number in 0..=MOST / 1000) {
            prop_assert_eq!(parse_integer(&number.to_string()), Some(number));
            prop_assert_eq!(parse_millis(&number.to_string()), Some(number * 1000));
            prop_assert_eq!(parse_millis(&format!("{number}m")), Some(number));
            prop_assert_eq!(parse_integer(&format!("{number}000m")), Some(number));
        }

        #[test]
        fn a_decimal_is_rounded_up_to_thousandths(whole in 0_u64..1_000_000, nanos in 0_u64..1_000_000_000) {
            let text = format!("{whole}.{nanos:09}");
            prop_assert_eq!(parse_millis(&text), Some(whole * 1000 + nanos.div_ceil(1_000_000)));
            prop_assert_eq!(parse_integer(&text), Some(whole + u64::from(nanos > 0)));
        }
    }
}
