//! How a reflector fares, for pages of status and counters.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

/// What is shared between a reflector and those who look at it.
#[derive(Debug, Default)]
pub struct Status {
    requests: AtomicU64,
    bytes: AtomicU64,
    events: AtomicU64,
    lists: AtomicU64,
    broken: AtomicU64,
    cut: AtomicU64,
    report: Mutex<Report>,
}

/// Numbers since the reflector was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests made, a page or the opening of a watch each.
    pub requests: u64,
    /// Bytes read of good answers' bodies.
    pub bytes: u64,
    /// Objects of lists and changes, bookmarks not among them.
    pub events: u64,
    /// Lists read to their end; all but the first are restarts.
    pub lists: u64,
    /// Objects and lines that could not be read, each of which cost itself.
    pub broken: u64,
    /// Those of them that are over a limit.
    pub cut: u64,
}

/// Where a reflector is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// What it does right now.
    pub phase: Phase,
    /// How the last list was read; `None` before the first.
    pub how: Option<How>,
    /// When the last list was complete; `None` before the first.
    pub synced: Option<Instant>,
    /// When the server last said something good; `None` before it did.
    pub heard: Option<Instant>,
    /// What last went wrong, with its causes, though all may be well since.
    pub fault: Option<Box<str>>,
}

/// What a reflector does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Phase {
    /// It has not begun.
    #[default]
    Starting,
    /// It reads a list.
    Listing,
    /// It knows everything, and hears of changes.
    Watching,
    /// It waits after a failure, to try again.
    Failing,
    /// The server refuses, or has no such collection; it is asked again after minutes.
    Refused,
}

/// How a list is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// As a watch that begins with all there is.
    Streamed,
    /// Page by page.
    Paged,
}

impl Phase {
    /// One word for a page of status.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Listing => "listing",
            Self::Watching => "watching",
            Self::Failing => "failing",
            Self::Refused => "refused",
        }
    }
}

impl How {
    /// One word for a page of status.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Streamed => "streamed",
            Self::Paged => "paged",
        }
    }
}

impl Status {
    /// The numbers so far.
    pub fn counts(&self) -> Counts {
        Counts {
            requests: self.requests.load(Relaxed),
            bytes: self.bytes.load(Relaxed),
            events: self.events.load(Relaxed),
            lists: self.lists.load(Relaxed),
            broken: self.broken.load(Relaxed),
            cut: self.cut.load(Relaxed),
        }
    }

    /// Where it is.
    pub fn report(&self) -> Report {
        self.report.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change(&self, change: impl FnOnce(&mut Report)) {
        change(&mut self.report.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(super) fn asks(&self) {
        self.requests.fetch_add(1, Relaxed);
    }

    pub(super) fn hears(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Relaxed);
        self.change(|report| report.heard = Some(Instant::now()));
    }

    pub(super) fn takes(&self, objects: u64) {
        self.events.fetch_add(objects, Relaxed);
    }

    pub(super) fn breaks(&self, objects: u64, cut: u64, fault: &str) {
        self.broken.fetch_add(objects, Relaxed);
        self.cut.fetch_add(cut, Relaxed);
        self.change(|report| report.fault = Some(format!("an object can't be read: {fault}").into()));
    }

    pub(super) fn enters(&self, phase: Phase) {
        self.change(|report| report.phase = phase);
    }

    pub(super) fn synced(&self, how: How) {
        self.lists.fetch_add(1, Relaxed);
        self.change(|report| {
            (report.phase, report.how, report.synced) = (Phase::Watching, Some(how), Some(Instant::now()));
        });
    }

    pub(super) fn fails(&self, phase: Phase, fault: String) {
        self.change(|report| (report.phase, report.fault) = (phase, Some(fault.into())));
    }
}
