//! The workers that deliver beside the pipelines: started together, ended last.

use std::time::Duration;

use component::Worker;
use confmap::ComponentId;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::Instrument;

use crate::components::Section;
use crate::logs;

/// Workers under way.
pub struct Deliveries {
    stop: watch::Sender<Option<Instant>>,
    tasks: JoinSet<anyhow::Result<()>>,
    drain_timeout: Option<Duration>,
    closers: Vec<Box<dyn Fn() + Send>>,
}

impl Deliveries {
    /// Starts every worker.
    pub fn start(workers: Vec<(ComponentId, Box<dyn Worker>)>) -> Self {
        let drain_timeout = workers.iter().map(|(_, worker)| worker.drain_timeout()).max();
        let closers = workers.iter().map(|(_, worker)| worker.closer()).collect();
        let stop = watch::Sender::new(None);
        let mut tasks = JoinSet::new();
        for (id, worker) in workers {
            let stopping = stop.subscribe();
            let span = logs::span(Section::Exporters, &id);
            let task = async move {
                let ended = worker.run(stopping).await;
                ended.map_err(|error| anyhow::anyhow!(error).context(format!("exporters::{id}")))
            };
            tasks.spawn(task.instrument(span));
        }
        Self { stop, tasks, drain_timeout, closers }
    }

    /// How long the slowest of them may take to end; `None` where there is none.
    pub fn drain_timeout(&self) -> Option<Duration> {
        self.drain_timeout
    }

    /// Waits for a worker that cannot go on; for ever where all go on.
    pub async fn failed(&mut self) -> anyhow::Error {
        loop {
            match self.tasks.join_next().await {
                Some(Ok(Err(error))) => return error,
                Some(_) => {}
                None => std::future::pending().await,
            }
        }
    }

    /// Lets no pipeline wait for room in a queue any more, since the process begins to end.
    pub fn close(&self) {
        self.closers.iter().for_each(|close| close());
    }

    /// Lets every worker deliver what is left, and waits for them. `began` is when the process began to end.
    pub async fn finish(mut self, began: Instant) {
        self.stop.send_replace(Some(began));
        while self.tasks.join_next().await.is_some() {}
    }
}
