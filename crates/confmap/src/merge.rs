//! Laying one source over another.

use std::collections::HashMap;

use crate::node::{Map, Node, Value};

/// `over` laid over `base`: maps key by key, anything else replaced whole, by null too.
///
/// A key keeps the position it had in `base`; new keys follow in the order of `over`.
pub fn merge(base: Node, over: Node) -> Node {
    match (base.value, over.value) {
        (Value::Map(base), Value::Map(above)) => {
            Node { value: Value::Map(merge_maps(base, above)), ..Node::new(Value::Null, over.location) }
        }
        (_, value) => Node { value, ..over },
    }
}

fn merge_maps(base: Map, over: Map) -> Map {
    let mut entries = base.into_entries();
    let index: HashMap<String, usize> =
        entries.iter().enumerate().map(|(position, entry)| (entry.key.clone(), position)).collect();
    for entry in over.into_entries() {
        match index.get(&entry.key) {
            Some(&position) => {
                let old = &mut entries[position];
                let placeholder = Node::new(Value::Null, old.value.location.clone());
                let before = std::mem::replace(&mut old.value, placeholder);
                old.value = merge(before, entry.value);
                old.location = entry.location;
            }
            None => entries.push(entry),
        }
    }
    Map::from_unique(entries)
}
