//! What the one agent that speaks for the cluster knows of it, for as long as it speaks.

use std::sync::{Arc, Mutex, PoisonError};

use kubernetes::access::{ALL_PODS, NODES};
use kubernetes::cluster::{Kind, Nodes, Objects, Pods, Swap, Workloads};
use kubernetes::watch::Reflector;
use tokio::task::JoinSet;

use crate::build::Error;
use crate::cluster::access::Access;
use crate::cluster::endpoints::Follower;
use crate::samples::{ClusterSample, Count, NodesSample, WorkloadSample};

const KINDS: [Kind; 4] = [Kind::Deployment, Kind::DaemonSet, Kind::StatefulSet, Kind::ReplicaSet];

type Shared<S> = Arc<Mutex<Swap<S>>>;

/// The stores of one term.
#[derive(Debug, Clone)]
pub struct Figures {
    nodes: Shared<Nodes>,
    pods: Shared<Pods>,
    workloads: [Shared<Workloads>; 4],
}

impl Figures {
    /// Nothing is known yet.
    pub fn new() -> Self {
        Self {
            nodes: Swap::shared(Nodes::default()),
            pods: Swap::shared(Pods::default()),
            workloads: KINDS.map(|kind| Swap::shared(Workloads::new(kind))),
        }
    }

    /// Begins to follow everything; it ends with the set.
    pub fn follow(&self, access: &Access) -> Result<JoinSet<()>, Error> {
        let mut tasks = JoinSet::new();
        tasks.spawn(run(access.reflector(NODES)?, self.nodes.clone()));
        tasks.spawn(run(access.reflector(ALL_PODS)?, self.pods.clone()));
        for (kind, store) in KINDS.into_iter().zip(&self.workloads) {
            tasks.spawn(run(access.reflector(kind.path())?, store.clone()));
        }
        Ok(tasks)
    }

    /// What is known at this moment. What isn't complete yet, or may not be read, is left out.
    pub fn sample(&self, endpoints: &Follower) -> ClusterSample {
        let mut sample = ClusterSample::default();
        read(&self.nodes, |nodes| {
            sample.nodes = Some(NodesSample { count: nodes.count() as u64, failed: nodes.failed() as u64 });
        });
        read(&self.pods, |pods| {
            sample.running_pods = Some(pods.running() as u64);
            let count = |(namespace, running): (&str, usize)| Count { name: namespace.into(), pods: running as u64 };
            sample.namespaces = pods.running_by_namespace().into_iter().map(count).collect();
        });
        if let Some(endpoints) = endpoints.store().current() {
            let count = |(namespace, name, ready): (&str, &str, usize)| {
                (namespace.into(), Count { name: name.into(), pods: ready as u64 })
            };
            sample.services = endpoints.ready_pods().map(count).collect();
        }
        for (kind, store) in KINDS.into_iter().zip(&self.workloads) {
            read(store, |workloads| {
                sample.workloads.extend(workloads.sorted().into_iter().map(|workload| WorkloadSample {
                    kind,
                    namespace: (&*workload.namespace).into(),
                    name: (&*workload.name).into(),
                    figures: workload.figures,
                }));
            });
        }
        sample
    }
}

/// A reflector ends only where nothing can help, which the settings' check has ruled out.
async fn run<S: Objects + Send>(mut reflector: Reflector, mut store: Shared<S>) {
    let _ = reflector.run(&mut store).await;
}

fn read<S: Objects>(store: &Shared<S>, take: impl FnOnce(&S)) {
    let store = store.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(current) = store.current() {
        take(current);
    }
}
