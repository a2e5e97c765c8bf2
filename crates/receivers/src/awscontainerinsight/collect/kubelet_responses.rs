//! What the kubelet answers, and whether it is believed.

use std::sync::Arc;

use kubernetes::{PodList, Summary};
use model::Stamp;
use net::chain;

use super::{Collector, limits};
use crate::awscontainerinsight::cluster::{Cluster, Lookup};
use crate::awscontainerinsight::samples::NodeSample;
use crate::awscontainerinsight::source_failures::SourceFailures;
use crate::awscontainerinsight::sources::kubelet::Response;
use crate::awscontainerinsight::stores::inventory::Inventory;

impl Collector {
    /// Takes what the kubelet answers in time. A late answer is taken by a later round; until then the last good list
    /// stays in use. `asked` says whether both were asked for in this round.
    pub(super) fn hear(&mut self, at: Stamp, asked: bool, sample: &NodeSample) -> Option<Summary> {
        let (mut summary, mut answered) = (None, false);
        let kubelet = self.kubelet.as_mut()?;
        loop {
            let waited = self.clock.stamp().since(at);
            let Some(answer) = kubelet.next(self.patience.saturating_sub(waited)) else { break };
            match answer {
                Response::Pods(result) => {
                    answered |= result.is_ok();
                    if let Some(list) = note(self.machine.failures(), "kubelet pods", result) {
                        let services = self.cluster.as_ref().and_then(Cluster::services);
                        take(list, at, sample, self.machine.failures(), &mut self.inventory, services.as_ref());
                    }
                }
                Response::Done => {}
                Response::Summary(result) => {
                    answered |= result.is_ok();
                    summary = note(self.machine.failures(), "kubelet summary", result);
                    if let Some(summary) = &summary {
                        limits::of_summary(summary, self.machine.failures().limits());
                    }
                }
            }
        }
        if kubelet.is_busy() {
            self.machine.failures().failed("kubelet", 1, &"no answer in time");
        } else if asked && answered {
            // What comes a round late, an answer or the end of a request, has not come in time.
            self.machine.failures().recovered("kubelet");
        }
        summary
    }
}

/// Notes how a request ended, and what can be done about a failure.
fn note<T>(failures: &mut SourceFailures, source: &'static str, result: Result<T, kubernetes::Error>) -> Option<T> {
    match result {
        Ok(value) => {
            failures.recovered(source);
            Some(value)
        }
        Err(error) => {
            let advice = advice(&error).map(|advice| format!("; {advice}")).unwrap_or_default();
            failures.failed(source, 1, &format!("{}{advice}", chain(&error)));
            None
        }
    }
}

/// What to do where the kubelet refuses or can't be reached.
fn advice(error: &kubernetes::Error) -> Option<&'static str> {
    Some(match error {
        kubernetes::Error::Status { status: 401, .. } => {
            "it does not take the token: enable webhook authentication in the kubelet, or set kubelet::auth_type"
        }
        kubernetes::Error::Status { status: 403, .. } => {
            "grant get on nodes/pods and nodes/stats, or nodes/proxy before Kubernetes 1.33, in the agent's ClusterRole"
        }
        kubernetes::Error::Connect { .. } => "check that kubelet::endpoint, or HOST_IP, is the node's address",
        kubernetes::Error::Handshake { .. } => {
            "set kubelet::ca_file to the authority of the kubelet's certificate, or kubelet::insecure_skip_verify: true"
        }
        _ => return None,
    })
}

/// Takes a list of pods. An empty one while pods have cgroups is not this node's: a kubelet that has
/// just started may give it, and a count of 0 would not be true.
fn take(
    list: Arc<PodList>,
    at: Stamp,
    sample: &NodeSample,
    failures: &mut SourceFailures,
    inventory: &mut Inventory,
    services: Option<&Lookup<'_>>,
) {
    match list.skipped {
        0 => failures.recovered("kubelet pod"),
        skipped => failures.failed("kubelet pod", skipped as u64, &"a pod has a wrong shape"),
    }
    limits::of_list(&list, failures.limits());
    let has_pods = list.skipped + list.too_large > 0 || !sample.pods.is_empty();
    if list.pods.is_empty() && has_pods {
        failures.failed("kubelet pod list", 1, &"the list is empty, and yet there are pods; the last good one stays");
        return;
    }
    failures.recovered("kubelet pod list");
    inventory.update(list, |pod| services?.of(pod), at);
    limits::of_pods(&inventory.cuts(), failures.limits());
}
