//! A body that may end too early, or never.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio::time::Sleep;

use super::End;

/// Bytes, then blanks, and an end that may be a fault.
pub(super) struct Faulty {
    bytes: Bytes,
    blanks: u64,
    promised: u64,
    stalls: bool,
    /// After a moment, in which what was sent leaves the buffers.
    broken: Option<Pin<Box<Sleep>>>,
}

impl Faulty {
    pub(super) fn new(bytes: Bytes, blanks: u64, end: End) -> Faulty {
        let promised = bytes.len() as u64 + blanks;
        let whole = Faulty { bytes, blanks, promised, stalls: false, broken: None };
        let half = |whole: Faulty| Faulty { bytes: whole.bytes.slice(..whole.bytes.len() / 2), ..whole };
        match end {
            // An empty body has no half; it promises a byte that never comes.
            End::Half => {
                let broken = Some(Box::pin(tokio::time::sleep(Duration::from_millis(20))));
                Faulty { promised: promised.max(1), broken, ..half(whole) }
            }
            End::Stall => Faulty { stalls: true, ..half(whole) },
            _ => whole,
        }
    }
}

impl Body for Faulty {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        static BLANKS: [u8; 64 * 1024] = [b' '; 64 * 1024];
        if !self.bytes.is_empty() {
            let bytes = std::mem::take(&mut self.bytes);
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        if self.blanks > 0 {
            let length = usize::try_from(self.blanks).unwrap_or(usize::MAX).min(BLANKS.len());
            self.blanks -= length as u64;
            return Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&BLANKS[..length])))));
        }
        if self.stalls {
            return Poll::Pending;
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
