//! One work of a stream: its bodies read, its requests made, and what becomes of it where one fails.

use std::sync::Arc;
use std::time::Duration;

use aws::logs::Error;
use net::chain;
use tracing::{error, warn};

use super::{Failure, Lane};
use crate::awsemf::delivery::numbers::OVERFLOW;
use crate::awsemf::delivery::queue::{End, Opened};
use crate::awsemf::delivery::waiting::Waiting;
use crate::awsemf::delivery::work::{Refused, Work};

/// How often a stream that was just made may still be missed, since the service doesn't know it everywhere at once.
const MISSES: u32 = 4;
/// Half of the wait after the first of them; each further one is twice as long.
const MISS_WAIT: Duration = Duration::from_millis(100);

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { words: chain(&error), after: error.retry_after(), slow: error.needs_help() }
    }
}

impl Lane {
    /// Takes what waits at one end and sends it; `false` where nothing does.
    pub(super) async fn send_from(&self, end: End) -> Result<bool, Failure> {
        let taken = self.shared.queue.take(&self.destination, end);
        if taken.is_empty() {
            return Ok(false);
        }
        let work = self.open(taken).await?;
        self.send(work, end).await.map(|()| true)
    }

    /// Reads the bodies of parcels; what is gone or damaged is settled.
    async fn open(&self, taken: Vec<Waiting>) -> Result<Work, Failure> {
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
                    self.shared.numbers.dropped(OVERFLOW, u64::from(waiting.events), waiting.points);
                    lost.push(waiting);
                }
                Opened::Damaged(error) => {
                    if let Some(unlogged) = self.shared.says("damaged") {
                        error!(error, events = waiting.events, unlogged, "events that waited are damaged and lost");
                    }
                    self.shared.numbers.dropped("damaged", u64::from(waiting.events), waiting.points);
                    lost.push(waiting);
                }
            }
        }
        self.shared.settle(lost).await;
        self.put_back(unreadable).await;
        let (work, damaged) = Work::new(whole);
        self.shared.numbers.dropped("damaged", damaged, 0);
        match words {
            Some(words) if work.parcels.is_empty() => Err(Failure { words, after: None, slow: false }),
            _ => Ok(work),
        }
    }

    /// Sends all of a work and settles it; what fails waits or is given up.
    async fn send(&self, mut work: Work, end: End) -> Result<(), Failure> {
        let Err(failure) = self.requests(&mut work, end).await else {
            self.shared.settle(work.parcels).await;
            return Ok(());
        };
        let now = self.shared.clock.stamp().monotonic;
        let most = self.shared.retry.max_elapsed_time;
        let is_late = |waiting: &Waiting| !most.is_zero() && now.saturating_sub(waiting.since) >= most;
        let given_up = if self.shared.retries() {
            work.parcels.iter().all(is_late).then_some("retry_exhausted")
        } else {
            Some("not_retried")
        };
        if let Some(reason) = given_up {
            let (events, points) = work.left();
            self.shared.numbers.dropped(reason, events, points);
            self.shared.settle(work.parcels).await;
        } else if work.has_begun() {
            let rest = work.rest(&self.destination);
            let (shared, destination) = (Arc::clone(&self.shared), Arc::clone(&self.destination));
            self.shared.blocking(move || shared.queue.replace(&destination, &work.parcels, rest)).await;
        } else {
            self.put_back(work.into_parcels()).await;
        }
        Err(failure)
    }

    async fn put_back(&self, returned: Vec<Waiting>) {
        let (shared, destination) = (Arc::clone(&self.shared), Arc::clone(&self.destination));
        self.shared.blocking(move || shared.queue.put_back(&destination, returned)).await;
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
                    shared.creator.create(&self.destination).await?;
                }
                Error::Missing(_) if misses < MISSES => {
                    tokio::time::sleep(MISS_WAIT * (1 << misses)).await;
                    misses += 1;
                }
                Error::Event { index, fault } => {
                    if let Some(unlogged) = shared.says(fault.label()) {
                        warn!(%fault, unlogged, "an event can't be sent and is lost");
                    }
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
                        if let Some(unlogged) = shared.says(reason) {
                            let error = chain(&error);
                            error!(events, error, unlogged, "events that CloudWatch Logs will never take are lost");
                        }
                        shared.numbers.dropped(reason, events, points);
                    }
                }
            }
        }
        Ok(())
    }
}
