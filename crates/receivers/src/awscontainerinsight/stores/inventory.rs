//! Which pods there are: the last good list of the kubelet, and what is still known of pods that just left it.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use kubernetes::{Pod, PodList};
use model::{Stamp, Text};

use crate::awscontainerinsight::config::PodRequests;
use crate::awscontainerinsight::stores::amounts::{self, Totals};
use crate::awscontainerinsight::stores::log_names;
use crate::awscontainerinsight::stores::pod::{Entry, Style};
use platform::Capacity;

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
    /// What the kubelet says, and the pod's Service; `None` where only its names are known.
    said: Option<(Arc<Pod>, Option<Text>)>,
    /// Made where it is first needed: the texts of thousands of pods that have ended are never used.
    entry: OnceCell<Entry>,
    /// Labels that ought to be in its records and aren't.
    labels_cut: u64,
    seen: Stamp,
    listed: bool,
}

/// A pod of the last good list.
#[derive(Debug, Clone, Copy)]
pub struct Listed<'a> {
    pod: &'a Pod,
    kept: &'a Kept,
    style: &'a Style,
}

/// What limits took from the pods of the last good list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cuts {
    /// Labels that records ought to repeat.
    pub labels: Cut,
    /// Containers, statuses, owners and ports that are passed over.
    pub containers: Cut,
}

/// What one limit took.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cut {
    /// How much.
    pub count: u64,
    /// Of how many pods.
    pub pods: usize,
    /// Namespace and name of the first of them.
    pub example: Option<String>,
}

impl Cut {
    fn add(&mut self, count: u64, pod: &Pod) {
        if count == 0 {
            return;
        }
        self.count = self.count.saturating_add(count);
        self.pods += 1;
        let name = || format!("{}/{}", pod.namespace, pod.name);
        if self.example.as_ref().is_none_or(|example| *example > name()) {
            self.example = Some(name());
        }
    }
}

impl Kept {
    fn says(&self, pod: &Arc<Pod>, service: Option<&Text>) -> bool {
        let Some((known, of)) = &self.said else { return false };
        of.as_ref() == service && (Arc::ptr_eq(known, pod) || known == pod)
    }

    fn entry(&self, style: &Style) -> Option<&Entry> {
        match &self.said {
            Some((pod, service)) => Some(self.entry.get_or_init(|| Entry::listed(pod, service.clone(), style))),
            None => self.entry.get(),
        }
    }
}

impl<'a> Listed<'a> {
    /// `metadata.uid`.
    pub fn uid(&self) -> &'a str {
        &self.pod.uid
    }

    /// Whether none of its containers will run again.
    pub fn has_ended(&self) -> bool {
        self.pod.has_ended()
    }

    /// The pod with its texts.
    pub fn entry(&self) -> Option<&'a Entry> {
        self.kept.entry(self.style)
    }
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
        let hashes = Hashes::of(&list.pods);
        for pod in &list.pods {
            let uid = hashes.known_by(pod);
            let service = service_of(pod);
            match self.pods.get_mut(&*uid) {
                Some(kept) if kept.says(pod, service.as_ref()) => (kept.seen, kept.listed) = (now, true),
                _ => {
                    let labels_cut = self.style.labels_cut(pod);
                    let said = Some((pod.clone(), service));
                    let kept = Kept { said, entry: OnceCell::new(), labels_cut, seen: now, listed: true };
                    self.pods.insert((&*uid).into(), kept);
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
                    let entry = OnceCell::from(entry);
                    let kept = Kept { said: None, entry, labels_cut: 0, seen: now, listed: false };
                    self.pods.insert((&*key(uid)).into(), kept);
                }
                None => nameless += 1,
            }
        }
        nameless
    }

    /// The pod of a UID as its cgroup has it: `-` and `_` count as one, since systemd's unit names turn the former into the
    /// latter.
    pub fn get(&self, uid: &str) -> Option<&Entry> {
        self.pods.get(&*key(uid))?.entry(&self.style)
    }

    /// Whether there is a pod of this UID.
    pub fn knows(&self, uid: &str) -> bool {
        self.pods.contains_key(&*key(uid))
    }

    /// How many pods are known.
    pub fn count(&self) -> usize {
        self.pods.len()
    }

    /// The pods of the last good list, by namespace and name.
    pub fn listed(&self) -> Vec<Listed<'_>> {
        let listed = self.pods.values().filter(|kept| kept.listed);
        let listed = listed.filter_map(|kept| Some(Listed { pod: &kept.said.as_ref()?.0, kept, style: &self.style }));
        let mut listed: Vec<_> = listed.collect();
        listed.sort_by(|left, right| {
            let (left, right) = (left.pod, right.pod);
            (&left.namespace, &left.name, &left.uid).cmp(&(&right.namespace, &right.name, &right.uid))
        });
        listed
    }

    /// What limits took from the pods of the last good list.
    pub fn cuts(&self) -> Cuts {
        let mut cuts = Cuts::default();
        for kept in self.pods.values().filter(|kept| kept.listed) {
            if let Some((pod, _)) = &kept.said {
                cuts.labels.add(kept.labels_cut, pod);
                cuts.containers.add(u64::from(pod.containers_cut), pod);
            }
        }
        cuts
    }

    /// What is true of the last good list; `None` before the first one.
    pub fn totals(&self, mode: PodRequests, capacity: Capacity) -> Option<Totals> {
        self.list.as_ref().map(|list| amounts::totals(&list.pods, mode, capacity))
    }
}

/// Which pods may be known by the annotation of static pods, the hash of their configuration, which names their cgroups.
///
/// At the API server any user may write such annotations: what is the UID of another listed pod, however it is written, is no
/// hash, and of pods with one hash only a mirror of the kubelet's, which its node owns, has it.
struct Hashes<'a> {
    /// UIDs of all pods; none where no pod has the annotation.
    uids: HashSet<Cow<'a, str>>,
    /// How many mirrors and how many other pods have each hash.
    pods: HashMap<Cow<'a, str>, (usize, usize)>,
}

impl<'a> Hashes<'a> {
    fn of(list: &'a [Arc<Pod>]) -> Self {
        let mut hashes = Self { uids: HashSet::new(), pods: HashMap::new() };
        for (pod, hash) in list.iter().filter_map(|pod| Some((pod, pod.config_hash.as_deref()?))) {
            let (mirrors, others) = hashes.pods.entry(key(hash)).or_default();
            *if is_mirror(pod) { mirrors } else { others } += 1;
        }
        if !hashes.pods.is_empty() {
            hashes.uids.extend(list.iter().map(|pod| key(&pod.uid)));
        }
        hashes
    }

    /// What a pod is known by: its hash where it is its own, else its UID.
    fn known_by<'p>(&self, pod: &'p Pod) -> Cow<'p, str> {
        let is_its_own = |hash: &Cow<'_, str>| match self.pods.get(hash) {
            Some((mirrors, _)) if is_mirror(pod) => *mirrors == 1,
            Some(only) => *only == (0, 1),
            None => false,
        };
        let is_free = |hash: &Cow<'_, str>| !self.uids.contains(hash);
        pod.config_hash
            .as_deref()
            .map(key)
            .filter(|hash| is_free(hash) && is_its_own(hash))
            .unwrap_or_else(|| key(&pod.uid))
    }
}

/// Whether a pod belongs to its node, as the kubelet's mirrors of static pods do.
fn is_mirror(pod: &Pod) -> bool {
    pod.owners.iter().any(|owner| *owner.kind == *"Node")
}

/// What a pod is known by: its UID with `-` for `_`. A static pod's manifest may give it one that has both.
fn key(uid: &str) -> Cow<'_, str> {
    if uid.contains('_') { Cow::Owned(uid.replace('_', "-")) } else { Cow::Borrowed(uid) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::awscontainerinsight::stores::owners::Naming;

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

    /// A list of pods by name, UID and the annotations that the mirror of a static pod has.
    fn list_of(pods: &[(&str, &str, Option<&str>)]) -> Arc<PodList> {
        let items: Vec<_> = pods
            .iter()
            .map(|(name, uid, hash)| {
                let mirror = |hash| json!({"kubernetes.io/config.hash": hash, "kubernetes.io/config.mirror": hash});
                let annotations = hash.map_or(json!({}), mirror);
                json!({
                    "metadata": {"name": name, "namespace": "n", "uid": uid, "annotations": annotations},
                    "spec": {"containers": []},
                    "status": {"phase": "Running"},
                })
            })
            .collect();
        let json = json!({"kind": "PodList", "items": items}).to_string();
        Arc::new(kubernetes::parse_pods(json.as_bytes()).expect("the list is well formed"))
    }

    #[test]
    fn a_static_pods_own_uid_may_have_underscores() {
        let mut inventory = inventory();
        inventory.update(list_of(&[("etcd", "etcd_node_1", None), ("dns", "u-2", Some("dns_n-1"))]), |_| None, at(0));
        // As the cgroupfs driver writes it, as systemd's, and as the walk over the cgroups gives it.
        for uid in ["etcd_node_1", "etcd-node-1"] {
            let entry = inventory.get(uid).expect("it is listed");
            assert_eq!((&*entry.full_name, &*entry.uid), ("etcd", "etcd_node_1"));
        }
        assert_eq!(inventory.get("dns-n-1").map(|entry| &*entry.full_name), Some("dns"));
        inventory.forget_without(|uid| uid == "etcd-node-1");
        inventory.update(list_of(&[]), |_| None, at(1));
        assert!(inventory.get("etcd_node_1").is_some(), "its cgroups are still there");
    }

    #[test]
    fn an_annotation_does_not_make_another_pods_uid_ones_own() {
        for pods in [
            [("a", "uid-a", None), ("b", "uid-b", Some("uid-a"))],
            [("b", "uid-b", Some("uid-a")), ("a", "uid-a", None)],
        ] {
            let mut inventory = inventory();
            inventory.update(list_of(&pods), |_| None, at(0));
            let name = |uid| inventory.get(uid).map(|entry| entry.full_name.to_string());
            assert_eq!((name("uid-a").as_deref(), name("uid-b").as_deref()), (Some("a"), Some("b")));
        }
    }

    #[test]
    fn an_annotation_takes_no_static_pods_name_and_no_uid_in_another_spelling() {
        let hash = "361368846409f3ffbb2498960fd35f1d";
        let check = |victim: (&str, &str, Option<&str>), claimed: &str, known_by: &str| {
            let rogue = ("rogue", "uid-rogue", Some(claimed));
            for pods in [[victim, rogue], [rogue, victim]] {
                let mut inventory = inventory();
                inventory.update(list_of(&pods), |_| None, at(0));
                let name = |uid| inventory.get(uid).map(|entry| entry.full_name.to_string());
                let names = (name(known_by), name("uid-rogue"));
                assert_eq!(names, (Some(victim.0.to_owned()), Some("rogue".to_owned())), "{victim:?} {claimed}");
            }
        };
        // As the kubelet lists a static pod.
        check(("etcd", hash, Some(hash)), hash, hash);
        check(("plain", "uid-plain", None), "uid_plain", "uid-plain");
        check(("static", "uid-static", Some("uid_static")), "uid-static", "uid-static");
    }

    #[test]
    fn of_pods_with_one_hash_the_kubelets_mirror_has_it_or_none() {
        let of = |name: &str, owner: Option<&str>| {
            let owners: Vec<_> = owner.iter().map(|kind| json!({"kind": kind, "name": "node-1"})).collect();
            json!({
                "metadata": {
                    "name": name, "namespace": "n", "uid": format!("uid-{name}"), "ownerReferences": owners,
                    "annotations": {"kubernetes.io/config.hash": "0123", "kubernetes.io/config.mirror": "0123"},
                },
                "spec": {"containers": []},
            })
        };
        let check = |items: &[serde_json::Value], expected: Option<&str>| {
            let json = json!({"kind": "PodList", "items": items}).to_string();
            let list = Arc::new(kubernetes::parse_pods(json.as_bytes()).expect("the list is well formed"));
            let mut inventory = inventory();
            inventory.update(list, |_| None, at(0));
            assert_eq!(inventory.get("0123").map(|entry| &*entry.full_name), expected);
        };
        let (mirror, rogue) = (of("mirror", Some("Node")), of("rogue", Some("ReplicaSet")));
        check(&[mirror.clone(), rogue.clone()], Some("mirror"));
        check(&[rogue.clone(), mirror.clone()], Some("mirror"));
        check(std::slice::from_ref(&mirror), Some("mirror"));
        // A kubelet before 1.17 names no owner.
        check(&[of("old", None)], Some("old"));
        check(&[of("old", None), rogue], None);
        check(&[mirror, of("forged", Some("Node"))], None);
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
