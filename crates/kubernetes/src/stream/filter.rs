//! The filter: one document, in any pieces.

use serde::de::Error as _;

use super::grammar::{Number, State, plain};
use super::labels::{LABEL_BYTES, LabelRules, Labels};
use super::piece::Piece;
use super::{DEEPEST, LARGEST_OBJECT, Shape};
use crate::error::ParseError;
use crate::json::Pairs;

/// The most that is kept of a list beside its items.
pub(crate) const LONGEST_HEAD: usize = 64 << 10;

/// An item of a list.
#[derive(Debug)]
pub(crate) struct Item<'a> {
    /// Condensed JSON; meaningless where the item is too large.
    pub(crate) json: &'a [u8],
    /// More than [`LARGEST_OBJECT`] would have to be kept.
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
    head: Vec<u8>,
    item: Vec<u8>,
    in_item: bool,
    head_is_too_large: bool,
    item_is_too_large: bool,
    edge: Option<Edge>,
    limit: usize,
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
            head: Vec::new(),
            item: Vec::new(),
            in_item: false,
            head_is_too_large: false,
            item_is_too_large: false,
            edge: None,
            limit,
            bytes: 0,
        }
    }

    /// Begins another document, with the buffers of the last.
    pub(crate) fn restart(&mut self) {
        (self.state, self.depth, self.objects, self.mode) = (State::Value, 0, 0, Mode::Look);
        self.frames.clear();
        (self.next, self.text, self.labels) = (Some(self.shape), Target::Nothing, None);
        (self.in_item, self.head_is_too_large, self.bytes) = (false, false, 0);
        self.head.clear();
        self.head.shrink_to(LONGEST_HEAD);
    }

    /// Whether nothing has come but blanks.
    pub(crate) fn is_blank(&self) -> bool {
        self.state == State::Value && self.depth == 0
    }

    /// Takes the next bytes, and gives each item that ends in them to `each`. After an error the document is worth nothing.
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
        Ok((&self.head, self.head_is_too_large))
    }

    fn unexpected(&self, at: usize) -> ParseError {
        let byte = self.bytes + at as u64;
        serde_json::Error::custom(format_args!("byte {byte} is not what JSON has there")).into()
    }

    /// Takes one byte outside a string; false where it has to be taken once more, `None` where the grammar has none such.
    fn take(&mut self, byte: u8, each: &mut impl FnMut(Item<'_>)) -> Option<bool> {
        match self.state {
            State::Escape => {
                self.state = match byte {
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => State::Text,
                    b'u' => State::Hex(4),
                    _ => return None,
                };
                self.put_text(&[byte]);
                return Some(true);
            }
            State::Hex(left) => {
                if !byte.is_ascii_hexdigit() {
                    return None;
                }
                self.put_text(&[byte]);
                self.state = if left == 1 { State::Text } else { State::Hex(left - 1) };
                return Some(true);
            }
            State::Number(number) => {
                match number.next(byte) {
                    Some(next) => {
                        self.put(&[byte]);
                        self.state = State::Number(next);
                        return Some(true);
                    }
                    None if number.is_whole() => self.end_value(each),
                    None => return None,
                }
                return Some(false);
            }
            State::Word(rest) => {
                if byte != rest[0] {
                    return None;
                }
                self.put(&[byte]);
                match &rest[1..] {
                    [] => self.end_value(each),
                    rest => self.state = State::Word(rest),
                }
                return Some(true);
            }
            _ => {}
        }
        if is_blank(byte) {
            return Some(true);
        }
        match (self.state, byte) {
            (State::FirstItem, b']') | (State::FirstKey, b'}') => self.close(byte, each),
            (State::After, b']') if self.objects & 1 == 0 => self.close(byte, each),
            (State::After, b'}') if self.objects & 1 == 1 => self.close(byte, each),
            (State::After, b',') => {
                self.put(b",");
                self.state = if self.objects & 1 == 1 { State::Key } else { State::Value };
                self.next = self.item_shape();
                self.edge = self.is_before_item().then_some(Edge::Before);
            }
            (State::Key | State::FirstKey, b'"') => self.begin_text(true),
            (State::Colon, b':') => {
                self.put(b":");
                self.state = State::Value;
            }
            (State::Value | State::FirstItem, _) => self.begin_value(byte)?,
            _ => return None,
        }
        Some(true)
    }

    /// Begins a key or a text.
    fn begin_text(&mut self, is_key: bool) {
        self.state = State::Text;
        self.is_key = is_key;
        self.text = match (self.mode, is_key) {
            (Mode::Skip(_), _) => Target::Nothing,
            (Mode::Keep(_), _) => {
                self.write(b"\"");
                Target::Output
            }
            (Mode::Look, true) => {
                self.key.clear();
                Target::Key
            }
            (Mode::Look, false) => {
                self.value.clear();
                Target::Value
            }
        };
    }

    fn begin_value(&mut self, byte: u8) -> Option<()> {
        if self.mode == Mode::Look {
            self.look(byte);
        }
        match byte {
            b'{' | b'[' => {
                let is_object = byte == b'{';
                self.put(&[byte]);
                self.depth += 1;
                self.objects = self.objects << 1 | u128::from(is_object);
                self.state = if is_object { State::FirstKey } else { State::FirstItem };
                self.next = self.item_shape();
                self.edge = (!is_object && self.is_before_item()).then_some(Edge::Before);
            }
            b'"' => self.begin_text(false),
            b'-' => self.begin_scalar(byte, State::Number(Number::Minus)),
            b'0' => self.begin_scalar(byte, State::Number(Number::Zero)),
            b'1'..=b'9' => self.begin_scalar(byte, State::Number(Number::Digits)),
            b't' => self.begin_scalar(byte, State::Word(b"rue")),
            b'f' => self.begin_scalar(byte, State::Word(b"alse")),
            b'n' => self.begin_scalar(byte, State::Word(b"ull")),
            _ => return None,
        }
        Some(())
    }

    fn begin_scalar(&mut self, byte: u8, state: State) {
        self.put(&[byte]);
        self.state = state;
    }

    /// Decides what becomes of a value that begins with `byte`, where the list or object around it is looked into.
    fn look(&mut self, byte: u8) {
        let Some(shape) = self.next else {
            self.mode = Mode::Skip(self.depth);
            return;
        };
        let around = self.frames.last().map(|frame| frame.shape);
        if let Some(Shape::Each(_)) = around {
            self.item.clear();
            (self.in_item, self.item_is_too_large, self.labels) = (true, false, None);
        }
        if let (Some(Shape::Labels), true) = (around, self.key.is_too_long && self.labels.is_none()) {
            self.gather(self.frames.last().map_or(0, |frame| frame.start));
        }
        if let (Some(Shape::Labels), Some(labels)) = (around, &mut self.labels) {
            // One by one: what is no text is told by a member that is none.
            if byte == b'"' {
                return;
            }
            if byte != b'n' {
                labels.kept.clear();
                self.comma();
                self.write(b"\"\":0");
            }
            self.mode = Mode::Skip(self.depth);
            return;
        }
        if !matches!(around, Some(Shape::Each(_))) {
            self.comma();
        }
        if let Some(Shape::Members(_) | Shape::Labels) = around {
            self.write(b"\"");
            let key = std::mem::take(&mut self.key);
            self.write(&key.bytes);
            self.key = key;
            self.write(b"\":");
        }
        match (shape, byte) {
            (Shape::Members(_) | Shape::Labels, b'{') | (Shape::Items(_) | Shape::Each(_), b'[') => {
                self.write(&[byte]);
                let start = self.out().len();
                self.frames.push(Frame { shape, start, has_members: false });
                if matches!(shape, Shape::Labels) && self.rules.names.is_some() {
                    self.labels.get_or_insert_default();
                }
            }
            _ => self.mode = Mode::Keep(self.depth),
        }
    }

    /// The shape of the items of the list that is innermost; `None` in an object, until its key is known.
    fn item_shape(&self) -> Option<&'static Shape> {
        match self.frames.last()?.shape {
            Shape::Items(item) | Shape::Each(item) => Some(item),
            _ => None,
        }
    }

    /// Whether the next value is one of those that are given one by one.
    fn is_before_item(&self) -> bool {
        self.mode == Mode::Look && matches!(self.frames.last(), Some(Frame { shape: Shape::Each(_), .. }))
    }

    /// A comma before all members but the first.
    fn comma(&mut self) {
        if let Some(frame) = self.frames.last_mut()
            && std::mem::replace(&mut frame.has_members, true)
        {
            self.write(b",");
        }
    }

    fn end_text(&mut self, each: &mut impl FnMut(Item<'_>)) {
        if self.text == Target::Output {
            self.write(b"\"");
        }
        if !self.is_key {
            if self.text == Target::Value {
                self.add_label();
            }
            return self.end_value(each);
        }
        self.state = State::Colon;
        if self.text == Target::Key {
            self.next = match self.frames.last().map(|frame| frame.shape) {
                Some(Shape::Members(members)) => self.member(members),
                Some(Shape::Labels) => Some(&Shape::Whole),
                _ => None,
            };
        }
    }

    /// What is wanted of the member whose key was just read.
    fn member(&self, members: &'static [(&'static str, Shape)]) -> Option<&'static Shape> {
        if self.key.is_too_long {
            return None;
        }
        let find = |key: &[u8]| members.iter().find(|(name, _)| name.as_bytes() == key).map(|(_, shape)| shape);
        if self.key.bytes.contains(&b'\\') { find(self.key.text()?.as_bytes()) } else { find(&self.key.bytes) }
    }

    /// A label that doesn't simply pass.
    fn add_label(&mut self) {
        let Some(labels) = &mut self.labels else { return };
        match (self.key.text(), self.value.text()) {
            (Some(name), Some(value)) => labels.add(name, value, &self.rules),
            _ => labels.add_endless(),
        }
    }

    fn close(&mut self, byte: u8, each: &mut impl FnMut(Item<'_>)) {
        if self.mode == Mode::Look {
            let frame = self.frames.pop();
            if frame.is_some_and(|frame| matches!(frame.shape, Shape::Labels)) {
                self.write_labels();
            }
            self.write(&[byte]);
        } else {
            self.put(&[byte]);
        }
        self.depth -= 1;
        self.objects >>= 1;
        self.end_value(each);
    }

    /// Writes the labels that are kept, where they don't simply pass.
    fn write_labels(&mut self) {
        let Some(labels) = &mut self.labels else { return };
        let quoted = |text: &str| serde_json::to_string(text).expect("a text is JSON");
        for (number, (name, value)) in std::mem::take(&mut labels.kept).into_iter().enumerate() {
            let comma = if number == 0 { "" } else { "," };
            self.write(format!("{comma}{}:{}", quoted(&name), quoted(&value)).as_bytes());
        }
    }

    fn end_value(&mut self, each: &mut impl FnMut(Item<'_>)) {
        self.state = if self.depth == 0 { State::End } else { State::After };
        match self.mode {
            Mode::Keep(depth) | Mode::Skip(depth) if depth == self.depth => self.mode = Mode::Look,
            Mode::Look => {}
            _ => return,
        }
        let Some(frame) = self.frames.last() else { return };
        match frame.shape {
            Shape::Each(_) => {
                self.in_item = false;
                self.edge = Some(Edge::After);
                let labels = self.labels.take();
                each(Item { json: &self.item, is_too_large: self.item_is_too_large, labels });
                self.item.clear();
                self.item.shrink_to(LONGEST_HEAD);
            }
            Shape::Labels if self.labels.is_none() && self.out().len() - frame.start > LABEL_BYTES => {
                self.gather(frame.start);
            }
            _ => {}
        }
    }

    /// Takes back the labels that passed so far, which are more than may be kept: from here on they go one by one.
    fn gather(&mut self, start: usize) {
        let rules = self.rules.clone();
        let json = [b"{", &self.out()[start..], b"}"].concat();
        let labels = self.labels.insert(Labels::default());
        // What is no text stays, and its reader refuses the pod for it.
        if let Ok(pairs) = serde_json::from_slice::<Pairs<'_>>(&json) {
            pairs.0.into_iter().for_each(|(name, value)| labels.add(name.0, value.0, &rules));
            self.out_mut().truncate(start);
        }
    }

    fn out(&self) -> &Vec<u8> {
        if self.in_item { &self.item } else { &self.head }
    }

    fn out_mut(&mut self) -> &mut Vec<u8> {
        if self.in_item { &mut self.item } else { &mut self.head }
    }

    /// Part of a string.
    fn put_text(&mut self, bytes: &[u8]) {
        match self.text {
            Target::Nothing => {}
            Target::Output => self.write(bytes),
            Target::Key => self.key.push(bytes),
            Target::Value => self.value.push(bytes),
        }
    }

    /// Part of what is kept whole.
    fn put(&mut self, bytes: &[u8]) {
        if let Mode::Keep(_) = self.mode {
            self.write(bytes);
        }
    }

    fn write(&mut self, bytes: &[u8]) {
        let (out, is_too_large, limit) = match self.in_item {
            true => (&mut self.item, &mut self.item_is_too_large, LARGEST_OBJECT),
            false => (&mut self.head, &mut self.head_is_too_large, self.limit),
        };
        *is_too_large |= out.len() + bytes.len() > limit;
        if !*is_too_large {
            out.extend_from_slice(bytes);
        }
    }
}
