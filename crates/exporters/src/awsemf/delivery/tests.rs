//! Delivery against a strict imitation of CloudWatch Logs.

mod ecs;
mod faults;
mod limits;
mod outage;
mod storage;
mod way;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use aws::Keys;
use model::{Attributes, Batch, Clock, Descriptor, Metric, Point, Record, Stamp, UnixTime, Value};
use spool::Spool;
use telemetry::{ComponentHealth, HealthBoard, Registry};
use testkit::cloudwatch_logs::{FakeCloudWatchLogs, KEYS, REGION};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::*;
use crate::awsemf::config::{Checked, ProxyAddress, ResourceConversion, RetryOnFailure, SendingQueue, ServiceUrl};
use crate::delivery::SetupError;

const GROUP: &str = "/aws/containerinsights/shop/performance";

/// The machine's clocks, the wall clock off by so many milliseconds.
#[derive(Debug)]
struct RealClock(Instant, Arc<AtomicI64>);

impl Clock for RealClock {
    #[expect(clippy::disallowed_methods, reason = "the imitation's time is this machine's")]
    fn stamp(&self) -> Stamp {
        let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let offset_ms = self.1.load(Ordering::Relaxed);
        let shift = Duration::from_millis(offset_ms.unsigned_abs());
        Stamp { monotonic: self.0.elapsed(), wall: if offset_ms < 0 { wall - shift } else { wall + shift } }
    }
}

/// An exporter at work, and the service it delivers to.
struct Running {
    fake: Arc<FakeCloudWatchLogs>,
    delivery: Delivery,
    worker: JoinHandle<Result<(), SetupError>>,
    stop: watch::Sender<Option<tokio::time::Instant>>,
    registry: Registry,
    board: HealthBoard,
    offset_ms: Arc<AtomicI64>,
    /// Events that were stored when it began.
    before: usize,
}

/// The sample's destination, with waits short enough for a test.
fn config() -> Config {
    let retry = RetryOnFailure {
        initial_interval: Duration::from_millis(40),
        max_interval: Duration::from_millis(150),
        ..RetryOnFailure::default()
    };
    let queue = SendingQueue { drain_timeout: Duration::from_secs(60), ..SendingQueue::default() };
    Config {
        region: REGION.into(),
        log_group_name: "/aws/containerinsights/{ClusterName}/performance".parse().unwrap(),
        log_stream_name: "{NodeName}".parse().unwrap(),
        retry_on_failure: Checked(retry),
        sending_queue: Checked(queue),
        timeout: Duration::from_secs(10),
        resource_to_telemetry_conversion: ResourceConversion { enabled: true, ..ResourceConversion::default() },
        ..Config::default()
    }
}

fn queue(config: &mut Config) -> &mut SendingQueue {
    &mut config.sending_queue.0
}

impl Running {
    fn start(config: Config) -> Self {
        Self::with(Arc::new(FakeCloudWatchLogs::http()), config, None)
    }

    #[expect(clippy::disallowed_methods, reason = "a clock of a test's own")]
    fn with(fake: Arc<FakeCloudWatchLogs>, mut config: Config, spool: Option<Spool>) -> Self {
        fake.expect_json();
        let before = fake.event_count();
        if config.endpoint.0.is_empty() {
            config.endpoint = ServiceUrl(fake.endpoint().into());
        }
        let (registry, board, offset_ms) = (Registry::default(), HealthBoard::default(), Arc::new(AtomicI64::new(0)));
        let tools = Tools {
            name: "awsemf".into(),
            default_stream: "stream".into(),
            version: "1.0",
            clock: Arc::new(RealClock(Instant::now(), Arc::clone(&offset_ms))),
            registry: registry.clone(),
            status: board.component("exporter/awsemf"),
            spool: spool.map(|spool| (spool, false)),
        };
        let keys = Some(Keys { id: KEYS.0.into(), secret: KEYS.1.into(), token: None });
        let (delivery, worker) = Delivery::with_settings(&config, Settings { keys, ..settings(&config) }, tools);
        let stop = watch::Sender::new(None);
        let worker = tokio::spawn(worker.run(stop.subscribe()));
        Self { fake, delivery, worker, stop, registry, board, offset_ms, before }
    }

    fn export(&mut self, round: &Batch) {
        self.delivery.export(round).unwrap();
    }

    /// Waits until so many events are stored and this run has its answers, not longer than ten seconds.
    async fn stored(&self, events: usize) {
        for _ in 0..1000 {
            let answered = own(&self.registry, "container_insights_sent_events", "") as usize + self.before;
            if self.fake.event_count() >= events && answered >= events {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(self.fake.event_count(), events, "{:?}", self.fake.requests());
    }

    /// Waits until something is so, not longer than twenty seconds.
    async fn until(&self, is_so: impl Fn(&Self) -> bool) {
        for _ in 0..2000 {
            if is_so(self) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("it never came: {:?}, {:?}", self.standing(), self.fake.requests());
    }

    /// Ends it, with all it has delivered.
    async fn stop(self) -> (Arc<FakeCloudWatchLogs>, Registry) {
        let Self { fake, delivery, worker, stop, registry, .. } = self;
        drop(delivery);
        stop.send_replace(Some(tokio::time::Instant::now()));
        worker.await.unwrap().unwrap();
        assert_eq!(fake.violations(), Vec::<String>::new());
        (fake, registry)
    }

    /// Waits until something fails; the words of the status.
    async fn failing(&self) -> String {
        for _ in 0..1000 {
            let standing = self.standing();
            if standing.state == telemetry::State::Degraded {
                return standing.message;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("nothing fails: {:?}", self.standing());
    }

    fn standing(&self) -> ComponentHealth {
        self.board.snapshot().remove(0)
    }
}

/// The sum of an own metric over all label sets that have this text among their values.
fn own(registry: &Registry, name: &str, label: &str) -> f64 {
    let series = registry.snapshot().into_iter().filter(|reading| {
        reading.name == name && (label.is_empty() || reading.labels.iter().any(|(_, value)| value == label))
    });
    series
        .map(|reading| match reading.value {
            telemetry::Value::Counter(count) => count as f64,
            telemetry::Value::Gauge(value) => value,
        })
        .sum()
}

#[expect(clippy::disallowed_methods, reason = "the imitation's time is this machine's")]
fn now_ms() -> i64 {
    i64::try_from(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// A round of a node's own record and those of so many pods, each with one metric whose value is the number of the record.
fn round_of(cluster: &str, node: &str, time_ms: i64, pods: i64) -> Batch {
    let record = |number: i64| {
        let pairs = [("ClusterName", cluster), ("NodeName", node), ("Type", "Pod"), ("PodName", &format!("p{number}"))];
        let mut attributes = Attributes::new();
        for (name, value) in pairs.into_iter().filter(|(_, value)| !value.is_empty()) {
            attributes.insert(name, value);
        }
        let metric = Metric::Other(Arc::new(Descriptor::gauge("pod_cpu_limit", "")));
        let points = vec![Point { metric, value: Value::Integer(number) }];
        Record::of(attributes, UnixTime::from_millis(time_ms), points)
    };
    Batch { tick: None, records: (0..pods).map(record).collect(), ends: true, permits: Vec::new() }
}

fn round(time_ms: i64, pods: i64) -> Batch {
    round_of("shop", "node", time_ms, pods)
}

#[tokio::test]
async fn a_round_makes_its_group_and_stream_and_arrives() {
    let mut config = config();
    config.log_retention = "14".parse::<u32>().map(crate::awsemf::config::Retention).unwrap();
    let mut running = Running::start(config);
    let time_ms = now_ms();
    running.export(&round(time_ms, 3));
    running.stored(3).await;
    running.until(|running| running.standing().state == telemetry::State::Ok).await;
    running.until(|running| running.fake.groups()[GROUP].retention_days.is_some()).await;
    let (fake, registry) = running.stop().await;
    let group = &fake.groups()[GROUP];
    assert_eq!(group.retention_days, Some(14));
    let events = fake.events(GROUP, "node");
    assert!(events.iter().all(|event| event.time_ms == time_ms));
    let expected = r#""Type":"Pod","pod_cpu_limit":2,"_aws":{"CloudWatchMetrics""#;
    assert!(events[2].message.contains(expected), "{}", events[2].message);
    // The retention is set beside all others.
    let operations = fake.requests().into_iter().map(|request| request.operation);
    let operations: Vec<_> = operations.filter(|operation| operation != "PutRetentionPolicy").collect();
    let expected =
        ["PutLogEvents", "CreateLogStream", "CreateLogStream", "CreateLogGroup", "CreateLogStream", "PutLogEvents"];
    assert_eq!(operations, expected);
    assert_eq!(fake.requests()[0].user_agent, "container-insights/1.0 (awsemf; ContainerInsights)");
    assert_eq!(own(&registry, "otelcol_exporter_sent_metric_points", ""), 3.0);
    assert_eq!(own(&registry, "container_insights_sent_events", ""), 3.0);
    assert_eq!(own(&registry, "otelcol_exporter_queue_size", ""), 0.0);
    assert!(own(&registry, "container_insights_delivery_lag_seconds", "") < 5.0);
    assert_eq!(own(&registry, "container_insights_requests", "missing"), 3.0);
}
