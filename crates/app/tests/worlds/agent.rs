//! The agent on a world: the receiver below a root of its own, the kubelet on loopback, events as they would leave.

use component::Context;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use exporters::awsemf::Encoder;
use model::{Clock, Stamp};
use platform::Environment;
use receivers::awscontainerinsight::config::AuthType;
use receivers::awscontainerinsight::{Collector, resolve};
use rustix::thread::{CapabilitySet, CapabilitySets};
use tempfile::TempDir;
use testkit::kubelet::{FakeKubelet, Fault, Route};

use crate::support::example;
use crate::tenants::{Overlay, Tenant};
use crate::world::{SECONDS, World};
use crate::{files, kubelet};

/// When a world begins, in seconds since the Unix epoch.
const BEGIN: u64 = 1_800_000_000;

/// How long a round waits for the kubelet's answers: as long as a question to it may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A clock that stands still until it is set.
#[derive(Debug, Default)]
struct Set(Mutex<Stamp>);

impl Clock for Set {
    fn stamp(&self) -> Stamp {
        *self.0.lock().expect("no thread panics with the clock")
    }
}

/// An agent and the machine it sees.
pub struct Agent {
    kubelet: FakeKubelet,
    root: TempDir,
    collector: Collector,
    encoder: Encoder,
    clock: Arc<Set>,
    _runtime: tokio::runtime::Runtime,
}

impl Agent {
    /// An agent on a world and its tenants at tick 0, which it has sampled.
    pub fn new(world: &World, tenants: &mut [Tenant]) -> Self {
        let root = scratch();
        let kubelet = FakeKubelet::http();
        let clock = Arc::new(Set::default());
        let configuration = example(
            "eks.yaml",
            &[
                "receivers.awscontainerinsightreceiver.local_mode=true",
                "receivers.awscontainerinsightreceiver.cluster_name=demo",
                "receivers.awscontainerinsightreceiver.collection_interval=60s",
                "exporters.awsemf.output_destination=stdout",
            ],
        );
        let receiver = configuration.options::<receivers::awscontainerinsight::Config>().next().cloned();
        let exporter = configuration.options::<exporters::awsemf::Config>().next();
        let (Some(mut config), Some(exporter)) = (receiver, exporter) else { panic!("the example has both") };
        config.root_path = Some(root.path().display().to_string());
        config.kubelet.endpoint = Some(kubelet.endpoint().to_owned());
        config.kubelet.auth_type = AuthType::None;
        let environment = Environment {
            variable: &|name| (name == "HOST_NAME").then(|| "node-1".to_owned()),
            is_directory: &|_| false,
            read: &|_| None,
        };
        let place = resolve(&config, &environment).expect("the node has a name and a kubelet");
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let context = Context {
            clock: clock.clone(),
            registry: telemetry::Registry::default(),
            name: "awscontainerinsightreceiver".to_owned(),
            runtime: runtime.handle().clone(),
            status: telemetry::Status::default(),
        };
        show(root.path(), &kubelet, world, tenants, 0);
        let mut collector = Collector::open(config, &place, context).expect("the world can be opened");
        // No world's kubelet is late; a list of 36 MB takes its time on a machine that does ten other things.
        collector.set_patience(PATIENCE);
        let encoder = Encoder::new(exporter, "");
        let mut agent = Self { kubelet, root, collector, encoder, clock, _runtime: runtime };
        agent.set_clock(0);
        without_rights(|| agent.collector.prime());
        agent
    }

    /// The events of a tick.
    pub fn tick(&mut self, world: &World, tenants: &mut [Tenant], tick: u64) -> Vec<Vec<u8>> {
        show(self.root.path(), &self.kubelet, world, tenants, tick);
        self.set_clock(tick);
        let collector = &mut self.collector;
        let round = without_rights(|| collector.collect());
        let mut events = Vec::new();
        let encoded: Result<(), Infallible> = self.encoder.encode(&round, &mut |event| {
            events.push(event.body.to_vec());
            Ok(())
        });
        let Ok(()) = encoded;
        assert!(self.kubelet.violations().is_empty(), "{:?}", self.kubelet.violations());
        events
    }

    fn set_clock(&self, tick: u64) {
        let passed = tick * SECONDS;
        let stamp = Stamp { monotonic: Duration::from_secs(1000 + passed), wall: Duration::from_secs(BEGIN + passed) };
        *self.clock.0.lock().expect("no thread panics with the clock") = stamp;
    }
}

/// Does something on this thread as one that may not read whatever it likes, if it may: as the agent runs.
fn without_rights<T>(work: impl FnOnce() -> T) -> T {
    let own = rustix::thread::capabilities(None).expect("a thread may ask for its own");
    let all = CapabilitySet::DAC_OVERRIDE | CapabilitySet::DAC_READ_SEARCH;
    let less = CapabilitySets { effective: own.effective - all, ..own };
    rustix::thread::set_capabilities(None, less).expect("a thread may have less");
    let done = work();
    rustix::thread::set_capabilities(None, own).expect("what is permitted may be had again");
    done
}

/// A folder for the machine's files, in memory where there is such a place.
fn scratch() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a scratch folder can be made")
}

/// Makes the machine and its kubelet what they are at a tick.
fn show(root: &std::path::Path, fake: &FakeKubelet, world: &World, tenants: &mut [Tenant], tick: u64) {
    let mut overlay = Overlay::default();
    for tenant in tenants {
        tenant.add(world, root, tick, &mut overlay);
    }
    files::put_world(root, world, tick, &overlay);
    let join = |before: &[Arc<str>], own: Vec<String>, after: &[Arc<str>]| {
        let items = before.iter().map(|item| &**item).chain(own.iter().map(|item| &**item));
        items.chain(after.iter().map(|item| &**item)).collect::<Vec<_>>().join(",")
    };
    let pods = world.pods_at(tick).map(|pod| kubelet::pod(world, pod).to_string()).collect();
    let pods = join(&overlay.pods_before, pods, &overlay.pods_after);
    fake.set_answer(Route::Pods, format!(r#"{{"kind":"PodList","apiVersion":"v1","metadata":{{}},"items":[{pods}]}}"#));
    let summary =
        world.pods_at(tick).filter(|pod| pod.runs()).map(|pod| kubelet::summary(world, pod, tick).to_string());
    let summary = join(&overlay.summary_before, summary.collect(), &overlay.summary_after);
    fake.set_answer(Route::Summary, format!(r#"{{"node":{{"nodeName":"node-1"}},"pods":[{summary}]}}"#));
    let fault = |at: Option<u64>| if at == Some(tick) { Fault::Status(500) } else { Fault::None };
    fake.set_fault(Route::Pods, fault(world.pods_fail_at));
    fake.set_fault(Route::Summary, fault(world.summary_fails_at));
}
