//! The filter: one document, in any pieces.

use serde::de::Error as _;

use super::grammar::{State, plain};
use super::labels::{LabelRules, Labels};
use super::output::Output;
use super::piece::Piece;
use super::{DEEPEST, Shape};
use crate::error::ParseError;

mod shaping;
mod values;

/// An item of a list.
#[derive(Debug)]
pub(crate) struct Item<'a> {
    /// Condensed JSON; meaningless where the item is too large.
    pub(crate) json: &'a [u8],
    /// More than [`super::LARGEST_OBJECT`] would have to be kept.
    pub(crate) is_too_large: bool,
    /// What became of its labels, where not all of them are in the JSON.
    pub(crate) labels: Option<Labels>,
}

/// Where a piece of a document ends early: at an item of the list that is given item by item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edge {
    /// An item or the list's end follows.
    Before,
    /// An item has ended.
    After,
}

/// Keeps what a shape names of one document.
#[derive(Debug)]
pub(crate) struct Filter {
    shape: &'static Shape,
    rules: LabelRules,
    state: State,
    /// Open lists and objects.
    depth: u32,
    /// Which of them are objects, the innermost in the lowest bit.
    objects: u128,
    /// Of those that are looked into, the innermost last.
    frames: Vec<Frame>,
    mode: Mode,
    /// What the next value is to be reduced to.
    next: Option<&'static Shape>,
    /// Where the present string goes.
    text: Target,
    /// Whether the present string is a key.
    is_key: bool,
    key: Piece,
    value: Piece,
    /// The labels of the present item, once they don't simply pass.
    labels: Option<Labels>,
    output: Output,
    edge: Option<Edge>,
    bytes: u64,
}

#[derive(Debug, Clone, Copy)]
struct Frame {
    shape: &'static Shape,
    /// Where its first member stands in the output.
    start: usize,
    has_members: bool,
}

/// What becomes of the present value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// It is looked into.
    Look,
    /// It is kept, until this depth is reached again.
    Keep(u32),
    /// It is passed over, until this depth is reached again.
    Skip(u32),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Nothing,
    Output,
    Key,
    Value,
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}

impl Filter {
    /// A filter of one document; `limit` is the most that is kept of it beside the items of a [`Shape::Each`].
    pub(crate) fn new(shape: &'static Shape, rules: LabelRules, limit: usize) -> Self {
        Self {
            shape,
            rules,
            state: State::Value,
            depth: 0,
            objects: 0,
            frames: Vec::new(),
            mode: Mode::Look,
            next: Some(shape),
            text: Target::Nothing,
            is_key: false,
            key: Piece::default(),
            value: Piece::default(),
            labels: None,
            output: Output::new(limit),
            edge: None,
            bytes: 0,
        }
    }

    /// Begins another document, with the buffers of the last.
    pub(crate) fn restart(&mut self) {
        (self.state, self.depth, self.objects, self.mode) = (State::Value, 0, 0, Mode::Look);
        self.frames.clear();
        (self.next, self.text, self.labels) = (Some(self.shape), Target::Nothing, None);
        self.bytes = 0;
        self.output.restart();
    }

    /// Whether nothing has come but blanks.
    pub(crate) fn is_blank(&self) -> bool {
        self.state == State::Value && self.depth == 0
    }

    /// Takes the next bytes, and gives each item that ends in them to `each`. After an error discard the document.
    pub(crate) fn push(&mut self, chunk: &[u8], each: &mut impl FnMut(Item<'_>)) -> Result<(), ParseError> {
        let mut at = 0;
        while at < chunk.len() {
            at += self.push_to_edge(&chunk[at..], each)?.0;
        }
        Ok(())
    }

    /// As [`Filter::push`], up to the next edge: how many bytes were taken, and which edge it is.
    pub(crate) fn push_to_edge(
        &mut self,
        chunk: &[u8],
        each: &mut impl FnMut(Item<'_>),
    ) -> Result<(usize, Option<Edge>), ParseError> {
        let mut at = 0;
        self.edge = None;
        while at < chunk.len() && self.edge.is_none() {
            if self.state == State::Text {
                let length = plain(&chunk[at..]);
                self.put_text(&chunk[at..at + length]);
                at += length;
                let Some(byte) = chunk.get(at) else { break };
                match byte {
                    b'"' => self.end_text(each),
                    b'\\' => {
                        self.put_text(b"\\");
                        self.state = State::Escape;
                    }
                    _ => return Err(self.unexpected(at)),
                }
                at += 1;
                continue;
            }
            let byte = chunk[at];
            if byte == b' ' && !matches!(self.state, State::Escape | State::Hex(_) | State::Number(_) | State::Word(_))
            {
                at += chunk[at..].iter().take_while(|byte| **byte == b' ').count();
                continue;
            }
            // A number ends with the byte after it, which is then looked at again.
            if self.take(byte, each).ok_or_else(|| self.unexpected(at))? {
                at += 1;
            }
            if self.depth > DEEPEST {
                return Err(ParseError::Depth);
            }
        }
        self.bytes += at as u64;
        Ok((at, self.edge))
    }

    /// Passes over an item of so many bytes that is known from elsewhere; only at [`Edge::Before`].
    pub(crate) fn pass_item(&mut self, bytes: usize) {
        self.state = State::After;
        self.bytes += bytes as u64;
    }

    /// The document is complete: what was kept of it beside its items, and whether that was too large.
    pub(crate) fn finish(&self) -> Result<(&[u8], bool), ParseError> {
        let is_number = matches!(self.state, State::Number(number) if number.is_whole() && self.depth == 0);
        if self.state != State::End && !is_number {
            return Err(ParseError::Truncated { bytes: usize::try_from(self.bytes).unwrap_or(usize::MAX) });
        }
        Ok(self.output.head())
    }

    fn unexpected(&self, at: usize) -> ParseError {
        let byte = self.bytes + at as u64;
        serde_json::Error::custom(format_args!("byte {byte} is not what JSON has there")).into()
    }

    /// Part of a string.
    fn put_text(&mut self, bytes: &[u8]) {
        match self.text {
            Target::Nothing => {}
            Target::Output => self.output.write(bytes),
            Target::Key => self.key.push(bytes),
            Target::Value => self.value.push(bytes),
        }
    }

    /// Part of what is kept whole.
    fn put(&mut self, bytes: &[u8]) {
        if let Mode::Keep(_) = self.mode {
            self.output.write(bytes);
        }
    }
}
