//! Streams by placeholder, with names that change, and a slow service: what waits has the memory that the queue may have.
//!
//! The exporter runs in a process of its own, so that the memory measured is its own, and the keys can be in its environment.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test, with clocks of its own")]

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use confmap::{Decode, Faults};
use exporters::Exporter;
use exporters::awsemf::{Config, Delivery, Tools};
use model::{Attributes, Batch, Clock, Descriptor, Metric, Point, Record, Stamp, UnixTime, Value};
use telemetry::{HealthBoard, Registry};
use testkit::cloudwatch_logs::{FakeCloudWatchLogs, Fault, KEYS, REGION};

const STREAMS: usize = 2_000;
const ROUNDS: usize = 2;
/// Bytes of one stream's event: 23 MiB a round, and a fraction of it compressed.
const EVENT_BYTES: usize = 12_000;
const ENDPOINT: &str = "CI_TEST_ENDPOINT";
const RESULT: &str = "CI_TEST_RESULT";
/// The queue's 16 MiB, what encoding a round takes, ten requests, and a program with its buffers. Bodies opened by every stream
/// that waits would take more than three times as much.
const MOST_KIB: u64 = 72 << 10;

#[derive(Debug)]
struct Machine(Instant);

impl Clock for Machine {
    fn stamp(&self) -> Stamp {
        let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        Stamp { monotonic: self.0.elapsed(), wall }
    }
}

fn config(endpoint: &str) -> Config {
    let text = format!(
        "awsemf: {{region: {REGION}, endpoint: '{endpoint}', log_group_name: g, log_stream_name: '{{PodName}}', \
         resource_to_telemetry_conversion: {{enabled: true}}, sending_queue: {{drain_timeout: 1s}}}}"
    );
    let loaded = confmap::load(&["env:TEXT".to_owned()], &[], &|_| Some(text.clone())).unwrap();
    let mut faults = Faults::new();
    Config::decode(loaded.root.get("awsemf").unwrap(), "awsemf", &mut faults).unwrap()
}

/// An event for each of so many pods, none of which was there before.
fn round(number: usize, time_ms: i64) -> Batch {
    // Text that compresses about as labels do; shared, so that the round itself is small.
    let words: String = (0..EVENT_BYTES / 10).map(|word| format!("{:09} ", (word * 7919 + number) % 997)).collect();
    let words: model::Text = words.as_str().into();
    let record = |pod: usize| {
        let mut attributes = Attributes::new();
        attributes.insert("PodName", format!("pod-{number}-{pod}").as_str());
        attributes.insert("labels", words.clone());
        let metric = Metric::Other(Arc::new(Descriptor::gauge("pod_cpu_limit", "")));
        let points = vec![Point { metric, value: Value::Integer(1) }];
        Record::of(attributes, UnixTime::from_millis(time_ms), points)
    };
    Batch { tick: None, records: (0..STREAMS).map(record).collect(), ends: true, permits: Vec::new() }
}

/// This process's memory at its highest, in KiB.
fn high_water_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// What the child does: some rounds, with a moment after each in which every stream could open what it has.
#[tokio::test]
#[ignore = "a part of the other test, in a process of its own"]
async fn exporter_of_many_streams() {
    let Ok(endpoint) = std::env::var(ENDPOINT) else { return };
    let registry = Registry::default();
    let tools = Tools {
        name: "awsemf".into(),
        default_stream: "stream".into(),
        version: "1.0",
        clock: Arc::new(Machine(Instant::now())),
        registry: registry.clone(),
        status: HealthBoard::default().component("exporter/awsemf"),
        spool: None,
    };
    let (mut delivery, worker) = Delivery::new(&config(&endpoint), tools);
    let stop = tokio::sync::watch::Sender::new(None);
    let worker = tokio::spawn(worker.run(stop.subscribe()));
    for number in 0..ROUNDS {
        let time_ms = Machine(Instant::now()).stamp().wall_ms();
        delivery = tokio::task::spawn_blocking(move || {
            delivery.export(&round(number, time_ms)).unwrap();
            delivery
        })
        .await
        .unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let kib = high_water_kib();
    let waits = registry.snapshot().into_iter().find(|reading| reading.name == "otelcol_exporter_queue_size");
    let waits = match waits.map(|reading| reading.value) {
        Some(telemetry::Value::Gauge(bytes)) => bytes,
        other => panic!("{other:?}"),
    };
    std::fs::write(std::env::var(RESULT).unwrap(), format!("{kib} {waits}")).unwrap();
    drop(delivery);
    stop.send_replace(Some(tokio::time::Instant::now()));
    worker.await.unwrap().unwrap();
}

#[test]
fn many_streams_that_wait_keep_to_the_queues_memory() {
    let fake = FakeCloudWatchLogs::http();
    fake.create("g", "s");
    fake.set_fault(Some(Fault::Slow(Duration::from_secs(3))));
    let folder = tempfile::tempdir().unwrap();
    let result = folder.path().join("result");
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--ignored", "exporter_of_many_streams"])
        .env(ENDPOINT, fake.endpoint())
        .env(RESULT, &result)
        .env("AWS_ACCESS_KEY_ID", KEYS.0)
        .env("AWS_SECRET_ACCESS_KEY", KEYS.1)
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(child.success());
    let text = std::fs::read_to_string(&result).unwrap();
    let (kib, waits) = text.split_once(' ').unwrap();
    let (kib, waits): (u64, f64) = (kib.parse().unwrap(), waits.parse().unwrap());
    println!("{kib} KiB at most, {waits} bytes in the queue");
    assert!(waits > 4e6, "the test is one of many that wait: {waits}");
    assert!(waits <= f64::from(16 << 20), "the queue keeps to its size: {waits}");
    assert!(kib <= MOST_KIB, "{kib} KiB with {waits} bytes in the queue");
    let most = fake.requests().iter().map(|request| request.connection).max().unwrap_or(0);
    assert!(most <= 10, "no more requests at once than num_consumers: {most}");
}
