//! One record on disk: a header, the key, the body.
//!
//! | offset | bytes | holds |
//! |---|---|---|
//! | 0 | 4 | [`MARK`], by which the next frame is found behind a damaged one |
//! | 4 | 1 | state: [`ACKNOWLEDGED`], or anything else for pending; overwritten in place, so under no checksum |
//! | 5 | 1 | how the body is coded: 0 as it is, 1 raw deflate |
//! | 6 | 2 | length of the key |
//! | 8 | 8 | id |
//! | 16 | 8 | time in milliseconds, signed |
//! | 24 | 4 | items |
//! | 28 | 4 | length of the body as it stands here |
//! | 32 | 4 | length of the body before it was coded |
//! | 36 | 4 | checksum of the body as it stands here |
//! | 40 | 4 | checksum of all the above but the state, and of the key |
//! | 44 | | the key, then the body |

use crate::coding::{Coding, checksum, decode, encode};
use crate::record::Entry;

/// Length of the header, in bytes.
pub(crate) const HEADER: usize = 44;
/// Where in a frame its state stands.
pub(crate) const STATE: usize = 4;
/// The state of a record that isn't pending any more.
pub(crate) const ACKNOWLEDGED: u8 = 0xac;
/// What every frame begins with: no text in UTF-8 holds it.
pub(crate) const MARK: [u8; 4] = [0xf8, b's', b'p', 0xff];

const PENDING: u8 = 0;

/// A frame's header and key, their checksum seen to be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head<'a> {
    pub(crate) id: u64,
    pub(crate) time_ms: i64,
    pub(crate) items: u32,
    pub(crate) acknowledged: bool,
    pub(crate) key: &'a [u8],
    pub(crate) stored_bytes: u32,
    pub(crate) body_bytes: u32,
    coding: Coding,
    body_checksum: u32,
}

/// What the first bytes of a frame say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Parsed<'a> {
    /// A head.
    Head(Head<'a>),
    /// A head of this many bytes may begin here, more than were given.
    Short(usize),
    /// No head begins here.
    Nothing,
}

/// Writes the record as a frame to `out`, which is empty before; `None` if a length is over what the header can say.
pub(crate) fn encode_frame(id: u64, entry: &Entry<'_>, out: &mut Vec<u8>) -> Option<()> {
    let key_bytes = u16::try_from(entry.key.len()).ok()?;
    let body_bytes = u32::try_from(entry.body.len()).ok()?;
    out.resize(HEADER, 0);
    out.extend_from_slice(entry.key);
    let body = out.len();
    let coding = encode(entry.body, out);
    let stored_bytes = u32::try_from(out.len() - body).ok()?;
    let body_checksum = checksum(&[&out[body..]]);
    out[..STATE].copy_from_slice(&MARK);
    out[STATE] = PENDING;
    out[5] = u8::from(coding == Coding::Deflate);
    out[6..8].copy_from_slice(&key_bytes.to_le_bytes());
    out[8..16].copy_from_slice(&id.to_le_bytes());
    out[16..24].copy_from_slice(&entry.time_ms.to_le_bytes());
    out[24..28].copy_from_slice(&entry.items.to_le_bytes());
    out[28..32].copy_from_slice(&stored_bytes.to_le_bytes());
    out[32..36].copy_from_slice(&body_bytes.to_le_bytes());
    out[36..40].copy_from_slice(&body_checksum.to_le_bytes());
    let sum = head_checksum(&out[..body]);
    out[40..HEADER].copy_from_slice(&sum.to_le_bytes());
    Some(())
}

/// Reads the header and the key at the beginning of these bytes.
pub(crate) fn parse_head(bytes: &[u8]) -> Parsed<'_> {
    let Some(header) = bytes.first_chunk::<HEADER>() else { return Parsed::Short(HEADER) };
    let coding = match header[5] {
        0 => Coding::Plain,
        1 => Coding::Deflate,
        _ => return Parsed::Nothing,
    };
    if header[..STATE] != MARK {
        return Parsed::Nothing;
    }
    let end = HEADER + usize::from(u16::from_le_bytes(field(header, 6)));
    let Some(head) = bytes.get(..end) else { return Parsed::Short(end) };
    if head_checksum(head) != u32::from_le_bytes(field(header, 40)) {
        return Parsed::Nothing;
    }
    Parsed::Head(Head {
        id: u64::from_le_bytes(field(header, 8)),
        time_ms: i64::from_le_bytes(field(header, 16)),
        items: u32::from_le_bytes(field(header, 24)),
        acknowledged: header[STATE] == ACKNOWLEDGED,
        key: &head[HEADER..],
        stored_bytes: u32::from_le_bytes(field(header, 28)),
        body_bytes: u32::from_le_bytes(field(header, 32)),
        coding,
        body_checksum: u32::from_le_bytes(field(header, 36)),
    })
}

impl Head<'_> {
    /// Length of header and key, in bytes: where the body begins.
    pub(crate) fn body_offset(&self) -> u64 {
        (HEADER + self.key.len()) as u64
    }

    /// Length of the whole frame, in bytes.
    pub(crate) fn frame_bytes(&self) -> u64 {
        self.body_offset() + u64::from(self.stored_bytes)
    }

    /// Whether this is the checksum of the body as it stands on disk.
    pub(crate) fn has_checksum(&self, sum: u32) -> bool {
        self.body_checksum == sum
    }

    /// The body; `None` if it is damaged.
    pub(crate) fn decode_body(&self, stored: &[u8]) -> Option<Vec<u8>> {
        if !self.has_checksum(checksum(&[stored])) {
            return None;
        }
        decode(self.coding, stored, usize::try_from(self.body_bytes).ok()?)
    }
}

fn head_checksum(head: &[u8]) -> u32 {
    checksum(&[&head[..STATE], &head[STATE + 1..40], &head[HEADER..]])
}

fn field<const LENGTH: usize>(header: &[u8; HEADER], at: usize) -> [u8; LENGTH] {
    std::array::from_fn(|index| header[at + index])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frame(id: u64, entry: &Entry<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        encode_frame(id, entry, &mut out).unwrap();
        out
    }

    #[test]
    fn a_key_over_what_the_header_can_say_is_no_frame() {
        let key = vec![b'k'; 65536];
        assert_eq!(encode_frame(1, &Entry { key: &key, time_ms: 0, items: 0, body: b"" }, &mut Vec::new()), None);
    }

    #[test]
    fn the_state_is_under_no_checksum() {
        let mut bytes = frame(1, &Entry { key: b"k", time_ms: 2, items: 3, body: b"body" });
        bytes[STATE] = ACKNOWLEDGED;
        let Parsed::Head(head) = parse_head(&bytes) else { panic!("no head") };
        assert!(head.acknowledged);
    }

    proptest! {
        #[test]
        fn a_record_comes_back(
            id: u64, time_ms: i64, items: u32,
            key in proptest::collection::vec(any::<u8>(), 0..80),
            body in proptest::collection::vec(any::<u8>(), 0..500),
        ) {
            let bytes = frame(id, &Entry { key: &key, time_ms, items, body: &body });
            let Parsed::Head(head) = parse_head(&bytes) else { panic!("no head") };
            prop_assert_eq!((head.id, head.time_ms, head.items, head.key), (id, time_ms, items, &key[..]));
            prop_assert_eq!(head.frame_bytes(), bytes.len() as u64);
            prop_assert!(!head.acknowledged);
            prop_assert_eq!(head.decode_body(&bytes[HEADER + key.len()..]), Some(body));
        }

        #[test]
        fn a_changed_bit_is_seen(
            body in proptest::collection::vec(any::<u8>(), 0..100), at: prop::sample::Index, bit in 0u32..8
        ) {
            let mut bytes = frame(7, &Entry { key: b"stream", time_ms: 5, items: 1, body: &body });
            let at = at.index(bytes.len());
            prop_assume!(at != STATE);
            bytes[at] ^= 1 << bit;
            if let Parsed::Head(head) = parse_head(&bytes) {
                prop_assert!(at >= HEADER + 6);
                prop_assert_eq!(head.decode_body(&bytes[HEADER + 6..]), None);
            }
        }

        #[test]
        fn any_bytes_parse_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..200), marked: bool) {
            let mut bytes = bytes;
            if marked && bytes.len() > 6 {
                bytes[..4].copy_from_slice(&MARK);
                bytes[5] = 1;
            }
            let _ = parse_head(&bytes);
        }
    }
}
