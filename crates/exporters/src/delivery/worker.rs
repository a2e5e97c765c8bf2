//! Delivery at work: starts the service, and gives every destination with something to deliver a task of its own.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use component::{Cause, Task};
use model::Clock;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::{Instrument, info, warn};

use super::config::{RetryOnFailure, SendingQueue};
use super::context::Context;
use super::destination_task::DestinationTask;
use super::limits::Order;
use super::queue::Queue;
use super::self_metrics::SelfMetrics;
use super::service::{Service, SetupError};

/// How long what was written may wait to be safe from a loss of power.
const SYNC: Duration = Duration::from_secs(1);
/// Destinations that have a task of their own at a time; the others wait in the queue, those that came first to be next.
const MOST_TASKS: usize = 2048;

/// Delivers what the exporter puts into the queue.
#[derive(Debug)]
pub struct Worker {
    pub(super) name: String,
    pub(super) service: Arc<dyn Service>,
    pub(super) queue: Arc<Queue>,
    pub(super) sending: SendingQueue,
    pub(super) retry: RetryOnFailure,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) metrics: Arc<SelfMetrics>,
}

impl Worker {
    /// Called when the process begins to end, so that no batch waits for room any more.
    pub fn closer(&self) -> impl Fn() + Send + 'static {
        let queue = Arc::clone(&self.queue);
        move || queue.close()
    }

    /// How long delivery may go on once the process ends.
    #[must_use]
    pub fn drain_timeout(&self) -> Duration {
        self.sending.drain_timeout
    }

    /// Runs until shutdown is signalled by `stopping` and the queue is empty, or `drain_timeout` has passed since the signal.
    /// Nothing must be put into the queue after the signal.
    ///
    /// # Errors
    ///
    /// A setting that can't work, so that trying again is no use.
    pub async fn run(self, stopping: watch::Receiver<Option<Instant>>) -> Result<(), SetupError> {
        let started = tokio::select! {
            started = self.service.start() => started.map(|()| true)?,
            () = self.out_of_time(stopping.clone()) => false,
        };
        if started {
            let context = Arc::new(self.context(stopping.clone()));
            let mut tasks = JoinSet::new();
            self.dispatch(&context, &mut tasks, stopping).await;
            tasks.shutdown().await;
            let now = self.clock.stamp().monotonic;
            let _ = tokio::time::timeout(SYNC, self.service.housekeeping(now)).await;
        }
        self.finish().await;
        Ok(())
    }

    /// Waits until there is nothing left to wait for: shutdown was signalled, and the queue is empty or its time is up.
    async fn out_of_time(&self, mut stopping: watch::Receiver<Option<Instant>>) {
        let began = stopped(&mut stopping).await;
        if self.queue.left().0 > 0 {
            tokio::time::sleep_until(began + self.sending.drain_timeout).await;
        }
    }

    fn context(&self, stopping: watch::Receiver<Option<Instant>>) -> Context {
        Context {
            queue: Arc::clone(&self.queue),
            service: Arc::clone(&self.service),
            permits: Semaphore::new(self.sending.num_consumers as usize),
            retry: self.retry.clone(),
            keeps: self.sending.enabled,
            backlog_first: self.sending.backlog_first || self.service.limits().order == Order::AsQueued,
            clock: Arc::clone(&self.clock),
            metrics: Arc::clone(&self.metrics),
            failing: Mutex::default(),
            seldom: Mutex::default(),
            stopping,
        }
    }

    /// Starts the tasks of destinations, and does what is due, until the end.
    async fn dispatch(
        &self,
        context: &Arc<Context>,
        tasks: &mut JoinSet<()>,
        mut stopping: watch::Receiver<Option<Instant>>,
    ) {
        let mut until = None;
        let mut sync_at = None;
        loop {
            for destination in self.queue.idle_destinations(MOST_TASKS.saturating_sub(tasks.len())) {
                tasks.spawn(DestinationTask::new(Arc::clone(context), destination).run().in_current_span());
            }
            if until.is_some() && tasks.is_empty() {
                return;
            }
            if self.queue.is_unsynced() && sync_at.is_none() {
                sync_at = Some(Instant::now() + SYNC);
            }
            let housekeeping = self.service.housekeeping_due().map(|at| {
                let wait = at.saturating_sub(self.clock.stamp().monotonic);
                Instant::now() + wait
            });
            tokio::select! {
                () = self.queue.arrived.notified() => {}
                Some(_) = tasks.join_next() => {}
                () = at(sync_at) => {
                    sync_at = None;
                    self.sync();
                }
                () = at(housekeeping) => {
                    let (service, now) = (Arc::clone(&self.service), self.clock.stamp().monotonic);
                    tokio::spawn(async move { service.housekeeping(now).await }.in_current_span());
                }
                () = at(until) => return,
                began = stopped(&mut stopping), if until.is_none() => until = Some(began + self.sending.drain_timeout),
            }
        }
    }

    /// Puts on the disk what was written; on another thread, since it may take long.
    fn sync(&self) -> tokio::task::JoinHandle<()> {
        let queue = Arc::clone(&self.queue);
        tokio::task::spawn_blocking(move || queue.sync())
    }

    /// Counts what is left.
    async fn finish(&self) {
        let _ = self.sync().await;
        let (frames, in_memory) = self.queue.left();
        let kept = frames - in_memory;
        if kept > 0 {
            info!(exporter = self.name, events = kept, "events stay on disk for the next start");
        }
        if in_memory > 0 {
            self.metrics.dropped("shutdown", in_memory, 0);
            warn!(exporter = self.name, events = in_memory, "events could not be delivered in time and are lost");
        }
    }
}

impl component::Worker for Worker {
    fn drain_timeout(&self) -> Duration {
        Self::drain_timeout(self)
    }

    fn closer(&self) -> Box<dyn Fn() + Send> {
        Box::new(Self::closer(self))
    }

    fn run(self: Box<Self>, stopping: watch::Receiver<Option<Instant>>) -> Task<'static, Result<(), Cause>> {
        Box::pin(async move { Self::run(*self, stopping).await.map_err(Into::into) })
    }
}

/// When shutdown began. A sender that is gone means now.
async fn stopped(stopping: &mut watch::Receiver<Option<Instant>>) -> Instant {
    let signal = stopping.wait_for(Option::is_some).await;
    signal.ok().and_then(|began| *began).unwrap_or_else(Instant::now)
}

async fn at(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}
