//! Events to CloudWatch Logs: encoded, put into a queue, and delivered by a worker beside the pipelines.
//!
//! A batch passes through here once: [`Delivery`] encodes it on the pipelines' thread and has it in the queue (with a spool, on
//! disk) before it returns; it never waits for the network. The [`Worker`] runs on the runtime and empties the queue.

mod backoff;
mod context;
mod destination_task;
mod disk;
mod in_flight;
mod log_groups;
mod parcel;
mod queue;
mod queued;
mod self_metrics;
mod unresolved;
mod worker;

#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use aws::Settings;
use aws::logs::{self, GroupSettings};
use model::{Batch, Clock};
use spool::Spool;
use telemetry::{Registry, Status};

use self::disk::Disk;
use self::parcel::Packer;
use self::queue::Queue;
use self::self_metrics::SelfMetrics;
use self::unresolved::Unresolved;
pub use self::worker::Worker;
use super::config::Config;
use super::encode::{Counts, Encoder};
use super::self_metrics::EncoderMetrics;
use crate::{Error, Exporter};

/// How long a request may take where it may take as long as it likes.
const LONGEST: Duration = Duration::from_secs(3600);
/// The name in the user agent.
const PRODUCT: &str = "container-insights";

/// An `awsemf` that delivers to CloudWatch Logs.
#[derive(Debug)]
pub struct Delivery {
    encoder: Encoder,
    encoder_metrics: EncoderMetrics,
    packer: Packer,
    unresolved: Unresolved,
    queue: Arc<Queue>,
    clock: Arc<dyn Clock>,
}

/// What an exporter is given to work with.
#[derive(Debug)]
pub struct Tools {
    /// Its id, as it is written in the configuration.
    pub name: String,
    /// The log stream where the configuration names none.
    pub default_stream: String,
    /// The agent's version, for the user agent.
    pub version: &'static str,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Self-metrics.
    pub registry: Registry,
    /// Its line on the status page.
    pub status: Status,
    /// Where events wait on disk, and whether each write is confirmed by it.
    pub spool: Option<(Spool, bool)>,
}

impl Delivery {
    /// An exporter, and the worker that delivers what it is given.
    #[must_use]
    pub fn new(config: &Config, tools: Tools) -> (Self, Worker) {
        let Tools { name, default_stream, version, clock, registry, status, spool } = tools;
        status.starting(clock.stamp().wall);
        let metrics = Arc::new(SelfMetrics::new(&registry, &name, status));
        let disk = spool.map(|(spool, fsync)| {
            metrics.passed_over.add(spool.stats().passed_over);
            Disk::new(spool, fsync)
        });
        let now = clock.stamp().monotonic;
        let queue = Arc::new(Queue::new(&config.sending_queue, disk, Arc::clone(&metrics), now));
        let worker = Worker {
            queue: Arc::clone(&queue),
            metrics: Arc::clone(&metrics),
            clock: Arc::clone(&clock),
            settings: settings(config),
            client: client_options(config, version),
            group: GroupSettings {
                tags: config.tags.iter().map(|(key, value)| (key.clone(), value.as_str().to_owned())).collect(),
                kms_key_id: filled(&config.kms_key_id),
                class: config.log_group_class.map(Into::into),
            },
            retention_days: config.log_retention.days(),
            sending: (*config.sending_queue).clone(),
            retry: (*config.retry_on_failure).clone(),
            name: name.clone(),
        };
        let delivery = Self {
            encoder: Encoder::new(config, &default_stream),
            encoder_metrics: EncoderMetrics::new(&registry, &name),
            packer: Packer::default(),
            unresolved: Unresolved::new(config.unresolved_placeholders, metrics),
            queue,
            clock,
        };
        (delivery, worker)
    }

    /// What the encoder has counted.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.encoder.counts()
    }
}

impl Exporter for Delivery {
    fn export(&mut self, batch: &Batch) -> Result<(), Error> {
        let Self { encoder, encoder_metrics, packer, unresolved, queue, clock } = self;
        let now = clock.stamp().monotonic;
        let mut push = |parcel| queue.push(parcel, now);
        let Ok(()) = encoder.encode::<Infallible>(batch, &mut |event| {
            if !unresolved.holds(&event, now) {
                packer.push(&event, &mut push);
            }
            Ok(())
        });
        packer.finish(&mut push);
        unresolved.release(now, &mut push);
        encoder_metrics.publish(encoder.counts());
        Ok(())
    }

    fn counts_itself(&self) -> bool {
        true
    }
}

fn settings(config: &Config) -> Settings {
    Settings {
        region: filled(config.region.as_str()),
        profile: filled(&config.profile),
        shared_credentials_file: config.shared_credentials_file.first().map(Into::into),
        role_arn: filled(&config.role_arn),
        external_id: filled(config.external_id.reveal()),
        keys: None,
        proxy_address: filled(config.proxy_address.0.reveal()),
        certificate_file_path: filled(&config.certificate_file_path).map(Into::into),
        no_verify_ssl: config.no_verify_ssl,
        ..Settings::default()
    }
}

fn client_options(config: &Config, version: &str) -> logs::Options {
    // In the Go exporter 0 is no deadline; here there always is one.
    let seconds = config
        .request_timeout_seconds
        .filter(|seconds| *seconds > 0)
        .map(|seconds| Duration::from_secs(u64::from(seconds)));
    logs::Options {
        endpoint: filled(&config.endpoint.0),
        timeout: seconds.unwrap_or(if config.timeout.is_zero() { LONGEST } else { config.timeout }),
        user_agent: logs::user_agent(PRODUCT, version, config.log_group_name.as_str()),
        compression: config.compression == super::config::Compression::Gzip,
    }
}

fn filled(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}
