//! What the one agent that speaks for the cluster knows of it, for as long as it speaks.

use kubernetes::access::{ALL_PODS, NODES};
use kubernetes::cluster::{Kind, Nodes, Objects, Pods, Workloads};
use kubernetes::watch::Reflector;
use tokio::task::JoinSet;
use tracing::Instrument;

use crate::awscontainerinsight::cluster::access::Access;
use crate::awscontainerinsight::cluster::endpoints::Follower;
use crate::awscontainerinsight::cluster::mirror::Mirror;
use crate::awscontainerinsight::error::Error;
use crate::awscontainerinsight::samples::{ClusterSample, Count, NodesSample, WorkloadSample};

const KINDS: [Kind; 4] = [Kind::Deployment, Kind::DaemonSet, Kind::StatefulSet, Kind::ReplicaSet];

/// The stores of one term.
#[derive(Debug)]
pub struct ClusterState {
    nodes: Mirror<Nodes>,
    pods: Mirror<Pods>,
    workloads: Vec<(Kind, Mirror<Workloads>)>,
}

impl ClusterState {
    /// Begins to follow everything; that ends with the set.
    pub fn begin(access: &Access) -> Result<(Self, JoinSet<()>), Error> {
        let mut tasks = JoinSet::new();
        let nodes = follow(access.reflector(NODES)?, Nodes::default(), &mut tasks);
        let pods = follow(access.reflector(ALL_PODS)?, Pods::default(), &mut tasks);
        let mut workloads = Vec::new();
        for kind in KINDS {
            workloads.push((kind, follow(access.reflector(kind.path())?, Workloads::new(kind), &mut tasks)));
        }
        Ok((Self { nodes, pods, workloads }, tasks))
    }

    /// What is known at this moment. What isn't complete yet, may not be read, or is no longer heard of is left out.
    pub fn sample(&self, endpoints: &Follower) -> ClusterSample {
        let mut sample = ClusterSample::default();
        self.nodes.read_fresh(|nodes| {
            sample.nodes = Some(NodesSample { count: nodes.count() as u64, failed: nodes.failed() as u64 });
        });
        self.pods.read_fresh(|pods| {
            sample.running_pods = Some(pods.running() as u64);
            let count = |(namespace, running): (&str, usize)| Count { name: namespace.into(), pods: running as u64 };
            sample.namespaces = pods.running_by_namespace().into_iter().map(count).collect();
        });
        sample.services = endpoints.ready_pods();
        for (kind, mirror) in &self.workloads {
            mirror.read_fresh(|workloads| {
                sample.workloads.extend(workloads.sorted().into_iter().map(|workload| WorkloadSample {
                    kind: *kind,
                    namespace: (&*workload.namespace).into(),
                    name: (&*workload.name).into(),
                    replicas: workload.replicas,
                }));
            });
        }
        sample
    }
}

fn follow<S: Objects + Send + 'static>(mut reflector: Reflector, store: S, tasks: &mut JoinSet<()>) -> Mirror<S> {
    let mirror = Mirror::of(&reflector, store);
    let mut consumer = mirror.store.clone();
    let following = async move {
        // It ends only where nothing can help, which the settings' check has ruled out.
        let _ = reflector.run(&mut consumer).await;
    };
    tasks.spawn(following.in_current_span());
    mirror
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use kubernetes::watch::{Phase, Status};
    use serde_json::json;
    use telemetry::Registry;
    use testkit::api_server::FakeApiServer;

    use super::*;
    use crate::awscontainerinsight::cluster::mirror::STALE;
    use crate::awscontainerinsight::cluster::watch_status::WatchedCollections;
    use platform::{ApiServer, Facts, Place};

    /// Everything of this server, watched; the kubeconfig is in the folder.
    fn collections(server: &FakeApiServer, folder: &tempfile::TempDir) -> (ClusterState, Follower, JoinSet<()>) {
        let path = folder.path().join("kubeconfig");
        server.write_kubeconfig(&path);
        let place = Place {
            root: "/".into(),
            node_name: None,
            kubelet: None,
            api_server: Some(ApiServer::KubeConfig(path)),
            namespace: None,
            metadata_endpoint: None,
            given: Facts::default(),
        };
        let collections = {
            let registry = Registry::default();
            WatchedCollections::new(&registry, "r", &telemetry::Limits::new(&registry, "receiver", "r"))
        };
        let access = Access::of(&place, "n", collections).expect("there is an API server");
        let endpoints = Follower::begin(&access, "n", &tokio::runtime::Handle::current()).expect("good settings");
        let (cluster_state, tasks) = ClusterState::begin(&access).expect("good settings");
        (cluster_state, endpoints, tasks)
    }

    fn one_pod_on_one_node() -> FakeApiServer {
        let server = FakeApiServer::start();
        let pod = json!({"metadata": {"namespace": "n", "name": "p", "uid": "u"}, "status": {"phase": "Running"}});
        server.set_collection(ALL_PODS, vec![pod]);
        server.set_collection(NODES, vec![json!({"metadata": {"name": "n", "uid": "n"}})]);
        server
    }

    async fn until(holds: impl Fn() -> bool) {
        testkit::eventually_async(Duration::from_secs(30), "the stores are as expected", holds).await;
    }

    #[tokio::test]
    async fn what_may_no_longer_be_watched_is_no_longer_said() {
        let server = one_pod_on_one_node();
        server.refuse_watches(ALL_PODS);
        let folder = tempfile::tempdir().expect("a scratch folder");
        let (cluster_state, endpoints, _tasks) = collections(&server, &folder);
        let phase = |status: &Status| status.report().phase;
        until(|| {
            phase(&cluster_state.pods.status) == Phase::Refused && phase(&cluster_state.nodes.status) == Phase::Watching
        })
        .await;
        let listed = cluster_state.pods.store.lock().expect("no thread panicked").current().map(Pods::running);
        assert_eq!(listed, Some(1), "it was known once");
        let sample = cluster_state.sample(&endpoints);
        assert_eq!((sample.nodes, sample.running_pods), (Some(NodesSample { count: 1, failed: 0 }), None));
        assert!(sample.namespaces.is_empty());
    }

    #[tokio::test]
    async fn what_was_not_heard_of_for_long_is_no_longer_said() {
        let server = one_pod_on_one_node();
        let folder = tempfile::tempdir().expect("a scratch folder");
        let (cluster_state, endpoints, _tasks) = collections(&server, &folder);
        let phases = |wanted| {
            [&cluster_state.pods.status, &cluster_state.nodes.status]
                .iter()
                .all(|status| status.report().phase == wanted)
        };
        until(|| phases(Phase::Watching)).await;
        drop(server);
        until(|| phases(Phase::Failing)).await;
        let said = || cluster_state.sample(&endpoints).running_pods;
        assert_eq!(said(), Some(1), "a moment of silence changes nothing");
        tokio::time::pause();
        tokio::time::advance(STALE.checked_sub(Duration::from_secs(30)).expect("it is longer")).await;
        assert_eq!(said(), Some(1));
        tokio::time::advance(Duration::from_secs(31)).await;
        assert_eq!(said(), None);
    }
}
