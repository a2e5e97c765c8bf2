//! Texts of others without the secrets that may stand in them: an error repeats a URL, a header or a file's line.

use std::borrow::Cow;
use std::ops::Range;

/// What stands in a secret's place.
const MASK: &str = "***";
/// Ends of keys, in lower case without dashes and underscores, whose values are secrets at any length.
const SHORT: &[&str] = &["password", "passwd", "authorization"];
/// The same, whose values are secrets where they are long: "token: expired" is none.
const LONG: &[&str] = &["token", "secret", "secretkey", "secretaccesskey", "signature", "apikey"];
/// From this length on; keys, signatures and tokens of AWS have 40 and more.
const LONG_ENOUGH: usize = 16;

/// The text with each secret of a known form replaced by `***`.
///
/// These are the user part of a URL, the values of keys and headers that are named like a secret, bearer tokens and
/// JSON web tokens. Borrowed where there is nothing to hide.
#[must_use]
pub fn scrubbed(text: &str) -> Cow<'_, str> {
    let mut spans: Vec<Range<usize>> = Vec::new();
    spans.extend(text.match_indices("://").filter_map(|(at, _)| user_part(text, at + 3)));
    spans.extend(text.match_indices([':', '=']).filter_map(|(at, _)| value_of_key(text, at)));
    spans.extend(words(text).filter_map(|word| token(text, word)));
    if spans.is_empty() {
        return Cow::Borrowed(text);
    }
    spans.sort_by_key(|span| (span.start, span.end));
    let (mut scrubbed, mut end) = (String::with_capacity(text.len()), 0);
    for span in spans {
        if span.start >= end {
            scrubbed.push_str(&text[end..span.start]);
            scrubbed.push_str(MASK);
        }
        end = end.max(span.end);
    }
    scrubbed.push_str(&text[end..]);
    Cow::Owned(scrubbed)
}

/// What stands between `://` and the last `@`: passwords may hold an unencoded `@` or slash.
fn user_part(text: &str, start: usize) -> Option<Range<usize>> {
    let rest = &text[start..];
    let stretch = &rest[..rest.find(|c: char| c.is_whitespace() || c == '"').unwrap_or(rest.len())];
    stretch.rfind('@').filter(|&length| length > 0).map(|length| start..start + length)
}

/// The value behind a `:` or `=` whose key is named like a secret.
fn value_of_key(text: &str, at: usize) -> Option<Range<usize>> {
    let before = text[..at].trim_end_matches([' ', '"', '\'', '\\']);
    let line_before = before.trim_end_matches(|c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    let key: String = before[line_before.len()..].chars().filter(char::is_ascii_alphanumeric).collect();
    let key = key.to_ascii_lowercase();
    let ends_with = |ends: &[&str]| ends.iter().any(|end| key.ends_with(end));
    let (short, long) = (ends_with(SHORT), ends_with(LONG));
    if !short && !long {
        return None;
    }
    let rest = &text[at + 1..];
    let value = rest.trim_start_matches([' ', '\t', '"', '\'', '\\']);
    let start = text.len() - value.len();
    let ends = |c: char| match key.ends_with("authorization") {
        true => "\"\r\n".contains(c),
        false => c.is_whitespace() || "\"'&,;})\\".contains(c),
    };
    let length = value.find(ends).unwrap_or(value.len());
    (length >= if short { 1 } else { LONG_ENOUGH }).then(|| start..start + length)
}

/// The places of the words of a text.
fn words(text: &str) -> impl Iterator<Item = Range<usize>> {
    let parts = text.split(|c: char| c.is_whitespace() || "\"',;=()".contains(c));
    parts.filter(|part| !part.is_empty()).map(|part| {
        let start = part.as_ptr() as usize - text.as_ptr() as usize;
        start..start + part.len()
    })
}

/// A word that is a JSON web token, or follows `Bearer`.
fn token(text: &str, word: Range<usize>) -> Option<Range<usize>> {
    let (inside, before) = (&text[word.clone()], text[..word.start].trim_end());
    let announced = before.len() >= 6 && before.as_bytes()[before.len() - 6..].eq_ignore_ascii_case(b"bearer");
    let web_token = inside.starts_with("eyJ") && inside.contains('.');
    (inside.len() >= LONG_ENOUGH && (announced || web_token)).then_some(word)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::scrubbed;

    const KEY: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

    fn check(text: &str, expected: &str) {
        assert_eq!(scrubbed(text), expected);
        assert_eq!(scrubbed(expected), expected, "nothing is left to hide");
    }

    #[test]
    fn a_url_keeps_no_user() {
        check("connect to http://u:p%40@proxy:3128/: refused", "connect to http://***@proxy:3128/: refused");
        check("proxy \"https://u:a/b@c@proxy\"", "proxy \"https://***@proxy\"");
        check("https://logs.eu-west-1.amazonaws.com/", "https://logs.eu-west-1.amazonaws.com/");
    }

    #[test]
    fn values_named_like_a_secret_are_hidden() {
        check(&format!("line 3: aws_secret_access_key = {KEY}"), "line 3: aws_secret_access_key = ***");
        check(&format!("{{\"SecretAccessKey\" : \"{KEY}\", \"a\": 1}}"), "{\"SecretAccessKey\" : \"***\", \"a\": 1}");
        check(&format!("{{\\\"Token\\\":\\\"{KEY}\\\"}}"), "{\\\"Token\\\":\\\"***\\\"}");
        check(&format!("/?X-Amz-Security-Token={KEY}&a=b"), "/?X-Amz-Security-Token=***&a=b");
        check("password: x, user: y", "password: ***, user: y");
        check("Authorization: AWS4-HMAC-SHA256 Credential=A/b, Signature=00\nHost: x", "Authorization: ***\nHost: x");
        check("sent Bearer abcdefghijklmnop to it", "sent Bearer *** to it");
        check("got eyJhbGciOiJSUzI1NiJ9.eyJzdWIi.x", "got ***");
    }

    #[test]
    fn words_of_an_error_stay() {
        for text in [
            "ExpiredTokenException: The security token included in the request is expired",
            "invalid token: expired",
            "kubelet: \"refused\"",
            "größe: 5",
            "the cluster's name is unknown: set the option cluster_name",
        ] {
            assert!(matches!(scrubbed(text), std::borrow::Cow::Borrowed(same) if same == text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in any::<String>(), pieces in "(://|@|token=|Bearer |[a-zß\"' ]{0,20}|:){0,12}") {
            let _ = (scrubbed(&text), scrubbed(&pieces));
        }

        #[test]
        fn a_planted_secret_never_shows(before in "[a-z :=/\"ß]{0,20}", secret in "S3[a-z0-9]{20}X", after in "[ &\",][a-z ß]{0,9}|") {
            for form in ["https://user:{}@host/", "aws_session_token={}", "\"SessionToken\": \"{}\"", "x-amz-security-token: {}"] {
                let text = format!("{before}{}{after}", form.replace("{}", &secret));
                prop_assert!(!scrubbed(&text).contains(&secret), "{}", text);
            }
        }
    }
}
