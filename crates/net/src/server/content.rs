//! The body of an answer: whole, or piece by piece.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use http_body_util::channel::{Channel, Sender};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes, Frame, SizeHint};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};

/// The type of plain text.
pub const TEXT: &str = "text/plain; charset=utf-8";

/// An answer with a status, the text's type and the text. A status that can't be one is 500.
pub fn reply(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Response<Content> {
    let mut response = Response::new(Content::from(body.into()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// The body of an answer.
pub struct Content(UnsyncBoxBody<Bytes, io::Error>);

/// Where the pieces of a body go. Dropped, the body has ended.
#[derive(Debug)]
pub struct Pieces(Sender<Bytes, io::Error>);

impl Content {
    /// A body whose pieces are still to come, and where they go. So many wait for the client.
    #[must_use]
    pub fn pieces(waiting: usize) -> (Pieces, Content) {
        let (sender, channel) = Channel::new(waiting);
        (Pieces(sender), Content::of(channel))
    }

    /// Any body. An error of it ends the connection.
    pub fn of(body: impl Body<Data = Bytes, Error = io::Error> + Send + 'static) -> Content {
        Content(body.boxed_unsync())
    }
}

impl Pieces {
    /// Sends a piece; waits while too many wait already. `false` where the client is gone.
    pub async fn send(&mut self, piece: impl Into<Bytes>) -> bool {
        self.0.send_data(piece.into()).await.is_ok()
    }
}

impl From<Bytes> for Content {
    fn from(bytes: Bytes) -> Self {
        Content::of(Full::new(bytes).map_err(|never| match never {}))
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Content").field(&self.0.size_hint()).finish()
    }
}

impl Body for Content {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        Pin::new(&mut self.0).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}
