//! A request as it was sent.

use hyper::body::Bytes;
use hyper::header::HOST;
use hyper::{HeaderMap, Method, Uri};

/// A request, read whole.
#[derive(Debug)]
pub struct Request {
    /// Its method.
    pub method: Method,
    /// Its target as it was sent: nearly always a path and a query.
    pub uri: Uri,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
    /// The number of its connection, from 1.
    pub connection: u64,
}

impl Request {
    /// The path, without its query.
    #[must_use]
    pub fn path(&self) -> &str {
        self.uri.path()
    }

    /// The host that the client meant, with its port if it has one: the one in the target, which counts before the header,
    /// or the one in the only header `Host`. `None` where it names none, or more than one.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        if let Some(authority) = self.uri.authority() {
            return Some(authority.as_str());
        }
        let mut hosts = self.headers.get_all(HOST).iter();
        let host = hosts.next().filter(|_| hosts.next().is_none())?;
        host.to_str().ok()
    }
}
