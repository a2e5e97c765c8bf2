//! Text of others as a terminal may be given it.

use std::borrow::Cow;

/// Whether a character moves the cursor, changes colours or turns the direction of a text, and so must not reach a terminal.
#[must_use]
pub fn is_unprintable(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// The text with each character that must not reach a terminal written as an escape; line feeds stay.
///
/// Every message that people read goes through this: names of files, keys, variables, pods and what services answer are
/// outside text.
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    let strange = |letter: char| letter != '\n' && is_unprintable(letter);
    if !text.contains(strange) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        if strange(letter) { shown.extend(letter.escape_default()) } else { shown.push(letter) }
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn control_characters_become_escapes() {
        assert_eq!(
            printable("a\u{1b}[31m\u{7}\r\tb\nc\u{9b}\u{202e}ä"),
            "a\\u{1b}[31m\\u{7}\\r\\tb\nc\\u{9b}\\u{202e}ä"
        );
        assert!(matches!(printable("plain\n→ ß"), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn nothing_unprintable_is_left(text in "[\\PC\\pC]{0,60}") {
            let shown = printable(&text);
            prop_assert!(!shown.chars().any(|letter| letter != '\n' && is_unprintable(letter)));
            prop_assert_eq!(printable(&shown), shown.as_ref());
        }
    }
}
