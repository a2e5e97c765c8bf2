//! What the election asks of an API server, apart from how it is reached.

use std::future::Future;
use std::time::Duration;

use hyper::Method;
use hyper::body::Bytes;

use crate::api_server::{Answer, ApiServer};
use crate::error::Error;
use crate::streamed::Streamed;

/// An API server.
pub(super) trait Api: Send {
    /// An answer that is read as it comes.
    type Stream: Pieces;

    /// Makes a request; its body is JSON.
    fn request(
        &mut self,
        method: Method,
        path: &str,
        body: Option<Bytes>,
    ) -> impl Future<Output = Result<Answer, Error>> + Send;

    /// Begins to watch.
    fn stream(&mut self, path: &str, idle: Duration) -> impl Future<Output = Result<Self::Stream, Error>> + Send;

    /// The address of a path, for messages.
    fn url(&self, path: &str) -> Box<str>;
}

/// An answer in pieces.
pub(super) trait Pieces: Send {
    /// The next piece; a future that is dropped loses nothing.
    fn next(&mut self) -> impl Future<Output = Option<Result<Bytes, Error>>> + Send;
}

impl Api for ApiServer {
    type Stream = Streamed;

    async fn request(&mut self, method: Method, path: &str, body: Option<Bytes>) -> Result<Answer, Error> {
        Self::request(self, method, path, "application/json", body).await
    }

    async fn stream(&mut self, path: &str, idle: Duration) -> Result<Streamed, Error> {
        Self::stream(self, path, idle).await
    }

    fn url(&self, path: &str) -> Box<str> {
        Self::url(self, path)
    }
}

impl Pieces for Streamed {
    async fn next(&mut self) -> Option<Result<Bytes, Error>> {
        Self::next(self).await
    }
}
