//! From a node to a typed value, with every fault on the way.

mod collection;
mod scalar;

use std::fmt::Display;
use std::str::FromStr;

use crate::fault::Faults;
use crate::node::Node;
use crate::option_doc::OptionDoc;

/// A type that options can have.
pub trait Decode: Sized {
    /// The value of a node, or `None` after adding at least one fault to `faults`.
    ///
    /// Everything below the node is looked at, so that all of its faults are told, not only the first.
    fn decode(node: &Node, path: &str, faults: &mut Faults) -> Option<Self>;

    /// The type in a word or two, for the documentation: `duration`, `list of string`.
    fn type_name() -> String;

    /// The value as one would write it in a file, for the documentation.
    fn show_default(&self) -> String;

    /// The value of an option whose key is written without a value; `None` keeps the option's default.
    fn of_null(_node: &Node) -> Option<Self> {
        None
    }

    /// Whether a list of this type may be written as one text with commas.
    fn from_words() -> bool {
        false
    }

    /// What a component with these options is, for the documentation.
    fn about() -> String {
        String::new()
    }

    /// The options inside, where the type is a block, or holds blocks.
    fn nested_options() -> Vec<OptionDoc> {
        Vec::new()
    }

    /// Adds the keys written below `node` that are accepted and have no effect, with the reason.
    fn accepted_written(_node: &Node, _path: &str, _written: &mut Vec<(String, &'static str)>) {}
}

/// Decodes a type that is parsed from text; `expected` names it with its article: `a duration`.
///
/// Meant for types of other crates: their `Decode` calls this and their `FromStr` error becomes the fault.
pub fn decode_text<T>(node: &Node, path: &str, faults: &mut Faults, expected: &str) -> Option<T>
where
    T: FromStr,
    T::Err: Display,
{
    let Some(text) = node.text() else {
        mismatch(node, path, faults, expected);
        return None;
    };
    match text.parse() {
        Ok(value) => Some(value),
        Err(error) => {
            faults.at(path, node, error.to_string());
            None
        }
    }
}

/// Adds the fault of a value of the wrong type.
pub(crate) fn mismatch(node: &Node, path: &str, faults: &mut Faults, expected: &str) {
    faults.at(path, node, format!("expected {expected}, found {}", node.describe()));
}
