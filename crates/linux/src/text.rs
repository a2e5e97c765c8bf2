//! Pieces of the kernel's text files: lines, words and numbers, without allocation.

/// The lines of a text, without their ends; empty ones are left out.
pub(crate) fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty())
}

/// The words of a line.
pub(crate) fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty())
}

/// A line's first word and what follows the blank after it.
pub(crate) fn key_and_value(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let blank = line.iter().position(|&byte| byte == b' ')?;
    Some((&line[..blank], &line[blank + 1..]))
}

/// A decimal number with nothing but white space around it; `None` for anything else, and beyond 64 bits.
pub(crate) fn number(text: &[u8]) -> Option<u64> {
    let digits = text.trim_ascii();
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |value, &byte| {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

/// A size as `/proc` writes it, `12 kB`, in bytes; the largest number for more bytes than can be counted.
pub(crate) fn kilobytes(text: &[u8]) -> Option<u64> {
    let mut words = words(text);
    let count = number(words.next()?)?;
    (words.next() == Some(b"kB")).then(|| count.saturating_mul(1024))
}

/// Text that should be UTF-8; what is not becomes U+FFFD.
pub(crate) fn owned(text: &[u8]) -> Box<str> {
    String::from_utf8_lossy(text).into_owned().into_boxed_str()
}

/// A number's digits are read back, and any text is survived.
#[cfg(fuzzing)]
pub fn fuzz(text: &[u8]) {
    for line in lines(text) {
        let _ = (key_and_value(line), kilobytes(line), words(line).count());
        if let Some(value) = number(line) {
            assert_eq!(number(value.to_string().as_bytes()), Some(value));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_number_is_digits_alone() {
        assert_eq!(number(b"18446744073709551615\n"), Some(u64::MAX));
        assert_eq!(number(b" 0 "), Some(0));
        for bad in ["", "\n", "-1", "+1", "1.5", "max", "18446744073709551616", "1 2"] {
            assert_eq!(number(bad.as_bytes()), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn every_number_is_read_back(value: u64) {
            prop_assert_eq!(number(value.to_string().as_bytes()), Some(value));
        }

        #[test]
        fn any_bytes_are_survived(text: Vec<u8>) {
            let _ = number(&text);
            for line in lines(&text) {
                let _ = key_and_value(line);
                let _ = words(line).count();
            }
        }
    }
}
