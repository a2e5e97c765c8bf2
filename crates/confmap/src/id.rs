//! Names of components: `type` or `type/name`.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use regex::Regex;

use crate::decode::{Decode, decode_text};
use crate::fault::Faults;
use crate::node::Node;

/// A component's name: its type, and what tells two of a type apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ComponentId {
    /// The type: `batch` of `batch/metrics`.
    pub kind: String,
    /// The name: `metrics` of `batch/metrics`; `None` of a plain `batch`.
    pub name: Option<String>,
}

/// Why a text is no component's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// There is no text.
    #[error("id must not be empty")]
    Empty,
    /// Nothing stands before the slash.
    #[error("in {0:?} id: the part before / should not be empty")]
    EmptyKind(String),
    /// Nothing stands behind the slash.
    #[error("in {0:?} id: the part after / should not be empty")]
    EmptyName(String),
    /// The type has a letter a type can't have, or is too long.
    #[error("in {0:?} id: invalid character(s) in type: a type is a letter and up to 62 letters, digits or _")]
    Kind(String),
    /// The name has a character a name can't have.
    #[error("in {0:?} id: invalid character(s) in name")]
    Name(String),
    /// The name is longer than 1024 characters.
    #[error("in {0:?} id: the name is longer than 1024 characters")]
    LongName(String),
}

impl ComponentId {
    /// The name of the only component of a type.
    pub fn of_kind(kind: &str) -> Self {
        Self { kind: kind.to_owned(), name: None }
    }
}

impl FromStr for ComponentId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let shown = || text.chars().take(80).collect::<String>();
        let (kind, name) = match text.split_once('/') {
            Some((kind, name)) => (kind.trim(), Some(name.trim())),
            None => (text.trim(), None),
        };
        match (kind, name) {
            ("", None) => return Err(IdError::Empty),
            ("", Some(_)) => return Err(IdError::EmptyKind(shown())),
            (_, Some("")) => return Err(IdError::EmptyName(shown())),
            _ => {}
        }
        let letters = kind.as_bytes();
        let word = letters.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_');
        if !letters[0].is_ascii_alphabetic() || !word || letters.len() > 63 {
            return Err(IdError::Kind(shown()));
        }
        if let Some(name) = name {
            if name.chars().count() > 1024 {
                return Err(IdError::LongName(shown()));
            }
            if !NAME.is_match(name) {
                return Err(IdError::Name(shown()));
            }
        }
        Ok(Self { kind: kind.to_owned(), name: name.map(str::to_owned) })
    }
}

/// Printable characters other than white space and symbols, by Unicode's categories.
static NAME: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^[^\pZ\pC\pS]+$").expect("the pattern is valid"));

impl fmt::Display for ComponentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{}/{name}", self.kind),
            None => f.write_str(&self.kind),
        }
    }
}

impl Decode for ComponentId {
    fn decode(node: &Node, path: &str, faults: &mut Faults) -> Option<Self> {
        decode_text(node, path, faults, "a component's name")
    }

    fn type_name() -> String {
        "component".to_owned()
    }

    fn show_default(&self) -> String {
        self.to_string()
    }

    fn from_words() -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, kind: &str, name: Option<&str>) {
        let expected = ComponentId { kind: kind.to_owned(), name: name.map(str::to_owned) };
        assert_eq!(text.parse(), Ok(expected), "{text:?}");
    }

    fn check_fault(text: &str, expected: &str) {
        let error = text.parse::<ComponentId>().expect_err(text);
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn a_name_is_a_type_and_what_follows_the_slash() {
        check("batch", "batch", None);
        check("batch/metrics", "batch", Some("metrics"));
        check(" batch / metrics ", "batch", Some("metrics"));
        check("a/b/c", "a", Some("b/c"));
        check("awsemf/größe_1.2-x", "awsemf", Some("größe_1.2-x"));
        check(&"a".repeat(63), &"a".repeat(63), None);
    }

    #[test]
    fn a_bad_name_says_what_is_wrong_with_it() {
        check_fault("", "id must not be empty");
        check_fault("/x", "in \"/x\" id: the part before / should not be empty");
        check_fault("x/", "in \"x/\" id: the part after / should not be empty");
        for text in ["1x", "x-y", "_x", "ä"] {
            assert!(matches!(text.parse::<ComponentId>(), Err(IdError::Kind(_))), "{text:?}");
        }
        assert!(matches!("a".repeat(64).parse::<ComponentId>(), Err(IdError::Kind(_))));
        for name in ["a b", "a\tb", "a+b", "a$", "a=b", "a\u{200b}", "→"] {
            let text = format!("x/{name}");
            assert!(matches!(text.parse::<ComponentId>(), Err(IdError::Name(_))), "{text:?}");
        }
        assert!(matches!(format!("x/{}", "n".repeat(1025)).parse::<ComponentId>(), Err(IdError::LongName(_))));
    }

    proptest! {
        #[test]
        fn a_name_that_is_read_reads_back(text in ".{0,40}", near in "[a-z]{1,4}/[a-z./-]{1,4}") {
            for text in [text, near] {
                if let Ok(id) = text.parse::<ComponentId>() {
                    prop_assert_eq!(id.to_string().parse(), Ok(id));
                }
            }
        }
    }
}
