//! Bodies to fewer bytes and back: raw deflate (RFC 1951), and the checksum, CRC-32 as in zlib.

use flate2::{Compress, Compression, Crc, Decompress, FlushCompress, FlushDecompress, Status};

/// How a body stands on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    /// As it is.
    Plain,
    /// As raw deflate.
    Deflate,
}

/// A round of 650 kB takes 7 ms and shrinks to a ninth; a lower level saves a millisecond or two a minute and costs up to
/// a third more disk.
const LEVEL: u32 = 6;

/// No deflate stream is more than this many times smaller than what it holds.
const MOST_RATIO: u64 = 1032;

/// CRC-32 of the parts, one behind the other.
pub(crate) fn checksum(parts: &[&[u8]]) -> u32 {
    let mut crc = Crc::new();
    parts.iter().for_each(|part| crc.update(part));
    crc.sum()
}

/// Appends the body to `out`, smaller where that is possible.
pub(crate) fn encode(body: &[u8], out: &mut Vec<u8>) -> Coding {
    let start = out.len();
    out.reserve(body.len());
    // Made anew for each body: 0.3 MB that needn't stay resident from one minute to the next.
    let mut deflate = Compress::new(Compression::new(LEVEL), false);
    let done = deflate.compress_vec(body, out, FlushCompress::Finish);
    if matches!(done, Ok(Status::StreamEnd)) && out.len() - start < body.len() {
        return Coding::Deflate;
    }
    out.truncate(start);
    out.extend_from_slice(body);
    Coding::Plain
}

/// The body again; `None` unless it has exactly this length.
pub(crate) fn decode(coding: Coding, stored: &[u8], length: usize) -> Option<Vec<u8>> {
    match coding {
        Coding::Plain => (stored.len() == length).then(|| stored.to_vec()),
        Coding::Deflate => {
            if length as u64 > (stored.len() as u64 + 1) * MOST_RATIO {
                return None;
            }
            // One byte over shows a stream that is too long.
            let mut body = Vec::with_capacity(length + 1);
            let mut inflate = Decompress::new(false);
            let done = inflate.decompress_vec(stored, &mut body, FlushDecompress::Finish);
            (matches!(done, Ok(Status::StreamEnd)) && body.len() == length).then_some(body)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_is_deflated_and_noise_is_left_as_it_is() {
        let mut out = Vec::new();
        assert_eq!(encode(&b"node_cpu_limit ".repeat(20), &mut out), Coding::Deflate);
        assert!(out.len() < 40, "{}", out.len());
        out.clear();
        assert_eq!(encode(b"\x01\xfe", &mut out), Coding::Plain);
        assert_eq!(out, b"\x01\xfe");
    }

    proptest! {
        #[test]
        fn a_body_comes_back(body in proptest::collection::vec(any::<u8>(), 0..3000), repeat in 1usize..5) {
            let body = body.repeat(repeat);
            let mut out = b"before".to_vec();
            let coding = encode(&body, &mut out);
            prop_assert!(out.len() <= 6 + body.len());
            prop_assert_eq!(decode(coding, &out[6..], body.len()), Some(body));
        }

        #[test]
        fn any_bytes_decode_to_the_length_asked_for_or_not_at_all(
            stored in proptest::collection::vec(any::<u8>(), 0..300), length in 0usize..100_000
        ) {
            for coding in [Coding::Plain, Coding::Deflate] {
                if let Some(body) = decode(coding, &stored, length) {
                    prop_assert_eq!(body.len(), length);
                }
            }
        }
    }
}
