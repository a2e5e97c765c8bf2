//! Where values, keys and texts begin and end.

use super::{Edge, Filter, Item, Mode, Target, is_blank};
use crate::stream::Shape;
use crate::stream::grammar::{Number, State};
use crate::stream::labels::LABEL_BYTES;

impl Filter {
    /// Takes one byte outside a string; false where it has to be taken once more, `None` where the grammar has none such.
    pub(super) fn take(&mut self, byte: u8, each: &mut impl FnMut(Item<'_>)) -> Option<bool> {
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
    pub(super) fn begin_text(&mut self, is_key: bool) {
        self.state = State::Text;
        self.is_key = is_key;
        self.text = match (self.mode, is_key) {
            (Mode::Skip(_), _) => Target::Nothing,
            (Mode::Keep(_), _) => {
                self.output.write(b"\"");
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

    pub(super) fn begin_value(&mut self, byte: u8) -> Option<()> {
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

    pub(super) fn begin_scalar(&mut self, byte: u8, state: State) {
        self.put(&[byte]);
        self.state = state;
    }

    pub(super) fn end_text(&mut self, each: &mut impl FnMut(Item<'_>)) {
        if self.text == Target::Output {
            self.output.write(b"\"");
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

    pub(super) fn close(&mut self, byte: u8, each: &mut impl FnMut(Item<'_>)) {
        if self.mode == Mode::Look {
            let frame = self.frames.pop();
            if frame.is_some_and(|frame| matches!(frame.shape, Shape::Labels)) {
                self.write_labels();
            }
            self.output.write(&[byte]);
        } else {
            self.put(&[byte]);
        }
        self.depth -= 1;
        self.objects >>= 1;
        self.end_value(each);
    }

    pub(super) fn end_value(&mut self, each: &mut impl FnMut(Item<'_>)) {
        self.state = if self.depth == 0 { State::End } else { State::After };
        match self.mode {
            Mode::Keep(depth) | Mode::Skip(depth) if depth == self.depth => self.mode = Mode::Look,
            Mode::Look => {}
            _ => return,
        }
        let Some(frame) = self.frames.last() else { return };
        match frame.shape {
            Shape::Each(_) => {
                self.edge = Some(Edge::After);
                let labels = self.labels.take();
                let (json, is_too_large) = self.output.end_item();
                each(Item { json, is_too_large, labels });
            }
            Shape::Labels if self.labels.is_none() && self.output.len() - frame.start > LABEL_BYTES => {
                self.gather(frame.start);
            }
            _ => {}
        }
    }
}
