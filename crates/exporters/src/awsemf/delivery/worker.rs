//! Delivery at work: finds region and credentials, and gives every stream with something to deliver a task of its own.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws::logs::{self, GroupSettings};
use aws::{Session, Settings};
use model::Clock;
use net::chain;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::{Instrument, error, info, warn};

use super::context::Context;
use super::destination_task::DestinationTask;
use super::log_groups::LogGroups;
use super::queue::Queue;
use super::self_metrics::SelfMetrics;
use crate::awsemf::config::{RetryOnFailure, SendingQueue};

/// How long what was written may wait to be safe from a loss of power.
const SYNC: Duration = Duration::from_secs(1);
/// The wait before a region is looked for again.
const REGION_WAIT: Duration = Duration::from_secs(30);

/// Streams that have a task of their own at a time; the others wait in the queue, those that came first to be next.
const MOST_TASKS: usize = 2048;

/// Delivers what the exporter puts into the queue.
#[derive(Debug)]
pub struct Worker {
    pub(super) queue: Arc<Queue>,
    pub(super) metrics: Arc<SelfMetrics>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) settings: Settings,
    pub(super) client: logs::Options,
    pub(super) group: GroupSettings,
    pub(super) retention_days: u32,
    pub(super) sending: SendingQueue,
    pub(super) retry: RetryOnFailure,
    pub(super) name: String,
}

impl Worker {
    /// Says when the process begins to end, so that no round waits for room any more.
    pub fn closer(&self) -> impl Fn() + Send + 'static {
        let queue = Arc::clone(&self.queue);
        move || queue.close()
    }

    /// How long delivery may go on once the process ends.
    #[must_use]
    pub fn drain_timeout(&self) -> Duration {
        self.sending.drain_timeout
    }

    /// Delivers until `stopping` says when the end began and the queue is empty, or the time from then on is up. Nothing may be
    /// put in once it says so.
    ///
    /// # Errors
    ///
    /// A setting that can't work, whatever the service says.
    pub async fn run(self, stopping: watch::Receiver<Option<Instant>>) -> Result<(), aws::Error> {
        let client = tokio::select! {
            client = self.connect() => Some(client?),
            () = self.out_of_time(stopping.clone()) => None,
        };
        if let Some(client) = client {
            let context = Arc::new(self.share(client, stopping.clone()));
            let mut tasks = JoinSet::new();
            self.dispatch(&context, &mut tasks, stopping).await;
            tasks.shutdown().await;
            // A group that was just made isn't left without its retention.
            let now = self.clock.stamp().monotonic;
            let _ = tokio::time::timeout(SYNC, context.log_groups.set_retentions(now)).await;
        }
        self.finish().await;
        Ok(())
    }

    /// Finds the region, however long it takes; credentials are looked for as well, so that a lack of them is told early.
    async fn connect(&self) -> Result<logs::Client, aws::Error> {
        let mut told = false;
        let session = loop {
            let clock = Arc::clone(&self.clock);
            let now = move || std::time::UNIX_EPOCH + clock.stamp().wall;
            match Session::load(self.settings.clone(), now).await {
                Err(error @ aws::Error::NoRegion { .. }) => {
                    let words = chain(&error);
                    self.metrics.status.failed(self.clock.stamp().wall, &words);
                    if !std::mem::replace(&mut told, true) {
                        error!(exporter = self.name, error = words, "no region, so nothing can be delivered; retrying");
                    }
                    tokio::time::sleep(REGION_WAIT.mul_f64(0.5 + fastrand::f64())).await;
                }
                found => break found?,
            }
        };
        let client = logs::Client::new(session.clone(), self.client.clone())?;
        info!(exporter = self.name, region = session.region(), endpoint = client.endpoint(), "delivery begins");
        let name = self.name.clone();
        let checking = async move {
            if let Err(error) = session.check_credentials().await {
                warn!(exporter = name, error = chain(&error), "no credentials yet; events wait until there are some");
            }
        };
        tokio::spawn(checking.in_current_span());
        Ok(client)
    }

    /// Waits until there is nothing left to wait for: the end has begun, and its time is up or the queue empty.
    async fn out_of_time(&self, mut stopping: watch::Receiver<Option<Instant>>) {
        let began = stopped(&mut stopping).await;
        if self.queue.left().0 > 0 {
            tokio::time::sleep_until(began + self.sending.drain_timeout).await;
        }
    }

    fn share(&self, client: logs::Client, stopping: watch::Receiver<Option<Instant>>) -> Context {
        let metrics = Arc::clone(&self.metrics);
        let log_groups = LogGroups::new(client.clone(), self.group.clone(), self.retention_days, Arc::clone(&metrics));
        Context {
            queue: Arc::clone(&self.queue),
            client,
            log_groups,
            permits: Semaphore::new(self.sending.num_consumers as usize),
            retry: self.retry.clone(),
            keeps: self.sending.enabled,
            backlog_first: self.sending.backlog_first,
            clock: Arc::clone(&self.clock),
            metrics,
            failing: Mutex::default(),
            seldom: Mutex::default(),
            stopping,
        }
    }

    /// Starts the tasks of streams, and does what has its time, until the end.
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
            let retention = context.log_groups.next_retention().map(|at| {
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
                () = at(retention) => {
                    let (context, now) = (Arc::clone(context), self.clock.stamp().monotonic);
                    tokio::spawn(async move { context.log_groups.set_retentions(now).await }.in_current_span());
                }
                () = at(until) => return,
                began = stopped(&mut stopping), if until.is_none() => until = Some(began + self.sending.drain_timeout),
            }
        }
    }

    /// Puts on the disk what was written; not here, since it may take long.
    fn sync(&self) -> tokio::task::JoinHandle<()> {
        let queue = Arc::clone(&self.queue);
        tokio::task::spawn_blocking(move || queue.sync())
    }

    /// Counts what is left.
    async fn finish(&self) {
        let _ = self.sync().await;
        let (events, in_memory) = self.queue.left();
        let kept = events - in_memory;
        if kept > 0 {
            info!(exporter = self.name, events = kept, "events stay on disk for the next start");
        }
        if in_memory > 0 {
            self.metrics.dropped("shutdown", in_memory, 0);
            warn!(exporter = self.name, events = in_memory, "events could not be delivered in time and are lost");
        }
    }
}

/// When the end began. A sender that is gone means now.
async fn stopped(stopping: &mut watch::Receiver<Option<Instant>>) -> Instant {
    let said = stopping.wait_for(Option::is_some).await;
    said.ok().and_then(|said| *said).unwrap_or_else(Instant::now)
}

async fn at(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}
