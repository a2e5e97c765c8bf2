//! An answer that is read piece by piece as it comes: a watch, or a list too large to be held.

use std::fmt;
use std::time::Duration;

use hyper::body::Bytes;
use net::Body;

use crate::error::Error;

/// An answer whose head has come; its connection ends with it.
pub struct Streamed {
    /// `None` once it has ended or failed.
    body: Option<Body>,
    url: Box<str>,
    idle: Duration,
    bytes: usize,
}

impl fmt::Debug for Streamed {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Streamed").field("url", &self.url).field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

impl Streamed {
    pub(crate) fn new(body: Body, url: Box<str>, idle: Duration) -> Self {
        Self { body: Some(body), url, idle, bytes: 0 }
    }

    /// The next piece, as it was cut on its way; `None` at the end, and after an error.
    ///
    /// A piece that doesn't come in time is [`Error::Deadline`]. A future that is dropped loses nothing.
    pub async fn next(&mut self) -> Option<Result<Bytes, Error>> {
        let piece = match tokio::time::timeout(self.idle, self.body.as_mut()?.next()).await {
            Ok(Some(Ok(piece))) => {
                self.bytes += piece.len();
                return Some(Ok(piece));
            }
            Ok(None) => None,
            Ok(Some(Err(source))) => Some(Err(Error::Truncated { url: self.url.clone(), bytes: self.bytes, source })),
            Err(_) => Some(Err(Error::Deadline { url: self.url.clone(), after: self.idle })),
        };
        self.body = None;
        piece
    }

    /// How many bytes have come.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}
