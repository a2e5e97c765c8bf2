//! The other side of signature version 4: what a request's signature should have been.
//!
//! Follows "Create a signed AWS API request" of the IAM user guide; written on `ring` alone, so that it shares no code
//! with the signer under test.

use std::fmt::Write;

use hyper::HeaderMap;
use ring::{digest, hmac};

/// The parts of an `Authorization` header.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Authorization<'a> {
    pub(crate) key_id: &'a str,
    pub(crate) date: &'a str,
    pub(crate) region: &'a str,
    pub(crate) service: &'a str,
    pub(crate) signed_headers: Vec<&'a str>,
    pub(crate) signature: &'a str,
}

impl<'a> Authorization<'a> {
    pub(crate) fn parse(text: &'a str) -> Option<Authorization<'a>> {
        let fields = text.strip_prefix("AWS4-HMAC-SHA256 ")?;
        let field = |name: &str| fields.split(',').map(str::trim).find_map(|field| field.strip_prefix(name));
        let scope: Vec<&str> = field("Credential=")?.split('/').collect();
        let [key_id, date, region, service, "aws4_request"] = scope[..] else { return None };
        let signed_headers = field("SignedHeaders=")?.split(';').collect();
        Some(Authorization { key_id, date, region, service, signed_headers, signature: field("Signature=")? })
    }

    /// The signature this request has if it was signed with `secret`; `None` where a signed header is missing.
    pub(crate) fn expected(
        &self,
        method: &str,
        path_and_query: &str,
        headers: &HeaderMap,
        body: &[u8],
        secret: &str,
    ) -> Option<String> {
        let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
        let mut query: Vec<&str> = query.split('&').filter(|part| !part.is_empty()).collect();
        query.sort_unstable();
        let mut canonical = format!("{method}\n{path}\n{}\n", query.join("&"));
        for name in &self.signed_headers {
            let values: Vec<String> = headers
                .get_all(*name)
                .iter()
                .map(|value| String::from_utf8_lossy(value.as_bytes()).split_whitespace().collect::<Vec<_>>().join(" "))
                .collect();
            if values.is_empty() {
                return None;
            }
            let _ = writeln!(canonical, "{name}:{}", values.join(","));
        }
        let _ = write!(canonical, "\n{}\n{}", self.signed_headers.join(";"), hex(&sha256(body)));
        let time = headers.get("x-amz-date")?.to_str().ok()?;
        let scope = format!("{}/{}/{}/aws4_request", self.date, self.region, self.service);
        let to_sign = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", hex(&sha256(canonical.as_bytes())));
        let mut key = mac(format!("AWS4{secret}").as_bytes(), self.date);
        for part in [self.region, self.service, "aws4_request"] {
            key = mac(&key, part);
        }
        Some(hex(&mac(&key, &to_sign)))
    }
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA256, bytes).as_ref().to_vec()
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// "get-vanilla" of the signature version 4 test suite that AWS publishes.
    #[test]
    fn the_published_example_has_its_published_signature() {
        let text = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
                    SignedHeaders=host;x-amz-date, \
                    Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
        let authorization = Authorization::parse(text).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("host", "example.amazonaws.com".parse().unwrap());
        headers.insert("x-amz-date", "20150830T123600Z".parse().unwrap());
        let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        let expected = authorization.expected("GET", "/", &headers, b"", secret).unwrap();
        assert_eq!(expected, authorization.signature);
        assert_ne!(authorization.expected("GET", "/", &headers, b"x", secret).unwrap(), authorization.signature);
    }

    #[test]
    fn another_kind_of_authorization_is_none() {
        assert_eq!(Authorization::parse("Bearer x"), None);
        assert_eq!(Authorization::parse("AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=x, Signature=y"), None);
    }
}
