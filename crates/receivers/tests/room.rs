//! Rounds for which the pipelines have no room.

mod support;

use component::Context;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use model::{Clock, Stamp};
use platform::{Facts, Place};
use receivers::awscontainerinsight::config::Orchestrator;
use receivers::awscontainerinsight::{Config, Receiver};
use support::{RECEIVER, config};
use telemetry::{Registry, Status};
use testkit::hosts::Recording;
use testkit::replay::Replay;

/// The time as it passes.
#[derive(Debug)]
struct Passing(Instant);

impl Clock for Passing {
    #[expect(clippy::disallowed_methods, reason = "the sampling thread waits in real time")]
    fn stamp(&self) -> Stamp {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after the epoch");
        Stamp { monotonic: self.0.elapsed(), wall }
    }
}

#[test]
fn a_round_without_room_is_counted_and_the_next_one_goes_on() {
    let scratch = Replay::of(&Recording::load("v2-host").first.root);
    let place = Place {
        root: scratch.root().to_path_buf(),
        node_name: Some("node-1".into()),
        kubelet: None,
        api_server: None,
        namespace: None,
        metadata_endpoint: None,
        given: Facts::default(),
    };
    let config = Config {
        container_orchestrator: Orchestrator::Host,
        collection_interval: Duration::from_millis(100),
        ..config()
    };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let registry = Registry::default();
    #[expect(clippy::disallowed_methods, reason = "the sampling thread waits in real time")]
    let began = Instant::now();
    let context = Context {
        clock: Arc::new(Passing(began)),
        registry: registry.clone(),
        name: RECEIVER.to_owned(),
        runtime: runtime.handle().clone(),
        status: Status::default(),
    };
    let (arrived, rounds) = mpsc::channel();
    let offered = AtomicU64::new(0);
    let sink = Box::new(move |round: model::Batch| {
        // There is no room for the first one.
        let points: usize = round.records.iter().map(|record| record.points.len()).sum();
        let has_room = offered.fetch_add(1, Ordering::Relaxed) > 0;
        arrived.send((has_room, points as u64)).is_ok() && has_room
    });
    let receiver = Receiver::start(config, place, context, sink).expect("the recording can be opened");
    let next = || rounds.recv_timeout(Duration::from_secs(60)).expect("rounds go on");
    let (first, second) = (next(), next());
    receiver.stop();
    assert_eq!((first.0, second.0), (false, true));
    let refused = registry.counter("otelcol_receiver_refused_metric_points", "", &[("receiver", RECEIVER)]).get();
    assert!(first.1 > 0 && refused == first.1, "{refused} of {}", first.1);
}
