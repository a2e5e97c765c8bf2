//! Events to CloudWatch Logs: encoded, pushed into the queue of [`crate::delivery`], and sent by [`CloudWatchLogs`].

mod cloudwatch_logs;
mod log_groups;
mod refusal;
mod unresolved;

#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use aws::Settings;
use aws::logs::{self, GroupSettings};
use component::Refusal;
use model::{Batch, Clock};
use spool::Spool;
use telemetry::{Registry, Status};

use self::cloudwatch_logs::CloudWatchLogs;
use self::unresolved::Unresolved;
use super::config::Config;
use super::encode::{Counts, Encoder};
use super::self_metrics::EncoderMetrics;
use crate::delivery::{self, Frame, Intake, Overflow, SelfMetrics, Setup, Worker};
use crate::{Error, Exporter};

/// How long a request may take if the configuration sets no deadline.
const LONGEST: Duration = Duration::from_secs(3600);
/// The name in the user agent.
const PRODUCT: &str = "container-insights";

/// An `awsemf` that delivers to CloudWatch Logs.
#[derive(Debug)]
pub struct Delivery {
    encoder: Encoder,
    encoder_metrics: EncoderMetrics,
    unresolved: Unresolved,
    intake: Intake,
    clock: Arc<dyn Clock>,
}

/// What an exporter is given to work with.
#[derive(Debug)]
pub struct Tools {
    /// Its id, as it is written in the configuration.
    pub name: String,
    /// The log stream if the configuration names none.
    pub default_stream: String,
    /// The agent's version, for the user agent.
    pub version: &'static str,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Self-metrics.
    pub registry: Registry,
    /// Its line on the status page.
    pub status: Status,
    /// Where events wait on disk, and whether each write is synced.
    pub spool: Option<(Spool, bool)>,
}

impl Delivery {
    /// An exporter, and the worker that delivers what it is given.
    #[must_use]
    pub fn new(config: &Config, tools: Tools) -> (Self, Worker) {
        Self::with_settings(config, settings(config), tools)
    }

    fn with_settings(config: &Config, settings: Settings, tools: Tools) -> (Self, Worker) {
        let Tools { name, default_stream, version, clock, registry, status, spool } = tools;
        let encoder_metrics = EncoderMetrics::new(&registry, &name);
        let metrics = Arc::new(SelfMetrics::new(&registry, &name, status));
        let service = CloudWatchLogs::new(cloudwatch_logs::Setup {
            name: name.clone(),
            settings,
            client: client_options(config, version),
            group: GroupSettings {
                tags: config.tags.iter().map(|(key, value)| (key.clone(), value.as_str().to_owned())).collect(),
                kms_key_id: filled(&config.kms_key_id),
                class: config.log_group_class.map(Into::into),
            },
            retention_days: config.log_retention.days(),
            clock: Arc::clone(&clock),
            metrics: Arc::clone(&metrics),
        });
        let unresolved = Unresolved::new(config.unresolved_placeholders, Arc::clone(&metrics));
        let overflow = if config.sending_queue.block_on_overflow { Overflow::Wait } else { Overflow::DropOldest };
        let setup = Setup {
            name,
            queue: (*config.sending_queue).clone(),
            retry: (*config.retry_on_failure).clone(),
            overflow,
            spool,
            clock: Arc::clone(&clock),
            metrics,
        };
        let (intake, worker) = delivery::new(Arc::new(service), setup);
        let encoder = Encoder::new(config, &default_stream);
        (Self { encoder, encoder_metrics, unresolved, intake, clock }, worker)
    }

    /// What the encoder has counted.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.encoder.counts()
    }
}

impl Exporter for Delivery {
    fn export(&mut self, batch: &Batch) -> Result<(), Error> {
        let Self { encoder, encoder_metrics, unresolved, intake, clock } = self;
        intake.admit().map_err(Refusal::from)?;
        let now = clock.stamp().monotonic;
        let Ok(()) = encoder.encode::<Infallible>(batch, &mut |event| {
            if !unresolved.holds(&event, now) {
                let frame = Frame { time_ms: event.time_ms, points: event.points, body: event.body };
                intake.push(event.destination.queued(), frame);
            }
            Ok(())
        });
        intake.flush();
        unresolved.release(now, &mut |parcel| intake.push_parcel(parcel));
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
