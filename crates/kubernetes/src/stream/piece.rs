//! A short string of a document, gathered over any number of pieces.

use std::borrow::Cow;

/// The longest key that can be a wanted one, escapes and all; and the longest name and value of a label.
const LONGEST_KEY: usize = 2 << 10;

/// A short string as it is written, without its quotes.
#[derive(Debug, Default)]
pub(super) struct Piece {
    pub(super) bytes: Vec<u8>,
    pub(super) is_too_long: bool,
}

impl Piece {
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.is_too_long = false;
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.is_too_long |= self.bytes.len() + bytes.len() > LONGEST_KEY;
        if !self.is_too_long {
            self.bytes.extend_from_slice(bytes);
        }
    }

    /// The text; `None` where it is too long, no UTF-8, or holds half of a pair of surrogates.
    pub(super) fn text(&self) -> Option<Cow<'_, str>> {
        if self.is_too_long {
            return None;
        }
        if self.bytes.contains(&b'\\') {
            let quoted = [b"\"", &*self.bytes, b"\""].concat();
            return serde_json::from_slice(&quoted).ok().map(Cow::Owned);
        }
        str::from_utf8(&self.bytes).ok().map(Cow::Borrowed)
    }
}
