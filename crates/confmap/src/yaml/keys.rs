//! The keys of one map while it is read: duplicates, `::` paths, merge keys.

use std::collections::HashMap;

use crate::fault::{Fault, Faults};
use crate::node::{Entry, Map, Node, Value, join};

/// A map being read.
pub(super) struct MapBuilder<'p> {
    path: &'p str,
    entries: Vec<Slot>,
    index: HashMap<String, usize>,
    merged: Vec<Map>,
}

/// An entry, and whether a key with `::` made it; only then may another key add to it.
struct Slot {
    entry: Entry,
    by_path: bool,
}

impl<'p> MapBuilder<'p> {
    pub(super) fn new(path: &'p str) -> Self {
        Self { path, entries: Vec::new(), index: HashMap::new(), merged: Vec::new() }
    }

    /// Adds an entry; with `split`, `::` in its key parts a path.
    pub(super) fn add(&mut self, entry: Entry, split: bool, faults: &mut Faults) {
        let by_path = split && entry.key.contains("::");
        if by_path && entry.key.split("::").any(str::is_empty) {
            faults.push(Fault {
                path: self.path.to_owned(),
                location: Some(entry.location),
                message: "a key has an empty part beside its ::".to_owned(),
            });
            return;
        }
        let entry = if by_path { nest(entry) } else { entry };
        match self.index.get(&entry.key) {
            Some(&at) => {
                let slot = &mut self.entries[at];
                let path = join(self.path, &entry.key);
                if by_path || slot.by_path {
                    combine(&mut slot.entry, entry, &path, faults);
                    slot.by_path = true;
                } else {
                    duplicate(&slot.entry, &entry, &path, faults);
                }
            }
            None => {
                self.index.insert(entry.key.clone(), self.entries.len());
                self.entries.push(Slot { entry, by_path });
            }
        }
    }

    /// Takes the value of a `<<` key: a map, or a list of maps of which earlier ones win.
    pub(super) fn merge(&mut self, value: Node, faults: &mut Faults) {
        let location = value.location.clone();
        let maps = match value.value {
            Value::Map(map) => Some(vec![map]),
            Value::List(items) => items
                .into_iter()
                .map(|item| match item.value {
                    Value::Map(map) => Some(map),
                    _ => None,
                })
                .collect(),
            _ => None,
        };
        match maps {
            Some(maps) => self.merged.extend(maps),
            None => faults.push(Fault {
                path: join(self.path, "<<"),
                location: Some(location),
                message: "a merge key takes a map or a list of maps".to_owned(),
            }),
        }
    }

    /// The map; what it says itself wins over what it merges.
    pub(super) fn finish(mut self) -> Map {
        for entry in self.merged.into_iter().flat_map(Map::into_entries) {
            if !self.index.contains_key(&entry.key) {
                self.index.insert(entry.key.clone(), self.entries.len());
                self.entries.push(Slot { entry, by_path: false });
            }
        }
        Map::from_unique(self.entries.into_iter().map(|slot| slot.entry).collect())
    }
}

/// `a::b: v` as `a: {b: v}`.
fn nest(entry: Entry) -> Entry {
    let Entry { key, location, mut value } = entry;
    let mut parts: Vec<&str> = key.split("::").collect();
    while parts.len() > 1 {
        let part = parts.pop().unwrap_or_default().to_owned();
        let inner = Entry { key: part, location: location.clone(), value };
        value = Node::new(Value::Map(Map::from_unique(vec![inner])), location.clone());
    }
    Entry { key: parts.concat(), location, value }
}

/// Adds what a second key says to what a first one said of the same thing.
fn combine(old: &mut Entry, new: Entry, path: &str, faults: &mut Faults) {
    match (&mut old.value.value, new) {
        (Value::Map(old), Entry { value: Node { value: Value::Map(new), .. }, .. }) => {
            for entry in new.into_entries() {
                let path = join(path, &entry.key);
                match old.entry_mut(&entry.key) {
                    Some(old) => combine(old, entry, &path, faults),
                    None => old.insert(entry),
                }
            }
        }
        (_, new) => duplicate(old, &new, path, faults),
    }
}

fn duplicate(old: &Entry, new: &Entry, path: &str, faults: &mut Faults) {
    faults.push(Fault {
        path: path.to_owned(),
        location: Some(new.location.clone()),
        message: format!("duplicate key; first written on line {}", old.location.line),
    });
}
