//! What a service says to the engine: what one request may hold, how to send one, and what became of it.

use std::fmt;
use std::ops::Range;
use std::pin::Pin;
use std::time::Duration;

use super::destination::Destination;
use super::limits::Limits;

/// What a call of a service will answer.
pub type Reply<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A service that frames are pushed to.
///
/// The engine queues, stores, retries, splits, drains and counts; a service only sends one request at a time and says what
/// became of it. Every call has its own deadline.
pub trait Service: fmt::Debug + Send + Sync {
    /// What one request may hold. Always the same.
    fn limits(&self) -> Limits;

    /// The destination for people, in a log line and on the status page.
    fn name_of(&self, destination: &Destination) -> String;

    /// Whether a destination that a former run left in the spool is one of this service. Frames of others are dropped.
    fn knows(&self, _destination: &Destination) -> bool {
        true
    }

    /// Prepares for the first request: finds an address or credentials, for as long as that takes. Requests follow once this
    /// has succeeded; frames wait meanwhile.
    ///
    /// # Errors
    ///
    /// A setting that can't work, so that trying again is no use.
    fn start(&self) -> Reply<'_, Result<(), SetupError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Sends one request with these frames, which keep the [`Limits`]; a single frame may be larger than they allow.
    ///
    /// # Errors
    ///
    /// Why it was not accepted, as what the engine has to do about it.
    fn put<'a>(&'a self, destination: &'a Destination, frames: &'a [Frame<'a>])
    -> Reply<'a, Result<Accepted, Refusal>>;

    /// Creates a destination after [`Refusal::Create`].
    ///
    /// # Errors
    ///
    /// Why it can't be created now; it is tried again.
    fn create<'a>(&'a self, _destination: &'a Destination) -> Reply<'a, Result<(), Retry>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// When [`Service::housekeeping`] is to run next, by the monotonic clock.
    fn housekeeping_due(&self) -> Option<Duration> {
        None
    }

    /// Does what no request waits for. Called when it is due, and once at the end.
    fn housekeeping(&self, _now: Duration) -> Reply<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// What an exporter pushes: encoded data that is never taken apart. A request is made of whole frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Its time, in milliseconds since the Unix epoch.
    pub time_ms: i64,
    /// Metric points in it.
    pub points: u32,
    /// The data, at most 4 GiB.
    pub body: &'a [u8],
}

/// A request that the service accepted. The default is one that was stored as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Accepted {
    /// What was not stored all the same. Frames that are named twice count once.
    pub rejected: Vec<Rejected>,
    /// What the service said about it, for the log.
    pub message: String,
    /// How it is known.
    pub confirmed: Confirmed,
    /// Bytes of the request's body before compression.
    pub raw_bytes: usize,
    /// Bytes of the request's body as sent.
    pub wire_bytes: usize,
    /// How far the service's clock is ahead of this machine's, in milliseconds.
    pub clock_offset_ms: i64,
}

/// A part of an accepted request that was not stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejected {
    /// These frames of the request.
    Frames {
        /// Why, as a label of self-metrics.
        reason: &'static str,
        /// Their places in the request.
        range: Range<usize>,
    },
    /// So many points; it is not known which.
    Points(u64),
}

/// How it is known that a request was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Confirmed {
    /// The response says so.
    #[default]
    Read,
    /// The status says so, and the rest of the response can't be read: what was left out is not known.
    Unread,
    /// The service had the frames from an earlier request.
    Already,
}

/// Why a request was not accepted, by what the engine does about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Sends the same again later.
    Retry(Retry),
    /// Creates the destination, then sends the same again. For a while a destination that was just created may still be
    /// missing.
    Create {
        /// What the service said.
        message: String,
    },
    /// Sends it in two halves, until the frame is alone that can't be sent: that one is dropped.
    Split(Cause),
    /// Drops one frame and sends the others.
    DropFrame {
        /// Its place in the request.
        index: usize,
        /// Why.
        cause: Cause,
    },
    /// Drops the request.
    Drop(Cause),
}

/// A request that failed and may succeed later. The default is one that the service refused without a word.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Retry {
    /// What failed, for the log and the status page.
    pub message: String,
    /// Not before this.
    pub after: Option<Duration>,
    /// Only a person can help: the longest wait is long enough.
    pub needs_operator: bool,
    /// The service may have stored the frames all the same, so that they may be stored twice.
    pub may_have_arrived: bool,
}

/// Why data is dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// The label of self-metrics.
    pub reason: &'static str,
    /// What the service said, for the log.
    pub message: String,
}

/// A setting that keeps a service from ever working.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct SetupError(Box<dyn std::error::Error + Send + Sync>);

impl SetupError {
    /// The error of a service.
    pub fn new(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self(Box::new(error))
    }
}
