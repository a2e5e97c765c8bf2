//! A recorded node under a receiver whose clock, kubelet and files a test has in its hand.
#![allow(dead_code, reason = "each test file uses its part")]

use component::Context;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use catalog::RecordType;
use model::{Batch, Clock, Record, Stamp, Value};
use platform::{Fact, Facts, KubeletAddress, Origin, Place};
use receivers::awscontainerinsight::config::Orchestrator;
use receivers::awscontainerinsight::{Collector, Config};
use serde_json::Value as Json;
use telemetry::{Registry, Status};
use testkit::hosts::{Recording, Sample};
use testkit::kubelet::{FakeKubelet, Route};
use testkit::replay::Replay;

/// A clock that goes only where it is set, but for what really passes while someone waits.
#[derive(Debug)]
struct Set {
    at: Mutex<Stamp>,
    /// When it was last set.
    began: Mutex<std::time::Instant>,
}

impl Clock for Set {
    fn stamp(&self) -> Stamp {
        let mut at = *self.at.lock().expect("nobody panics with the clock");
        at.monotonic += self.began.lock().expect("nobody panics with the clock").elapsed();
        at
    }
}

/// The receiver's name.
pub const RECEIVER: &str = "awscontainerinsightreceiver/one";

/// The node.
pub struct Rig {
    pub kubelet: FakeKubelet,
    pub scratch: Replay,
    pub collector: Collector,
    pub registry: Registry,
    clock: Arc<Set>,
    _runtime: tokio::runtime::Runtime,
}

/// The recording that most tests use.
pub fn recording() -> Recording {
    Recording::load("v1-kubernetes")
}

/// The recorded list of pods, to be changed.
pub fn pods(sample: &Sample) -> Json {
    serde_json::from_slice(sample.pods.as_deref().expect("the node has a kubelet")).expect("the answer is JSON")
}

/// A pod of a list by its name.
pub fn pod<'a>(list: &'a mut Json, name: &str) -> &'a mut Json {
    let items = list["items"].as_array_mut().expect("a list has items");
    items.iter_mut().find(|item| item["metadata"]["name"] == name).expect("the pod is in the list")
}

/// Options of a node whose cluster is known.
pub fn config() -> Config {
    Config {
        cluster_name: "demo".into(),
        collection_interval: Duration::from_secs(2),
        local_mode: true,
        ..Config::default()
    }
}

impl Rig {
    /// A node that shows a recording's first sample and has been sampled once.
    pub fn primed(recording: &Recording, config: Config) -> Self {
        let mut rig = Self::new(recording, config);
        rig.show(&recording.first);
        rig.collector.prime();
        rig.show(&recording.second);
        rig
    }

    /// A node that shows a recording's first sample, without a kubelet's answers yet.
    pub fn new(recording: &Recording, config: Config) -> Self {
        Self::with_metadata(recording, config, None)
    }

    /// The same with instance metadata at a URL.
    pub fn with_metadata(recording: &Recording, config: Config, metadata_endpoint: Option<String>) -> Self {
        let kubelet = FakeKubelet::http();
        let scratch = Replay::of(&recording.first.root);
        let mut config = config;
        config.kubelet.auth_type = receivers::awscontainerinsight::config::AuthType::None;
        let mut given = Facts::default();
        given.learn(Fact::ClusterName, Some(&config.cluster_name), Origin::Configuration);
        let place = Place {
            root: scratch.root().to_path_buf(),
            node_name: Some("node-1".into()),
            kubelet: (config.container_orchestrator == Orchestrator::Eks)
                .then(|| KubeletAddress::Url(kubelet.endpoint().into())),
            api_server: None,
            namespace: None,
            metadata_endpoint,
            given: given.clone(),
        };
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        #[expect(clippy::disallowed_methods, reason = "waiting for a kubelet takes real time")]
        let clock = Arc::new(Set { at: Mutex::default(), began: Mutex::new(std::time::Instant::now()) });
        let registry = Registry::default();
        let component = RECEIVER.to_owned();
        let context = Context {
            clock: clock.clone(),
            registry: registry.clone(),
            name: component,
            runtime: runtime.handle().clone(),
            status: Status::default(),
        };
        let collector = Collector::open(config, &place, context).expect("the recording can be opened");
        let rig = Self { kubelet, scratch, collector, registry, clock, _runtime: runtime };
        rig.set_time(&recording.first);
        rig
    }

    /// Shows a sample: its files, its time and the kubelet's answers.
    pub fn show(&self, sample: &Sample) {
        self.scratch.show(&sample.root);
        self.set_time(sample);
        self.kubelet.set_answer(Route::Pods, sample.pods.clone().unwrap_or_default());
        self.kubelet.set_answer(Route::Summary, sample.summary.clone().unwrap_or_default());
    }

    /// Lets time pass.
    pub fn pass(&self, time: Duration) {
        let mut at = self.clock.at.lock().expect("nobody panics with the clock");
        at.monotonic += time;
        at.wall += time;
    }

    /// How often something of the agent's own was counted, under the receiver's name and these labels.
    pub fn counted(&self, name: &'static str, labels: &[(&str, &str)]) -> u64 {
        let labels = [&[("receiver", RECEIVER)], labels].concat();
        self.registry.counter(name, "", &labels).get()
    }

    fn set_time(&self, sample: &Sample) {
        let wall = sample.wall_time.duration_since(std::time::UNIX_EPOCH).expect("it was recorded after the epoch");
        *self.clock.at.lock().expect("nobody panics with the clock") = Stamp { monotonic: sample.monotonic, wall };
        // What a busy machine took until here is no part of the time between two samples.
        #[expect(clippy::disallowed_methods, reason = "waiting for a kubelet takes real time")]
        let now = std::time::Instant::now();
        *self.clock.began.lock().expect("nobody panics with the clock") = now;
    }
}

/// The records of a type that have an attribute of this value; all of the type where `attribute` is empty.
pub fn find<'a>(round: &'a Batch, record_type: RecordType, attribute: &str, value: &str) -> Vec<&'a Record> {
    let of_type = round.records.iter().filter(|record| record.record_type == Some(record_type));
    of_type.filter(|record| attribute.is_empty() || text(record, attribute) == Some(value)).collect()
}

/// The one record of a type about this.
pub fn one<'a>(round: &'a Batch, record_type: RecordType, attribute: &str, value: &str) -> &'a Record {
    let found = find(round, record_type, attribute, value);
    assert_eq!(found.len(), 1, "{} with {attribute}={value}", record_type.as_str());
    found[0]
}

/// An attribute of a record.
pub fn text<'a>(record: &'a Record, attribute: &str) -> Option<&'a str> {
    record.resource.attributes.get(attribute).map(|value| &**value)
}

/// A metric of a record as a float.
pub fn metric(record: &Record, name: &str) -> Option<f64> {
    let point = record.points.iter().find(|point| point.metric.name() == name)?;
    Some(match &point.value {
        Value::Integer(value) => *value as f64,
        Value::Float(value) => *value,
        Value::Compound(_) => return None,
    })
}
