//! Base64 (RFC 4648 §4).

use base64_simd::{STANDARD, forgiving_decode_to_vec};

/// The text for these bytes, padded.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    STANDARD.encode_to_string(bytes)
}

/// The bytes behind `text`; `None` where it is no base64. Blanks and line breaks are passed over. Padding may be missing,
/// but not be wrong.
#[must_use]
pub fn decode(text: &[u8]) -> Option<Vec<u8>> {
    forgiving_decode_to_vec(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expected: Option<&[u8]>) {
        assert_eq!(decode(text.as_bytes()).as_deref(), expected, "{text:?}");
    }

    #[test]
    fn the_rfcs_examples_are_read() {
        check("", Some(b""));
        check("Zg==", Some(b"f"));
        check("Zm8=", Some(b"fo"));
        check("Zm9v", Some(b"foo"));
        check("Zm9vYg==", Some(b"foob"));
        check("Zm9vYmE=", Some(b"fooba"));
        check("Zm9v\n Ym\nFy\n", Some(b"foobar"));
        check("+/+/", Some(&[0xfb, 0xff, 0xbf]));
        check("Zm8", Some(b"fo"));
    }

    #[test]
    fn what_is_no_base64_is_none() {
        for text in ["Z", "Zg=", "Zg===", "Z===", "====", "Zm9v=", "Zm=8", "Zm-_", "Zm9\u{e9}", "Zm9v,"] {
            check(text, None);
        }
    }

    proptest! {
        #[test]
        fn what_was_encoded_comes_back(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            prop_assert_eq!(decode(encode(&bytes).as_bytes()), Some(bytes));
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = decode(&bytes);
        }
    }
}
