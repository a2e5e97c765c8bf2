//! To which pod and container a process belongs: the text of `/proc/<pid>/cgroup` (cgroups(7)).

use super::names::{Name, classify, plain_uid};
use crate::text::lines;

/// Where a process belongs, as far as the paths of its cgroups tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Membership {
    /// The uid of its pod; `None` outside Kubernetes and where the path begins below the pod.
    pub pod_uid: Option<Box<str>>,
    /// The id of its container; `None` for a process of the pod's cgroup itself.
    pub container_id: Option<Box<str>>,
    /// Whether it is in a container inside that container, whose network may be another one.
    pub nested: bool,
}

/// Where one line of a process's `cgroup` file places it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    uid: Option<&'a str>,
    /// The id of its container; `None` for a process of the pod's cgroup itself.
    pub container_id: Option<&'a str>,
    /// Whether it is in a container inside that container, whose network may be another one.
    pub nested: bool,
    /// The path of the container's cgroup, or of the pod's where there is none, without the levels up at its beginning.
    pub path: &'a str,
}

impl Place<'_> {
    /// The uid of its pod; `None` outside Kubernetes and where the path begins below the pod.
    pub fn pod_uid(&self) -> Option<Box<str>> {
        self.uid.map(plain_uid)
    }
}

/// Reads a process's pod and container from the text of its `cgroup` file; `None` if it is in neither.
///
/// A reader in a cgroup namespace of its own sees paths that begin with `/..` for each level up, so only the end of a
/// path counts. Of several lines, one for each hierarchy, the first one that tells most wins.
pub fn membership(text: &[u8]) -> Option<Membership> {
    let mut best: Option<Place<'_>> = None;
    for found in places(text) {
        let worth = |place: &Place<'_>| (place.container_id.is_some(), place.uid.is_some());
        if best.as_ref().is_none_or(|best| worth(&found) > worth(best)) {
            best = Some(found);
        }
    }
    best.map(|place| Membership {
        pod_uid: place.pod_uid(),
        container_id: place.container_id.map(Into::into),
        nested: place.nested,
    })
}

/// Where each line of a process's `cgroup` file that names a pod or container places it.
///
/// Any user may name a cgroup of theirs like another's: [`super::Group::is_at`] says whether the path is a known cgroup's.
pub fn places(text: &[u8]) -> impl Iterator<Item = Place<'_>> {
    lines(text).filter_map(from_line)
}

/// A line is `number:controllers:path`; a colon in the path is the path's.
fn from_line(line: &[u8]) -> Option<Place<'_>> {
    let path = std::str::from_utf8(line.splitn(3, |&byte| byte == b':').nth(2)?).ok()?;
    let mut found: Option<Place<'_>> = None;
    let (mut parent, mut start, mut at) = ("", None, 0);
    for name in path.split('/') {
        let end = at + name.len();
        let begin = std::mem::replace(&mut at, end + 1);
        if name.is_empty() || name == ".." {
            continue;
        }
        let up_to_here = &path[*start.get_or_insert(begin)..end];
        match classify(parent, name) {
            // A node inside a container (kind) has its pods further down: the last pod counts.
            Name::Pod { uid } => {
                found = Some(Place { uid: Some(uid), container_id: None, nested: false, path: up_to_here });
            }
            Name::Container { id, pod_uid } => match &mut found {
                Some(place) if place.container_id.is_some() => place.nested = true,
                place => {
                    let uid = pod_uid.or(place.and_then(|place| place.uid));
                    *place = Some(Place { uid, container_id: Some(id), nested: false, path: up_to_here });
                }
            },
            Name::Other => {}
        }
        parent = name;
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    const OTHER: &str = "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210";
    const UID: &str = "6a5b1c2d-3e4f-4a6b-8c7d-9e0f1a2b3c4d";
    const UID_: &str = "6a5b1c2d_3e4f_4a6b_8c7d_9e0f1a2b3c4d";
    const HASH: &str = "361368846409f3ffbb2498960fd35f1d";

    fn check(text: &str, pod_uid: Option<&str>, container_id: Option<&str>) {
        let expected =
            Membership { pod_uid: pod_uid.map(Into::into), container_id: container_id.map(Into::into), nested: false };
        assert_eq!(membership(text.as_bytes()), Some(expected), "{text}");
    }

    #[test]
    fn version_2_has_one_line() {
        check(
            &format!(
                "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{UID_}.slice/cri-containerd-{ID}.scope\n"
            ),
            Some(UID),
            Some(ID),
        );
        check(&format!("0::/kubepods/besteffort/pod{UID}/{ID}\n"), Some(UID), Some(ID));
        check(
            &format!("0::/kubepods.slice/kubepods-pod{HASH}.slice/crio-{ID}.scope/container\n"),
            Some(HASH),
            Some(ID),
        );
    }

    #[test]
    fn a_path_from_inside_another_cgroup_namespace_counts_by_its_end() {
        check(
            &format!("0::/../../kubepods-burstable-pod{UID_}.slice/cri-containerd-{ID}.scope\n"),
            Some(UID),
            Some(ID),
        );
        check(&format!("0::/../../../besteffort/pod{UID}/{ID}\n"), Some(UID), Some(ID));
        check(&format!("0::/../{ID}\n"), None, Some(ID));
        check(&format!("0::/../../pod{UID}\n"), Some(UID), None);
    }

    #[test]
    fn version_1_may_differ_from_line_to_line() {
        let text = format!(
            "13:name=systemd:/system.slice/containerd.service\n4:memory:/../pod{UID}\n3:cpuacct:/../../pod{UID}/{ID}\n0::/\n"
        );
        check(&text, Some(UID), Some(ID));
    }

    #[test]
    fn colons_in_a_path_are_part_of_it() {
        let text = format!(
            "5:cpuacct:/system.slice/containerd.service/kubepods-burstable-pod{UID_}.slice:cri-containerd:{ID}\n"
        );
        check(&text, Some(UID), Some(ID));
    }

    #[test]
    fn a_place_ends_with_the_container_and_begins_behind_the_levels_up() {
        let path = |text: &str| places(text.as_bytes()).next().map(|place| place.path.to_owned());
        assert_eq!(path(&format!("0::/../../pod{UID}/{ID}/below\n")), Some(format!("pod{UID}/{ID}")));
        assert_eq!(path(&format!("0::/kubepods/pod{UID}/x.scope\n")), Some(format!("kubepods/pod{UID}")));
        assert_eq!(path("0::/../..\n"), None);
    }

    #[test]
    fn a_container_in_a_container_is_marked() {
        let found = membership(format!("0::/kubepods/pod{UID}/{ID}/docker/{OTHER}\n").as_bytes()).unwrap();
        assert_eq!((found.container_id.as_deref(), found.nested), (Some(ID), true));
        // What lies below a container without being one is the container's.
        check(&format!("0::/kubepods/pod{UID}/{ID}/init.scope\n"), Some(UID), Some(ID));
    }

    #[test]
    fn a_node_inside_a_container_has_pods_of_its_own() {
        check(&format!("0::/docker/{OTHER}/kubelet/kubepods/burstable/pod{UID}/{ID}\n"), Some(UID), Some(ID));
    }

    #[test]
    fn everything_else_belongs_nowhere() {
        for text in ["", "0::/\n", "0::/system.slice/sshd.service\n", "nonsense\n", "1:cpu\n", "0::/../..\n"] {
            assert_eq!(membership(text.as_bytes()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(text: Vec<u8>) {
            let _ = membership(&text);
        }

        #[test]
        fn any_number_of_levels_up_changes_nothing(levels in 0_usize..8) {
            check(&format!("0::{}/pod{UID}/{ID}\n", "/..".repeat(levels)), Some(UID), Some(ID));
        }
    }
}
