//! Single values: booleans, numbers, text, durations, secrets.
//!
//! The collector before core 0.105 converted between scalar types (`version: 1` for a text, `"true"` for a boolean);
//! later ones refuse. Files of both times are accepted.

use std::path::PathBuf;
use std::time::Duration;

use super::{Decode, mismatch};
use crate::duration;
use crate::fault::Faults;
use crate::node::{Node, Value};
use crate::secret::Secret;

impl Decode for bool {
    fn decode(node: &Node, path: &str, faults: &mut Faults) -> Option<Self> {
        let value = match &node.value {
            Value::Bool(value) => Some(*value),
            Value::Int(0) => Some(false),
            Value::Int(1) => Some(true),
            Value::String(text) => match text.as_str() {
                "true" | "True" | "TRUE" | "t" | "T" | "1" => Some(true),
                "false" | "False" | "FALSE" | "f" | "F" | "0" => Some(false),
                _ => None,
            },
            _ => None,
        };
        if value.is_none() {
            let meant = match node.text().map(str::to_ascii_lowercase).as_deref() {
                Some("yes" | "y" | "on" | "enable" | "enabled") => "; did you mean true?",
                Some("no" | "n" | "off" | "disable" | "disabled" | "none") => "; did you mean false?",
                _ => "",
            };
            faults.at(path, node, format!("expected true or false, found {}{meant}", node.describe()));
        }
        value
    }

    fn type_name() -> String {
        "boolean".to_owned()
    }

    fn show_default(&self) -> String {
        self.to_string()
    }

    fn from_words() -> bool {
        true
    }
}

/// The whole number a node stands for, of any size a configuration can mean.
fn whole_number(node: &Node) -> Option<i128> {
    match &node.value {
        Value::Int(value) => Some(i128::from(*value)),
        // A number beyond 64 signed bits, or one written as 1e6.
        Value::Float(value) => match node.original.as_deref().and_then(|text| text.parse().ok()) {
            Some(value) => Some(value),
            None => (value.fract() == 0.0 && value.abs() < 1e18).then_some(*value as i128),
        },
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

macro_rules! whole_numbers {
    ($($type:ty),*) => { $(
        impl Decode for $type {
            fn decode(node: &Node, path: &str, faults: &mut Faults) -> Option<Self> {
                let value = whole_number(node).and_then(|value| Self::try_from(value).ok());
                if value.is_none() {
                    mismatch(node, path, faults, &format!("a whole number from {} to {}", Self::MIN, Self::MAX));
                }
                value
            }

            fn type_name() -> String {
                "integer".to_owned()
            }

            fn show_default(&self) -> String {
                self.to_string()
            }

            fn from_words() -> bool {
                true
            }
        }
    )* };
}

whole_numbers!(i32, i64, u8, u16, u32, u64, usize);

impl Decode for f64 {
    fn decode(node: &Node, path: &str, faults: &mut Faults) -> Option<Self> {
        let value = match &node.value {
            Value::Int(value) => Some(*value as f64),
            Value::Float(value) => Some(*value),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        let value = value.filter(|value: &f64| value.is_finite());
        if value.is_none() {
            mismatch(node, path, faults, "a finite number");
        }
        value
    }

    fn type_name() -> String {
        "number".to_owned()
    }

    fn show_default(&self) -> String {
        self.to_string()
    }

    fn from_words() -> bool {
        true
    }
}

impl Decode for String {
    fn decode(node: &Node, path: &str, faults: &mut Faults) -> Option<Self> {
        match node.text() {
            Some(text) => Some(text.to_owned()),
            None if node.is_null() => Some(String::new()),
            None => {
                mismatch(node, path, faults, "text");
                None
            }
        }
    }

    fn type_name() -> String {
        "string".to_owned()
    }

    fn show_default(&self) -> String {
        format!("{self:?}")
    }

    // A reference to a variable that is unset or empty is a text without letters, not the default.
    fn of_null(node: &Node) -> Option<Self> {
        node.original.as_deref().map(str::to_owned)
    }

    fn from_words() -> bool {
        true
    }
}

impl Decode for PathBuf {
    fn decode(node: &Node, path: &str, faults: &mut Faults) -> Option<Self> {
        String::decode(node, path, faults).map(PathBuf::from)
    }

    fn type_name() -> String {
        "path".to_owned()
    }

    fn show_default(&self) -> String {
        format!("{:?}", self.display().to_string())
    }

    fn of_null(node: &Node) -> Option<Self> {
        String::of_null(node).map(PathBuf::from)
    }

    fn from_words() -> bool {
        true
    }
}

impl Decode for Secret {
    fn decode(node: &Node, path: &str, faults: &mut Faults) -> Option<Self> {
        match node.text() {
            Some(text) => Some(Secret::new(text)),
            None => {
                faults.hidden(path, node, format!("expected text, found {}", node.describe()));
                None
            }
        }
    }

    fn type_name() -> String {
        "secret".to_owned()
    }

    fn show_default(&self) -> String {
        if self.is_empty() { "\"\"".to_owned() } else { self.to_string() }
    }

    fn of_null(node: &Node) -> Option<Self> {
        String::of_null(node).map(Secret::new)
    }
}

impl Decode for Duration {
    fn decode(node: &Node, path: &str, faults: &mut Faults) -> Option<Self> {
        match &node.value {
            // As in Go, a bare number counts nanoseconds.
            Value::Int(value) => match u64::try_from(*value) {
                Ok(nanoseconds) => {
                    let value = Duration::from_nanos(nanoseconds);
                    if nanoseconds > 0 {
                        let short = duration::format(value);
                        let message =
                            format!("{nanoseconds} is {short}, as in the collector; {nanoseconds}s are seconds");
                        faults.warn(path, node, message);
                    }
                    Some(value)
                }
                Err(_) => {
                    faults.at(path, node, duration::DurationError::Negative.to_string());
                    None
                }
            },
            Value::String(text) => match duration::parse(text) {
                Ok(value) => Some(value),
                Err(error) => {
                    faults.at(path, node, format!("{}: {error}", node.describe()));
                    None
                }
            },
            _ => {
                mismatch(node, path, faults, "a duration such as 60s");
                None
            }
        }
    }

    fn type_name() -> String {
        "duration".to_owned()
    }

    fn show_default(&self) -> String {
        duration::format(*self)
    }

    fn from_words() -> bool {
        true
    }
}

impl Decode for Node {
    fn decode(node: &Node, _path: &str, _faults: &mut Faults) -> Option<Self> {
        Some(node.clone())
    }

    fn type_name() -> String {
        "any".to_owned()
    }

    fn show_default(&self) -> String {
        self.text().map_or_else(String::new, str::to_owned)
    }
}
