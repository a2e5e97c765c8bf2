//! Faults of a configuration, collected so that all of them are told in one go.

use std::borrow::Cow;
use std::fmt::{self, Write};
use std::sync::Arc;

use crate::conceal::hide_expanded;
use crate::node::{Location, Node, join};
use crate::urls::hide_urls;

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
            Some(location) => {
                f.write_str(" (")?;
                write_line(f, &location.to_string())?;
                f.write_str(")")
            }
            None => Ok(()),
        }
    }
}

/// Writes text without the line feeds and control characters that a key or a file's name may hold.
fn write_line(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    text.chars().try_for_each(|c| if c.is_control() { write!(f, "{}", c.escape_default()) } else { f.write_char(c) })
}

/// How many faults, and how many warnings, are kept: more are counted only.
const KEPT: usize = 200;
/// How much of a key's path and of a message is kept, in characters: from the middle some is left out.
const PATH: usize = 300;
const MESSAGE: usize = 1200;

/// Every fault found, and what is worth a warning; faults are shown one a line.
///
/// Bounded: after the first 200 of either kind further ones are counted only, and long texts are cut in the middle.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Faults {
    faults: Vec<Fault>,
    warnings: Vec<Fault>,
    /// How many there were beyond those that are kept.
    further: usize,
    further_warnings: usize,
    /// How often something that is costly to check was refused.
    costly: usize,
}

impl Faults {
    /// No fault yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a fault.
    pub fn push(&mut self, fault: Fault) {
        if self.is_full() {
            self.further += 1;
        } else {
            self.faults.push(fault.bounded());
        }
    }

    /// Adds what is worth a word and keeps nothing from working.
    pub fn push_warning(&mut self, warning: Fault) {
        if self.warnings.len() >= KEPT {
            self.further_warnings += 1;
        } else {
            self.warnings.push(warning.bounded());
        }
    }

    /// Adds a fault about a key, at the place the node was written; what the node's reference stands for is hidden.
    pub fn at(&mut self, path: impl Into<String>, node: &Node, message: impl Into<String>) {
        self.push(about(path.into(), node, message.into()));
    }

    /// Adds a warning about a key, as [`at`](Self::at) adds a fault.
    pub fn warn(&mut self, path: impl Into<String>, node: &Node, message: impl Into<String>) {
        self.push_warning(about(path.into(), node, message.into()));
    }

    /// Adds a fault about a key whose value must not be shown.
    pub fn hidden(&mut self, path: impl Into<String>, node: &Node, message: impl Into<String>) {
        let mut fault = about(path.into(), node, message.into());
        fault.location = Some(node.location.hidden());
        self.push(fault);
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
        self.push(Fault { path: path.into(), location: None, message: message.into() });
    }

    /// Takes over another collection's faults and warnings.
    pub fn extend(&mut self, other: Faults) {
        let (further, further_warnings) = (other.further, other.further_warnings);
        other.faults.into_iter().for_each(|fault| self.push(fault));
        other.warnings.into_iter().for_each(|warning| self.push_warning(warning));
        self.further += further;
        self.further_warnings += further_warnings;
    }

    /// Whether nothing was wrong.
    pub fn is_empty(&self) -> bool {
        self.faults.is_empty()
    }

    /// How many faults there are, those included that are only counted.
    pub fn len(&self) -> usize {
        self.faults.len() + self.further
    }

    /// Whether further faults are only counted, so that no suggestion need be computed.
    pub fn is_full(&self) -> bool {
        self.faults.len() >= KEPT
    }

    /// How many faults are not kept.
    pub fn further(&self) -> usize {
        self.further
    }

    /// Counts a refusal that was costly to find, and says whether there were so many that looking for more is no use.
    pub fn costly(&mut self, refused: bool) -> bool {
        self.costly += usize::from(refused);
        self.costly >= COSTLY
    }

    /// The faults, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Fault> {
        self.faults.iter()
    }

    /// The warnings, in order, and how many more there were.
    pub fn warnings(&self) -> (&[Fault], usize) {
        (&self.warnings, self.further_warnings)
    }

    /// The warnings by value; the faults stay.
    pub fn take_warnings(&mut self) -> Vec<Fault> {
        std::mem::take(&mut self.warnings)
    }

    /// Puts faults and warnings in the order of their sources, and in each by line.
    ///
    /// Those without a place come first; equal places keep their order.
    pub fn sort_by_place(&mut self, sources: &[Arc<str>]) {
        let rank = |fault: &Fault| {
            let place = fault.location.as_ref()?;
            let source = sources.iter().position(|source| Arc::ptr_eq(source, &place.source));
            Some((source.unwrap_or(sources.len()), place.line, place.column))
        };
        self.faults.sort_by_key(rank);
        self.warnings.sort_by_key(rank);
    }

    /// `value` if nothing was wrong, else every fault.
    pub fn into_result<T>(self, value: T) -> Result<T, Faults> {
        if self.is_empty() { Ok(value) } else { Err(self) }
    }
}

/// After so many refusals of what is costly to check nothing costly is checked any more.
const COSTLY: usize = 4;

fn about(path: String, node: &Node, message: String) -> Fault {
    Fault { path, location: Some(node.location.clone()), message: hide_expanded(message, node) }
}

impl Fault {
    /// The same without secrets of URLs, and with the middle of a long text cut.
    fn bounded(self) -> Self {
        let message = match hide_urls(&self.message) {
            Cow::Owned(hidden) => hidden,
            Cow::Borrowed(_) => self.message,
        };
        Self { path: cut(self.path, PATH), location: self.location, message: cut(message, MESSAGE) }
    }
}

/// A text of so many characters at most: of a longer one the middle is left out, since reasons stand at the end.
fn cut(text: String, most: usize) -> String {
    // Characters have a byte or more.
    if text.len() <= most || text.chars().count() <= most {
        return text;
    }
    let half = most / 2;
    let start = text.char_indices().nth(half).map_or(0, |(at, _)| at);
    let end = text.char_indices().nth_back(half - 1).map_or(text.len(), |(at, _)| at);
    format!("{} … {}", &text[..start], &text[end..])
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            fault.fmt(f)?;
        }
        if self.further > 0 {
            write!(f, "\n{} further faults are not shown", self.further)?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

impl IntoIterator for Faults {
    type Item = Fault;
    type IntoIter = std::vec::IntoIter<Fault>;

    fn into_iter(self) -> Self::IntoIter {
        self.faults.into_iter()
    }
}

impl<'a> IntoIterator for &'a Faults {
    type Item = &'a Fault;
    type IntoIter = std::slice::Iter<'a, Fault>;

    fn into_iter(self) -> Self::IntoIter {
        self.faults.iter()
    }
}
