//! Parts of URLs that may be secrets.

use std::borrow::Cow;

/// What stands in the place of what is hidden.
const MASK: &str = "[REDACTED]";

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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
        fn a_planted_secret_of_a_url_never_shows(
            before in ".{0,20}", secret in "S3[a-z0-9]{8}X", after in "[ /\"a-z]{0,9}",
        ) {
            let url = format!("{before} https://u:{secret}@h/?k={secret} {after}");
            prop_assert!(!hide_urls(&url).contains(&secret));
        }
    }
}
