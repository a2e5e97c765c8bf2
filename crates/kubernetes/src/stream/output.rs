//! What is kept of a document: the item in progress, and what stands beside the items.

use super::{LARGEST_OBJECT, LONGEST_HEAD};

/// Two texts of condensed JSON, each with a limit. What is too large stays as it was and says so.
#[derive(Debug)]
pub(super) struct Output {
    head: Text,
    item: Text,
    is_in_item: bool,
}

#[derive(Debug)]
struct Text {
    bytes: Vec<u8>,
    limit: usize,
    is_too_large: bool,
}

impl Output {
    /// `limit` is the most that is kept beside the items.
    pub(super) fn new(limit: usize) -> Self {
        Self { head: Text::new(limit), item: Text::new(LARGEST_OBJECT), is_in_item: false }
    }

    /// Begins another document.
    pub(super) fn restart(&mut self) {
        self.is_in_item = false;
        self.head.clear();
    }

    /// From here on an item is written.
    pub(super) fn begin_item(&mut self) {
        self.item.clear();
        self.is_in_item = true;
    }

    /// From here on what stands beside the items is written: the item, and whether it was too large.
    pub(super) fn end_item(&mut self) -> (&[u8], bool) {
        self.is_in_item = false;
        (&self.item.bytes, self.item.is_too_large)
    }

    /// What was written beside the items, and whether that was too large.
    pub(super) fn head(&self) -> (&[u8], bool) {
        (&self.head.bytes, self.head.is_too_large)
    }

    /// How much of the present text there is.
    pub(super) fn len(&self) -> usize {
        self.text().bytes.len()
    }

    /// The present text from here on.
    pub(super) fn from(&self, start: usize) -> &[u8] {
        &self.text().bytes[start..]
    }

    /// Takes back what was written of the present text from here on.
    pub(super) fn take_back(&mut self, start: usize) {
        self.text_mut().bytes.truncate(start);
    }

    pub(super) fn write(&mut self, bytes: &[u8]) {
        self.text_mut().write(bytes);
    }

    fn text(&self) -> &Text {
        if self.is_in_item { &self.item } else { &self.head }
    }

    fn text_mut(&mut self) -> &mut Text {
        if self.is_in_item { &mut self.item } else { &mut self.head }
    }
}

impl Text {
    fn new(limit: usize) -> Self {
        Self { bytes: Vec::new(), limit, is_too_large: false }
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(LONGEST_HEAD);
        self.is_too_large = false;
    }

    fn write(&mut self, bytes: &[u8]) {
        self.is_too_large |= self.bytes.len() + bytes.len() > self.limit;
        if !self.is_too_large {
            self.bytes.extend_from_slice(bytes);
        }
    }
}
