//! Forms as AWS's Query protocol posts them, read as strictly as a test needs.

use std::collections::BTreeMap;

/// The form's fields; of two with one name the last.
pub(crate) fn parse(body: &[u8]) -> BTreeMap<String, String> {
    String::from_utf8_lossy(body)
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (decode(name, true), decode(value, true)))
        .collect()
}

/// A path without its percent signs; a plus means itself there.
pub(crate) fn decode_path(path: &str) -> String {
    decode(path, false)
}

fn decode(text: &str, plus_is_blank: bool) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let digits: Vec<u8> = rest.by_ref().take(2).collect();
                let value = std::str::from_utf8(&digits).ok().and_then(|digits| u8::from_str_radix(digits, 16).ok());
                bytes.push(value.unwrap_or(b'?'));
            }
            b'+' if plus_is_blank => bytes.push(b' '),
            byte => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_decoded() {
        let form = parse(b"Action=X&a.1=b%20c+d%2F&e=");
        assert_eq!((form["Action"].as_str(), form["a.1"].as_str(), form["e"].as_str()), ("X", "b c d/", ""));
        assert_eq!(decode_path("/a%3Ab+c"), "/a:b+c");
    }
}
