//! Tests of the hierarchy over recorded trees; tests/kernel.rs does the same on a real kernel.

use super::*;
use crate::tree::Tree;
use crate::{Buffer, Error};

mod bounds;
mod first;
mod forged;
mod refresh;
mod second;

pub(super) const UID: &str = "6a5b1c2d-3e4f-4a6b-8c7d-9e0f1a2b3c4d";
const UID_: &str = "6a5b1c2d_3e4f_4a6b_8c7d_9e0f1a2b3c4d";
const HASH: &str = "361368846409f3ffbb2498960fd35f1d";
const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const THIRD: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const OTHER: &str = "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210";

/// A node with version 2, as Amazon Linux 2023 mounts it.
const V2: &str = "27 1 254:0 / / rw - ext4 /dev/vda rw\n\
                  30 27 0:28 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n";

/// A node with version 1 and the unified hierarchy beside it; cpu and cpuacct are one, as on Amazon Linux 2.
const HYBRID: &str = "27 1 254:0 / / rw - ext4 /dev/vda rw\n\
                      31 27 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs ro,mode=755\n\
                      32 31 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n\
                      33 31 0:30 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd\n\
                      34 31 0:31 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n\
                      35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n\
                      36 31 0:33 / /sys/fs/cgroup/blkio rw - cgroup cgroup rw,blkio\n";

fn machine(mountinfo: &str) -> Tree {
    let tree = Tree::new(&[("proc/1/mountinfo", mountinfo)]);
    for line in mountinfo.lines() {
        tree.directory(line.split(' ').nth(4).unwrap());
    }
    tree
}

/// What a group of a version 2 machine reads from.
pub(super) fn controllers() -> (Tree, std::sync::Arc<mounted::Controllers>) {
    let tree = machine(V2);
    let controllers = discover::find(&tree.root(), &mut Buffer::new()).unwrap();
    (tree, std::sync::Arc::new(controllers))
}

fn refreshed(tree: &Tree) -> Hierarchy {
    let mut buffer = Buffer::new();
    let mut hierarchy = Hierarchy::discover(&tree.root(), &mut buffer).unwrap();
    hierarchy.refresh(&mut buffer).unwrap();
    hierarchy
}

/// Uids of the pods with the ids of their containers, then the ids of the containers outside pods.
fn outline(hierarchy: &Hierarchy) -> (Vec<(&str, Vec<&str>)>, Vec<&str>) {
    fn ids(containers: &[Container]) -> Vec<&str> {
        containers.iter().map(|container| &*container.id).collect()
    }
    let pods = hierarchy.pods().iter().map(|pod| (&*pod.uid, ids(&pod.containers))).collect();
    (pods, ids(hierarchy.containers()))
}

#[test]
fn version_2_is_the_one_mounted_at_the_top() {
    assert_eq!(refreshed(&machine(V2)).version(), Version::V2);
    assert_eq!(refreshed(&machine(HYBRID)).version(), Version::V1);
}

#[test]
fn version_2_elsewhere_counts_where_version_1_has_no_controllers() {
    let odd = "27 1 254:0 / / rw - ext4 /dev/vda rw\n32 27 0:29 / /dev/cgroup2 rw - cgroup2 none rw\n";
    assert_eq!(refreshed(&machine(odd)).version(), Version::V2);
}

#[test]
fn a_machine_without_cgroups_says_so() {
    let tree = machine("27 1 254:0 / / rw - ext4 /dev/vda rw\n");
    let result = Hierarchy::discover(&tree.root(), &mut Buffer::new());
    assert!(matches!(result, Err(Error::NoCgroups { .. })));
}

#[test]
fn where_no_mount_table_can_be_read_the_cgroups_are_where_they_always_are() {
    let tree = Tree::new(&[("sys/fs/cgroup/cgroup.controllers", "cpu memory io\n")]);
    tree.directory(&format!("sys/fs/cgroup/kubepods/pod{UID}/{ID}"));
    let hierarchy = refreshed(&tree);
    assert_eq!((hierarchy.version(), outline(&hierarchy)), (Version::V2, (vec![(UID, vec![ID])], vec![])));

    for first in ["cpu,cpuacct", "cpuacct,cpu", "cpuacct"] {
        let tree = Tree::new(&[("sys/fs/cgroup/unified/cgroup.controllers", "")]);
        for controller in [first, "memory", "systemd", "devices", "blkio"] {
            tree.write(&format!("sys/fs/cgroup/{controller}/cgroup.procs"), "");
        }
        tree.write(&format!("sys/fs/cgroup/{first}/cpuacct.usage"), "7\n");
        tree.write("sys/fs/cgroup/memory/memory.stat", "total_cache 2\n");
        tree.write("sys/fs/cgroup/memory/memory.use_hierarchy", "1\n");
        let hierarchy = refreshed(&tree);
        let mut buffer = Buffer::new();
        assert_eq!(hierarchy.version(), Version::V1);
        assert_eq!(hierarchy.root().read_cpu(&mut buffer).unwrap().usage_nsec, Some(7));
        assert_eq!(hierarchy.root().read_memory(&mut buffer).unwrap().cache_bytes, Some(2));
    }

    let tree = Tree::new(&[("sys/fs/cgroup/unified/cgroup.controllers", "cpu memory io\n")]);
    assert_eq!(refreshed(&tree).version(), Version::V2);
}

#[test]
fn where_the_first_process_is_hidden_the_own_mount_table_names_the_cgroups() {
    let tree = Tree::new(&[("proc/self/mountinfo", HYBRID)]);
    tree.write("sys/fs/cgroup/cpu,cpuacct/cpuacct.usage", "7\n");
    for name in ["memory", "blkio"] {
        tree.directory(&format!("sys/fs/cgroup/{name}"));
    }
    let hierarchy = refreshed(&tree);
    assert_eq!(hierarchy.version(), Version::V1);
    assert_eq!(hierarchy.root().read_cpu(&mut Buffer::new()).unwrap().usage_nsec, Some(7));
}

#[test]
fn a_controller_bound_elsewhere_in_part_is_not_the_hierarchy() {
    let bound = format!("33 27 0:32 /docker/x /srv/memory rw - cgroup cgroup rw,memory\n{HYBRID}");
    let tree = machine(&bound);
    tree.write("srv/memory/memory.stat", "cache 1\ntotal_cache 1\n");
    tree.write("sys/fs/cgroup/memory/memory.stat", "cache 2\ntotal_cache 2\n");
    let memory = refreshed(&tree).root().read_memory(&mut Buffer::new()).unwrap();
    assert_eq!(memory.cache_bytes, Some(2));
}

#[test]
fn pods_and_containers_of_the_systemd_driver_are_found() {
    let tree = machine(V2);
    let slice = format!("sys/fs/cgroup/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{UID_}.slice");
    tree.directory(&format!("{slice}/cri-containerd-{ID}.scope/docker/{OTHER}"));
    tree.directory(&format!("{slice}/cri-containerd-{OTHER}.scope"));
    tree.directory(&format!("sys/fs/cgroup/kubepods.slice/kubepods-pod{HASH}.slice/crio-{ID}.scope/container"));
    tree.directory(&format!("sys/fs/cgroup/kubepods.slice/kubepods-pod{HASH}.slice/crio-conmon-{ID}.scope"));
    tree.directory(&format!("sys/fs/cgroup/system.slice/docker-{THIRD}.scope"));
    tree.directory(&format!("sys/fs/cgroup/system.slice/run-{ID}.mount"));
    let hierarchy = refreshed(&tree);
    let pods = vec![(UID, vec![ID, OTHER]), (HASH, vec![ID])];
    assert_eq!(outline(&hierarchy), (pods, vec![THIRD]));
    let pod = &hierarchy.pods()[0];
    assert_eq!(pod.group.path(), slice.strip_prefix("sys/fs/cgroup").unwrap());
    assert_eq!(pod.containers[0].group.path(), format!("{}/cri-containerd-{ID}.scope", pod.group.path()));
}

#[test]
fn pods_of_the_cgroupfs_driver_are_found_anywhere() {
    for above in ["kubepods/burstable", "kubepods", "kubelet/kubepods/besteffort", "a/b/c/kubepods"] {
        let tree = machine(HYBRID);
        tree.directory(&format!("sys/fs/cgroup/cpu,cpuacct/{above}/pod{UID}/{ID}/{OTHER}"));
        assert_eq!(outline(&refreshed(&tree)), (vec![(UID, vec![ID])], vec![]), "{above}");
    }
}

#[test]
fn containers_of_a_host_are_found_whoever_made_them() {
    let tree = machine(HYBRID);
    let ids: Vec<String> = (0..4).map(|at| format!("{at}{}", &ID[1..])).collect();
    let places = ["default/", "docker/", "ecs/0123456789abcdef0123456789abcdef/", "machine.slice/libpod-"];
    for (place, id) in places.iter().zip(&ids) {
        tree.directory(&format!("sys/fs/cgroup/cpu,cpuacct/{place}{id}"));
    }
    assert_eq!(outline(&refreshed(&tree)), (vec![], ids.iter().map(String::as_str).collect()));
}

#[test]
fn a_container_beside_its_pod_joins_it() {
    let tree = machine(HYBRID);
    let top = "sys/fs/cgroup/cpu,cpuacct";
    let name =
        |id| format!("{top}/system.slice/containerd.service/kubepods-burstable-pod{UID_}.slice:cri-containerd:{id}");
    tree.directory(&name(ID));
    assert_eq!(outline(&refreshed(&tree)), (vec![], vec![ID]), "its pod is unknown");
    tree.directory(&format!("{top}/kubepods.slice/kubepods-burstable-pod{UID_}.slice"));
    tree.directory(&name(OTHER));
    let mut hierarchy = refreshed(&tree);
    assert_eq!(outline(&hierarchy), (vec![(UID, vec![ID, OTHER])], vec![]));
    hierarchy.refresh(&mut Buffer::new()).unwrap();
    assert_eq!(outline(&hierarchy), (vec![(UID, vec![ID, OTHER])], vec![]));
}

#[test]
fn a_tree_of_any_depth_ends() {
    let tree = machine(V2);
    tree.directory(&format!("sys/fs/cgroup/{}kubepods/pod{UID}", "a/".repeat(100)));
    assert_eq!(outline(&refreshed(&tree)), (vec![], vec![]));
}
