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
    /// What other keys add to it: put together at the end, so that many cost no more than each of them.
    more: Vec<Entry>,
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
                if by_path || slot.by_path {
                    slot.more.push(entry);
                    slot.by_path = true;
                } else {
                    duplicate(&slot.entry, &entry, &join(self.path, &entry.key), faults);
                }
            }
            None => {
                self.index.insert(entry.key.clone(), self.entries.len());
                self.entries.push(Slot { entry, by_path, more: Vec::new() });
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
    pub(super) fn finish(mut self, faults: &mut Faults) -> Map {
        for entry in self.merged.into_iter().flat_map(Map::into_entries) {
            if !self.index.contains_key(&entry.key) {
                self.index.insert(entry.key.clone(), self.entries.len());
                self.entries.push(Slot { entry, by_path: false, more: Vec::new() });
            }
        }
        let path = self.path;
        let whole = |slot: Slot| match slot.more.is_empty() {
            true => slot.entry,
            false => {
                let path = join(path, &slot.entry.key);
                combine(slot.entry, slot.more, &path, faults)
            }
        };
        Map::from_unique(self.entries.into_iter().map(whole).collect())
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

/// What several keys say of one thing: maps are put together, of anything else the first one counts.
fn combine(first: Entry, more: Vec<Entry>, path: &str, faults: &mut Faults) -> Entry {
    let Entry { key, location, value: Node { value: Value::Map(map), .. } } = first else {
        more.iter().for_each(|new| duplicate(&first, new, path, faults));
        return first;
    };
    let mut together: Vec<(Entry, Vec<Entry>)> =
        map.into_entries().into_iter().map(|entry| (entry, Vec::new())).collect();
    let mut index: HashMap<String, usize> =
        together.iter().enumerate().map(|(at, (entry, _))| (entry.key.clone(), at)).collect();
    let place = Entry { key, location: location.clone(), value: Node::new(Value::Null, location) };
    for new in more {
        let Value::Map(map) = new.value.value else {
            duplicate(&place, &new, path, faults);
            continue;
        };
        for entry in map.into_entries() {
            match index.get(&entry.key) {
                Some(&at) => together[at].1.push(entry),
                None => {
                    index.insert(entry.key.clone(), together.len());
                    together.push((entry, Vec::new()));
                }
            }
        }
    }
    let mut whole = |(entry, more): (Entry, Vec<Entry>)| match more.is_empty() {
        true => entry,
        false => {
            let path = join(path, &entry.key);
            combine(entry, more, &path, faults)
        }
    };
    let entries = together.into_iter().map(&mut whole).collect();
    let Entry { key, location, .. } = place;
    Entry { key, value: Node::new(Value::Map(Map::from_unique(entries)), location.clone()), location }
}

fn duplicate(old: &Entry, new: &Entry, path: &str, faults: &mut Faults) {
    faults.push(Fault {
        path: path.to_owned(),
        location: Some(new.location.clone()),
        message: format!("duplicate key; first written on line {}", old.location.line),
    });
}
