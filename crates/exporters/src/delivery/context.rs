//! What the tasks of all destinations share.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use model::Clock;
use telemetry::{Episode, Seldom};
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;
use tracing::{info, warn};

use super::config::RetryOnFailure;
use super::destination::Destination;
use super::disk::lock;
use super::in_flight::InFlight;
use super::queue::{End, Queue};
use super::queued::Queued;
use super::self_metrics::SelfMetrics;
use super::service::{Accepted, Confirmed, Frame, Refusal, Rejected, Service};

/// The longest sleep before the clock is read again: it counts the time a machine was suspended, a sleep does not.
const CLOCK_EVERY: Duration = Duration::from_secs(5);
/// The longest wait between attempts while the process ends.
const LAST_WAITS: Duration = Duration::from_secs(2);
/// How long the status names a destination that failed after nothing waits for it any more.
const REMEMBERED: Duration = Duration::from_secs(600);
/// Failing destinations that the status counts, each with a line in the log; further ones fail too, and are like these.
const MOST_FAILING: usize = 256;
/// How long a log line about single requests isn't written again.
const SILENCE: Duration = Duration::from_secs(600);

/// A destination that fails.
#[derive(Debug, Default)]
pub(super) struct Failing {
    message: String,
    episode: Episode,
    /// Nothing waits for it: until when the status names it, by the monotonic clock.
    forget_at: Option<Duration>,
}

/// What the tasks of all destinations share.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) queue: Arc<Queue>,
    pub(super) service: Arc<dyn Service>,
    /// Turns to send, one for each request under way.
    pub(super) permits: Semaphore,
    pub(super) retry: RetryOnFailure,
    pub(super) keeps: bool,
    pub(super) backlog_first: bool,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) metrics: Arc<SelfMetrics>,
    /// Destinations that fail, and why.
    pub(super) failing: Mutex<BTreeMap<Destination, Failing>>,
    /// Lines of the log that each request could cause.
    pub(super) seldom: Mutex<BTreeMap<&'static str, Seldom>>,
    /// When the process began to end.
    pub(super) stopping: watch::Receiver<Option<Instant>>,
}

impl Context {
    /// Whether what failed is tried again.
    pub(super) fn retries(&self) -> bool {
        self.keeps && self.retry.enabled
    }

    /// One request; the destination's turn has come.
    pub(super) async fn put(&self, destination: &Destination, frames: &[Frame<'_>]) -> Result<Accepted, Refusal> {
        self.metrics.status.output_waits(self.clock.stamp().monotonic);
        self.service.put(destination, frames).await
    }

    /// Counts what the service stored of a request, and what it left out.
    pub(super) fn accepted(&self, in_flight: &InFlight, accepted: &Accepted, frames: usize, end: End) {
        let metrics = &self.metrics;
        let stored = in_flight.split(&accepted.rejected);
        metrics.sent(stored.frames, stored.points);
        metrics.confirmed(accepted.confirmed, frames);
        if accepted.confirmed == Confirmed::Unread
            && let Some(unlogged) = self.log_now("unread answer")
        {
            warn!(
                events = frames,
                unlogged, "the service took events and the rest of its answer is unreadable; not sent again"
            );
        }
        self.count_rejected(accepted, frames, stored.lost_points);
        metrics.raw_bytes.add(accepted.raw_bytes as u64);
        metrics.wire_bytes.add(accepted.wire_bytes as u64);
        let now = self.clock.stamp();
        self.log_unlogged(now.monotonic);
        if stored.frames > 0 {
            metrics.status.output(now.monotonic);
        }
        let lag_ms = now.wall_ms().saturating_add(accepted.clock_offset_ms).saturating_sub(in_flight.newest_ms());
        if end == End::Live {
            metrics.lag.set(Duration::from_millis(u64::try_from(lag_ms).unwrap_or(0)).as_secs_f64());
        }
    }

    fn count_rejected(&self, accepted: &Accepted, frames: usize, lost_points: u64) {
        if accepted.rejected.is_empty() {
            return;
        }
        let mut reasons = Vec::new();
        for part in &accepted.rejected {
            let Rejected::Frames { reason, range } = part else { continue };
            let count = range.end.min(frames).saturating_sub(range.start);
            self.metrics.dropped(reason, count as u64, 0);
            reasons.push(format!("{reason}: {count}"));
        }
        self.metrics.lost_points(lost_points);
        if let Some(unlogged) = self.log_now("rejected") {
            let (reasons, message) = (reasons.join(", "), &accepted.message);
            warn!(points = lost_points, reasons, message, unlogged, "the service didn't store events of a request");
        }
    }

    /// Whether a line that each request could cause is to be written now, and how many like it were not since the last one.
    pub(super) fn log_now(&self, line: &'static str) -> Option<u64> {
        let now = self.clock.stamp().monotonic;
        lock(&self.seldom).entry(line).or_insert(Seldom::new(SILENCE)).says(now)
    }

    /// Logs how many lines were not written, of kinds that ended.
    fn log_unlogged(&self, now: Duration) {
        for (line, seldom) in &mut *lock(&self.seldom) {
            if let Some(unlogged) = seldom.kept_out(now) {
                info!(line, unlogged, "faults of delivery since their last line in the log");
            }
        }
    }

    /// A destination fails with this message; whether it didn't before.
    pub(super) fn destination_fails(&self, destination: &Destination, message: &str) -> bool {
        let mut failing = lock(&self.failing);
        if failing.len() >= MOST_FAILING && !failing.contains_key(destination) {
            let idle = failing.iter().filter_map(|(destination, failing)| Some((failing.forget_at?, destination)));
            let Some(longest) = idle.min().map(|(_, destination)| destination.clone()) else { return false };
            failing.remove(&longest);
        }
        let entry = failing.entry(destination.clone()).or_default();
        entry.forget_at = None;
        message.clone_into(&mut entry.message);
        let is_first = entry.episode.failing();
        drop(failing);
        self.report_status();
        is_first
    }

    /// A destination works; how many failures there were before.
    pub(super) fn destination_works(&self, destination: &Destination) -> Option<u64> {
        let mut failing = lock(&self.failing);
        let ended = failing.remove(destination);
        if failing.is_empty() {
            self.metrics.status.output_settled();
        }
        drop(failing);
        self.report_status();
        ended.and_then(|mut failing| failing.episode.recovered())
    }

    /// Nothing waits for a destination any more. The status names its failure for a while, since data was lost.
    pub(super) fn destination_idle(&self, destination: &Destination) {
        let now = self.clock.stamp().monotonic;
        if let Some(failing) = lock(&self.failing).get_mut(destination) {
            failing.forget_at = Some(now + REMEMBERED);
        }
    }

    /// Updates the status page: one failing destination shows, however many work.
    fn report_status(&self) {
        let now = self.clock.stamp();
        let oldest = self.queue.oldest().map(|since| now.monotonic.saturating_sub(since));
        self.metrics.oldest.set(oldest.map_or(0.0, |age| age.as_secs_f64()));
        let mut failing = lock(&self.failing);
        failing.retain(|_, failing| failing.forget_at.is_none_or(|at| at > now.monotonic));
        match (failing.iter().next(), self.queue.trouble()) {
            (Some((destination, Failing { message, .. })), _) => {
                let name = self.service.name_of(destination);
                let others = match failing.len() {
                    1 => String::new(),
                    count => format!(" (and {} more destinations)", count - 1),
                };
                self.metrics.status.degraded(now.wall, &format!("{name}{others}: {message}"));
            }
            (None, Some(message)) => self.metrics.status.degraded(now.wall, message),
            (None, None) => self.metrics.status.ok(now.wall),
        }
    }

    /// Ends parcels.
    pub(super) async fn settle(self: &Arc<Self>, settled: Vec<Queued>) {
        if !settled.is_empty() {
            let context = Arc::clone(self);
            self.blocking(move || context.queue.settle(&settled)).await;
        }
    }

    /// Does what may block on the disk on another thread, so that no other task waits for it; at once if there is no disk.
    pub(super) async fn blocking<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        if !self.queue.has_disk() {
            return work();
        }
        let span = tracing::Span::current();
        match tokio::task::spawn_blocking(move || span.in_scope(work)).await {
            Ok(done) => done,
            // The process ends with a panic; one that was cancelled is past its runtime's end.
            Err(_) => std::future::pending().await,
        }
    }

    /// Waits by a clock that counts suspension; a shorter time while the process ends.
    pub(super) async fn wait(&self, wait: Duration) {
        let until = self.clock.stamp().monotonic.saturating_add(wait);
        let mut stopping = self.stopping.clone();
        if stopping.borrow().is_some() {
            tokio::time::sleep(wait.min(LAST_WAITS)).await;
            return;
        }
        loop {
            let left = until.saturating_sub(self.clock.stamp().monotonic);
            if left.is_zero() {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(left.min(CLOCK_EVERY)) => {}
                // The last attempts begin at once.
                _ = stopping.changed() => return,
            }
        }
    }
}
