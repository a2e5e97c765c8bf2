//! Pods that have cgroups and that the kubelet hasn't named yet.

use model::{Stamp, Text};

use super::Collector;
use crate::awscontainerinsight::samples::NodeSample;
use crate::awscontainerinsight::sources::kubelet::Request;
use crate::awscontainerinsight::stores::inventory::Inventory;

impl Collector {
    /// Names the pods that the kubelet's list lacks: by one more request a tick, and only where there is one that wasn't
    /// missing before; then by the directories of their logs.
    pub(super) fn name_pods(&mut self, sample: &NodeSample, at: Stamp) {
        if self.kubelet.is_none() {
            return;
        }
        let nameless = |inventory: &Inventory| -> Vec<Text> {
            sample.pods.iter().map(|pod| &pod.uid).filter(|uid| !inventory.knows(uid)).cloned().collect()
        };
        let mut missing = nameless(&self.inventory);
        let is_news = missing.iter().any(|uid| !self.missed.contains(uid));
        if is_news && self.kubelet.as_mut().is_some_and(|kubelet| kubelet.ask(Request::Pods)) {
            self.hear(at, false, sample);
            missing = nameless(&self.inventory);
        }
        let mut held_back = 0;
        if !missing.is_empty() {
            let directories = self.machine.log_directories();
            held_back = self.inventory.name_by_logs(missing.iter().map(|uid| &**uid), &directories, at);
        }
        self.own.nameless.set_count(held_back);
        self.own.held_back.add(held_back as u64);
        self.missed = missing.into_iter().collect();
    }
}
