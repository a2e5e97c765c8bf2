//! Faults of a configuration, collected so that all of them are told in one go.

use std::fmt::{self, Write};

use crate::node::{Location, Node, Value, join};

/// One thing wrong with the configuration, or one warning about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The key it is about, as `exporters::awsemf::timeout`; empty where it concerns a whole source.
    pub path: String,
    /// Where it was written; `None` where nothing was written, such as a key that is missing.
    pub location: Option<Location>,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write_line(f, &self.path)?;
            f.write_str(": ")?;
        }
        write_line(f, &self.message)?;
        match &self.location {
            Some(location) => write!(f, " ({location})"),
            None => Ok(()),
        }
    }
}

/// Writes text without the line feeds and control characters that a key may hold.
fn write_line(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    text.chars().try_for_each(|c| if c.is_control() { write!(f, "{}", c.escape_default()) } else { f.write_char(c) })
}

/// Every fault found; shown one a line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// No fault yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a fault.
    pub fn push(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    /// Adds a fault about a key, at the place the node was written.
    pub fn at(&mut self, path: impl Into<String>, node: &Node, message: impl Into<String>) {
        self.0.push(Fault { path: path.into(), location: Some(node.location.clone()), message: message.into() });
    }

    /// Adds a fault about a key that may not have been written, such as a combination of options.
    ///
    /// `key` is the path within `block` (`kubelet::endpoint`); the fault points at its line, or where it is absent at
    /// the line of the closest block around it that was written.
    pub fn within(&mut self, path: &str, block: &Node, key: &str, message: impl Into<String>) {
        let mut closest = block;
        for part in key.split("::") {
            match closest.at(part) {
                Some(node) => closest = node,
                None => break,
            }
        }
        self.at(join(path, key), closest, message);
    }

    /// Adds a fault about a key without a place.
    pub fn missing(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.0.push(Fault { path: path.into(), location: None, message: message.into() });
    }

    /// Takes over another collection's faults.
    pub fn extend(&mut self, other: Faults) {
        self.0.extend(other.0);
    }

    /// Whether nothing was wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many faults there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The faults, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Fault> {
        self.0.iter()
    }

    /// Puts the faults in the order their keys stand in the document.
    ///
    /// A fault about a key that is not there follows what its closest written block says of itself. Faults about
    /// whole sources come first; equal places keep their order.
    pub fn sort_by_document(&mut self, root: &Node) {
        self.0.sort_by_cached_key(|fault| position(root, &fault.path));
    }

    /// `value` if nothing was wrong, else every fault.
    pub fn into_result<T>(self, value: T) -> Result<T, Faults> {
        if self.is_empty() { Ok(value) } else { Err(self) }
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            fault.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

impl IntoIterator for Faults {
    type Item = Fault;
    type IntoIter = std::vec::IntoIter<Fault>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Faults {
    type Item = &'a Fault;
    type IntoIter = std::slice::Iter<'a, Fault>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

/// The child numbers on the way to a path, as far as it exists.
fn position(root: &Node, path: &str) -> Vec<usize> {
    let mut position = Vec::new();
    let mut node = root;
    for part in path.split("::").filter(|part| !part.is_empty()) {
        let found = match &node.value {
            Value::Map(map) => {
                map.entries().iter().enumerate().find(|(_, e)| e.key == part).map(|(i, e)| (i, &e.value))
            }
            Value::List(list) => part.parse::<usize>().ok().and_then(|i| Some((i, list.get(i)?))),
            _ => None,
        };
        let Some((index, child)) = found else { break };
        position.push(index);
        node = child;
    }
    position
}
