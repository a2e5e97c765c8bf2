//! The grammar of JSON, a byte at a time.

/// Where in a document the next byte stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Before a value.
    Value,
    /// Before the first item of a list, or its end.
    FirstItem,
    /// Before the first key of an object, or its end.
    FirstKey,
    /// Before another key.
    Key,
    /// After a key.
    Colon,
    /// After a value inside a list or an object.
    After,
    /// Inside a string.
    Text,
    /// After a backslash.
    Escape,
    /// Inside `\uXXXX`; how many digits are still to come.
    Hex(u8),
    /// Inside a number.
    Number(Number),
    /// Inside `true`, `false` or `null`: what is still to come of it.
    Word(&'static [u8]),
    /// After the document.
    End,
}

/// Where in a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Number {
    Minus,
    Zero,
    Digits,
    Point,
    Fraction,
    Exponent,
    Sign,
    Power,
}

impl Number {
    /// The place after another byte of the number; `None` where the byte is none of it.
    pub(super) fn next(self, byte: u8) -> Option<Self> {
        Some(match (self, byte) {
            (Self::Minus, b'0') => Self::Zero,
            (Self::Minus, b'1'..=b'9') | (Self::Digits, b'0'..=b'9') => Self::Digits,
            (Self::Zero | Self::Digits, b'.') => Self::Point,
            (Self::Point | Self::Fraction, b'0'..=b'9') => Self::Fraction,
            (Self::Zero | Self::Digits | Self::Fraction, b'e' | b'E') => Self::Exponent,
            (Self::Exponent, b'+' | b'-') => Self::Sign,
            (Self::Exponent | Self::Sign | Self::Power, b'0'..=b'9') => Self::Power,
            _ => return None,
        })
    }

    /// Whether a number may end here.
    pub(super) fn is_whole(self) -> bool {
        matches!(self, Self::Zero | Self::Digits | Self::Fraction | Self::Power)
    }
}

/// How many of the first bytes are a string's own: no quote, no backslash, no control character.
pub(super) fn plain(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = ONES << 7;
    // Bytes below `n`, and more that may be none: a hit is looked at again, a miss is sure.
    let less = |word: u64, n: u64| word.wrapping_sub(ONES * n) & !word;
    let mut at = 0;
    for eight in bytes.chunks_exact(8) {
        let word = u64::from_le_bytes(eight.try_into().expect("eight bytes"));
        let special = less(word, 0x20) | less(word ^ (ONES * 0x22), 1) | less(word ^ (ONES * 0x5c), 1);
        if special & HIGH != 0 {
            break;
        }
        at += 8;
    }
    at + bytes[at..].iter().take_while(|byte| !matches!(byte, 0..0x20 | b'"' | b'\\')).count()
}
