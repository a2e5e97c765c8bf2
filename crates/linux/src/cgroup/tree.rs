//! The pods and containers a walk has found, sorted by path, kept from one walk to the next.
//!
//! During a walk what is new is put behind what was there, and sorted in at its end: no order of directories makes that
//! slow.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use rustix::fd::OwnedFd;

use super::mounted::Controllers;
use super::names::plain_uid;
use super::subtree::is_trusted;
use super::walked::Walked;
use super::{Container, Group, Pod};

/// What a walk fills and keeps; between walks both lists are sorted by path.
#[derive(Default)]
pub(super) struct Tree {
    pub(super) pods: Vec<Pod>,
    pub(super) containers: Vec<Container>,
    /// How many of each were there before this walk.
    known_pods: usize,
    known_containers: usize,
    /// Pods by uid, while strays are placed.
    by_uid: Vec<u32>,
    /// Whether this walk has entered anything.
    has_news: bool,
    /// Whether the last walk left out what had the uid or id of another one: then this one looks for them again.
    had_doubles: bool,
}

/// Where something was found, and by which walk.
pub(super) struct Spot<'a> {
    pub(super) to: &'a Arc<Controllers>,
    pub(super) path: &'a str,
    pub(super) inode: u64,
    pub(super) number: u64,
}

impl Tree {
    /// Every cgroup and whether it is a pod's.
    pub(super) fn groups(&mut self) -> impl Iterator<Item = (&mut Group, bool)> {
        let pods = self.pods.iter_mut().flat_map(|pod| {
            let containers = pod.containers.iter_mut().map(|container| (&mut container.group, false));
            std::iter::once((&mut pod.group, true)).chain(containers)
        });
        pods.chain(self.containers.iter_mut().map(|container| (&mut container.group, false)))
    }

    /// Begins a walk.
    pub(super) fn begin(&mut self) {
        (self.known_pods, self.known_containers) = (self.pods.len(), self.containers.len());
        self.has_news = false;
        for pod in &mut self.pods {
            pod.known = pod.containers.len();
        }
    }

    /// Enters a pod that a walk saw, or finds it there; returns its number until the walk ends.
    pub(super) fn see_pod(&mut self, spot: &Spot<'_>, uid: &str, root: u16) -> u32 {
        let make = || Pod {
            uid: plain_uid(uid),
            group: Group::new(spot.to.clone(), spot.path, spot.inode),
            containers: Vec::new(),
            known: 0,
            root,
        };
        let known = &self.pods[..self.known_pods];
        let index = match known.binary_search_by(|pod| pod.group.path().cmp(spot.path)) {
            Ok(index) => {
                // A new inode under an old path is a new cgroup.
                if self.pods[index].group.inode() != spot.inode {
                    self.pods[index] = make();
                    self.has_news = true;
                }
                index
            }
            Err(_) => {
                self.pods.push(make());
                self.has_news = true;
                self.pods.len() - 1
            }
        };
        self.pods[index].group.seen = spot.number;
        self.pods[index].root = root;
        u32::try_from(index).unwrap_or(u32::MAX)
    }

    /// Enters a container that a walk saw in a pod or outside any, or finds it there.
    pub(super) fn see_container(&mut self, pod: Option<u32>, spot: &Spot<'_>, id: &str) {
        let (list, known) = match pod {
            Some(pod) => {
                let Some(pod) = self.pods.get_mut(pod as usize) else { return };
                (&mut pod.containers, pod.known)
            }
            None => (&mut self.containers, self.known_containers),
        };
        let make = || Container { id: id.into(), group: Group::new(spot.to.clone(), spot.path, spot.inode) };
        let index = match list[..known].binary_search_by(|container| container.group.path().cmp(spot.path)) {
            Ok(index) => {
                if list[index].group.inode() != spot.inode {
                    list[index] = make();
                }
                index
            }
            Err(_) => {
                self.has_news = true;
                list.push(make());
                list.len() - 1
            }
        };
        list[index].group.seen = spot.number;
    }

    /// Whether there is a pod of this uid.
    pub(super) fn has_pod(&self, uid: &str) -> bool {
        self.pods.iter().any(|pod| *pod.uid == *uid)
    }

    /// Lends the handle by which a pod's directory is listed.
    pub(super) fn take_handle(&mut self, pod: u32) -> Option<OwnedFd> {
        self.pods.get_mut(pod as usize)?.group.take_handle()
    }

    /// Gives it back.
    pub(super) fn put_handle_back(&mut self, pod: u32, handle: OwnedFd) {
        if let Some(pod) = self.pods.get_mut(pod as usize) {
            pod.group.put_handle_back(handle);
        }
    }

    /// Keeps what was known below a directory that can't be listed.
    pub(super) fn keep_below(&mut self, path: &str, number: u64) {
        let is_below = |group: &Group| group.path().strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
        for pod in &mut self.pods {
            for container in pod.containers.iter_mut().filter(|container| is_below(&container.group)) {
                container.group.seen = number;
            }
            if is_below(&pod.group) {
                pod.group.seen = number;
            }
        }
        for container in self.containers.iter_mut().filter(|container| is_below(&container.group)) {
            container.group.seen = number;
        }
    }

    /// Drops the pods below other roots than this one; their containers are containers outside pods, where those are wanted.
    pub(super) fn keep_pods_of(&mut self, root: u16, keeps_containers: bool) {
        if self.pods.iter().all(|pod| pod.root == root) {
            return;
        }
        let (kept, others): (Vec<Pod>, Vec<Pod>) =
            std::mem::take(&mut self.pods).into_iter().partition(|pod| pod.root == root);
        self.pods = kept;
        // What is left is no longer in two parts.
        self.pods.sort_by(|left, right| left.group.path().cmp(right.group.path()));
        self.known_pods = self.pods.len();
        if keeps_containers {
            self.containers.extend(others.into_iter().flat_map(|pod| pod.containers));
        }
    }

    /// Makes pods findable by uid until the walk ends.
    pub(super) fn index_pods(&mut self) {
        let Tree { by_uid, pods, .. } = self;
        by_uid.clear();
        by_uid.extend(0..u32::try_from(pods.len()).unwrap_or(u32::MAX));
        by_uid.sort_unstable_by(|&left, &right| pods[left as usize].uid.cmp(&pods[right as usize].uid));
    }

    /// The pod of a uid as systemd's unit names write it.
    pub(super) fn pod_of_uid(&self, written: &str) -> Option<u32> {
        let plain = |byte: u8| if byte == b'_' { b'-' } else { byte };
        let compare = |&pod: &u32| self.pods[pod as usize].uid.bytes().cmp(written.bytes().map(plain));
        self.by_uid.binary_search_by(compare).ok().map(|at| self.by_uid[at])
    }

    /// Whether a pod has a container of this id below itself, not beside.
    pub(super) fn has_container_below(&self, pod: u32, id: &str) -> bool {
        let pod = &self.pods[pod as usize];
        let is_below = |container: &Container| container.group.path().starts_with(pod.group.path());
        pod.containers
            .iter()
            .any(|container| *container.id == *id && container.group.seen == pod.group.seen && is_below(container))
    }

    /// Drops every entry, with its handles, that the walk of this number did not see.
    pub(super) fn forget_unseen(&mut self, number: u64) {
        let known =
            |list: &[Container], known: usize| list[..known].iter().filter(|it| it.group.seen == number).count();
        self.known_pods = self.pods[..self.known_pods].iter().filter(|pod| pod.group.seen == number).count();
        self.known_containers = known(&self.containers, self.known_containers);
        self.pods.retain(|pod| pod.group.seen == number);
        for pod in &mut self.pods {
            pod.known = known(&pod.containers, pod.known);
            pod.containers.retain(|container| container.group.seen == number);
        }
        self.containers.retain(|container| container.group.seen == number);
    }

    /// Ends a walk: sorts in what is new, and leaves out what bears the uid or id of another one.
    pub(super) fn finish(&mut self, walked: &mut Walked, is_superusers: impl Fn(&str) -> bool) {
        if self.pods.len() > self.known_pods {
            self.pods.sort_by(|left, right| left.group.path().cmp(right.group.path()));
        }
        for pod in &mut self.pods {
            sort(&mut pod.containers, pod.known);
        }
        sort(&mut self.containers, self.known_containers);
        if self.has_news || self.had_doubles {
            let before = walked.doubles;
            self.drop_double_pods(walked);
            self.drop_double_containers(walked, is_superusers);
            self.had_doubles = walked.doubles > before;
        }
    }

    /// Of pods with one uid the one with more containers stays, then the one with the shorter path.
    fn drop_double_pods(&mut self, walked: &mut Walked) {
        let mut best: HashMap<&str, usize> = HashMap::with_capacity(self.pods.len());
        let mut lost = vec![false; self.pods.len()];
        let rank = |at: usize| (usize::MAX - self.pods[at].containers.len(), self.pods[at].group.path().len(), at);
        for (at, pod) in self.pods.iter().enumerate() {
            match best.entry(&pod.uid) {
                Entry::Vacant(free) => {
                    free.insert(at);
                }
                Entry::Occupied(mut taken) if rank(at) < rank(*taken.get()) => lost[taken.insert(at)] = true,
                Entry::Occupied(_) => lost[at] = true,
            }
        }
        drop_lost(&mut self.pods, &lost, |pod| walked.double(pod.group.path()));
    }

    /// Of containers with one id outside pods the one stays that a user without rights can't have made, then the one with the
    /// shorter path; none where a pod has the id.
    fn drop_double_containers(&mut self, walked: &mut Walked, is_superusers: impl Fn(&str) -> bool) {
        let mut best: HashMap<&str, usize> = HashMap::with_capacity(self.containers.len());
        let of_pods = self.pods.iter().flat_map(|pod| &pod.containers);
        best.extend(of_pods.map(|container| (&*container.id, usize::MAX)));
        let rank = |at: usize| {
            let path = self.containers[at].group.path();
            let above = path.rsplit_once('/').unwrap_or_default().0;
            (!(is_trusted(above) && is_superusers(path)), path.len(), at)
        };
        let mut lost = vec![false; self.containers.len()];
        for (at, container) in self.containers.iter().enumerate() {
            match best.entry(&container.id) {
                Entry::Vacant(free) => {
                    free.insert(at);
                }
                Entry::Occupied(mut taken) if *taken.get() != usize::MAX && rank(at) < rank(*taken.get()) => {
                    lost[taken.insert(at)] = true;
                }
                Entry::Occupied(_) => lost[at] = true,
            }
        }
        drop_lost(&mut self.containers, &lost, |container| walked.double(container.group.path()));
    }
}

fn drop_lost<T>(list: &mut Vec<T>, lost: &[bool], mut each: impl FnMut(&T)) {
    let mut is_lost = lost.iter();
    list.retain(|entry| {
        let is_lost = is_lost.next().is_some_and(|is_lost| *is_lost);
        if is_lost {
            each(entry);
        }
        !is_lost
    });
}

fn sort(list: &mut [Container], known: usize) {
    if list.len() > known {
        list.sort_by(|left, right| left.group.path().cmp(right.group.path()));
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{UID, controllers};
    use super::*;

    #[test]
    fn what_lies_below_an_unreadable_directory_is_kept_and_nothing_else() {
        let (_machine, to) = controllers();
        let mut tree = Tree::default();
        fn spot<'a>(to: &'a Arc<Controllers>, path: &'a str, inode: u64, number: u64) -> Spot<'a> {
            Spot { to, path, inode, number }
        }
        tree.begin();
        for (at, path) in ["/a/pod1", "/ab/pod2", "/c/pod3"].into_iter().enumerate() {
            let uid = format!("{UID}{at}");
            let pod = tree.see_pod(&spot(&to, path, 1, 1), &uid, 0);
            tree.see_container(Some(pod), &spot(&to, &format!("{path}/x"), 2, 1), &format!("x{at}"));
        }
        tree.see_container(None, &spot(&to, "/a/y", 3, 1), "y");
        tree.see_container(None, &spot(&to, "/b/z", 4, 1), "z");
        tree.finish(&mut Walked::default(), |_| true);
        tree.begin();
        tree.see_pod(&spot(&to, "/c/pod3", 1, 2), UID, 0);
        tree.keep_below("/a", 2);
        tree.keep_below("/c/pod3", 2);
        tree.forget_unseen(2);
        tree.finish(&mut Walked::default(), |_| true);
        let left: Vec<String> = tree.groups().map(|(group, _)| group.path().to_owned()).collect();
        assert_eq!(left, ["/a/pod1", "/a/pod1/x", "/c/pod3", "/c/pod3/x", "/a/y"]);
    }
}
