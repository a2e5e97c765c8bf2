//! What of a message may be a secret: parts of URLs, and what stood in a variable or a file.

use std::borrow::Cow;

use crate::node::Node;

/// What stands in the place of what is hidden.
const MASK: &str = "[REDACTED]";
/// Shorter texts are words that a message may hold by itself.
const TELLING: usize = 4;

/// The text with user and password, query and fragment of each URL in it replaced by `[REDACTED]`.
///
/// A URL begins with `://` here and goes on to the next blank or quotation mark.
pub fn hide_urls(text: &str) -> Cow<'_, str> {
    if !text.contains("://") {
        return Cow::Borrowed(text);
    }
    let (mut shown, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find("://") {
        let (before, url) = rest.split_at(at + 3);
        shown.push_str(before);
        let length = url.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`')).unwrap_or(url.len());
        let (mut url, after) = url.split_at(length);
        // Passwords may hold an @ or a slash that isn't encoded, so the last @ counts.
        if let Some(user) = url.rfind('@') {
            shown.push_str(MASK);
            url = &url[user..];
        }
        match url.find(['?', '#']) {
            Some(query) => {
                shown.push_str(&url[..=query]);
                shown.push_str(MASK);
            }
            None => shown.push_str(url),
        }
        rest = after;
    }
    shown.push_str(rest);
    Cow::Owned(shown)
}

/// The message without what an expanded node holds: the text as it was written stands in its place.
pub(crate) fn hide_expanded(message: String, node: &Node) -> String {
    let (Some(written), Some(text)) = (&node.written, node.text()) else { return message };
    if message.len() < TELLING || text.len() < TELLING {
        return message;
    }
    let mut message = message;
    let escaped = format!("{text:?}");
    for form in [escaped.as_str(), &escaped[1..escaped.len() - 1], text] {
        if message.contains(form) {
            message = message.replace(form, written);
        }
    }
    if message.len() > LONG {
        return format!("the value of {} can't be used", crate::node::quote(written));
    }
    // A message may repeat a part only: a placeholder, the first letters, the end of a list.
    let parts = text.split(|c: char| !c.is_alphanumeric()).filter(|part| part.len() >= TELLING);
    for part in parts.take(PARTS) {
        if !written.contains(part) && message.contains(part) {
            message = message.replace(part, "…");
        }
    }
    message
}

/// How many parts of a text are looked for, and in how long a message.
const PARTS: usize = 1000;
const LONG: usize = 16 << 10;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::node::{Location, Value};

    #[test]
    fn parts_of_urls_that_may_be_secrets_are_hidden() {
        for (text, shown) in [
            ("https://h/p", "https://h/p"),
            ("\"https://user:pa/ss@h:1/p\" is none", "\"https://[REDACTED]@h:1/p\" is none"),
            ("http://h/p?token=x next http://u@h", "http://h/p?[REDACTED] next http://[REDACTED]@h"),
            ("no URL: a@b?c", "no URL: a@b?c"),
        ] {
            assert_eq!(hide_urls(text), shown);
        }
    }

    proptest! {
        #[test]
        fn a_planted_secret_of_a_url_or_a_reference_never_shows(
            before in ".{0,20}", secret in "S3[a-z0-9]{8}X", after in "[ /\"a-z]{0,9}",
        ) {
            let url = format!("{before} https://u:{secret}@h/?k={secret} {after}");
            prop_assert!(!hide_urls(&url).contains(&secret));
            let text = format!("{before}{{{secret}}}{after}");
            let mut node = Node::new(Value::String(text.clone()), Location::of_source("f"));
            node.written = Some(Arc::from("${file:f}"));
            for message in [format!("{text:?} is none"), format!("unknown {{{secret}}}"), text] {
                prop_assert!(!hide_expanded(message, &node).contains(&secret));
            }
        }
    }
}
