//! One in_flight of a stream: its bodies read, its requests made, and what becomes of it where one fails.

use std::sync::Arc;
use std::time::Duration;

use aws::logs::Error;
use net::chain;
use tracing::{error, warn};

use super::{DestinationTask, Failure};
use crate::awsemf::delivery::in_flight::{InFlight, Refused};
use crate::awsemf::delivery::queue::{End, Opened};
use crate::awsemf::delivery::queued::Queued;
use crate::awsemf::delivery::self_metrics::OVERFLOW;

/// How often a stream that was just made may still be missed, since the service doesn't know it everywhere at once.
const MISSES: u32 = 4;
/// Half of the wait after the first of them; each further one is twice as long.
const MISS_WAIT: Duration = Duration::from_millis(100);

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { words: chain(&error), after: error.retry_after(), slow: error.needs_help() }
    }
}

impl DestinationTask {
    /// Takes what waits at one end and sends it; `false` where nothing does.
    pub(super) async fn send_from(&self, end: End) -> Result<bool, Failure> {
        let taken = self.context.queue.take(&self.destination, end);
        if taken.is_empty() {
            return Ok(false);
        }
        let in_flight = self.open(taken).await?;
        self.send(in_flight, end).await.map(|()| true)
    }

    /// Reads the bodies of parcels; what is gone or damaged is settled.
    async fn open(&self, taken: Vec<Queued>) -> Result<InFlight, Failure> {
        let context = Arc::clone(&self.context);
        let read = move || {
            let queue = &context.queue;
            let opened = taken.into_iter().map(|mut queued| {
                let opened = queue.open(&mut queued);
                (queued, opened)
            });
            opened.collect::<Vec<_>>()
        };
        let opened = self.context.blocking(read).await;
        let (mut whole, mut unreadable, mut lost, mut words) = (Vec::new(), Vec::new(), Vec::new(), None);
        for (queued, opened) in opened {
            match opened {
                Opened::Body(body) => whole.push((queued, body)),
                Opened::Failed(error) => {
                    unreadable.push(queued);
                    words = Some(error);
                }
                Opened::Gone => {
                    self.context.metrics.dropped(OVERFLOW, u64::from(queued.events), queued.points);
                    lost.push(queued);
                }
                Opened::Damaged(error) => {
                    if let Some(unlogged) = self.context.says("damaged") {
                        error!(error, events = queued.events, unlogged, "events that waited are damaged and lost");
                    }
                    self.context.metrics.dropped("damaged", u64::from(queued.events), queued.points);
                    lost.push(queued);
                }
            }
        }
        self.context.settle(lost).await;
        self.put_back(unreadable).await;
        let (in_flight, damaged) = InFlight::new(whole);
        self.context.metrics.dropped("damaged", damaged, 0);
        match words {
            Some(words) if in_flight.parcels.is_empty() => Err(Failure { words, after: None, slow: false }),
            _ => Ok(in_flight),
        }
    }

    /// Sends all of a in_flight and settles it; what fails waits or is given up.
    async fn send(&self, mut in_flight: InFlight, end: End) -> Result<(), Failure> {
        let Err(failure) = self.requests(&mut in_flight, end).await else {
            self.context.settle(in_flight.parcels).await;
            return Ok(());
        };
        let now = self.context.clock.stamp().monotonic;
        let most = self.context.retry.max_elapsed_time;
        let is_late = |queued: &Queued| !most.is_zero() && now.saturating_sub(queued.since) >= most;
        let given_up = if self.context.retries() {
            in_flight.parcels.iter().all(is_late).then_some("retry_exhausted")
        } else {
            Some("not_retried")
        };
        if let Some(reason) = given_up {
            let (events, points) = in_flight.left();
            self.context.metrics.dropped(reason, events, points);
            self.context.settle(in_flight.parcels).await;
        } else if in_flight.has_begun() {
            let rest = in_flight.rest(&self.destination);
            let (context, destination) = (Arc::clone(&self.context), Arc::clone(&self.destination));
            self.context.blocking(move || context.queue.replace(&destination, &in_flight.parcels, rest)).await;
        } else {
            self.put_back(in_flight.into_parcels()).await;
        }
        Err(failure)
    }

    async fn put_back(&self, returned: Vec<Queued>) {
        let (context, destination) = (Arc::clone(&self.context), Arc::clone(&self.destination));
        self.context.blocking(move || context.queue.put_back(&destination, returned)).await;
    }

    /// Makes the requests of a in_flight until nothing is left or one fails.
    async fn requests(&self, in_flight: &mut InFlight, end: End) -> Result<(), Failure> {
        let context = &self.context;
        let mut misses = 0;
        while let Some(events) = in_flight.next() {
            let count = events.len();
            let result = context.put(&self.destination, &events).await;
            drop(events);
            let error = match result {
                Ok(accepted) => {
                    context.accepted(in_flight, accepted, count, end);
                    in_flight.taken();
                    continue;
                }
                Err(error) => error,
            };
            match error {
                Error::Missing(_) if misses == 0 => {
                    misses = 1;
                    context.log_groups.create(&self.destination).await?;
                }
                Error::Missing(_) if misses < MISSES => {
                    tokio::time::sleep(MISS_WAIT * (1 << misses)).await;
                    misses += 1;
                }
                Error::Event { index, fault } => {
                    if let Some(unlogged) = context.says(fault.label()) {
                        warn!(%fault, unlogged, "an event can't be sent and is lost");
                    }
                    let points = in_flight.remove(index);
                    context.metrics.dropped(fault.label(), 1, points);
                }
                error if error.can_retry() => {
                    if error.may_have_arrived() {
                        context.metrics.uncertain.add(count as u64);
                    }
                    return Err(error.into());
                }
                error => {
                    let reason = error.label();
                    if let Refused::Lost(events, points) = in_flight.refused() {
                        if let Some(unlogged) = context.says(reason) {
                            let error = chain(&error);
                            error!(events, error, unlogged, "events that CloudWatch Logs will never take are lost");
                        }
                        context.metrics.dropped(reason, events, points);
                    }
                }
            }
        }
        Ok(())
    }
}
