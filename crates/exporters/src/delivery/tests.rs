//! The engine with another service than CloudWatch Logs: three frames or a kilobyte a request, in the order in which they were
//! queued, and refusals of every kind.

mod order;
mod refusals;
mod room;
mod service;
mod spooled;

use std::sync::Arc;
use std::time::Duration;

use model::{Clock, Stamp};
use spool::Spool;
use telemetry::{ComponentHealth, HealthBoard, Registry, State};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use self::service::{Answer, Store};
use super::*;

/// A clock that stands still with the runtime's and jumps with it.
#[derive(Debug)]
struct RuntimeClock(Instant);

impl Clock for RuntimeClock {
    fn stamp(&self) -> Stamp {
        let monotonic = self.0.elapsed();
        Stamp { monotonic, wall: Duration::from_secs(1_800_000_000) + monotonic }
    }
}

/// An exporter's ends of delivery, and the service.
struct Running {
    store: Arc<Store>,
    intake: Intake,
    worker: JoinHandle<Result<(), SetupError>>,
    stop: watch::Sender<Option<Instant>>,
    registry: Registry,
    board: HealthBoard,
}

/// What an exporter is configured with.
struct Options {
    queue: SendingQueue,
    retry: RetryOnFailure,
    overflow: Overflow,
    spool: Option<(Spool, bool)>,
}

impl Default for Options {
    fn default() -> Self {
        let retry = RetryOnFailure {
            initial_interval: Duration::from_millis(200),
            max_interval: Duration::from_secs(1),
            randomization_factor: 0.0,
            ..RetryOnFailure::default()
        };
        Self { queue: SendingQueue::default(), retry, overflow: Overflow::DropOldest, spool: None }
    }
}

impl Running {
    fn start(store: Store) -> Self {
        Self::with(Arc::new(store), Options::default())
    }

    fn with(store: Arc<Store>, options: Options) -> Self {
        let (registry, board) = (Registry::default(), HealthBoard::default());
        let Options { queue, retry, overflow, spool } = options;
        let setup = Setup {
            name: "store".into(),
            queue,
            retry,
            overflow,
            spool,
            clock: Arc::new(RuntimeClock(Instant::now())),
            metrics: Arc::new(SelfMetrics::new(&registry, "store", board.component("exporter/store"))),
        };
        let (intake, worker) = new(Arc::clone(&store) as Arc<dyn Service>, setup);
        let stop = watch::Sender::new(None);
        let worker = tokio::spawn(worker.run(stop.subscribe()));
        Self { store, intake, worker, stop, registry, board }
    }

    /// A batch of these frames, each with two points.
    fn export(&mut self, frames: &[&str]) {
        for body in frames {
            let frame = Frame { time_ms: 1_800_000_000_000, points: 2, body: body.as_bytes() };
            self.intake.push(&Destination::default(), frame);
        }
        self.intake.flush();
    }

    /// Waits until so many frames are stored.
    async fn stored(&self, frames: usize) {
        self.until(|running| running.store.stored().len() >= frames).await;
        assert_eq!(self.store.stored().len(), frames);
    }

    /// Waits until something is so; an hour of the runtime's time at most.
    async fn until(&self, is_so: impl Fn(&Self) -> bool) {
        for _ in 0..360_000 {
            if is_so(self) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("it never came: {:?}, {:?}", self.standing(), self.store.requests());
    }

    fn standing(&self) -> ComponentHealth {
        self.board.snapshot().remove(0)
    }

    /// The sum of a self-metric over all label sets that have this text among their values.
    fn metric(&self, name: &str, label: &str) -> u64 {
        let series = self.registry.snapshot().into_iter().filter(|reading| {
            reading.name == name && (label.is_empty() || reading.labels.iter().any(|(_, value)| value == label))
        });
        series
            .map(|reading| match reading.value {
                telemetry::Value::Counter(count) => count,
                telemetry::Value::Gauge(value) => value as u64,
            })
            .sum()
    }

    fn dropped(&self, reason: &str) -> u64 {
        self.metric("container_insights_dropped_events", reason)
    }

    /// Ends it, once all is delivered or time is up.
    async fn stop(&mut self) {
        self.stop.send_replace(Some(Instant::now()));
        (&mut self.worker).await.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn requests_keep_the_limits_of_the_service() {
    let mut running = Running::start(Store::default());
    running.export(&["a", "b", "c", "d", "e", "f", "g"]);
    running.stored(7).await;
    let large = "x".repeat(400);
    running.export(&[&large, &large, &large]);
    running.stored(10).await;
    running.stop().await;
    let sizes: Vec<_> = running.store.requests().iter().map(|request| request.frames.len()).collect();
    assert_eq!(sizes, [3, 3, 1, 2, 1], "three frames, then a kilobyte");
    assert_eq!(running.metric("container_insights_sent_events", ""), 10);
    assert_eq!(running.metric("otelcol_exporter_sent_metric_points", ""), 20);
    assert_eq!(running.metric("otelcol_exporter_queue_size", ""), 0);
    assert_eq!(running.standing().state, State::Ok);
}

#[tokio::test(start_paused = true)]
async fn the_points_of_a_request_are_a_limit_too() {
    let limits = Limits { points: 4, ..service::LIMITS };
    let mut running = Running::start(Store { limits, ..Store::default() });
    running.export(&["a", "b", "c", "d", "e"]);
    running.stored(5).await;
    running.stop().await;
    let sizes: Vec<_> = running.store.requests().iter().map(|request| request.frames.len()).collect();
    assert_eq!(sizes, [2, 2, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_can_not_be_set_up_ends_the_worker() {
    let store = Store { setup_fails: true, ..Store::default() };
    let mut running = Running::start(store);
    running.export(&["a"]);
    let error = (&mut running.worker).await.unwrap().unwrap_err();
    assert_eq!(error.to_string(), "the address is no address");
    assert_eq!(running.store.requests(), []);
}

#[tokio::test(start_paused = true)]
async fn destinations_wait_for_none_but_themselves() {
    let mut running = Running::start(Store::default());
    running.store.refuse_destination("down");
    for (destination, body) in [("down", "a"), ("up", "b"), ("up", "c")] {
        let frame = Frame { time_ms: 0, points: 1, body: body.as_bytes() };
        running.intake.push(&Destination::new(destination), frame);
    }
    running.intake.flush();
    running.stored(2).await;
    assert_eq!(running.store.stored(), ["b", "c"]);
    running.until(|running| running.standing().state == State::Degraded).await;
    assert_eq!(running.standing().message, "store/down: down is away");
    running.store.refuse_destination("none");
    running.stored(3).await;
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_not_delivered_when_time_is_up_is_counted() {
    let store = Store::default();
    store.answer_always(Answer::Refuse(Refusal::Retry(Retry::default())));
    let mut running = Running::start(store);
    running.export(&["a", "b"]);
    running.until(|running| !running.store.requests().is_empty()).await;
    let began = Instant::now();
    running.stop().await;
    assert_eq!(began.elapsed().as_secs(), 25, "the drain timeout");
    assert_eq!(running.dropped("shutdown"), 2);
}

/// A service that the engine knew by name would be one that all others carry.
#[test]
fn the_engine_names_no_service() {
    fn read(folder: &std::path::Path, names: &[&str]) {
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.ends_with("tests") || entry.ends_with("tests.rs") {
                continue;
            }
            if entry.is_dir() {
                read(&entry, names);
                continue;
            }
            let text = std::fs::read_to_string(&entry).unwrap().to_lowercase();
            let named = names.iter().find(|name| text.contains(**name));
            assert_eq!(named, None, "{}", entry.display());
        }
    }
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/delivery");
    read(&folder, &["aws::", "awsemf", "cloudwatch", "otlp", "prometheus"]);
}
