//! YAML text to a tree, by YAML 1.2 with its core schema.
//!
//! Only the first document counts. Anchors, aliases and merge keys (`<<`) work; copies through aliases are bounded, so
//! that a few lines can't grow into gigabytes. `::` in a key parts a path, except inside lists, as in the collector.

mod indentation;
mod keys;
mod scalar;

use std::collections::HashMap;
use std::sync::Arc;

use granit_parser::{Event, Parser, ScalarStyle, Span, StrInput, Tag};

use crate::fault::{Fault, Faults};
use crate::node::{Entry, Location, Node, Value, join};
use keys::MapBuilder;

/// How deep maps and lists may lie in each other.
pub(crate) const DEPTH_LIMIT: usize = 128;

/// How much a document may hold, counted in scalars, maps and lists, and long texts once more for every 32 bytes.
const WEIGHT_LIMIT: usize = 400_000;

/// How long a key may be, in bytes.
const KEY_LIMIT: usize = 1024;

/// Reads a document; `None` after adding a fault where it can't be read at all.
///
/// Duplicate keys and the like are added to `faults` too, but reading goes on past them. An empty document is null.
pub fn parse(text: &str, source: &Arc<str>, faults: &mut Faults) -> Option<Node> {
    parse_at(text, source, "", faults)
}

/// [`parse`] of a value that stands at `path`, for the paths of its faults.
pub(crate) fn parse_at(text: &str, source: &Arc<str>, path: &str, faults: &mut Faults) -> Option<Node> {
    let parser = Parser::new_from_str(text);
    let mut builder = Builder { parser, text, source, faults, anchors: HashMap::new(), size: 0, kept: 0 };
    builder.document(path).ok()
}

/// Every document of a text, as far as they can be read; empty ones are left out.
pub(crate) fn documents(text: &str, source: &Arc<str>) -> Vec<Node> {
    let mut faults = Faults::new();
    let parser = Parser::new_from_str(text);
    let mut builder = Builder { parser, text, source, faults: &mut faults, anchors: HashMap::new(), size: 0, kept: 0 };
    let mut documents = Vec::new();
    while let Ok((event, span)) = builder.next() {
        match event {
            Event::StreamEnd => break,
            Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd => builder.anchors.clear(),
            event => match builder.node(event, span, Place { path: "", depth: 0, in_list: true }) {
                Ok(node) if node.is_null() => {}
                Ok(node) => documents.push(node),
                Err(Stop) => break,
            },
        }
    }
    documents
}

/// Reading can't go on; the fault has been added.
struct Stop;

struct Builder<'a> {
    parser: Parser<'a, StrInput<'a>>,
    text: &'a str,
    source: &'a Arc<str>,
    faults: &'a mut Faults,
    anchors: HashMap<usize, Anchored>,
    /// The size of the tree so far, in units of the weight limit.
    size: usize,
    /// The size of the copies kept for aliases: anchors inside anchors are as good at growing as aliases are.
    kept: usize,
}

/// What aliases refer to.
struct Anchored {
    node: Node,
    size: usize,
    height: usize,
}

/// Where the node being read stands in the tree.
#[derive(Clone, Copy)]
struct Place<'p> {
    path: &'p str,
    depth: usize,
    in_list: bool,
}

impl<'a> Builder<'a> {
    fn document(&mut self, path: &str) -> Result<Node, Stop> {
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamStart | Event::DocumentStart(..) => {}
                Event::StreamEnd | Event::DocumentEnd => return Ok(Node::new(Value::Null, self.location(&span))),
                event => {
                    let node = self.node(event, span, Place { path, depth: 0, in_list: false })?;
                    return self.end(path).map(|()| node);
                }
            }
        }
    }

    /// What follows in the same document makes all of it invalid; later documents don't count.
    fn end(&mut self, path: &str) -> Result<(), Stop> {
        let (event, span) = self.next()?;
        let closed = event == Event::DocumentEnd && span.start != span.end;
        if event == Event::StreamEnd {
            return Ok(());
        }
        if closed {
            if let Some(Ok((Event::DocumentStart(..), span))) = self.parser.next_event() {
                self.pass_over(&span);
            }
            return Ok(());
        }
        let (event, span) = self.next()?;
        match event {
            Event::StreamEnd => Ok(()),
            Event::DocumentStart(true, _) => {
                self.pass_over(&span);
                Ok(())
            }
            _ => {
                let location = self.location(&span);
                Err(self.stop(path, location, "not valid YAML: more follows behind the value"))
            }
        }
    }

    /// Tells of a document that doesn't count, unless it is empty.
    fn pass_over(&mut self, start: &Span) {
        let empty = match self.parser.next_event() {
            Some(Ok((Event::Scalar(text, ScalarStyle::Plain, ..), span))) => text.is_empty() || span.start == span.end,
            Some(Ok((Event::StreamEnd, _))) | None => true,
            _ => false,
        };
        if !empty {
            let message = "a second document begins here and is ignored, as in the collector".to_owned();
            let location = Some(self.location(start));
            self.faults.push_warning(Fault { path: String::new(), location, message });
        }
    }

    fn next(&mut self) -> Result<(Event<'a>, Span), Stop> {
        match self.parser.next_event() {
            Some(Ok(next)) => Ok(next),
            Some(Err(error)) => {
                let at = *error.marker();
                let location = self.location(&Span::new(at, at));
                let words = indentation::words(self.text, at.line());
                let words = words.unwrap_or_else(|| format!("{}, at column {}", error.info(), at.col() + 1));
                Err(self.stop("", location, format!("not valid YAML: {words}")))
            }
            None => Err(self.stop("", Location::of_source(self.source), "not valid YAML: the text ends early")),
        }
    }

    fn stop(&mut self, path: &str, location: Location, message: impl Into<String>) -> Stop {
        self.faults.push(Fault { path: path.to_owned(), location: Some(location), message: message.into() });
        Stop
    }

    fn location(&self, span: &Span) -> Location {
        let number = |number: usize| u32::try_from(number).unwrap_or(0);
        let (start, end) = (span.start, span.end);
        let length = if start.line() == end.line() { end.col().saturating_sub(start.col()) } else { 0 };
        let column = number(start.col() + 1);
        Location { source: self.source.clone(), line: number(start.line()), column, length: number(length) }
    }

    /// Reads one node, whose first event has been taken.
    fn node(&mut self, event: Event<'a>, span: Span, place: Place<'_>) -> Result<Node, Stop> {
        let location = self.location(&span);
        if place.depth > DEPTH_LIMIT {
            return Err(self.stop(place.path, location, format!("nested deeper than {DEPTH_LIMIT} levels")));
        }
        let before = self.size;
        let (node, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.weigh(1 + text.len() / 32, place.path, &location)?;
                (self.scalar(&text, style, tag.as_deref(), location, place.path), anchor)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.weigh(1, place.path, &location)?;
                self.check_tag(tag.as_deref(), "seq", place.path, &location);
                (self.list(location, place)?, anchor)
            }
            Event::MappingStart(_, anchor, tag) => {
                self.weigh(1, place.path, &location)?;
                self.check_tag(tag.as_deref(), "map", place.path, &location);
                (self.map(location, place)?, anchor)
            }
            Event::Alias(id) => (self.alias(id, place, location)?, 0),
            _ => return Err(self.stop(place.path, location, "not valid YAML: a value is missing")),
        };
        if anchor != 0 {
            let location = node.location.clone();
            self.keep(anchor, node.clone(), self.size - before, place.path, &location)?;
        }
        Ok(node)
    }

    /// A copy of what an alias refers to.
    fn alias(&mut self, id: usize, place: Place<'_>, location: Location) -> Result<Node, Stop> {
        let Some(Anchored { size, height, .. }) = self.anchors.get(&id) else {
            return Err(self.stop(place.path, location, "the alias stands inside what it refers to"));
        };
        let (size, height) = (*size, *height);
        if place.depth + height > DEPTH_LIMIT {
            return Err(self.stop(place.path, location, format!("nested deeper than {DEPTH_LIMIT} levels")));
        }
        self.weigh(size, place.path, &location)?;
        Ok(self.anchors.get(&id).map_or(Node::new(Value::Null, location), |anchored| anchored.node.clone()))
    }

    /// The text an alias in a key's place refers to.
    fn anchored_text(&self, id: usize) -> Option<String> {
        self.anchors.get(&id).and_then(|anchored| anchored.node.text()).map(str::to_owned)
    }

    fn weigh(&mut self, size: usize, path: &str, location: &Location) -> Result<(), Stop> {
        self.size = self.size.saturating_add(size);
        self.check_weight(path, location)
    }

    /// Keeps a copy for aliases.
    fn keep(&mut self, anchor: usize, node: Node, size: usize, path: &str, location: &Location) -> Result<(), Stop> {
        self.kept = self.kept.saturating_add(size);
        self.check_weight(path, location)?;
        let height = height(&node);
        self.anchors.insert(anchor, Anchored { node, size, height });
        Ok(())
    }

    fn check_weight(&mut self, path: &str, location: &Location) -> Result<(), Stop> {
        if self.size.saturating_add(self.kept) > WEIGHT_LIMIT {
            return Err(self.stop(path, location.clone(), "too many values; aliases multiply them"));
        }
        Ok(())
    }

    fn list(&mut self, location: Location, place: Place<'_>) -> Result<Node, Stop> {
        let mut items = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::SequenceEnd {
                return Ok(Node::new(Value::List(items), location));
            }
            let path = join(place.path, &items.len().to_string());
            items.push(self.node(event, span, Place { path: &path, depth: place.depth + 1, in_list: true })?);
        }
    }

    fn map(&mut self, location: Location, place: Place<'_>) -> Result<Node, Stop> {
        let mut map = MapBuilder::new(place.path);
        loop {
            let (event, span) = self.next()?;
            let key_location = self.location(&span);
            let (key, merges) = match event {
                Event::MappingEnd => return Ok(Node::new(Value::Map(map.finish(self.faults)), location)),
                Event::Scalar(text, style, anchor, _) => {
                    self.weigh(1 + text.len() / 32, place.path, &key_location)?;
                    if text.len() > KEY_LIMIT {
                        let message = format!("a key is longer than {KEY_LIMIT} bytes");
                        return Err(self.stop(place.path, key_location, message));
                    }
                    let merges = style == ScalarStyle::Plain && text == "<<";
                    if anchor != 0 {
                        let key = Node::new(Value::String(text.to_string()), key_location.clone());
                        self.keep(anchor, key, 1 + text.len() / 32, place.path, &key_location)?;
                    }
                    (Some(text.into_owned()), merges)
                }
                Event::Alias(id) if self.anchored_text(id).is_some() => (self.anchored_text(id), false),
                // The value is read all the same, so that faults behind this one are told too.
                event => {
                    self.node(event, span, Place { path: place.path, depth: place.depth + 1, in_list: true })?;
                    self.faults.push(Fault {
                        path: place.path.to_owned(),
                        location: Some(key_location.clone()),
                        message: "a key must be a plain text".to_owned(),
                    });
                    (None, false)
                }
            };
            let path = join(place.path, key.as_deref().unwrap_or("?"));
            // `a::b::c` lies three levels deep.
            let steps = 1 + key.as_deref().map_or(0, |key| key.matches("::").count());
            let below = Place { path: &path, depth: place.depth + steps, in_list: place.in_list };
            let (event, span) = self.next()?;
            // A value that is left out has no line of its own, and a block of text begins behind its key's.
            let at_key = match &event {
                Event::Scalar(text, ScalarStyle::Plain, ..) => text.is_empty(),
                Event::Scalar(_, style, ..) => matches!(style, ScalarStyle::Literal | ScalarStyle::Folded),
                _ => false,
            };
            let mut value = self.node(event, span, below)?;
            if at_key {
                value.location = key_location.clone();
            }
            match key {
                Some(_) if merges => map.merge(value, self.faults),
                Some(key) => {
                    let entry = Entry { key, location: key_location, value };
                    map.add(entry, !place.in_list, self.faults);
                }
                None => {}
            }
        }
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, tag: Option<&Tag>, at: Location, path: &str) -> Node {
        let value = match tag.map(|tag| (tag, tag.core_suffix())) {
            None if style == ScalarStyle::Plain => scalar::resolve(text),
            None => Value::String(text.to_owned()),
            Some((_, Some("str"))) => Value::String(text.to_owned()),
            Some((_, Some(kind))) => match scalar::resolve_as(text, kind) {
                Some(value) => value,
                None => {
                    let message = format!("{text:?} is no !!{kind}");
                    self.faults.push(Fault { path: path.to_owned(), location: Some(at.clone()), message });
                    Value::Null
                }
            },
            Some((tag, None)) => {
                if tag.original() != "!" {
                    self.unsupported_tag(tag, path, &at);
                }
                Value::String(text.to_owned())
            }
        };
        let original = match value {
            Value::String(_) | Value::Null => None,
            _ => Some(text.into()),
        };
        Node { original, ..Node::new(value, at) }
    }

    fn check_tag(&mut self, tag: Option<&Tag>, expected: &str, path: &str, location: &Location) {
        if let Some(tag) = tag.filter(|tag| tag.core_suffix() != Some(expected) && tag.original() != "!") {
            self.unsupported_tag(tag, path, location);
        }
    }

    fn unsupported_tag(&mut self, tag: &Tag, path: &str, location: &Location) {
        let message = format!("tag {} is not supported", tag.original());
        self.faults.push(Fault { path: path.to_owned(), location: Some(location.clone()), message });
    }
}

/// How many levels lie below a node.
fn height(node: &Node) -> usize {
    match &node.value {
        Value::List(items) => items.iter().map(|item| 1 + height(item)).max().unwrap_or(0),
        Value::Map(map) => map.entries().iter().map(|entry| 1 + height(&entry.value)).max().unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests;
