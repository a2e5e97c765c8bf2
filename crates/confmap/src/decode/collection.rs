//! Values that hold others: options that may be absent, lists, maps.

use std::collections::BTreeMap;

use super::{Decode, mismatch};
use crate::fault::Faults;
use crate::node::{Node, Value, join};
use crate::option_doc::OptionDoc;

impl<T: Decode> Decode for Option<T> {
    fn decode(node: &Node, path: &str, faults: &mut Faults) -> Option<Self> {
        if node.is_null() { Some(None) } else { T::decode(node, path, faults).map(Some) }
    }

    fn type_name() -> String {
        T::type_name()
    }

    fn show_default(&self) -> String {
        self.as_ref().map_or_else(String::new, T::show_default)
    }

    fn from_words() -> bool {
        T::from_words()
    }

    fn nested_options() -> Vec<OptionDoc> {
        T::nested_options()
    }

    fn accepted_written(node: &Node, path: &str, written: &mut Vec<(String, &'static str)>) {
        T::accepted_written(node, path, written);
    }
}

impl<T: Decode> Decode for Vec<T> {
    fn decode(node: &Node, path: &str, faults: &mut Faults) -> Option<Self> {
        let words;
        let items: &[Node] = match &node.value {
            Value::List(items) => items,
            Value::Null => &[],
            Value::String(text) if T::from_words() => {
                words = split_words(text, node);
                &words
            }
            // The conversion of old: a single value is a list of one.
            Value::Bool(_) | Value::Int(_) | Value::Float(_) if T::from_words() => std::slice::from_ref(node),
            _ => {
                mismatch(node, path, faults, "a list");
                return None;
            }
        };
        let before = faults.len();
        let values: Vec<T> = items
            .iter()
            .enumerate()
            .filter_map(|(index, item)| T::decode(item, &join(path, &index.to_string()), faults))
            .collect();
        (faults.len() == before).then_some(values)
    }

    fn type_name() -> String {
        format!("list of {}", T::type_name())
    }

    fn show_default(&self) -> String {
        let items: Vec<String> = self.iter().map(T::show_default).collect();
        format!("[{}]", items.join(", "))
    }

    fn nested_options() -> Vec<OptionDoc> {
        T::nested_options()
    }

    fn accepted_written(node: &Node, path: &str, written: &mut Vec<(String, &'static str)>) {
        if let Value::List(items) = &node.value {
            for (index, item) in items.iter().enumerate() {
                T::accepted_written(item, &join(path, &index.to_string()), written);
            }
        }
    }
}

/// The parts of a text between its commas, without blanks around them; none of an empty text.
fn split_words(text: &str, node: &Node) -> Vec<Node> {
    if text.is_empty() {
        return Vec::new();
    }
    text.split(',').map(|word| Node::new(Value::String(word.trim().to_owned()), node.location.clone())).collect()
}

impl<T: Decode> Decode for BTreeMap<String, T> {
    fn decode(node: &Node, path: &str, faults: &mut Faults) -> Option<Self> {
        let entries = match &node.value {
            Value::Map(map) => map.entries(),
            Value::Null => &[],
            _ => {
                mismatch(node, path, faults, "a map");
                return None;
            }
        };
        let before = faults.len();
        let values = entries
            .iter()
            .filter_map(|entry| {
                // A key that stood in a variable or a file may be a secret.
                let key = if entry.value.written.is_some() { "…" } else { entry.key.as_str() };
                Some((entry.key.clone(), T::decode(&entry.value, &join(path, key), faults)?))
            })
            .collect();
        (faults.len() == before).then_some(values)
    }

    fn type_name() -> String {
        format!("map of {}", T::type_name())
    }

    fn show_default(&self) -> String {
        let items: Vec<String> = self.iter().map(|(key, value)| format!("{key}: {}", value.show_default())).collect();
        format!("{{{}}}", items.join(", "))
    }

    fn nested_options() -> Vec<OptionDoc> {
        T::nested_options()
    }

    fn accepted_written(node: &Node, path: &str, written: &mut Vec<(String, &'static str)>) {
        for entry in node.entries() {
            T::accepted_written(&entry.value, &join(path, &entry.key), written);
        }
    }
}
