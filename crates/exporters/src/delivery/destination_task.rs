//! The task of one destination: takes what waits for it, sends it, and waits if that fails. No other destination waits with it.

mod sending;

use std::sync::Arc;
use std::time::Duration;

use tracing::{error, info};

use super::backoff::Backoff;
use super::context::Context;
use super::destination::Destination;
use super::queue::End;
use super::service::Retry;

/// One destination's delivery.
pub(super) struct DestinationTask {
    context: Arc<Context>,
    destination: Destination,
    backoff: Backoff,
}

impl DestinationTask {
    pub(super) fn new(context: Arc<Context>, destination: Destination) -> Self {
        let backoff = Backoff::new(&context.retry);
        Self { context, destination, backoff }
    }

    /// Delivers until nothing waits.
    pub(super) async fn run(mut self) {
        loop {
            if self.context.queue.leave(&self.destination) {
                self.context.destination_idle(&self.destination);
                return;
            }
            let context = Arc::clone(&self.context);
            // Bodies are opened only once their turn to be sent has come, so that memory holds those of requests under way and no
            // more, however many destinations wait. The permit is always granted at last: the semaphore isn't closed.
            let turn = context.permits.acquire().await;
            // What an attempt needs is allocated for as long as it takes: a destination that waits is small.
            let attempted = Box::pin(self.attempt()).await;
            drop(turn);
            match attempted {
                Ok(true) => self.recovered(),
                // What waited was dropped meanwhile.
                Ok(false) => {}
                Err(failure) => {
                    let wait = self.failed(&failure);
                    self.context.wait(wait).await;
                }
            }
        }
    }

    /// Sends what a request or two take; `false` if nothing waited.
    async fn attempt(&self) -> Result<bool, Retry> {
        let queue = &self.context.queue;
        if self.backoff.failures() == 0 && !self.context.backlog_first {
            let (live, old) = match self.context.permits.try_acquire() {
                Ok(_second_turn) => tokio::join!(self.send_from(End::Live), self.send_from(End::Backlog)),
                Err(_) => (self.send_from(End::Live).await, self.send_from(End::Backlog).await),
            };
            return match (live, old) {
                (Err(one), Err(other)) => Err(Retry { after: one.after.max(other.after), ..one }),
                (live, old) => live.and_then(|live| Ok(live | old?)),
            };
        }
        // One request is enough to see whether it works again: the newest, since that is what people look at.
        let [live, old] = [End::Live, End::Backlog].map(|end| queue.has(&self.destination, end));
        let end = if live && !(old && self.context.backlog_first) { End::Live } else { End::Backlog };
        self.send_from(end).await
    }

    fn recovered(&mut self) {
        self.backoff.succeeded();
        if let Some(failures) = self.context.destination_works(&self.destination) {
            let destination = self.context.service.name_of(&self.destination);
            info!(failures, destination, "delivery works again");
        }
    }

    fn failed(&mut self, failure: &Retry) -> Duration {
        if self.context.destination_fails(&self.destination, &failure.message) {
            let kept = if self.context.retries() { "events wait" } else { "events are lost" };
            let destination = self.context.service.name_of(&self.destination);
            error!(destination, error = failure.message, "delivery fails; {kept} until it works again");
        }
        self.backoff.failed(failure.needs_operator).max(failure.after.unwrap_or_default())
    }
}
