//! The configuration tree: values that know where they were written.

use std::fmt;
use std::sync::Arc;

use crate::urls::hide_urls;

/// Where a value was written.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Location {
    /// The source as the user named it: a file's path, `env:NAME`, `yaml`, `--set key`.
    pub source: Arc<str>,
    /// Line within the source, counted from 1; 0 where the source has no lines.
    pub line: u32,
    /// Column of its first character within the line, counted from 1; 0 where that isn't known.
    pub column: u32,
    /// How many characters of the line it takes; 0 where that isn't known, or where they must not be shown.
    pub length: u32,
}

impl Location {
    /// A place in a source that has no lines of its own.
    pub fn of_source(source: &str) -> Self {
        Self { source: Arc::from(source), line: 0, column: 0, length: 0 }
    }

    /// The same place, whose characters must not be shown.
    #[must_use]
    pub fn hidden(&self) -> Self {
        Self { length: 0, ..self.clone() }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            // What one flag says has one line.
            line if line > 0 && !self.source.starts_with(SET) => write!(f, "{}:{line}", self.source),
            _ => write!(f, "{}", self.source),
        }
    }
}

/// What the name of a source begins with that lies over all others.
pub(crate) const SET: &str = "--set ";

/// What a node holds, by YAML 1.2's core schema.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing was written: an option keeps its default.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number within 64 bits.
    Int(i64),
    /// Any other number; one beyond 64 bits too, whose digits remain in [`Node::original`].
    Float(f64),
    /// Text.
    String(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in the order it was written.
    Map(Map),
}

/// A value and the place it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Where it stands; for an expanded value, where its reference stands.
    pub location: Location,
    /// The text behind the value, for options that are text: `0123` stays `0123`.
    ///
    /// Kept for unquoted scalars that read as something other than text, and for everything that came from an
    /// expansion, lists and maps included. `None` elsewhere.
    pub original: Option<Box<str>>,
    /// The text as it was written, references included, where the value came out of an expansion.
    ///
    /// What a variable or a file holds may be a secret: messages show this in its place.
    pub written: Option<Arc<str>>,
}

/// A key, the place it was written, and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key's text.
    pub key: String,
    /// Where the key stands; a value that was left out has only this line.
    pub location: Location,
    /// The value.
    pub value: Node,
}

/// A mapping in the order it was written; keys are unique.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Map(Vec<Entry>);

impl Map {
    /// A mapping without entries.
    pub fn new() -> Self {
        Self::default()
    }

    /// The entries, in order.
    pub fn entries(&self) -> &[Entry] {
        &self.0
    }

    /// The entries, in order, by value.
    pub fn into_entries(self) -> Vec<Entry> {
        self.0
    }

    /// The entry of a key.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.0.iter().find(|entry| entry.key == key)
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The entries to change in place; their keys stay as they are.
    pub(crate) fn entries_mut(&mut self) -> &mut [Entry] {
        &mut self.0
    }

    /// A mapping from entries whose keys are known to differ.
    pub(crate) fn from_unique(entries: Vec<Entry>) -> Self {
        Self(entries)
    }

    /// Adds an entry at the end, or replaces the key's value and location in its old position.
    pub fn insert(&mut self, entry: Entry) {
        match self.0.iter_mut().find(|old| old.key == entry.key) {
            Some(old) => *old = entry,
            None => self.0.push(entry),
        }
    }
}

impl Node {
    /// A value with its place and no original text.
    pub fn new(value: Value, location: Location) -> Self {
        Self { value, location, original: None, written: None }
    }

    /// Whether nothing was written.
    pub fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// The mapping, where the node is one.
    pub fn as_map(&self) -> Option<&Map> {
        match &self.value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The entries of a mapping; none where the node is something else.
    pub fn entries(&self) -> &[Entry] {
        self.as_map().map_or(&[], Map::entries)
    }

    /// The value of a key, where the node is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_map()?.get(key)
    }

    /// The node at a path like `exporters::awsemf::metric_declarations::0`; an empty path is the node itself.
    pub fn at(&self, path: &str) -> Option<&Node> {
        if path.is_empty() {
            return Some(self);
        }
        path.split("::").try_fold(self, |node, part| match &node.value {
            Value::Map(map) => map.get(part),
            Value::List(list) => list.get(part.parse::<usize>().ok()?),
            _ => None,
        })
    }

    /// The scalar as the text an option of type string takes; `None` for lists and maps that were not expanded.
    pub fn text(&self) -> Option<&str> {
        match (&self.original, &self.value) {
            (Some(original), _) => Some(original),
            (None, Value::String(text)) => Some(text),
            (None, Value::Bool(true)) => Some("true"),
            (None, Value::Bool(false)) => Some("false"),
            _ => None,
        }
    }

    /// The value in a few words, for a fault: `the number 5`, `a list`; of an expanded one the reference.
    pub fn describe(&self) -> String {
        if let Some(written) = &self.written {
            return match &self.value {
                Value::Null => "nothing".to_owned(),
                Value::List(_) => format!("a list behind {}", quote(written)),
                Value::Map(_) => format!("a map behind {}", quote(written)),
                _ => format!("the value of {}", quote(written)),
            };
        }
        match &self.value {
            Value::Null => "nothing".to_owned(),
            Value::Bool(value) => format!("the boolean {value}"),
            Value::Int(value) => format!("the number {value}"),
            Value::Float(value) => match &self.original {
                Some(text) => format!("the number {text}"),
                None => format!("the number {value}"),
            },
            Value::String(text) => format!("the text {}", quote(text)),
            Value::List(_) => "a list".to_owned(),
            Value::Map(_) => "a map".to_owned(),
        }
    }
}

/// A text in quotes, as messages show it: no secret of a URL, and no more than 60 characters.
pub fn quote(text: &str) -> String {
    let text = hide_urls(text);
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

/// The path of a key below a path; the root's path is empty.
pub fn join(path: &str, key: &str) -> String {
    match path {
        "" => key.to_owned(),
        path => format!("{path}::{key}"),
    }
}
