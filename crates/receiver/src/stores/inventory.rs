//! Which pods there are: the last good list of the kubelet, and what is still known of pods that just left it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use kubernetes::{Pod, PodList};
use model::{Stamp, Text};

use crate::config::PodRequests;
use crate::host::Capacity;
use crate::stores::amounts::{self, Totals};
use crate::stores::log_names;
use crate::stores::pod::{Entry, Style};

/// How long a pod that the kubelet no longer lists is known, while it still has cgroups; two intervals where those are
/// longer.
const KEPT: Duration = Duration::from_secs(120);

/// The pods of a node, by the UID that their cgroups carry.
#[derive(Debug)]
pub struct Inventory {
    style: Style,
    kept: Duration,
    pods: HashMap<Text, Kept>,
    list: Option<Arc<PodList>>,
}

#[derive(Debug)]
struct Kept {
    entry: Entry,
    seen: Stamp,
    listed: bool,
}

impl Inventory {
    /// No pods yet; rounds come every `interval`.
    pub fn new(style: Style, interval: Duration) -> Self {
        Self { style, kept: KEPT.max(interval * 2), pods: HashMap::new(), list: None }
    }

    /// Takes a good list: what it has is new or renewed, what it no longer has is remembered for a while.
    pub fn update(&mut self, list: Arc<PodList>, service_of: impl Fn(&Pod) -> Option<Text>, now: Stamp) {
        for kept in self.pods.values_mut() {
            kept.listed = false;
        }
        for pod in &list.pods {
            // A static pod's cgroups are named by the hash of its configuration.
            let uid = pod.config_hash.as_deref().unwrap_or(&pod.uid);
            let service = service_of(pod);
            match self.pods.get_mut(uid) {
                Some(kept) if kept.entry.pod.as_ref() == Some(pod) && kept.entry.service == service => {
                    (kept.seen, kept.listed) = (now, true);
                }
                _ => {
                    let kept = Kept { entry: Entry::listed(pod, service, &self.style), seen: now, listed: true };
                    self.pods.insert(uid.into(), kept);
                }
            }
        }
        self.pods.retain(|_, kept| kept.listed || now.since(kept.seen) <= self.kept);
        self.list = Some(list);
    }

    /// Forgets pods that are neither listed nor have cgroups any more: nothing of them will be seen again.
    pub fn forget_without(&mut self, has_cgroups: impl Fn(&str) -> bool) {
        self.pods.retain(|uid, kept| kept.listed || has_cgroups(uid));
    }

    /// Names pods by their log directories; returns how many UIDs stay without a name.
    pub fn name_by_logs<'a>(
        &mut self,
        unknown: impl IntoIterator<Item = &'a str>,
        directories: &[String],
        now: Stamp,
    ) -> usize {
        let mut nameless = 0;
        for uid in unknown {
            match log_names::find(directories.iter().map(String::as_str), uid) {
                Some((namespace, name)) => {
                    let entry = Entry::named(uid, namespace, name, &self.style);
                    self.pods.insert(uid.into(), Kept { entry, seen: now, listed: false });
                }
                None => nameless += 1,
            }
        }
        nameless
    }

    /// The pod of a UID.
    pub fn get(&self, uid: &str) -> Option<&Entry> {
        self.pods.get(uid).map(|kept| &kept.entry)
    }

    /// How many pods are known.
    pub fn count(&self) -> usize {
        self.pods.len()
    }

    /// The pods of the last good list, by namespace and name.
    pub fn listed(&self) -> Vec<&Entry> {
        let mut listed: Vec<_> = self.pods.values().filter(|kept| kept.listed).map(|kept| &kept.entry).collect();
        listed.sort_by(|left, right| {
            (&left.namespace, &left.full_name, &left.uid).cmp(&(&right.namespace, &right.full_name, &right.uid))
        });
        listed
    }

    /// What is true of the last good list; `None` before the first one.
    pub fn totals(&self, mode: PodRequests, capacity: Capacity) -> Option<Totals> {
        self.list.as_ref().map(|list| amounts::totals(&list.pods, mode, capacity))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stores::owners::Naming;

    fn at(seconds: u64) -> Stamp {
        Stamp { monotonic: Duration::from_secs(seconds), wall: Duration::ZERO }
    }

    fn list(names: &[&str]) -> Arc<PodList> {
        let item = |name: &&str| {
            format!(
                r#"{{"metadata":{{"name":"{name}","namespace":"n","uid":"uid-{name}"}},"spec":{{"containers":[]}},"status":{{"phase":"Running"}}}}"#
            )
        };
        let items = names.iter().map(item).collect::<Vec<_>>().join(",");
        let json = format!(r#"{{"kind":"PodList","items":[{items}]}}"#);
        Arc::new(kubernetes::parse_pods(json.as_bytes()).expect("the list is well formed"))
    }

    fn inventory() -> Inventory {
        let style = Style { host: "h".into(), naming: Naming::default(), labels: None };
        Inventory::new(style, Duration::from_secs(60))
    }

    #[test]
    fn a_pod_without_cgroups_is_forgotten_once_it_left_the_list() {
        let mut inventory = inventory();
        inventory.update(list(&["a", "b", "c"]), |_| None, at(0));
        inventory.update(list(&["b"]), |_| None, at(1));
        inventory.forget_without(|uid| uid == "uid-c");
        assert!(
            inventory.get("uid-a").is_none() && inventory.get("uid-b").is_some() && inventory.get("uid-c").is_some()
        );
    }

    #[test]
    fn a_pod_is_known_for_two_minutes_after_it_left_the_list_but_counts_no_more() {
        let mut inventory = inventory();
        assert_eq!(inventory.totals(PodRequests::Containers, Capacity::default()), None);
        inventory.update(list(&["a", "b"]), |_| None, at(0));
        inventory.update(list(&["b"]), |_| None, at(60));
        assert!(inventory.get("uid-a").is_some());
        assert_eq!(inventory.listed().len(), 1);
        let totals = inventory.totals(PodRequests::Containers, Capacity::default());
        assert_eq!(totals.map(|totals| totals.running_pods), Some(1));
        inventory.update(list(&["b"]), |_| None, at(121));
        assert!(inventory.get("uid-a").is_none());
    }

    #[test]
    fn the_log_directory_names_a_pod_until_the_kubelet_does() {
        let mut inventory = inventory();
        let directories = ["n_c_uid-c".to_owned()];
        assert_eq!(inventory.name_by_logs(["uid-c", "uid-d"], &directories, at(0)), 1);
        let entry = inventory.get("uid-c").expect("its log directory is there");
        assert_eq!((&*entry.namespace, &*entry.full_name, entry.pod.is_none()), ("n", "c", true));
        inventory.update(list(&["c"]), |_| None, at(1));
        assert!(inventory.get("uid-c").is_some_and(|entry| entry.pod.is_some()));
    }
}
