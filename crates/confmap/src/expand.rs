//! References in values: `${env:NAME}`, `${NAME}`, `${env:NAME:-default}`, `${file:path}`, `${yaml:…}`, and `$$`.
//!
//! As in the collector: a value that is one reference takes the type its text has as YAML and keeps the text for
//! options that are text; within a longer text it is inserted. Results are expanded again. Everything is bounded.

use std::sync::Arc;

use crate::fault::{Fault, Faults};
use crate::node::{Location, Node, Value, join};
use crate::source::{self, Environment, Fetched, SourceError};
use crate::yaml;

/// How often one text may be expanded, its results included.
const LEVELS: usize = 1000;

/// How many references a whole configuration may follow.
const REFERENCES: usize = 20_000;

/// How long one text may become, in bytes.
const LENGTH: usize = 4 << 20;

/// How much text all references together may bring, in bytes.
const TOTAL: usize = 64 << 20;

/// Expands every value of a tree; faults and warnings carry the place of the reference.
pub(crate) fn expand(root: Node, environment: Environment<'_>, faults: &mut Faults) -> Node {
    let mut expander = Expander { environment, faults, references: 0, total: 0, exhausted: false, written: None };
    expander.node(root, "", 0)
}

struct Expander<'e> {
    environment: Environment<'e>,
    faults: &'e mut Faults,
    references: usize,
    total: usize,
    /// A bound was reached, and said so once.
    exhausted: bool,
    /// What was written in the place of the expanded list or map that lies around the value.
    written: Option<Arc<str>>,
}

impl Expander<'_> {
    fn node(&mut self, node: Node, path: &str, depth: usize) -> Node {
        if depth > yaml::DEPTH_LIMIT {
            self.exhaust(path, &node.location, format!("nested deeper than {} levels", yaml::DEPTH_LIMIT));
            return Node::new(Value::Null, node.location);
        }
        let Node { value, location, original, .. } = node;
        let value = match value {
            Value::String(text) => return self.text(text, original, location, path, depth),
            Value::List(items) => Value::List(
                items
                    .into_iter()
                    .enumerate()
                    .map(|(index, item)| self.node(item, &join(path, &index.to_string()), depth + 1))
                    .collect(),
            ),
            Value::Map(mut map) => {
                for entry in map.entries_mut() {
                    let placeholder = Node::new(Value::Null, entry.location.clone());
                    let value = std::mem::replace(&mut entry.value, placeholder);
                    entry.value = self.node(value, &join(path, &entry.key), depth + 1);
                }
                Value::Map(map)
            }
            value => value,
        };
        Node { value, location, original, written: self.written.clone() }
    }

    fn text(
        &mut self,
        mut text: String,
        mut original: Option<Box<str>>,
        location: Location,
        path: &str,
        depth: usize,
    ) -> Node {
        let mut levels = 0;
        let mut written = self.written.clone();
        while let Some((start, end)) = find_reference(&text) {
            levels += 1;
            if levels > LEVELS {
                self.fault(path, &location, "too many recursive expansions");
                return Node::new(Value::Null, location);
            }
            // From there on the text was not written by the configuration's author.
            let outside = written.is_some();
            if !outside {
                written = Some(Arc::from(text.as_str()));
            }
            let Some(fetched) = self.fetch(&text[start..end], outside, path, &location) else {
                return Node::new(Value::Null, location);
            };
            let value = read_value(&fetched);
            if start == 0 && end == text.len() {
                text = fetched.text;
                match value {
                    None | Some(Node { value: Value::String(_), .. }) => original = Some(text.as_str().into()),
                    Some(Node { value, .. }) => {
                        self.total = self.total.saturating_add(cost(&value));
                        let original = Some(unescape(&text).into());
                        let around = std::mem::replace(&mut self.written, written.clone());
                        let node = self.node(Node { value, location, original, written }, path, depth);
                        self.written = around;
                        return node;
                    }
                }
                continue;
            }
            if let Some(Node { value: Value::List(_) | Value::Map(_), .. }) = value {
                let message =
                    format!("{} is a list or a map, which can't stand within a longer text", &text[start..end]);
                self.fault(path, &location, message);
                return Node::new(Value::Null, location);
            }
            text.replace_range(start..end, &fetched.text);
            original = None;
            if text.len() > LENGTH {
                self.fault(path, &location, format!("expands to more than {} MiB", LENGTH >> 20));
                return Node::new(Value::Null, location);
            }
        }
        let text = if text.contains("$$") { unescape(&text) } else { text };
        let original = original.map(|_| text.as_str().into());
        Node { value: Value::String(text), location, original, written }
    }

    /// The text a reference stands for; `None` after a fault.
    ///
    /// A reference from `outside`, read out of a variable or a file, may be part of a secret: messages don't show it.
    fn fetch(&mut self, reference: &str, outside: bool, path: &str, location: &Location) -> Option<Fetched> {
        self.references += 1;
        if self.exhausted || self.references > REFERENCES || self.total > TOTAL {
            self.exhaust(path, location, "too many references, or too much text behind them");
            return None;
        }
        match resolve(&reference[2..reference.len() - 1], self.environment) {
            Ok(fetched) => {
                self.total = self.total.saturating_add(fetched.text.len());
                if let Some(name) = &fetched.unset {
                    let message = match outside {
                        false => format!("Configuration references unset environment variable {name}"),
                        true => "Configuration references unset environment variable from within a value".to_owned(),
                    };
                    self.faults.push_warning(Fault {
                        path: path.to_owned(),
                        location: Some(location.clone()),
                        message,
                    });
                }
                Some(fetched)
            }
            Err(error) if !outside => {
                self.fault(path, location, error.to_string());
                None
            }
            Err(_) => {
                let message = "the value holds a reference that can't be followed; $$ is a plain dollar";
                self.fault(path, location, message);
                None
            }
        }
    }

    /// Adds the fault of a bound, once; what follows from it stays silent.
    fn exhaust(&mut self, path: &str, location: &Location, message: impl Into<String>) {
        if !std::mem::replace(&mut self.exhausted, true) {
            self.fault(path, location, message);
        }
    }

    fn fault(&mut self, path: &str, location: &Location, message: impl Into<String>) {
        self.faults.push(Fault { path: path.to_owned(), location: Some(location.clone()), message: message.into() });
    }
}

/// What a value costs in memory, about, in bytes beside its text.
fn cost(value: &Value) -> usize {
    let below: usize = match value {
        Value::List(items) => items.iter().map(|item| cost(&item.value)).sum(),
        Value::Map(map) => map.entries().iter().map(|entry| 64 + entry.key.len() + cost(&entry.value.value)).sum(),
        Value::String(text) => text.len(),
        _ => 0,
    };
    64 + below
}

/// The text behind the inside of `${…}`; without a scheme it names a variable.
fn resolve(inside: &str, environment: Environment<'_>) -> Result<Fetched, SourceError> {
    match source::split_scheme(inside) {
        // `${NAME:-default}` reads as a scheme, and is meant as a shell means it.
        Some((_, opaque)) if opaque.starts_with('-') => source::read_variable(inside, environment),
        Some((scheme, opaque)) => {
            let mut fetched = source::fetch(scheme, opaque, environment)?;
            if scheme == "file" {
                // A file's last line feed ends its line and is no part of a token or a name.
                fetched.text.truncate(fetched.text.trim_end_matches(['\n', '\r']).len());
            }
            Ok(fetched)
        }
        None => source::read_variable(inside, environment),
    }
}

/// The text as YAML; `None` where it is none, and then it counts as it is.
fn read_value(fetched: &Fetched) -> Option<Node> {
    let mut faults = Faults::new();
    yaml::parse(&fetched.text, &fetched.name, &mut faults).filter(|_| faults.is_empty())
}

/// The first reference to expand: the innermost one before the first closing brace, unless it is escaped.
///
/// A dollar before `${` escapes it; of several, each pair is an escaped dollar.
fn find_reference(text: &str) -> Option<(usize, usize)> {
    let mut from = 0;
    loop {
        let end = from + text[from..].find('}')? + 1;
        if let Some(start) = text[from..end].rfind("${").map(|at| from + at) {
            let dollars = text[from..start].bytes().rev().take_while(|b| *b == b'$').count();
            if dollars % 2 == 0 {
                return Some((start, end));
            }
        }
        from = end;
    }
}

/// `$$` as `$`.
fn unescape(text: &str) -> String {
    text.replace("$$", "$")
}

#[cfg(test)]
mod tests;
