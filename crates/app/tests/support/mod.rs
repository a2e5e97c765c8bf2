//! A recorded node replayed through the receiver and the exporter.
#![allow(dead_code, reason = "each test file uses its part")]

use component::Context;
use std::collections::BTreeSet;
use std::fs;
pub mod agent;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use catalog::RecordType;
use container_insights::configuration::{self, Configuration};
use model::{Clock, Stamp};
use platform::{Environment, Facts};
use receivers::awscontainerinsight::{Collector, resolve};
use telemetry::Registry;
use testkit::hosts::{Recording, Sample};
use testkit::kubelet::{FakeKubelet, Route};
use testkit::replay::Replay;

/// A clock that stands still until it is set.
#[derive(Debug, Default)]
struct Set(Mutex<Stamp>);

impl Clock for Set {
    fn stamp(&self) -> Stamp {
        *self.0.lock().expect("nobody panics with the clock")
    }
}

/// The folder of the project.
pub fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// One of the examples with options laid over it.
pub fn example(name: &str, sets: &[&str]) -> Configuration {
    let file = project().join("examples").join(name).display().to_string();
    let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
    let loaded = confmap::load(&[file], &sets, &|_| None).expect("the example loads");
    configuration::decode(loaded).expect("the example is right")
}

/// What one round of a replayed node became.
pub struct Replayed {
    /// Its events, in order.
    pub events: Vec<Vec<u8>>,
}

/// What a replayed node has around it.
pub struct Node<'a> {
    /// Environment variables.
    pub variables: Vec<(&'static str, String)>,
    /// Changes the recorded machine after each sample that it shows.
    pub lay: &'a dyn Fn(&Path),
    /// What is waited for between the samples.
    pub known: fn(&Facts) -> bool,
    /// The same, of what goes on outside the agent.
    pub until: &'a dyn Fn() -> bool,
    /// The time between the samples, where it isn't the recording's.
    pub elapsed: Option<std::time::Duration>,
}

impl Default for Node<'_> {
    fn default() -> Self {
        Self {
            variables: vec![("HOST_NAME", "node-1.example".to_owned())],
            lay: &|_| {},
            known: |_| true,
            until: &|| true,
            elapsed: None,
        }
    }
}

/// Lets the receiver of a configuration see a recording's first sample and make a round of the second.
pub fn replay(recording: &str, configuration: &Configuration) -> Replayed {
    replay_around(recording, configuration, &Node::default())
}

/// The same with something around the node.
pub fn replay_around(recording: &str, configuration: &Configuration, around: &Node<'_>) -> Replayed {
    let recording = Recording::load(recording);
    let config = configuration.options::<receivers::awscontainerinsight::Config>().next().expect("there is a receiver");
    let exporter = configuration.options::<exporters::awsemf::Config>().next().expect("there is an exporter");

    let kubelet = FakeKubelet::http();
    let scratch = Replay::of(&recording.first.root);
    (around.lay)(scratch.root());
    let mut config = config.clone();
    config.root_path = Some(scratch.root().display().to_string());
    config.kubelet.endpoint = Some(kubelet.endpoint().to_owned());
    config.kubelet.auth_type = receivers::awscontainerinsight::config::AuthType::None;
    let environment = Environment {
        variable: &|name| around.variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone()),
        is_directory: &|_| false,
        read: &|_| None,
    };
    let place = resolve(&config, &environment).expect("the node has a name and a kubelet");

    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let clock = Arc::new(Set(Mutex::new(Stamp { monotonic: recording.first.monotonic, ..Stamp::default() })));
    let context = Context {
        clock: clock.clone(),
        registry: Registry::default(),
        name: "awscontainerinsightreceiver".to_owned(),
        runtime: runtime.handle().clone(),
        status: telemetry::Status::default(),
    };
    let mut collector = Collector::open(config, &place, context).expect("the recording can be opened");
    let show = |sample: &Sample| {
        scratch.show(&sample.root);
        (around.lay)(scratch.root());
        let wall = sample.wall_time.duration_since(std::time::UNIX_EPOCH).expect("it was recorded after the epoch");
        let elapsed = sample.monotonic - recording.first.monotonic;
        let monotonic = recording.first.monotonic + around.elapsed.map_or(elapsed, |longest| longest.min(elapsed));
        *clock.0.lock().expect("nobody panics with the clock") = Stamp { monotonic, wall };
        kubelet.set_answer(Route::Pods, sample.pods.clone().unwrap_or_default());
        kubelet.set_answer(Route::Summary, sample.summary.clone().unwrap_or_default());
    };
    show(&recording.first);
    collector.prime();
    let mut facts = collector.facts();
    runtime.block_on(async {
        let known = facts.wait_for(|facts| (around.known)(facts));
        let known = tokio::time::timeout(std::time::Duration::from_secs(20), known).await.map(|facts| facts.is_ok());
        assert!(matches!(known, Ok(true)), "not found out in time");
    });
    for _ in 0..2000 {
        if (around.until)() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert!((around.until)(), "not so in time");
    show(&recording.second);
    let round = collector.collect();
    assert!(kubelet.violations().is_empty(), "{:?}", kubelet.violations());

    let mut events = Vec::new();
    let mut encoder = exporters::awsemf::Encoder::new(exporter, "");
    let encoded: Result<(), std::convert::Infallible> = encoder.encode(&round, &mut |event| {
        events.push(event.body.to_vec());
        Ok(())
    });
    let Ok(()) = encoded;
    Replayed { events }
}

/// The events of one type.
pub fn of_type(events: &[Vec<u8>], record_type: RecordType) -> Vec<serde_json::Value> {
    let parsed =
        events.iter().map(|event| serde_json::from_slice::<serde_json::Value>(event).expect("an event is JSON"));
    parsed.filter(|event| event["Type"] == record_type.as_str()).collect()
}

/// The paths of a machine's files that the sources of `linux` spell out, tests left out.
pub fn paths_read() -> BTreeSet<String> {
    fn visit(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).expect("the folder can be read") {
            let path = entry.expect("the folder can be read").path();
            if path.is_dir() {
                visit(&path, found);
            } else if !path.ends_with("tests.rs") {
                let code = fs::read_to_string(&path).expect("the file can be read");
                let code = code.split("#[cfg(test)]").next().unwrap_or_default();
                let words = code.split('"').skip(1).step_by(2).map(|word| word.trim_start_matches('/'));
                let kernel = words.filter(|word| ["proc/", "sys/", "etc/"].iter().any(|start| word.starts_with(start)));
                found.extend(kernel.map(|word| format!("/{word}")));
            }
        }
    }
    let mut found = BTreeSet::new();
    visit(&project().join("crates/linux/src"), &mut found);
    found
}
