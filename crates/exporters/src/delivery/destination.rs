//! Where frames go.

use std::borrow::Borrow;
use std::sync::Arc;

/// A destination of a service, as a key that only the service understands: a log stream, a tenant. Frames of different
/// destinations never share a request, and never wait for one another.
///
/// The spool keeps the key, so that a service must still understand it after an update. A service that has one destination
/// uses the default, an empty key. Clones share the text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Destination(Arc<str>);

impl Destination {
    /// The destination of this key.
    #[must_use]
    pub fn new(key: &str) -> Self {
        Self(key.into())
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Destination {
    fn borrow(&self) -> &str {
        &self.0
    }
}
