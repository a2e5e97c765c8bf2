//! All objects of one kind, listed once and then watched: a reflector, as the Kubernetes clients call it.
//!
//! Follows "Efficient detection of changes" and "Streaming lists" of the Kubernetes API's concepts. A server that streams
//! lists sends the objects one a line and marks their end; another one is asked for pages. From the list's resource version
//! on changes are watched, with bookmarks; a watch that ends is opened again where it ended, and where the server's history
//! doesn't reach back so far everything is listed again, while what was known stays readable.

mod event;
mod lines;
mod pace;
mod page;
mod status;
mod step;
#[cfg(test)]
mod tests;

pub use pace::Pace;
pub use status::{Counts, How, Phase, Report, Status};
#[cfg(fuzzing)]
pub use {page::fuzz as fuzz_page, step::fuzz as fuzz_lines};

use std::sync::Arc;
use std::time::Duration;

use net::chain;
use tokio::time::{Instant, sleep};

use crate::api_server::ApiServer;
use crate::error::{Error, ParseError};
use crate::stream::Shape;
use event::Refusal;
use pace::about;

/// Objects of a page.
const PAGE: usize = 500;

/// Who takes in the objects. What a call does must be quick: it is made between two reads of the network.
pub trait Consumer {
    /// What is wanted of the objects: nothing else of them reaches [`Consumer::apply`].
    fn shapes(&self) -> &'static Shapes;
    /// A list begins. What is known stays known until [`Consumer::commit`].
    fn restart(&mut self);
    /// An object that is there, or has changed. An error costs this object only.
    fn apply(&mut self, object: &str) -> Result<(), ParseError>;
    /// An object that is gone, in its last state.
    fn delete(&mut self, object: &str) -> Result<(), ParseError>;
    /// The list is complete: it is what is known from now on, all at once.
    fn commit(&mut self);
    /// The list broke off, or did not begin: discard the partial list.
    fn forget(&mut self);
}

/// What is kept of a collection's objects, in a page and in an event of a watch; made by `shapes!`.
#[derive(Debug)]
pub struct Shapes {
    pub(crate) page: Shape,
    pub(crate) event: Shape,
}

/// The annotation of the bookmark that ends a streamed list.
pub(crate) const INITIAL_EVENTS_END: &str = "k8s.io/initial-events-end";

/// The [`Shapes`] of objects of which members of `metadata` and others are wanted, beside those that every object has.
macro_rules! shapes {
    ([$($metadata:expr),*], [$($member:expr),*]) => {{
        #[allow(unused_imports, reason = "not every kind has a list")]
        use crate::stream::Shape::{Each, Items, Members, Whole};
        const OBJECT: crate::stream::Shape = Members(&[
            (
                "metadata",
                Members(&[
                    ("name", Whole),
                    ("namespace", Whole),
                    ("uid", Whole),
                    ("resourceVersion", Whole),
                    ("annotations", Members(&[(crate::watch::INITIAL_EVENTS_END, Whole)])),
                    $($metadata),*
                ]),
            ),
            // Of a `v1.Status` in place of an object.
            ("code", Whole),
            ("message", Whole),
            ("reason", Whole),
            ("details", Members(&[("retryAfterSeconds", Whole)])),
            $($member),*
        ]);
        static SHAPES: crate::watch::Shapes = crate::watch::Shapes {
            page: Members(&[
                ("metadata", Members(&[("resourceVersion", Whole), ("continue", Whole)])),
                ("items", Each(&OBJECT)),
            ]),
            event: Members(&[("type", Whole), ("object", OBJECT)]),
        };
        &SHAPES
    }};
}
pub(crate) use shapes;

/// Keeps a [`Consumer`] at the state of one collection of the API.
#[derive(Debug)]
pub struct Reflector {
    api: ApiServer,
    path: Box<str>,
    pace: Pace,
    status: Arc<Status>,
    /// Whether the server is still believed to stream lists.
    streams: bool,
    /// Objects asked for in a page.
    page: usize,
}

impl Reflector {
    /// A reflector of the collection at `path`, such as [`crate::access::ALL_PODS`], perhaps with `?fieldSelector=`.
    ///
    /// The client should be this reflector's own.
    pub fn new(api: ApiServer, path: &str, pace: Pace) -> Self {
        Self { api, path: path.into(), pace, status: Arc::default(), streams: true, page: PAGE }
    }

    /// How it goes, for other threads to read.
    pub fn status(&self) -> Arc<Status> {
        self.status.clone()
    }

    /// Lists, watches, and goes on for ever; returns only where another try can't help.
    ///
    /// A future that is dropped takes its connection with it. The next call begins with a list.
    pub async fn run<C: Consumer>(&mut self, consumer: &mut C) -> Error {
        let mut version = None;
        let mut failures = 0_u32;
        loop {
            let began = Instant::now();
            let end = self.turn(consumer, &mut version).await;
            if version.is_none() {
                consumer.forget();
            }
            if began.elapsed() >= self.pace.steady {
                failures = 0;
            }
            let (wait, phase, fault) = match self.judge(end, &mut version) {
                Verdict::RetryNow => continue,
                // A server that stops closes the watches of all nodes in one moment.
                Verdict::Soon => {
                    sleep(self.pace.first.mul_f64(fastrand::f64())).await;
                    continue;
                }
                Verdict::Never(error) => return error,
                Verdict::Later { fault, order } => {
                    failures = failures.saturating_add(1);
                    (self.pace.after_failures(failures, order), Phase::Failing, fault)
                }
                Verdict::Refused { fault, wait } => (about(wait), Phase::Refused, fault),
            };
            self.status.fails(phase, fault);
            sleep(wait).await;
        }
    }

    /// What follows from an end. Forgets the version where the watch can't be taken up again.
    fn judge(&mut self, end: End, version: &mut Option<Box<str>>) -> Verdict {
        let later = |fault, order| Verdict::Later { fault, order };
        match end {
            End::Closed => Verdict::Soon,
            End::Idle => {
                self.status
                    .fails(Phase::Failing, format!("nothing came for {:?}, not even a bookmark", self.pace.idle));
                Verdict::RetryNow
            }
            End::Unstreamed => {
                self.streams = false;
                Verdict::RetryNow
            }
            End::Unfinished(fault) => later(fault, None),
            End::Broken(fault) => {
                *version = None;
                later(fault, None)
            }
            End::ServerStatus(refusal) => {
                if refusal.code < 500 && refusal.code != 429 {
                    *version = None;
                }
                later(format!("the watch ended with {}: {}", refusal.code, refusal.message), refusal.retry_after)
            }
            End::Failed(error) if !error.may_pass() => Verdict::Never(error),
            End::Failed(error) => {
                let (fault, order) = (chain(&error), error.retry_after());
                match error.status() {
                    Some(401) => return Verdict::Refused { fault, wait: self.pace.unauthorized },
                    Some(403 | 404) => return Verdict::Refused { fault, wait: self.pace.refused },
                    Some(408 | 429) => {}
                    // A new list cures every refusal of a watch, 410 above all.
                    Some(400..500) => *version = None,
                    _ => {}
                }
                later(fault, order)
            }
        }
    }
}

/// How a list or a watch ended.
#[derive(Debug)]
enum End {
    /// The server closed the watch, as it does when its time is over.
    Closed,
    /// Nothing came for long, not even a bookmark.
    Idle,
    /// The server doesn't stream lists.
    Unstreamed,
    /// The server closed what should have gone on; nothing is lost but time.
    Unfinished(String),
    /// What came can't be trusted: changes may be missing.
    Broken(String),
    /// The server can't be asked, or refuses.
    Failed(Error),
    /// The watch itself said why it ends.
    ServerStatus(Refusal),
}

/// What to do next.
enum Verdict {
    RetryNow,
    Soon,
    Later { fault: String, order: Option<Duration> },
    Refused { fault: String, wait: Duration },
    Never(Error),
}

impl From<Error> for End {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}
