//! What the tasks of all streams share.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws::logs::{Accepted, Client, Confirmed, Error, Event};
use model::Clock;

use crate::awsemf::destination::Destination;
use telemetry::{Episode, Seldom};
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

use super::disk::lock;
use super::in_flight::InFlight;
use super::log_groups::LogGroups;
use super::queue::{End, Queue};
use super::queued::Queued;
use super::self_metrics::SelfMetrics;
use crate::awsemf::config::RetryOnFailure;

/// The longest sleep before the clock is asked again: it counts the time a machine was suspended, a sleep does not.
const NAP: Duration = Duration::from_secs(5);
/// The longest wait between attempts while the process ends.
const LAST_WAITS: Duration = Duration::from_secs(2);

/// How long it is told that a stream failed which nothing comes for any more.
const REMEMBERED: Duration = Duration::from_secs(600);

/// Streams whose failure is told, each by a line in the log; those beyond fail too, and are like these.
const MOST_FAILING: usize = 256;

/// How long a line about single batches isn't written again.
const SILENCE: Duration = Duration::from_secs(600);

/// A stream that fails.
#[derive(Debug, Default)]
pub(super) struct Failing {
    words: String,
    episode: Episode,
    /// Nothing waits for it: until when it is told, by the monotonic clock.
    forget_at: Option<Duration>,
}

/// What the tasks of all streams share.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) queue: Arc<Queue>,
    pub(super) client: Client,
    pub(super) log_groups: LogGroups,
    /// Turns to send, one for each request under way.
    pub(super) permits: Semaphore,
    pub(super) retry: RetryOnFailure,
    pub(super) keeps: bool,
    pub(super) backlog_first: bool,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) metrics: Arc<SelfMetrics>,
    /// Streams that fail, and why.
    pub(super) failing: Mutex<BTreeMap<Arc<Destination>, Failing>>,
    /// Lines of the log that each batch could cause.
    pub(super) seldom: Mutex<BTreeMap<&'static str, Seldom>>,
    /// When the process began to end.
    pub(super) stopping: watch::Receiver<Option<Instant>>,
}

impl Context {
    /// Whether what failed is tried again.
    pub(super) fn retries(&self) -> bool {
        self.keeps && self.retry.enabled
    }

    /// One request; the stream's turn has come.
    pub(super) async fn put(&self, destination: &Destination, events: &[Event<'_>]) -> Result<Accepted, Error> {
        self.metrics.status.output_waits(self.clock.stamp().monotonic);
        let result = self.client.put_log_events(&destination.group, &destination.stream, events).await;
        self.metrics.request("PutLogEvents", result.as_ref().err().map_or("ok", Error::label));
        result
    }

    /// Counts what the service took and what it left out of it.
    pub(super) fn accepted(&self, in_flight: &InFlight, accepted: Accepted, events: usize, end: End) {
        let metrics = &self.metrics;
        let rejected = accepted.rejected;
        let (stored_points, lost_points) =
            in_flight.points_split(rejected.too_old + rejected.expired, rejected.too_new);
        metrics.sent(events - rejected.total().min(events), stored_points);
        metrics.confirmed(accepted.confirmed, events);
        if accepted.confirmed == Confirmed::Unread
            && let Some(unlogged) = self.says("unread answer")
        {
            tracing::warn!(
                events,
                unlogged,
                "CloudWatch Logs took events and the rest of its answer is unreadable; not sent again"
            );
        }
        let reasons = [("too_old", rejected.too_old), ("too_new", rejected.too_new), ("expired", rejected.expired)];
        for (reason, count) in reasons {
            metrics.dropped(reason, count as u64, 0);
        }
        metrics.lost_points(lost_points);
        if rejected.total() > 0
            && let Some(unlogged) = self.says("rejected")
        {
            let (old, new, expired) = (rejected.too_old, rejected.too_new, rejected.expired);
            tracing::warn!(
                old,
                new,
                expired,
                unlogged,
                "CloudWatch Logs didn't store events: too old, too new, or past the group's retention"
            );
        }
        metrics.raw_bytes.add(accepted.raw_bytes as u64);
        metrics.wire_bytes.add(accepted.wire_bytes as u64);
        let now = self.clock.stamp();
        self.tell_kept_out(now.monotonic);
        if events > rejected.total() {
            self.metrics.status.output(now.monotonic);
        }
        let lag_ms = now.wall_ms().saturating_add(self.client.clock_offset_ms()).saturating_sub(in_flight.newest_ms());
        if end == End::Live {
            metrics.lag.set(Duration::from_millis(u64::try_from(lag_ms).unwrap_or(0)).as_secs_f64());
        }
    }

    /// Whether a line that each batch could cause is to be written now, and how many like it were not since the last one.
    pub(super) fn says(&self, line: &'static str) -> Option<u64> {
        let now = self.clock.stamp().monotonic;
        lock(&self.seldom).entry(line).or_insert(Seldom::new(SILENCE)).says(now)
    }

    /// Says how many lines were not written of which none came for a while.
    fn tell_kept_out(&self, now: Duration) {
        for (line, seldom) in &mut *lock(&self.seldom) {
            if let Some(unlogged) = seldom.kept_out(now) {
                tracing::info!(line, unlogged, "faults of delivery since their last line in the log");
            }
        }
    }

    /// A stream fails for this reason; whether it didn't before.
    pub(super) fn stream_fails(&self, destination: &Arc<Destination>, words: &str) -> bool {
        let mut failing = lock(&self.failing);
        if failing.len() >= MOST_FAILING && !failing.contains_key(destination) {
            let rests = failing.iter().filter_map(|(destination, failing)| Some((failing.forget_at?, destination)));
            let Some(longest) = rests.min().map(|(_, destination)| Arc::clone(destination)) else { return false };
            failing.remove(&longest);
        }
        let entry = failing.entry(Arc::clone(destination)).or_default();
        entry.forget_at = None;
        words.clone_into(&mut entry.words);
        let is_first = entry.episode.failing();
        drop(failing);
        self.tell_status();
        is_first
    }

    /// A stream works; how many failures there were before.
    pub(super) fn stream_works(&self, destination: &Arc<Destination>) -> Option<u64> {
        let mut failing = lock(&self.failing);
        let ended = failing.remove(destination);
        if failing.is_empty() {
            self.metrics.status.output_settled();
        }
        drop(failing);
        self.tell_status();
        ended.and_then(|mut failing| failing.episode.recovered())
    }

    /// Nothing waits for a stream any more. That it failed is told for a while: what is lost is lost.
    pub(super) fn stream_rests(&self, destination: &Arc<Destination>) {
        let now = self.clock.stamp().monotonic;
        if let Some(failing) = lock(&self.failing).get_mut(destination) {
            failing.forget_at = Some(now + REMEMBERED);
        }
    }

    /// Says how delivery is: what fails, of however many streams, is not hidden by what goes well.
    fn tell_status(&self) {
        let now = self.clock.stamp();
        let oldest = self.queue.oldest().map(|since| now.monotonic.saturating_sub(since));
        self.metrics.oldest.set(oldest.map_or(0.0, |age| age.as_secs_f64()));
        let mut failing = lock(&self.failing);
        failing.retain(|_, failing| failing.forget_at.is_none_or(|at| at > now.monotonic));
        match (failing.iter().next(), self.queue.trouble()) {
            (Some((destination, Failing { words, .. })), _) => {
                let Destination { group, stream } = &**destination;
                let others = match failing.len() {
                    1 => String::new(),
                    count => format!(" (and {} more streams)", count - 1),
                };
                self.metrics.status.degraded(now.wall, &format!("{group} {stream}{others}: {words}"));
            }
            (None, Some(words)) => self.metrics.status.degraded(now.wall, words),
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

    /// Does what may block on the disk elsewhere, so that no other task waits for it; at once where there is no disk in it.
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

    /// Waits so long by a clock that counts suspension, less where the process ends.
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
                () = tokio::time::sleep(left.min(NAP)) => {}
                // The last attempts begin at once.
                _ = stopping.changed() => return,
            }
        }
    }
}
