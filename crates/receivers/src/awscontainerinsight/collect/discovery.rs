//! What is found out beside the rounds, taken without waiting.

use tokio::sync::watch;

use crate::awscontainerinsight::samples::{NodeSample, TasksSample};
use platform::{Fact, Facts};

use super::Collector;

impl Collector {
    /// Takes over what has been found out since the last round.
    pub(super) fn learn(&mut self) {
        if self.discovery.facts.has_changed().unwrap_or(false) || !self.is_discovered {
            let facts = self.discovery.facts.borrow_and_update();
            self.identity.learn(&facts);
            self.machine.learn(&facts);
            self.is_discovered = true;
        }
    }

    /// What is found out beside the rounds; it goes on changing.
    #[must_use]
    pub fn facts(&self) -> watch::Receiver<Facts> {
        self.discovery.facts.clone()
    }

    /// Whether a Kubernetes cluster has a name; `Some(false)` where nothing says it, `None` while discovery goes on.
    pub fn has_cluster(&self) -> Option<bool> {
        let facts = self.discovery.facts.borrow();
        match facts.lacks(Fact::ClusterName) {
            false => Some(true),
            true if facts.is_settled() => Some(false),
            true => None,
        }
    }

    /// Names the volumes of disks and file systems, and says which nothing here names.
    pub(super) fn name_volumes(&mut self, sample: &mut NodeSample) {
        let nameless = self.machine.name_volumes(sample);
        self.discovery.nameless_disks.send_if_modified(|known| {
            let changed = *known != nameless;
            if changed {
                *known = nameless;
            }
            changed
        });
    }

    /// What the running tasks reserve; `None` elsewhere, and while the ECS agent has not listed them.
    pub(super) fn tasks(&mut self) -> Option<TasksSample> {
        let running = self.discovery.tasks.as_mut()?.running()?;
        let cluster = self.discovery.facts.borrow().get(Fact::ClusterName).cloned().unwrap_or_default();
        Some(self.machine.reservations(&running, &cluster))
    }
}
