//! The base URL of a service: parsed once, with the `Host` that every request to it carries.

use hyper::Uri;
use hyper::header::HeaderValue;
use net::Origin;

/// Where requests of one service go.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    pub(crate) uri: Uri,
    pub(crate) host: HeaderValue,
}

impl Endpoint {
    /// `None` where this is no http or https address, or has a user or a query.
    pub(crate) fn parse(text: &str) -> Option<Endpoint> {
        let uri: Uri = format!("{}/", text.trim_end_matches('/')).parse().ok()?;
        let origin = Origin::of(&uri).ok()?;
        let has_user = uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
        if uri.query().is_some() || has_user {
            return None;
        }
        let host = HeaderValue::from_str(&origin.host_header()).ok()?;
        Some(Endpoint { uri, host })
    }

    /// The address of a path below it. `path` begins with a slash and holds only what a path may hold.
    pub(crate) fn below(&self, path: &str) -> Option<Uri> {
        format!("{}{path}", self.uri.to_string().trim_end_matches('/')).parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn paths_go_below_whatever_the_endpoint_ends_in() {
        for text in ["http://[fd00:ec2::254]", "http://[fd00:ec2::254]/"] {
            let endpoint = Endpoint::parse(text).unwrap();
            assert_eq!(endpoint.below("/latest/x").unwrap().to_string(), "http://[fd00:ec2::254]/latest/x");
        }
        let endpoint = Endpoint::parse("http://h/base//").unwrap();
        assert_eq!(endpoint.below("/x").unwrap().to_string(), "http://h/base/x");
    }

    #[test]
    fn what_is_no_base_url_is_none() {
        for bad in ["", "logs", "ftp://logs", "https://user:hunter2@logs", "https://logs/?x"] {
            assert!(Endpoint::parse(bad).is_none(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_text_does_harm(text in ".{0,60}", path in ".{0,30}") {
            if let Some(endpoint) = Endpoint::parse(&text) {
                let _ = endpoint.below(&path);
            }
        }
    }
}
