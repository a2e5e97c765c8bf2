//! The task of one stream: takes what waits for it, sends it, and waits where that fails. No other stream waits with it.

use std::sync::Arc;
use std::time::Duration;

use aws::logs::Error;
use model::Destination;
use telemetry::Episode;
use tracing::{error, info, warn};

use super::backoff::Backoff;
use super::queue::{End, Opened};
use super::shared::Shared;
use super::storage::chain;
use super::waiting::{Held, Waiting};
use super::work::{Refused, Work};

/// How often a stream that was just made may still be missed, since the service doesn't know it everywhere at once.
const MISSES: u32 = 4;
/// The wait after the first of them.
const MISS_WAIT: Duration = Duration::from_millis(100);

/// One stream's delivery.
pub(super) struct Lane {
    shared: Arc<Shared>,
    destination: Arc<Destination>,
    backoff: Backoff,
    episode: Episode,
    /// Work of which a part is settled: it goes on where it stopped.
    begun: Vec<Work>,
}

/// A request that failed and may succeed later.
struct Failure {
    words: String,
    /// Not before this.
    after: Option<Duration>,
    /// Only a person can help.
    slow: bool,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { words: chain(&error), after: error.retry_after(), slow: error.needs_help() }
    }
}

impl Lane {
    pub(super) fn new(shared: Arc<Shared>, destination: Arc<Destination>) -> Self {
        let backoff = Backoff::new(&shared.retry);
        Self { shared, destination, backoff, episode: Episode::default(), begun: Vec::new() }
    }

    /// Delivers until nothing waits.
    pub(super) async fn run(mut self) {
        loop {
            match self.attempt().await {
                Ok(true) => self.recovered(),
                Ok(false) => {
                    if self.begun.is_empty() && self.shared.queue.leave(&self.destination) {
                        return;
                    }
                }
                Err(failure) => {
                    let wait = self.failed(&failure);
                    self.shared.wait(wait).await;
                }
            }
        }
    }

    /// Sends what a request or two take; `false` where nothing waited.
    async fn attempt(&mut self) -> Result<bool, Failure> {
        let queue = &self.shared.queue;
        let [live, old] = [End::Live, End::Backlog].map(|end| queue.has(&self.destination, end));
        let begun = self.begun.pop();
        if self.backoff.failures() > 0 || self.shared.backlog_first {
            // One request is enough to see whether it works again: the newest, since that is what people look at.
            let first = if live && !self.shared.backlog_first { End::Live } else { End::Backlog };
            return match begun {
                Some(work) => self.send(work, End::Backlog).await.map(|()| true).map_err(|failure| self.keep(failure)),
                None if old || !live => self.send_from(first).await.map_err(|failure| self.keep(failure)),
                None => self.send_from(End::Live).await.map_err(|failure| self.keep(failure)),
            };
        }
        let this = &*self;
        let old = async {
            match begun {
                Some(work) => this.send(work, End::Backlog).await.map(|()| true),
                None => this.send_from(End::Backlog).await,
            }
        };
        let (live, old) = tokio::join!(this.send_from(End::Live), old);
        match (live, old) {
            (Ok(live), Ok(old)) => Ok(live || old),
            (Err(Interrupted(failure, work)), Ok(_)) | (Ok(_), Err(Interrupted(failure, work))) => {
                self.begun.extend(work);
                Err(failure)
            }
            (Err(Interrupted(failure, one)), Err(Interrupted(_, other))) => {
                self.begun.extend(one.into_iter().chain(other));
                Err(failure)
            }
        }
    }

    fn keep(&mut self, Interrupted(failure, work): Interrupted) -> Failure {
        self.begun.extend(work);
        failure
    }

    async fn send_from(&self, end: End) -> Result<bool, Interrupted> {
        let taken = self.shared.queue.take(&self.destination, end);
        if taken.is_empty() {
            return Ok(false);
        }
        let work = self.open(taken).await?;
        self.send(work, end).await.map(|()| true)
    }

    /// Reads the bodies of parcels; what is gone or damaged is settled.
    async fn open(&self, taken: Vec<Waiting>) -> Result<Work, Interrupted> {
        let shared = Arc::clone(&self.shared);
        let read = move || {
            let queue = &shared.queue;
            let opened = taken.into_iter().map(|mut waiting| {
                let opened = queue.open(&mut waiting);
                (waiting, opened)
            });
            opened.collect::<Vec<_>>()
        };
        let opened = self.shared.blocking(read).await;
        let (mut whole, mut unreadable, mut lost, mut words) = (Vec::new(), Vec::new(), Vec::new(), None);
        for (waiting, opened) in opened {
            match opened {
                Opened::Body(body) => whole.push((waiting, body)),
                Opened::Failed(error) => {
                    unreadable.push(waiting);
                    words = Some(error);
                }
                Opened::Gone => {
                    self.shared.numbers.dropped("overflow", u64::from(waiting.events), 0);
                    lost.push(waiting);
                }
                Opened::Damaged(error) => {
                    error!(error, events = waiting.events, "events that waited are damaged and lost");
                    self.shared.numbers.dropped("damaged", u64::from(waiting.events), 0);
                    lost.push(waiting);
                }
            }
        }
        self.shared.settle(lost).await;
        self.shared.queue.put_back(&self.destination, unreadable);
        let (work, damaged) = Work::new(whole);
        self.shared.numbers.dropped("damaged", damaged, 0);
        match words {
            Some(words) if work.parcels.is_empty() => {
                Err(Interrupted(Failure { words, after: None, slow: false }, None))
            }
            _ => Ok(work),
        }
    }

    /// Sends all of a work and settles it; where that fails, it waits or is given up.
    async fn send(&self, mut work: Work, end: End) -> Result<(), Interrupted> {
        let Err(failure) = self.requests(&mut work, end).await else {
            self.shared.settle(work.parcels).await;
            return Ok(());
        };
        if !self.shared.retries() {
            self.shared.numbers.dropped("not_retried", work.events_left(), 0);
            self.shared.settle(work.parcels).await;
            return Err(Interrupted(failure, None));
        }
        if work.has_begun() {
            return Err(Interrupted(failure, Some(work)));
        }
        let now = self.shared.clock.stamp().monotonic;
        let most = self.shared.retry.max_elapsed_time;
        let (mut returned, mut exhausted) = (Vec::new(), Vec::new());
        for (mut waiting, body) in work.into_parcels() {
            if !most.is_zero() && now.saturating_sub(waiting.since) >= most {
                self.shared.numbers.dropped("retry_exhausted", u64::from(waiting.events), 0);
                exhausted.push(waiting);
                continue;
            }
            if matches!(waiting.held, Held::Raw(_)) {
                waiting.held = Held::Raw(body);
            }
            returned.push(waiting);
        }
        self.shared.settle(exhausted).await;
        self.shared.queue.put_back(&self.destination, returned);
        Err(Interrupted(failure, None))
    }

    /// Makes the requests of a work until nothing is left or one fails.
    async fn requests(&self, work: &mut Work, end: End) -> Result<(), Failure> {
        let shared = &self.shared;
        let mut misses = 0;
        while let Some(events) = work.next() {
            let count = events.len();
            let result = shared.put(&self.destination, &events).await;
            drop(events);
            let error = match result {
                Ok(accepted) => {
                    shared.accepted(work, accepted, count, end);
                    work.taken();
                    continue;
                }
                Err(error) => error,
            };
            match error {
                Error::Missing(_) if misses == 0 => {
                    misses = 1;
                    shared.creator.create(&self.destination, shared.clock.stamp().monotonic).await?;
                }
                Error::Missing(_) if misses < MISSES => {
                    tokio::time::sleep(MISS_WAIT * (1 << misses)).await;
                    misses += 1;
                }
                Error::Event { index, fault } => {
                    warn!(%fault, "an event can't be sent and is lost");
                    let points = work.remove(index);
                    shared.numbers.dropped(fault.label(), 1, points);
                }
                error if error.can_retry() => {
                    if error.may_have_arrived() {
                        shared.numbers.uncertain.add(count as u64);
                    }
                    return Err(error.into());
                }
                error => {
                    let reason = error.label();
                    if let Refused::Lost(events, points) = work.refused() {
                        error!(events, error = chain(&error), "events that CloudWatch Logs will never take are lost");
                        shared.numbers.dropped(reason, events, points);
                    }
                }
            }
        }
        Ok(())
    }

    fn recovered(&mut self) {
        self.backoff.succeeded();
        self.shared.stream_fails(&self.destination, None);
        if let Some(failures) = self.episode.recovered() {
            let Destination { group, stream } = &*self.destination;
            info!(failures, group = &**group, stream = &**stream, "delivery works again");
        }
    }

    fn failed(&mut self, failure: &Failure) -> Duration {
        self.shared.stream_fails(&self.destination, Some(&failure.words));
        if self.episode.failing() {
            let kept = if self.shared.retries() { "events wait" } else { "events are lost" };
            let Destination { group, stream } = &*self.destination;
            error!(
                group = &**group,
                stream = &**stream,
                error = failure.words,
                "delivery fails; {kept} until it works again"
            );
        }
        self.backoff.failed(failure.slow).max(failure.after.unwrap_or_default())
    }
}

/// A failure, and the work that goes on where it stopped.
struct Interrupted(Failure, Option<Work>);
