//! Texts of events, fit for a terminal: what it would obey is written as what it is.

use std::borrow::Cow;
use std::fmt::Write;

/// Whether a terminal would obey it, or write it where it doesn't stand: controls, C1 among them, ends of lines and what turns
/// the direction of writing.
pub(crate) fn is_obeyed(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The text on one line, with `\u{1b}` for an escape.
pub(crate) fn shown(text: &str) -> Cow<'_, str> {
    if !text.contains(is_obeyed) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for char in text.chars() {
        if is_obeyed(char) {
            shown.extend(char.escape_unicode());
        } else {
            shown.push(char);
        }
    }
    Cow::Owned(shown)
}

/// JSON in which such characters, which can only stand in its texts, are escaped as JSON has it.
pub(crate) fn shown_json(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for char in json.chars() {
        if is_obeyed(char) && char != '\n' {
            // Writing to a string can't fail.
            let _ = write!(shown, "\\u{:04x}", u32::from(char));
        } else {
            shown.push(char);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_a_terminal_obeys_is_spelled_out() {
        assert_eq!(shown("größe \u{1b}[31m\u{7}\u{9b}x\u{202e}\n"), "größe \\u{1b}[31m\\u{7}\\u{9b}x\\u{202e}\\u{a}");
        assert!(matches!(shown("plain"), Cow::Borrowed("plain")));
    }

    proptest! {
        #[test]
        fn nothing_that_is_obeyed_is_left_and_json_stays_what_it_was(text: String) {
            prop_assert!(!shown(&text).contains(is_obeyed));
            let json = serde_json::to_string(&text).unwrap();
            let plain = shown_json(&json);
            prop_assert!(!plain.contains(is_obeyed));
            prop_assert_eq!(serde_json::from_str::<String>(&plain).unwrap(), text);
        }
    }
}
