//! The task of one stream: takes what waits for it, sends it, and waits where that fails. No other stream waits with it.

mod sending;

use std::sync::Arc;
use std::time::Duration;

use model::Destination;
use telemetry::Episode;
use tracing::{error, info};

use super::backoff::Backoff;
use super::queue::End;
use super::shared::Shared;
use super::work::Work;

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
        let old = old || !self.begun.is_empty();
        if self.backoff.failures() == 0 && !self.shared.backlog_first {
            let begun = self.begun.pop();
            let results = tokio::join!(self.send_from(End::Live), self.send_old(begun));
            return self.outcome([results.0, results.1]);
        }
        // One request is enough to see whether it works again: the newest, since that is what people look at.
        let result = if live && !(old && self.shared.backlog_first) {
            self.send_from(End::Live).await
        } else {
            let begun = self.begun.pop();
            self.send_old(begun).await
        };
        self.outcome([result])
    }

    /// Whether anything was sent, or the first failure; what is begun is kept.
    fn outcome<const N: usize>(&mut self, results: [Result<bool, Interrupted>; N]) -> Result<bool, Failure> {
        let (mut sent, mut first) = (false, None);
        for result in results {
            match result {
                Ok(some) => sent |= some,
                Err(Interrupted(failure, work)) => {
                    self.begun.extend(work);
                    first.get_or_insert(failure);
                }
            }
        }
        first.map_or(Ok(sent), Err)
    }

    async fn send_old(&self, begun: Option<Work>) -> Result<bool, Interrupted> {
        match begun {
            Some(work) => self.send(work, End::Backlog).await.map(|()| true),
            None => self.send_from(End::Backlog).await,
        }
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
