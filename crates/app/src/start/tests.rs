//! Whole pipelines with components of a registry of the tests' own: a folder and a row each.

mod dropper;
mod generator;
mod recorder;

use std::sync::Arc;
use std::time::Duration;

use telemetry::{HealthBoard, Registry, Value};
use testkit::hosts::Recording;
use testkit::replay::Replay;

use super::*;
use crate::assemble::{Assembled, assemble};
use crate::clock::SystemClock;
use crate::components::Kind;
use crate::configuration;
use crate::output::Streams;
use crate::registry::{TYPES, Types};
use recorder::arrived;

/// All components of the agent, and three rows more.
fn types() -> Types {
    let own = [
        Kind::receiver::<generator::Config>("generator"),
        Kind::processor::<dropper::Config>("dropper"),
        Kind::exporter::<recorder::Config>("recorder"),
    ];
    Types(Box::leak(TYPES.0.iter().copied().chain(own).collect()))
}

/// What came of a configuration that ran for some time and was stopped in order.
struct Ran {
    registry: Registry,
}

impl Ran {
    fn count(&self, name: &str, component: &str) -> u64 {
        let of = |reading: &telemetry::Reading| {
            reading.name == name && reading.labels.iter().any(|(_, value)| value == component)
        };
        let sums = self.registry.snapshot().into_iter().filter(of).map(|reading| match reading.value {
            Value::Counter(count) => count,
            Value::Gauge(_) => 0,
        });
        sums.sum()
    }
}

async fn run(yaml: &str, time: Duration) -> Ran {
    let reading = confmap::read(&[format!("yaml:{yaml}")], &[], &|_| None);
    let checked = configuration::check_with(reading, types());
    let configuration = checked.configuration.unwrap_or_else(|| panic!("{:?}", checked.faults));
    let shared = Shared {
        clock: Arc::new(SystemClock::new()),
        registry: Registry::default(),
        board: HealthBoard::default(),
        runtime: tokio::runtime::Handle::current(),
    };
    let environment = platform::Environment { variable: &|_| None, is_directory: &|_| false, read: &|_| None };
    let (outputs, health) = (&Streams, shared.board.clone());
    let process = Process { environment, outputs, storages: storages(&configuration), health, version: "0" };
    let Assembled { pipelines: all, entrances, .. } = assemble(&configuration, &shared, &process).unwrap();
    let receivers = receivers(&configuration, &shared, &process, entrances).unwrap();
    drop(process);
    let (queues, mut ends) = pipelines(all).unwrap();
    tokio::time::sleep(time).await;
    let stopping = tokio::task::spawn_blocking(move || {
        receivers.into_iter().for_each(Receiver::stop);
        queues.iter().for_each(|queue| queue.close());
    });
    stopping.await.unwrap();
    while let Some(end) = ends.recv().await {
        assert_eq!(end, End::Drained);
    }
    Ran { registry: shared.registry }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn under_a_flood_no_tick_is_late_or_lost() {
    const INTERVAL: Duration = Duration::from_millis(500);
    let recording = Recording::load("v2-host");
    let node = Replay::of(&recording.first.root);
    let yaml = format!(
        "{{receivers: {{awscontainerinsightreceiver: {{container_orchestrator: host, local_mode: true, root_path: \"{}\", \
         collection_interval: 500ms}}, generator: , generator/second: {{points: 10}}}}, \
         processors: {{dropper: {{takes: 1ms}}}}, exporters: {{recorder/flood: }}, \
         service: {{pipelines: {{metrics: {{receivers: [generator, awscontainerinsightreceiver, generator/second], \
         processors: [dropper], exporters: [recorder/flood]}}}}}}}}",
        node.root().display()
    );
    let ran = run(&yaml, INTERVAL * 8).await;

    let arrived = arrived("recorder/flood");
    let ticks: Vec<_> = arrived.iter().filter_map(|(tick, at, _)| Some((tick.as_ref()?.time, *at))).collect();
    assert!((7..=9).contains(&ticks.len()), "{ticks:?}");
    for (time, at) in &ticks {
        let late = at.saturating_sub(Duration::from_millis(time.as_millis().unsigned_abs()));
        assert!(late < INTERVAL / 2, "{late:?} after the tick");
    }
    assert_eq!(ran.count("otelcol_receiver_refused_metric_points", "awscontainerinsightreceiver"), 0);
    assert_eq!(arrived.len(), ticks.len(), "the rest is dropped");
    for generator in ["generator", "generator/second"] {
        let [taken, refused, closed] =
            ["generated_taken", "generated_refused", "generated_closed"].map(|name| ran.count(name, generator));
        assert!(taken > 500, "{generator}: {taken} taken");
        assert!(refused + closed > 0, "{generator} floods: {refused} refused, {closed} not let in");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_sender_learns_what_every_exporter_of_every_pipeline_did() {
    let answers = async |exporters: &[&str], processors: &str| {
        let pipeline = |(number, exporter): (usize, &&str)| {
            format!("metrics/{number}: {{receivers: [generator], processors: [{processors}], exporters: [{exporter}]}}")
        };
        let pipelines: Vec<_> = exporters.iter().enumerate().map(pipeline).collect();
        let yaml = format!(
            "{{receivers: {{generator: {{count: 3}}}}, processors: {{dropper: , batch: }}, \
             exporters: {{recorder/good: , recorder/busy: {{is_busy: true}}, recorder/closed: {{is_closed: true}}}}, \
             service: {{pipelines: {{{}}}}}}}",
            pipelines.join(", ")
        );
        let ran = run(&yaml, Duration::from_millis(50)).await;
        (ran.count("generated_taken", "generator"), ran.count("generated_refused", "generator"))
    };
    assert_eq!(answers(&["recorder/good"], "").await, (3, 0));
    assert_eq!(answers(&["recorder/busy"], "").await, (0, 3));
    assert_eq!(answers(&["recorder/good", "recorder/closed"], "").await, (0, 3), "one of two pipelines refuses");
    assert_eq!(answers(&["recorder/good, recorder/busy"], "").await, (0, 3), "one of two exporters refuses");
    assert_eq!(answers(&["recorder/busy"], "dropper").await, (3, 0), "what is dropped on purpose is taken");
    assert_eq!(answers(&["recorder/busy"], "batch").await, (3, 0), "what is gathered is taken");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_a_batch_gathered_leaves_at_the_end_and_counts_as_in_flight_until_then() {
    // 32 MiB fit into flight; the batch keeps all of it.
    let yaml = "{receivers: {generator: {bytes: 16777216, points: 1}}, \
                processors: {batch: {timeout: 1h, send_batch_size: 1000000}}, exporters: {recorder/gathered: }, \
                service: {pipelines: {metrics: {receivers: [generator], processors: [batch], exporters: [recorder/gathered]}}}}";
    let ran = run(yaml, Duration::from_millis(100)).await;
    assert_eq!(ran.count("generated_taken", "generator"), 2);
    assert!(ran.count("generated_closed", "generator") > 0, "no third one is let in");
    let arrived: Vec<usize> = arrived("recorder/gathered").iter().map(|(_, _, points)| *points).collect();
    assert_eq!(arrived, [2], "both leave in one batch");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_exporter_that_blocks_holds_up_its_own_pipeline_only() {
    let yaml = "{receivers: {generator: {count: 20}}, exporters: {recorder/fast: , recorder/slow: {takes: 20ms}}, \
                service: {pipelines: {metrics/slow: {receivers: [generator], exporters: [recorder/slow]}, \
                metrics/fast: {receivers: [generator], exporters: [recorder/fast]}}}}";
    let ran = run(yaml, Duration::from_millis(10)).await;
    assert_eq!(ran.count("generated_taken", "generator"), 20);
    let at = |name: &str| arrived(name).iter().map(|(_, at, _)| *at).collect::<Vec<_>>();
    let (fast, slow) = (at("recorder/fast"), at("recorder/slow"));
    assert_eq!((fast.len(), slow.len()), (20, 20));
    assert!(fast[19] < slow[5], "fast: {fast:?}, slow: {slow:?}");
}
