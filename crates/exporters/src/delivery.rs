//! The engine of every exporter that pushes: a queue, in memory or on disk, and a worker that empties it.
//!
//! An exporter encodes a batch into [`Frame`]s and pushes them through its [`Intake`], which has them in the queue (with a spool,
//! on disk) before it returns and never waits for the network. The [`Worker`] runs beside the pipelines. It retries, splits,
//! drains and counts; the [`Service`] says what one request may hold, sends one, and says what became of it.

mod backoff;
mod config;
mod context;
mod destination;
mod destination_task;
mod disk;
mod in_flight;
mod intake;
mod limits;
mod parcel;
mod queue;
mod queued;
mod self_metrics;
mod service;
mod worker;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use model::Clock;
use spool::Spool;

pub use self::config::{RetryOnFailure, SendingQueue, Sizer};
pub use self::destination::Destination;
use self::disk::Disk;
pub use self::intake::Intake;
pub use self::limits::{Limits, Order};
pub use self::parcel::{Packer, Parcel};
use self::queue::Queue;
pub use self::queue::{Full, Overflow, Room};
pub use self::self_metrics::SelfMetrics;
pub use self::service::{Accepted, Cause, Confirmed, Frame, Refusal, Rejected, Reply, Retry, Service, SetupError};
pub use self::worker::Worker;

/// What delivery is set up with, beside its service.
#[derive(Debug)]
pub struct Setup {
    /// The exporter's id, as it is written in the configuration.
    pub name: String,
    /// The option `sending_queue`.
    pub queue: SendingQueue,
    /// The option `retry_on_failure`.
    pub retry: RetryOnFailure,
    /// What happens if the queue is full.
    pub overflow: Overflow,
    /// Where data waits on disk, and whether each write is synced.
    pub spool: Option<(Spool, bool)>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where everything is counted.
    pub metrics: Arc<SelfMetrics>,
}

/// The two ends of an exporter's queue. Data that a former run left in the spool is delivered first of all.
#[must_use]
pub fn new(service: Arc<dyn Service>, setup: Setup) -> (Intake, Worker) {
    let Setup { name, queue: sending, retry, overflow, spool, clock, metrics } = setup;
    let now = clock.stamp();
    metrics.status.starting(now.wall);
    let disk = spool.map(|(spool, fsync)| {
        metrics.passed_over.add(spool.stats().passed_over);
        Disk::new(spool, fsync)
    });
    let limits = service.limits();
    let knows = |destination: &Destination| service.knows(destination);
    let metrics_of_queue = Arc::clone(&metrics);
    let queue = Queue::new(&sending, (overflow, limits), disk, metrics_of_queue, (now.monotonic, &knows));
    let queue = Arc::new(queue);
    let intake = Intake { packer: Packer::new(limits), queue: Arc::clone(&queue), clock: Arc::clone(&clock) };
    (intake, Worker { name, service, queue, sending, retry, clock, metrics })
}
