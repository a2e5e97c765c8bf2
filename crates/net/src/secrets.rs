//! Texts from outside made fit to be shown: no secret in them, no control character, and a bounded length.
//!
//! A service, or something that stands in its place, can repeat a request's headers in any part of its answer: in a message,
//! an error's code, a request's id. What repeats a secret is often not the secret itself: cut short, percent-encoded, or
//! without the characters that don't fit. So letters and digits alone are compared, and a run of a secret's is enough.

/// Letters and digits of a secret in a row that give it away.
const RUN: usize = 12;
/// A secret with fewer letters and digits hides nothing: it would be found in ordinary words.
const SHORTEST: usize = 4;
/// What is looked at of a text, in bytes, before it is cut to what is shown.
const LOOKED_AT: usize = 4096;
/// What stands in place of a secret.
const HIDDEN: &str = "(hidden)";

/// The text without secrets, controls and what is over `most` characters.
#[must_use]
pub fn shown(text: &str, secrets: &[&str], most: usize) -> String {
    let mut whole = text.to_owned();
    for secret in secrets.iter().filter(|secret| secret.len() >= SHORTEST) {
        if whole.contains(secret) {
            whole = whole.replace(secret, HIDDEN);
        }
    }
    let mut end = whole.len().min(LOOKED_AT);
    while !whole.is_char_boundary(end) {
        end -= 1;
    }
    let mut text = whole[..end].to_owned();
    for secret in secrets {
        text = without_runs(&text, secret);
    }
    text.chars().filter(|char| !is_unprintable(*char)).take(most).collect()
}

/// Controls, C1 among them, and what turns the direction of writing.
fn is_unprintable(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Hides what lies between the first and the last letter of each run that the secret has too.
fn without_runs(text: &str, secret: &str) -> String {
    let secret: Vec<u8> = letters(secret).into_iter().map(|(_, byte)| byte).collect();
    let run = RUN.min(secret.len());
    if run < SHORTEST {
        return text.to_owned();
    }
    let found = letters(text);
    let bytes: Vec<u8> = found.iter().map(|(_, byte)| *byte).collect();
    // By their first letters, so that a long text costs one look at the secret.
    let runs: std::collections::HashSet<&[u8]> = secret.windows(run).collect();
    let mut hidden: Vec<(usize, usize)> = Vec::new();
    for (at, window) in bytes.windows(run).enumerate() {
        if runs.contains(window) {
            let (start, end) = (found[at].0, found[at + run - 1].0 + 1);
            match hidden.last_mut() {
                Some(last) if start <= last.1 => last.1 = end,
                _ => hidden.push((start, end)),
            }
        }
    }
    let mut shown = String::with_capacity(text.len());
    let mut from = 0;
    for (start, end) in hidden {
        shown.push_str(&text[from..start]);
        shown.push_str(HIDDEN);
        from = end;
    }
    shown.push_str(&text[from..]);
    shown
}

/// Letters and digits with their places; those of percent-encoded characters are none.
fn letters(text: &str) -> Vec<(usize, u8)> {
    let bytes = text.as_bytes();
    let is_code = |at: usize| {
        bytes[at] == b'%' && bytes.get(at + 1..at + 3).is_some_and(|code| code.iter().all(u8::is_ascii_hexdigit))
    };
    let (mut found, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        if is_code(at) {
            at += 3;
            continue;
        }
        if bytes[at].is_ascii_alphanumeric() {
            found.push((at, bytes[at]));
        }
        at += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TOKEN: &str = "IQoJb3JpZ2luX2VjEJr//////////wEaCXVzLWVhc3QtMSJHMEUCIQDx+Planted/Token+Of/A+Session==";

    #[test]
    fn a_secret_is_hidden_however_it_is_repeated() {
        let encoded = TOKEN.replace('/', "%2F").replace('+', "%2B").replace('=', "%3D");
        let letters: String = TOKEN.chars().filter(char::is_ascii_alphanumeric).collect();
        for repeated in [TOKEN, &encoded, &letters, &TOKEN[..40], &TOKEN[20..], &letters[5..60]] {
            let text = shown(&format!("token {repeated} refused"), &[TOKEN], 300);
            assert!(text.contains("(hidden)") && text.ends_with(" refused"), "{text}");
            assert!(!text.contains("Planted") && !text.contains("b3JpZ2lu") && !text.contains("wEaC"), "{text}");
        }
    }

    #[test]
    fn a_short_secret_is_hidden_as_a_whole_and_a_tiny_one_not_at_all() {
        assert_eq!(shown("the key is hunter2!", &["hunter2"], 300), "the key is (hidden)!");
        assert_eq!(shown("a b c", &["a", "", "b+/"], 300), "a b c");
    }

    #[test]
    fn nothing_that_a_terminal_obeys_is_shown() {
        let text = "a\u{1b}]0;x\u{7}b\u{9b}31m\u{202e}c\u{2066}d\re";
        assert_eq!(shown(text, &[], 300), "a]0;xb31mcde");
    }

    proptest! {
        /// No run of the secret's letters is left, wherever it stands and whatever is between.
        #[test]
        fn no_run_of_a_secret_is_left(before in ".{0,40}", from in 0..50_usize, length in 12..36_usize, after in ".{0,40}") {
            let letters: String = TOKEN.chars().filter(char::is_ascii_alphanumeric).collect();
            let part = &letters[from.min(letters.len() - length)..][..length];
            let text = shown(&format!("{before}{part}{after}"), &[TOKEN], 300);
            let left: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
            let windows: Vec<&str> = (0..=letters.len() - RUN).map(|at| &letters[at..at + RUN]).collect();
            prop_assert!(!windows.iter().any(|window| left.contains(window)), "{text}");
            prop_assert!(text.chars().count() <= 300);
        }
    }
}
