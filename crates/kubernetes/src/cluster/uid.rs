//! An object's UID in 16 bytes.

use std::hash::{DefaultHasher, Hash, Hasher};

/// A UID: that of the API is 36 characters, of which 16 bytes say everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Uid([u8; 16]);

impl Uid {
    /// The bytes of a UUID, or of 32 hexadecimal digits as static pods have them; a digest of any other text.
    pub(super) fn of(text: &str) -> Self {
        Self::hexadecimal(text).unwrap_or_else(|| Self::digest(text))
    }

    fn hexadecimal(text: &str) -> Option<Self> {
        let text = text.as_bytes();
        let dashes: &[usize] = if text.len() == 36 { &[8, 13, 18, 23] } else { &[] };
        if text.len() != 32 + dashes.len() || dashes.iter().any(|place| text[*place] != b'-') {
            return None;
        }
        let mut digits = text.iter().enumerate().filter(|(place, _)| !dashes.contains(place));
        let mut bytes = [0; 16];
        for byte in &mut bytes {
            let (high, low) = (digit(*digits.next()?.1)?, digit(*digits.next()?.1)?);
            *byte = high << 4 | low;
        }
        Some(Self(bytes))
    }

    fn digest(text: &str) -> Self {
        let mut bytes = [0; 16];
        for (salt, half) in bytes.chunks_exact_mut(8).enumerate() {
            // Its keys are fixed: the same text is the same UID.
            let mut hasher = DefaultHasher::new();
            (salt, text).hash(&mut hasher);
            half.copy_from_slice(&hasher.finish().to_be_bytes());
        }
        Self(bytes)
    }
}

/// A digit as UIDs spell it: capitals are another text.
fn digit(letter: u8) -> Option<u8> {
    match letter {
        b'0'..=b'9' => Some(letter - b'0'),
        b'a'..=b'f' => Some(letter - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_uuid_and_a_hash_keep_all_their_bytes() {
        let uuid = Uid::of("764d01e1-1111-2222-3333-0123456789ab");
        assert_eq!(uuid.0[..4], [0x76, 0x4d, 0x01, 0xe1]);
        assert_eq!(uuid.0[15], 0xab);
        assert_eq!(Uid::of("764d01e1111122223333012345678 9ab").0.len(), 16);
        assert_eq!(Uid::of("00000000000000000000000000000001").0, 1_u128.to_be_bytes());
    }

    #[test]
    fn any_other_text_is_told_apart() {
        let texts = ["", "a", "b", "764d01e1-1111-2222-3333-0123456789aB", "764d01e1111-1222-2333-3012-3456789ab"];
        for (place, one) in texts.iter().enumerate() {
            assert_eq!(Uid::of(one), Uid::of(one));
            assert!(texts[..place].iter().all(|other| Uid::of(other) != Uid::of(one)), "{one}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_uid(text in ".{0,40}", letters in "[0-9a-fA-F-]{30,40}") {
            prop_assert_eq!(Uid::of(&text), Uid::of(&text));
            prop_assert_eq!(Uid::of(&letters), Uid::of(&letters));
        }
    }
}
