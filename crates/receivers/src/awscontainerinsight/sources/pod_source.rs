//! Falls back to the API server when the kubelet denies `/pods`: a kubelet before Kubernetes 1.33, where the role has no `nodes/proxy`.

use std::sync::Arc;
use std::time::Duration;

use kubernetes::{ApiServer, Error, Kubelet, PodList};
use telemetry::{Failing, Failure, Severity};
use tokio::time::Instant;

/// How long a kubelet that refused isn't asked again for its pods: each request costs it one to the API server.
const REFUSED_FOR: Duration = Duration::from_secs(600);

static REFUSED: Failure = Failure {
    severity: Severity::Info,
    begins: "kubelet refused /pods (403); listing the pods of the node from the API server",
    ends: "kubelet answers /pods again",
};

/// The pods by the kubelet, or else by the API server.
#[derive(Debug)]
pub struct KubeletThenApiServer {
    api_server: ApiServer,
    node: String,
    refusal: Failing,
    /// Until when the kubelet isn't asked.
    until: Option<Instant>,
}

impl KubeletThenApiServer {
    /// By the name of the node.
    pub fn new(api_server: ApiServer, node: &str) -> Self {
        Self { api_server, node: node.to_owned(), refusal: Failing::new(&REFUSED), until: None }
    }

    /// The pods; the kubelet's error where the API server doesn't give them either.
    pub async fn pods(&mut self, kubelet: &mut Kubelet) -> Result<Arc<PodList>, Error> {
        let refused = match self.until {
            Some(until) if Instant::now() < until => None,
            _ => match kubelet.fetch_pods().await {
                Err(error) if error.status() == Some(403) => Some(error),
                answer => {
                    self.until = None;
                    self.refusal.recovered();
                    return answer;
                }
            },
        };
        match self.api_server.fetch_pods(&self.node).await {
            Ok(pods) => {
                self.refusal.failed(1, &"");
                if refused.is_some() {
                    self.until = Some(Instant::now() + REFUSED_FOR);
                }
                Ok(pods)
            }
            // The kubelet's own answer says more, and both are asked next time.
            Err(_) => {
                self.until = None;
                match refused {
                    Some(refused) => Err(refused),
                    None => kubelet.fetch_pods().await,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use kubernetes::{Auth, Settings};
    use serde_json::json;
    use testkit::api_server::FakeApiServer;
    use testkit::kubelet::{FakeKubelet, Fault, Route};

    use super::*;

    fn settings(auth: Auth, endpoint: &str) -> Settings {
        Settings { auth, endpoint: endpoint.to_owned(), node_name: "n".into(), ..Settings::default() }
    }

    #[tokio::test]
    async fn a_kubelet_that_refuses_its_pods_is_replaced_by_the_api_server() {
        let (fake, server) = (FakeKubelet::http(), FakeApiServer::start());
        let folder = tempfile::tempdir().expect("a scratch folder");
        let path = folder.path().join("kubeconfig");
        server.write_kubeconfig(&path);
        let api_server = ApiServer::new(settings(Auth::KubeConfig { path }, "")).expect("good settings");
        let mut source = KubeletThenApiServer::new(api_server, "n");
        let mut kubelet = Kubelet::new(settings(Auth::None, fake.endpoint())).expect("good settings");
        fake.set_fault(Route::Pods, Fault::Status(403));
        let refused = source.pods(&mut kubelet).await.expect_err("the API server refuses too");
        assert_eq!(refused.status(), Some(403));

        // A static pod is there by its mirror, whose own UID is another than that of its cgroups.
        let annotations = json!({"kubernetes.io/config.hash": "0123", "kubernetes.io/config.mirror": "0123"});
        let pod = json!({"metadata": {"name": "p", "namespace": "s", "uid": "u", "annotations": annotations},
            "spec": {"nodeName": "n", "containers": []}, "status": {"phase": "Running"}});
        server.set_collection("/api/v1/pods", vec![pod]);
        for _ in 0..2 {
            let list = source.pods(&mut kubelet).await.expect("the API server gives them");
            assert_eq!(list.pods[0].config_hash.as_deref(), Some("0123"));
        }
        assert_eq!(fake.requests().len(), 2, "it isn't asked for what it just refused");
        let asked = "GET /api/v1/pods?fieldSelector=spec.nodeName%3Dn&resourceVersion=0";
        assert!(server.requests().iter().all(|request| request == asked), "{:?}", server.requests());

        // Once the role has the right, the kubelet is asked again.
        fake.set_fault(Route::Pods, Fault::None);
        fake.set_answer(Route::Pods, r#"{"kind":"PodList","items":[]}"#);
        source.until = None;
        assert!(source.pods(&mut kubelet).await.expect("the kubelet answers").pods.is_empty());
    }
}
