//! What an unquoted scalar is, by YAML 1.2's core schema (section 10.3.2).

use crate::node::Value;

/// The value of an unquoted scalar without a tag.
pub(crate) fn resolve(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    number(text).unwrap_or_else(|| Value::String(text.to_owned()))
}

/// The value of a scalar whose core tag is `kind`, where its text fits.
pub(super) fn resolve_as(text: &str, kind: &str) -> Option<Value> {
    match (resolve(text), kind) {
        (value @ Value::Null, "null") | (value @ Value::Bool(_), "bool") => Some(value),
        (value @ Value::Int(_), "int") | (value @ Value::Float(_), "float") => Some(value),
        (Value::Int(value), "float") => Some(Value::Float(value as f64)),
        _ => None,
    }
}

fn number(text: &str) -> Option<Value> {
    // Most texts are words; their first letter tells.
    if !matches!(text.as_bytes().first(), Some(b'0'..=b'9' | b'+' | b'-' | b'.')) {
        return None;
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let negative = text.starts_with('-');
    if is_digits(unsigned) {
        return Some(match text.parse() {
            Ok(value) => Value::Int(value),
            Err(_) => Value::Float(text.parse().ok()?),
        });
    }
    if let Some(value) = text.strip_prefix("0x").and_then(|digits| radix(digits, 16)) {
        return Some(Value::Int(value));
    }
    if let Some(value) = text.strip_prefix("0o").and_then(|digits| radix(digits, 8)) {
        return Some(Value::Int(value));
    }
    match unsigned {
        ".inf" | ".Inf" | ".INF" => {
            return Some(Value::Float(if negative { f64::NEG_INFINITY } else { f64::INFINITY }));
        }
        _ if matches!(text, ".nan" | ".NaN" | ".NAN") => return Some(Value::Float(f64::NAN)),
        _ => {}
    }
    is_float(unsigned).then(|| text.parse().ok().map(Value::Float))?
}

/// Digits of a radix without a sign; beyond 64 bits it is no number.
fn radix(digits: &str, radix: u32) -> Option<i64> {
    let first = digits.chars().next()?;
    if first.is_digit(radix) { i64::from_str_radix(digits, radix).ok() } else { None }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// `(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_float(text: &str) -> bool {
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let mantissa_fits = match mantissa.split_once('.') {
        Some(("", below)) => is_digits(below),
        Some((whole, below)) => is_digits(whole) && (below.is_empty() || is_digits(below)),
        None => is_digits(mantissa),
    };
    mantissa_fits && exponent.is_none_or(|digits| is_digits(digits.strip_prefix(['+', '-']).unwrap_or(digits)))
}

#[cfg(test)]
mod tests {
    use super::resolve;
    use crate::node::Value::{self, *};

    fn check(text: &str, expected: Value) {
        assert_eq!(resolve(text), expected, "{text:?}");
    }

    fn check_text(text: &str) {
        check(text, String(text.to_owned()));
    }

    #[test]
    fn scalars_follow_the_core_schema() {
        check("", Null);
        check("~", Null);
        check("null", Null);
        check("true", Bool(true));
        check("FALSE", Bool(false));
        check("0", Int(0));
        check("-12", Int(-12));
        check("+12", Int(12));
        check("0123", Int(123));
        check("0x1F", Int(31));
        check("0o17", Int(15));
        check("1.5", Float(1.5));
        check("1.", Float(1.0));
        check(".5e1", Float(5.0));
        check("1e3", Float(1000.0));
        check("-.inf", Float(f64::NEG_INFINITY));
        check("18446744073709551615", Float(18446744073709551615.0));
        assert!(matches!(resolve(".nan"), Float(value) if value.is_nan()));
    }

    #[test]
    fn words_of_older_schemas_are_text() {
        for text in [
            "yes",
            "no",
            "on",
            "off",
            "y",
            "nUll",
            "tRue",
            "1_000",
            "0b1",
            "1:30",
            "60s",
            "-",
            "+",
            ".",
            "..",
            "0x",
            "0x-1",
            "0o8",
            "1e",
            "e1",
            "+-5",
            "inf",
            "nan",
            "2024-01-01",
            "1.2.3",
            "-.nan",
            "0xfffffffffffffffff",
        ] {
            check_text(text);
        }
    }
}
