//! What the kubelet answers, and whether it is believed.

use std::sync::Arc;

use kubernetes::{PodList, Summary};
use model::Stamp;

use super::{Collector, limits};
use crate::cluster::{Cluster, Lookup};
use crate::samples::NodeSample;
use crate::sources::kubelet::Answer;
use crate::stores::inventory::Inventory;
use crate::troubles::Troubles;

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
                Answer::Pods(result) => {
                    answered |= result.is_ok();
                    if let Some(list) = self.machine.troubles().note("kubelet pods", result) {
                        let services = self.cluster.as_ref().and_then(Cluster::services);
                        take(list, at, sample, self.machine.troubles(), &mut self.inventory, services.as_ref());
                    }
                }
                Answer::Done => {}
                Answer::Summary(result) => {
                    answered |= result.is_ok();
                    summary = self.machine.troubles().note("kubelet summary", result);
                    if let Some(summary) = &summary {
                        limits::of_summary(summary, self.machine.troubles().limits());
                    }
                }
            }
        }
        if kubelet.is_busy() {
            self.machine.troubles().failed("kubelet", 1, &"no answer in time");
        } else if asked && answered {
            // What comes a round late, an answer or the end of a request, has not come in time.
            self.machine.troubles().recovered("kubelet");
        }
        summary
    }
}

/// Takes a list of pods. One that names nobody while there are pods is no list of this node's: a kubelet that has
/// just started may give it, and a count of 0 would not be true.
fn take(
    list: Arc<PodList>,
    at: Stamp,
    sample: &NodeSample,
    troubles: &mut Troubles,
    inventory: &mut Inventory,
    services: Option<&Lookup<'_>>,
) {
    match list.skipped {
        0 => troubles.recovered("kubelet pod"),
        skipped => troubles.failed("kubelet pod", skipped as u64, &"a pod has a wrong shape"),
    }
    limits::of_list(&list, troubles.limits());
    let has_pods = list.skipped + list.too_large > 0 || !sample.pods.is_empty();
    if list.pods.is_empty() && has_pods {
        troubles.failed("kubelet pod list", 1, &"the list is empty, and yet there are pods; the last good one stays");
        return;
    }
    troubles.recovered("kubelet pod list");
    inventory.update(list, |pod| services?.of(pod), at);
    limits::of_pods(&inventory.cuts(), troubles.limits());
}
