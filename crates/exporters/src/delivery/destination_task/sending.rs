//! Some parcels of a destination on their way: their bodies read, their requests made, and what happens if one fails.

use std::sync::Arc;
use std::time::Duration;

use tracing::error;

use super::DestinationTask;
use crate::delivery::in_flight::{InFlight, Refused};
use crate::delivery::queue::{End, Opened};
use crate::delivery::queued::Queued;
use crate::delivery::self_metrics::OVERFLOW;
use crate::delivery::service::{Cause, Refusal, Retry};

/// How often a destination that was just created may still be missing, since a service doesn't know it everywhere at once.
const MISSES: u32 = 4;
/// Half of the wait after the first of them; each further one is twice as long.
const MISS_WAIT: Duration = Duration::from_millis(100);

impl DestinationTask {
    /// Takes what waits at one end and sends it; `false` if nothing does.
    pub(super) async fn send_from(&self, end: End) -> Result<bool, Retry> {
        let taken = self.context.queue.take(&self.destination, end);
        if taken.is_empty() {
            return Ok(false);
        }
        let in_flight = self.open(taken).await?;
        self.send(in_flight, end).await.map(|()| true)
    }

    /// Reads the bodies of parcels; what is gone or damaged is settled.
    async fn open(&self, taken: Vec<Queued>) -> Result<InFlight, Retry> {
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
        let (mut whole, mut unreadable, mut lost, mut failure) = (Vec::new(), Vec::new(), Vec::new(), None);
        for (queued, opened) in opened {
            match opened {
                Opened::Body(body) => whole.push((queued, body)),
                Opened::Failed(message) => {
                    unreadable.push(queued);
                    failure = Some(Retry { message, ..Retry::default() });
                }
                Opened::Gone => {
                    self.context.metrics.dropped(OVERFLOW, u64::from(queued.frames), queued.points);
                    lost.push(queued);
                }
                Opened::Damaged(error) => {
                    if let Some(unlogged) = self.context.log_now("damaged") {
                        error!(error, events = queued.frames, unlogged, "events that waited are damaged and lost");
                    }
                    self.context.metrics.dropped("damaged", u64::from(queued.frames), queued.points);
                    lost.push(queued);
                }
            }
        }
        self.context.settle(lost).await;
        self.put_back(unreadable).await;
        let (in_flight, damaged) = InFlight::new(whole, self.context.service.limits());
        self.context.metrics.dropped("damaged", damaged, 0);
        match failure {
            Some(failure) if in_flight.parcels.is_empty() => Err(failure),
            _ => Ok(in_flight),
        }
    }

    /// Sends all of it and settles it; what fails waits or is dropped.
    async fn send(&self, mut in_flight: InFlight, end: End) -> Result<(), Retry> {
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
            let (frames, points) = in_flight.left();
            self.context.metrics.dropped(reason, frames, points);
            self.context.settle(in_flight.parcels).await;
        } else if in_flight.has_begun() {
            let rest = in_flight.rest(&self.destination);
            let (context, destination) = (Arc::clone(&self.context), self.destination.clone());
            self.context.blocking(move || context.queue.replace(&destination, &in_flight.parcels, rest)).await;
        } else {
            self.put_back(in_flight.into_parcels()).await;
        }
        Err(failure)
    }

    async fn put_back(&self, returned: Vec<Queued>) {
        let (context, destination) = (Arc::clone(&self.context), self.destination.clone());
        self.context.blocking(move || context.queue.put_back(&destination, returned)).await;
    }

    /// Makes requests until nothing is left or one fails.
    async fn requests(&self, in_flight: &mut InFlight, end: End) -> Result<(), Retry> {
        let context = &self.context;
        let mut misses = 0;
        while let Some(frames) = in_flight.next() {
            let count = frames.len();
            let result = context.put(&self.destination, &frames).await;
            drop(frames);
            let refusal = match result {
                Ok(accepted) => {
                    context.accepted(in_flight, &accepted, count, end);
                    in_flight.accepted();
                    continue;
                }
                Err(refusal) => refusal,
            };
            match refusal {
                Refusal::Create { .. } if misses == 0 => {
                    misses = 1;
                    context.service.create(&self.destination).await?;
                }
                Refusal::Create { .. } if misses < MISSES => {
                    tokio::time::sleep(MISS_WAIT * (1 << misses)).await;
                    misses += 1;
                }
                Refusal::Create { message } => return Err(Retry { message, ..Retry::default() }),
                Refusal::Retry(retry) => {
                    if retry.may_have_arrived {
                        context.metrics.uncertain.add(count as u64);
                    }
                    return Err(retry);
                }
                Refusal::DropFrame { index, cause } => {
                    let points = in_flight.remove(index);
                    self.dropped(&cause, Refused::Dropped(1, points));
                }
                Refusal::Split(cause) => self.dropped(&cause, in_flight.refused()),
                Refusal::Drop(cause) => self.dropped(&cause, in_flight.dropped()),
            }
        }
        Ok(())
    }

    /// Counts and logs what is dropped, if anything is.
    fn dropped(&self, cause: &Cause, refused: Refused) {
        let Refused::Dropped(frames, points) = refused else { return };
        if let Some(unlogged) = self.context.log_now(cause.reason) {
            let destination = self.context.service.name_of(&self.destination);
            let Cause { reason, message } = cause;
            error!(
                destination,
                events = frames,
                reason,
                error = message,
                unlogged,
                "events that the service will never take are lost"
            );
        }
        self.context.metrics.dropped(cause.reason, frames, points);
    }
}
