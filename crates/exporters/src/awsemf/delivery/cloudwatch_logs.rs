//! CloudWatch Logs as a service of [`crate::delivery`]: a frame is a log event, a destination a log group and a log stream.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws::logs::{self, Accepted as Batch, Client, Confirmed as Said, Event, GroupSettings, limits};
use aws::{Session, Settings};
use model::Clock;
use net::chain;
use tracing::{Instrument, error, info, warn};

use super::log_groups::LogGroups;
use super::refusal;
use crate::awsemf::destination::names;
use crate::delivery::{
    Accepted, Confirmed, Destination, Frame, Limits, Order, Refusal, Rejected, Reply, Retry, SelfMetrics, Service,
    SetupError,
};

/// What one `PutLogEvents` takes.
pub(super) const LIMITS: Limits = Limits {
    bytes: limits::MAX_BATCH_BYTES,
    frame_overhead: limits::EVENT_OVERHEAD_BYTES,
    frames: limits::MAX_EVENTS,
    points: u64::MAX,
    span: limits::MAX_SPAN,
    order: Order::ByTime,
};
/// The wait before a region is looked for again.
const REGION_WAIT: Duration = Duration::from_secs(30);
/// What the log says beside the counts of events that were left out of a batch.
const REJECTED: &str = "too old, too new, or past the log group's retention";

/// What the service is made of.
#[derive(Debug)]
pub(super) struct Setup {
    pub(super) name: String,
    pub(super) settings: Settings,
    pub(super) client: logs::Options,
    pub(super) group: GroupSettings,
    pub(super) retention_days: u32,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) metrics: Arc<SelfMetrics>,
}

/// CloudWatch Logs of one account and region, which are found out at the start.
#[derive(Debug)]
pub(super) struct CloudWatchLogs {
    setup: Setup,
    connected: OnceLock<Connected>,
}

#[derive(Debug)]
struct Connected {
    client: Client,
    log_groups: LogGroups,
}

impl CloudWatchLogs {
    pub(super) const fn new(setup: Setup) -> Self {
        Self { setup, connected: OnceLock::new() }
    }

    /// Finds the region, however long it takes. Credentials are looked for as well, so that a lack of them is logged early.
    async fn connect(&self) -> Result<(), aws::Error> {
        let Setup { name, settings, client, group, retention_days, clock, metrics } = &self.setup;
        let mut logged = false;
        let session = loop {
            let stamps = Arc::clone(clock);
            let now = move || std::time::UNIX_EPOCH + stamps.stamp().wall;
            match Session::load(settings.clone(), now).await {
                Err(error @ aws::Error::NoRegion { .. }) => {
                    let message = chain(&error);
                    metrics.status.failed(clock.stamp().wall, &message);
                    if !std::mem::replace(&mut logged, true) {
                        error!(exporter = name, error = message, "no region, so nothing can be delivered; retrying");
                    }
                    tokio::time::sleep(REGION_WAIT.mul_f64(0.5 + fastrand::f64())).await;
                }
                found => break found?,
            }
        };
        let client = Client::new(session.clone(), client.clone())?;
        info!(exporter = name, region = session.region(), endpoint = client.endpoint(), "delivery begins");
        let log_groups = LogGroups::new(client.clone(), group.clone(), *retention_days, Arc::clone(metrics));
        let _ = self.connected.set(Connected { client, log_groups });
        let name = name.clone();
        let checking = async move {
            if let Err(error) = session.check_credentials().await {
                warn!(exporter = name, error = chain(&error), "no credentials yet; events wait until there are some");
            }
        };
        tokio::spawn(checking.in_current_span());
        Ok(())
    }

    async fn put_events(&self, destination: &Destination, frames: &[Frame<'_>]) -> Result<Accepted, Refusal> {
        let Connected { client, .. } = self.connected().map_err(Refusal::Retry)?;
        let (group, stream) = names(destination).unwrap_or_default();
        let events = frames.iter().map(|frame| Event { time_ms: frame.time_ms, message: frame.body });
        let result = client.put_log_events(group, stream, &events.collect::<Vec<_>>()).await;
        self.setup.metrics.request("PutLogEvents", result.as_ref().err().map_or("ok", logs::Error::label));
        match result {
            Ok(batch) => Ok(accepted(&batch, frames.len(), client.clock_offset_ms())),
            Err(error) => Err(refusal::of_put(&error)),
        }
    }

    fn connected(&self) -> Result<&Connected, Retry> {
        self.connected.get().ok_or_else(|| Retry { message: "not connected yet".to_owned(), ..Retry::default() })
    }
}

impl Service for CloudWatchLogs {
    fn limits(&self) -> Limits {
        LIMITS
    }

    fn name_of(&self, destination: &Destination) -> String {
        let (group, stream) = names(destination).unwrap_or_default();
        format!("{group} {stream}")
    }

    fn knows(&self, destination: &Destination) -> bool {
        names(destination).is_some()
    }

    fn start(&self) -> Reply<'_, Result<(), SetupError>> {
        Box::pin(async { self.connect().await.map_err(SetupError::new) })
    }

    fn put<'a>(
        &'a self,
        destination: &'a Destination,
        frames: &'a [Frame<'a>],
    ) -> Reply<'a, Result<Accepted, Refusal>> {
        Box::pin(self.put_events(destination, frames))
    }

    fn create<'a>(&'a self, destination: &'a Destination) -> Reply<'a, Result<(), Retry>> {
        Box::pin(async move {
            let (group, stream) = names(destination).unwrap_or_default();
            let created = self.connected()?.log_groups.create(group, stream).await;
            created.map_err(|error| refusal::retry(&error))
        })
    }

    fn housekeeping_due(&self) -> Option<Duration> {
        self.connected.get()?.log_groups.next_retention()
    }

    fn housekeeping(&self, now: Duration) -> Reply<'_, ()> {
        Box::pin(async move {
            if let Some(Connected { log_groups, .. }) = self.connected.get() {
                log_groups.set_retentions(now).await;
            }
        })
    }
}

/// What was stored of a batch of so many events. Both kinds of too old stand at its beginning, in one row.
fn accepted(batch: &Batch, events: usize, clock_offset_ms: i64) -> Accepted {
    let logs::Rejected { too_old, too_new, expired } = batch.rejected;
    let ranges = [
        ("too_old", 0..too_old),
        ("too_new", events.saturating_sub(too_new)..events),
        ("expired", too_old..too_old + expired),
    ];
    let rejected = ranges.into_iter().filter(|(_, range)| !range.is_empty());
    Accepted {
        rejected: rejected.map(|(reason, range)| Rejected::Frames { reason, range }).collect(),
        message: REJECTED.to_owned(),
        confirmed: match batch.confirmed {
            Said::Read => Confirmed::Read,
            Said::Unread => Confirmed::Unread,
            Said::Already => Confirmed::Already,
        },
        raw_bytes: batch.raw_bytes,
        wire_bytes: batch.wire_bytes,
        clock_offset_ms,
    }
}
