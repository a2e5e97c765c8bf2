//! What a segment file begins with.
//!
//! | offset | bytes | holds |
//! |---|---|---|
//! | 0 | 8 | `cispool` and a line feed |
//! | 8 | 4 | format, [`FORMAT`] |
//! | 12 | 8 | id of the first record, as the file's name says too |
//! | 20 | 4 | checksum of the above |

use crate::coding::checksum;

/// Length of the header, in bytes.
pub(crate) const HEADER: usize = 24;
/// The format that this version writes.
pub(crate) const FORMAT: u32 = 1;

const MARK: &[u8; 8] = b"cispool\n";

/// What a header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Header {
    /// Ours.
    Known,
    /// Whole, of the segment whose first record has this id: the file has another's name.
    Misnamed(u64),
    /// Whole, of another format.
    Other(u32),
    /// Nothing that can be believed.
    Damaged,
}

pub(crate) fn encode_header(first_id: u64) -> [u8; HEADER] {
    let mut bytes = [0; HEADER];
    bytes[..8].copy_from_slice(MARK);
    bytes[8..12].copy_from_slice(&FORMAT.to_le_bytes());
    bytes[12..20].copy_from_slice(&first_id.to_le_bytes());
    let sum = checksum(&[&bytes[..20]]);
    bytes[20..].copy_from_slice(&sum.to_le_bytes());
    bytes
}

/// Reads the header of the segment whose name says this id.
pub(crate) fn parse_header(bytes: &[u8], first_id: u64) -> Header {
    if bytes == encode_header(first_id) {
        return Header::Known;
    }
    match bytes.first_chunk::<HEADER>() {
        Some(header @ &[b'c', b'i', b's', b'p', b'o', b'o', b'l', b'\n', a, b, c, d, .., s0, s1, s2, s3])
            if checksum(&[&bytes[..20]]) == u32::from_le_bytes([s0, s1, s2, s3]) =>
        {
            match u32::from_le_bytes([a, b, c, d]) {
                FORMAT => Header::Misnamed(header[12..20].iter().rfold(0, |id, byte| id << 8 | u64::from(*byte))),
                other => Header::Other(other),
            }
        }
        _ => Header::Damaged,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_later_format_is_told_from_damage() {
        let mut bytes = encode_header(9);
        assert_eq!(parse_header(&bytes, 9), Header::Known);
        assert_eq!(parse_header(&bytes, 8), Header::Misnamed(9));
        bytes[8] = 2;
        assert_eq!(parse_header(&bytes, 9), Header::Damaged);
        let sum = checksum(&[&bytes[..20]]);
        bytes[20..].copy_from_slice(&sum.to_le_bytes());
        assert_eq!(parse_header(&bytes, 9), Header::Other(2));
    }

    proptest! {
        #[test]
        fn a_header_tells_its_own_id(id: u64, name: u64) {
            let expected = if id == name { Header::Known } else { Header::Misnamed(id) };
            prop_assert_eq!(parse_header(&encode_header(id), name), expected);
        }

        #[test]
        fn any_bytes_parse_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            prop_assert_eq!(parse_header(&bytes, 1), Header::Damaged);
        }
    }
}
