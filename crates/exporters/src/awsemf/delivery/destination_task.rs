//! The task of one stream: takes what waits for it, sends it, and waits where that fails. No other stream waits with it.

mod sending;

use std::sync::Arc;
use std::time::Duration;

use crate::awsemf::destination::Destination;
use tracing::{error, info};

use super::backoff::Backoff;
use super::context::Context;
use super::queue::End;

/// One stream's delivery.
pub(super) struct DestinationTask {
    context: Arc<Context>,
    destination: Arc<Destination>,
    backoff: Backoff,
}

/// A request that failed and may succeed later.
struct Failure {
    words: String,
    /// Not before this.
    after: Option<Duration>,
    /// Only a person can help.
    slow: bool,
}

impl DestinationTask {
    pub(super) fn new(context: Arc<Context>, destination: Arc<Destination>) -> Self {
        let backoff = Backoff::new(&context.retry);
        Self { context, destination, backoff }
    }

    /// Delivers until nothing waits.
    pub(super) async fn run(mut self) {
        loop {
            if self.context.queue.leave(&self.destination) {
                self.context.stream_rests(&self.destination);
                return;
            }
            let context = Arc::clone(&self.context);
            // Nothing is opened before its turn to be sent has come: however many streams wait, bodies are in memory once for
            // each request under way. The turn is never taken away: the semaphore isn't closed.
            let turn = context.permits.acquire().await;
            // What an attempt needs is set aside for as long as it takes: a stream that waits is small.
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

    /// Sends what a request or two take; `false` where nothing waited.
    async fn attempt(&self) -> Result<bool, Failure> {
        let queue = &self.context.queue;
        if self.backoff.failures() == 0 && !self.context.backlog_first {
            let (live, old) = match self.context.permits.try_acquire() {
                Ok(_second_turn) => tokio::join!(self.send_from(End::Live), self.send_from(End::Backlog)),
                Err(_) => (self.send_from(End::Live).await, self.send_from(End::Backlog).await),
            };
            return match (live, old) {
                (Err(one), Err(other)) => Err(Failure { after: one.after.max(other.after), ..one }),
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
        if let Some(failures) = self.context.stream_works(&self.destination) {
            let Destination { group, stream } = &*self.destination;
            info!(failures, group = &**group, stream = &**stream, "delivery works again");
        }
    }

    fn failed(&mut self, failure: &Failure) -> Duration {
        if self.context.stream_fails(&self.destination, &failure.words) {
            let kept = if self.context.retries() { "events wait" } else { "events are lost" };
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
