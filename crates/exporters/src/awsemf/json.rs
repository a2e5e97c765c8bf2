//! JSON written straight into bytes, after RFC 8259: texts and numbers.

/// Appends a text with its quotes.
pub(crate) fn write_text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    if needs_escape(text.as_bytes()) {
        write_escaped(out, text);
    } else {
        out.extend_from_slice(text.as_bytes());
    }
    out.push(b'"');
}

/// Appends an integer.
pub(crate) fn write_integer(out: &mut Vec<u8>, value: i64) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Appends an integer that is not below zero.
pub(crate) fn write_unsigned(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Appends items with commas between them.
pub(crate) fn write_list<T>(out: &mut Vec<u8>, items: impl Iterator<Item = T>, mut write: impl FnMut(&mut Vec<u8>, T)) {
    for (at, item) in items.enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write(out, item);
    }
}

/// Appends a finite number, in the fewest digits that read back as the same value.
pub(crate) fn write_float(out: &mut Vec<u8>, value: f64) {
    // Below 2^53 a float without a fraction is an integer, and needs no `.0`.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    // The casts cut off a fraction, and are cheaper than asking for one.
    let integer = value as i64;
    if value.abs() < EXACT && integer as f64 == value {
        return write_integer(out, integer);
    }
    let mut buffer = zmij::Buffer::new();
    let text = buffer.format_finite(value);
    out.extend_from_slice(text.strip_suffix(".0").unwrap_or(text).as_bytes());
}

const fn is_special(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

fn needs_escape(bytes: &[u8]) -> bool {
    // Whole chunks without a branch inside, so that they are looked at many bytes at a time.
    let (chunks, rest) = bytes.as_chunks::<16>();
    chunks.iter().any(|chunk| chunk.iter().fold(false, |found, byte| found | is_special(*byte)))
        || rest.iter().any(|byte| is_special(*byte))
}

fn write_escaped(out: &mut Vec<u8>, text: &str) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let bytes = text.as_bytes();
    let mut written = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        if !is_special(byte) {
            continue;
        }
        out.extend_from_slice(&bytes[written..at]);
        written = at + 1;
        match byte {
            b'"' => out.extend_from_slice(br#"\""#),
            b'\\' => out.extend_from_slice(br"\\"),
            b'\n' => out.extend_from_slice(br"\n"),
            b'\r' => out.extend_from_slice(br"\r"),
            b'\t' => out.extend_from_slice(br"\t"),
            _ => {
                out.extend_from_slice(br"\u00");
                out.push(HEX[usize::from(byte >> 4)]);
                out.push(HEX[usize::from(byte & 15)]);
            }
        }
    }
    out.extend_from_slice(&bytes[written..]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn integer(value: i64) -> String {
        let mut out = Vec::new();
        write_integer(&mut out, value);
        String::from_utf8(out).unwrap()
    }

    fn float(value: f64) -> String {
        let mut out = Vec::new();
        write_float(&mut out, value);
        String::from_utf8(out).unwrap()
    }

    fn text(text: &str) -> String {
        let mut out = Vec::new();
        write_text(&mut out, text);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers_are_short() {
        for (value, expected) in [
            (integer(i64::MAX), "9223372036854775807"),
            (integer(i64::MIN), "-9223372036854775808"),
            (float(2000.0), "2000"),
            (float(-0.0), "0"),
            (float(156.25), "156.25"),
            (float(9_007_199_254_740_993.0), "9007199254740992"),
            (float(1e-7), "1e-7"),
            (float(1e300), "1e300"),
        ] {
            assert_eq!(value.replace("e+", "e"), expected);
        }
    }

    #[test]
    fn control_characters_quotes_and_backslashes_are_escaped() {
        assert_eq!(text("a\"b\\c\n\u{1}\u{1f}é<>&"), r#""a\"b\\c\n\u0001\u001fé<>&""#);
        assert_eq!(text("sixteen bytes or\n"), r#""sixteen bytes or\n""#);
    }

    proptest! {
        #[test]
        fn every_finite_float_reads_back(bits: u64) {
            let value = f64::from_bits(bits);
            prop_assume!(value.is_finite());
            prop_assert_eq!(float(value).parse::<f64>().unwrap(), value);
            prop_assert!(serde_json::from_str::<serde_json::Value>(&float(value)).is_ok());
        }

        #[test]
        fn every_integer_reads_back(value: i64) {
            prop_assert_eq!(integer(value), value.to_string());
        }

        #[test]
        fn every_text_reads_back(original: String) {
            prop_assert_eq!(serde_json::from_str::<String>(&text(&original)).unwrap(), original);
        }

        #[test]
        fn special_bytes_are_found_anywhere(before in "[a-zé]{0,40}", byte in 0u8..0x20, after in "[a-zé]{0,40}") {
            let original = format!("{before}{}{after}", byte as char);
            prop_assert_eq!(serde_json::from_str::<String>(&text(&original)).unwrap(), original);
        }
    }
}
