//! A body that may end too early.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, SizeHint};

use super::End;

/// The bytes, and whether their end is a fault.
pub(super) struct Answer {
    bytes: Bytes,
    promised: u64,
    /// After a moment, in which what was sent leaves the buffers.
    broken: Option<Pin<Box<tokio::time::Sleep>>>,
}

impl Answer {
    /// `None` where nothing at all is sent.
    pub(super) fn new(body: Vec<u8>, end: End) -> Answer {
        let bytes = Bytes::from(body);
        let promised = bytes.len() as u64;
        match end {
            End::Half => {
                let moment = Box::pin(tokio::time::sleep(Duration::from_millis(20)));
                // An empty body has no half; it promises a byte that never comes.
                Answer { bytes: bytes.slice(..bytes.len() / 2), promised: promised.max(1), broken: Some(moment) }
            }
            _ => Answer { bytes, promised, broken: None },
        }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if !self.bytes.is_empty() {
            let bytes = std::mem::take(&mut self.bytes);
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        match &mut self.broken {
            None => Poll::Ready(None),
            Some(moment) => moment.as_mut().poll(context).map(|()| Some(Err(io::Error::other("a fault on demand")))),
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.promised)
    }
}
