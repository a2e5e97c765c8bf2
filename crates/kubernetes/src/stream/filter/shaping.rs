//! What becomes of the members of lists and objects that are looked into.

use super::{Filter, Frame, Mode};
use crate::json::Pairs;
use crate::stream::Shape;
use crate::stream::labels::Labels;

impl Filter {
    /// Decides what becomes of a value that begins with `byte`, where the list or object around it is looked into.
    pub(super) fn look(&mut self, byte: u8) {
        let Some(shape) = self.next else {
            self.mode = Mode::Skip(self.depth);
            return;
        };
        let around = self.frames.last().map(|frame| frame.shape);
        if let Some(Shape::Each(_)) = around {
            self.output.begin_item();
            self.labels = None;
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
                self.output.write(b"\"\":0");
            }
            self.mode = Mode::Skip(self.depth);
            return;
        }
        if !matches!(around, Some(Shape::Each(_))) {
            self.comma();
        }
        if let Some(Shape::Members(_) | Shape::Labels) = around {
            self.output.write(b"\"");
            self.output.write(&self.key.bytes);
            self.output.write(b"\":");
        }
        match (shape, byte) {
            (Shape::Members(_) | Shape::Labels, b'{') | (Shape::Items(_) | Shape::Each(_), b'[') => {
                self.output.write(&[byte]);
                let start = self.output.len();
                self.frames.push(Frame { shape, start, has_members: false });
                if matches!(shape, Shape::Labels) && self.rules.names.is_some() {
                    self.labels.get_or_insert_default();
                }
            }
            _ => self.mode = Mode::Keep(self.depth),
        }
    }

    /// The shape of the items of the list that is innermost; `None` in an object, until its key is known.
    pub(super) fn item_shape(&self) -> Option<&'static Shape> {
        match self.frames.last()?.shape {
            Shape::Items(item) | Shape::Each(item) => Some(item),
            _ => None,
        }
    }

    /// Whether the next value is one of those that are given one by one.
    pub(super) fn is_before_item(&self) -> bool {
        self.mode == Mode::Look && matches!(self.frames.last(), Some(Frame { shape: Shape::Each(_), .. }))
    }

    /// A comma before all members but the first.
    pub(super) fn comma(&mut self) {
        if let Some(frame) = self.frames.last_mut()
            && std::mem::replace(&mut frame.has_members, true)
        {
            self.output.write(b",");
        }
    }

    /// What is wanted of the member whose key was just read.
    pub(super) fn member(&self, members: &'static [(&'static str, Shape)]) -> Option<&'static Shape> {
        if self.key.is_too_long {
            return None;
        }
        let find = |key: &[u8]| members.iter().find(|(name, _)| name.as_bytes() == key).map(|(_, shape)| shape);
        if self.key.bytes.contains(&b'\\') { find(self.key.text()?.as_bytes()) } else { find(&self.key.bytes) }
    }

    /// A label that doesn't simply pass.
    pub(super) fn add_label(&mut self) {
        let Some(labels) = &mut self.labels else { return };
        match (self.key.text(), self.value.text()) {
            (Some(name), Some(value)) => labels.add(name, value, &self.rules),
            _ => labels.add_endless(),
        }
    }

    /// Writes the labels that are kept, where they don't simply pass.
    pub(super) fn write_labels(&mut self) {
        let Some(labels) = &mut self.labels else { return };
        let quoted = |text: &str| serde_json::to_string(text).expect("a text is JSON");
        for (number, (name, value)) in std::mem::take(&mut labels.kept).into_iter().enumerate() {
            let comma = if number == 0 { "" } else { "," };
            self.output.write(format!("{comma}{}:{}", quoted(&name), quoted(&value)).as_bytes());
        }
    }

    /// Takes back the labels that passed so far, which are more than may be kept: from here on they go one by one.
    pub(super) fn gather(&mut self, start: usize) {
        let rules = self.rules.clone();
        let json = [b"{", self.output.from(start), b"}"].concat();
        let labels = self.labels.insert(Labels::default());
        // What is no text stays, and its reader refuses the pod for it.
        if let Ok(pairs) = serde_json::from_slice::<Pairs<'_>>(&json) {
            pairs.0.into_iter().for_each(|(name, value)| labels.add(name.0, value.0, &rules));
            self.output.take_back(start);
        }
    }
}
