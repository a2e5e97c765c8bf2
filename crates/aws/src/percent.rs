//! Percent-encoding of text that becomes part of a form or a path (RFC 3986).

/// The text with every byte but letters, digits, `-._~` and those in `also` encoded.
pub(crate) fn encode(text: &str, also: &[u8]) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || also.contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_has_no_meaning_stays() {
        assert_eq!(encode("a-Z_0.~", b""), "a-Z_0.~");
        assert_eq!(encode("a b/ü&=+", b""), "a%20b%2F%C3%BC%26%3D%2B");
        assert_eq!(encode("aws:x/y", b":"), "aws:x%2Fy");
    }
}
