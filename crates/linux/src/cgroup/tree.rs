//! The pods and containers a walk has found, sorted by path, kept from one walk to the next.

use std::sync::Arc;

use super::mounted::Controllers;
use super::names::plain_uid;
use super::{Container, Group, Pod};

/// What a walk fills and keeps; both lists are sorted by path.
#[derive(Default)]
pub(super) struct Tree {
    pub(super) pods: Vec<Pod>,
    pub(super) containers: Vec<Container>,
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

    /// The pod at a path.
    pub(super) fn pod_at(&self, path: &str) -> Option<&Pod> {
        let index = self.pods.binary_search_by(|pod| pod.group.path().cmp(path)).ok()?;
        Some(&self.pods[index])
    }

    /// The pod at a path, to be changed.
    pub(super) fn pod_at_mut(&mut self, path: &str) -> Option<&mut Pod> {
        let index = self.pods.binary_search_by(|pod| pod.group.path().cmp(path)).ok()?;
        Some(&mut self.pods[index])
    }

    /// Enters a pod that a walk saw, or finds it there.
    pub(super) fn see_pod(&mut self, to: &Arc<Controllers>, path: &str, inode: u64, uid: &str, number: u64) {
        let make = || Pod { uid: plain_uid(uid), group: Group::new(to.clone(), path, inode), containers: Vec::new() };
        let index = match self.pods.binary_search_by(|pod| pod.group.path().cmp(path)) {
            Ok(index) if self.pods[index].group.inode() == inode => index,
            // A new inode under an old path is a new cgroup.
            Ok(index) => {
                self.pods[index] = make();
                index
            }
            Err(index) => {
                self.pods.insert(index, make());
                index
            }
        };
        self.pods[index].group.seen = number;
    }

    /// Keeps what was known below a directory that can no longer be listed.
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

    /// Drops every entry, with its handles, that the walk of this number did not see.
    pub(super) fn forget_unseen(&mut self, number: u64) {
        self.pods.retain(|pod| pod.group.seen == number);
        for pod in &mut self.pods {
            pod.containers.retain(|container| container.group.seen == number);
        }
        self.containers.retain(|container| container.group.seen == number);
    }
}

/// Enters a container that a walk saw into a list, or finds it there.
pub(super) fn see_container(
    list: &mut Vec<Container>,
    to: &Arc<Controllers>,
    path: &str,
    inode: u64,
    id: &str,
    number: u64,
) {
    let make = || Container { id: id.into(), group: Group::new(to.clone(), path, inode) };
    let index = match list.binary_search_by(|container| container.group.path().cmp(path)) {
        Ok(index) if list[index].group.inode() == inode => index,
        Ok(index) => {
            list[index] = make();
            index
        }
        Err(index) => {
            list.insert(index, make());
            index
        }
    };
    list[index].group.seen = number;
}

/// Whether a uid as systemd's unit names write it is that uid.
pub(super) fn is_same_uid(uid: &str, written: &str) -> bool {
    let plain = |byte: u8| if byte == b'_' { b'-' } else { byte };
    uid.bytes().eq(written.bytes().map(plain))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{UID, controllers};
    use super::*;

    #[test]
    fn what_lies_below_an_unreadable_directory_is_kept_and_nothing_else() {
        let (_machine, to) = controllers();
        let mut tree = Tree::default();
        for path in ["/a/pod1", "/ab/pod2", "/c/pod3"] {
            tree.see_pod(&to, path, 1, UID, 1);
            let pod = tree.pod_at_mut(path).unwrap();
            see_container(&mut pod.containers, &to, &format!("{path}/x"), 2, "x", 1);
        }
        see_container(&mut tree.containers, &to, "/a/y", 3, "y", 1);
        see_container(&mut tree.containers, &to, "/b/z", 4, "z", 1);
        tree.see_pod(&to, "/c/pod3", 1, UID, 2);
        tree.keep_below("/a", 2);
        tree.keep_below("/c/pod3", 2);
        tree.forget_unseen(2);
        let left: Vec<String> = tree.groups().map(|(group, _)| group.path().to_owned()).collect();
        assert_eq!(left, ["/a/pod1", "/a/pod1/x", "/c/pod3", "/c/pod3/x", "/a/y"]);
    }
}
