//! What stays and what goes from one refresh to the next.

use std::os::unix::fs::{MetadataExt, PermissionsExt};

use super::*;

const POD: &str = "sys/fs/cgroup/kubepods/pod6a5b1c2d-3e4f-4a6b-8c7d-9e0f1a2b3c4d";

fn write_usage(tree: &Tree, usec: u64) {
    tree.write(&format!("{POD}/{ID}/cpu.stat"), &format!("usage_usec {usec}\n"));
}

fn usage(hierarchy: &Hierarchy) -> Option<u64> {
    hierarchy.pods()[0].containers[0].group.read_cpu(&mut Buffer::new()).unwrap().usage_nsec
}

#[test]
fn new_cgroups_appear_and_vanished_ones_go() {
    let tree = machine(V2);
    write_usage(&tree, 1);
    let mut hierarchy = refreshed(&tree);
    tree.directory(&format!("{POD}/{OTHER}"));
    tree.directory(&format!("sys/fs/cgroup/kubepods/pod{HASH}"));
    tree.directory(&format!("sys/fs/cgroup/docker/{THIRD}"));
    hierarchy.refresh(&mut Buffer::new()).unwrap();
    assert_eq!(outline(&hierarchy), (vec![(HASH, vec![]), (UID, vec![ID, OTHER])], vec![THIRD]));
    tree.remove(&format!("{POD}/{ID}"));
    tree.remove(&format!("sys/fs/cgroup/kubepods/pod{HASH}"));
    tree.remove("sys/fs/cgroup/docker");
    hierarchy.refresh(&mut Buffer::new()).unwrap();
    assert_eq!(outline(&hierarchy), (vec![(UID, vec![OTHER])], vec![]));
}

#[test]
fn the_inode_is_that_of_the_directory() {
    let tree = machine(V2);
    write_usage(&tree, 1);
    let hierarchy = refreshed(&tree);
    let inode = |path: &str| std::fs::metadata(tree.path().join(path)).unwrap().ino();
    assert_eq!(hierarchy.root().inode(), inode("sys/fs/cgroup"));
    assert_eq!(hierarchy.pods()[0].group.inode(), inode(POD));
    assert_eq!(hierarchy.pods()[0].containers[0].group.inode(), inode(&format!("{POD}/{ID}")));
}

#[test]
fn another_directory_under_the_same_path_is_another_cgroup() {
    let tree = machine(V2);
    write_usage(&tree, 1);
    let mut hierarchy = refreshed(&tree);
    let before = hierarchy.pods()[0].group.inode();
    // A file system may give the number of a directory just removed to the next one.
    std::fs::rename(tree.path().join(POD), tree.path().join("old")).unwrap();
    write_usage(&tree, 5);
    hierarchy.refresh(&mut Buffer::new()).unwrap();
    assert_ne!(hierarchy.pods()[0].group.inode(), before);
    assert_eq!(usage(&hierarchy), Some(5000));
}

#[test]
fn a_cgroup_that_vanished_is_gone_until_the_refresh_forgets_it() {
    let tree = machine(V2);
    write_usage(&tree, 1);
    let hierarchy = refreshed(&tree);
    tree.remove(POD);
    let group = &hierarchy.pods()[0].containers[0].group;
    let mut buffer = Buffer::new();
    assert!(group.read_cpu(&mut buffer).unwrap_err().is_gone());
    assert!(group.read_memory(&mut buffer).unwrap_err().is_gone());
    assert!(group.read_io(&mut buffer).unwrap_err().is_gone());
}

#[test]
fn a_memory_cgroup_made_anew_is_read_anew() {
    let tree = machine(HYBRID);
    let memory = format!("sys/fs/cgroup/memory/kubepods/pod{UID}");
    tree.directory(&format!("sys/fs/cgroup/cpu,cpuacct/kubepods/pod{UID}"));
    tree.write(&format!("{memory}/memory.stat"), "total_cache 1\n");
    let mut hierarchy = refreshed(&tree);
    let mut buffer = Buffer::new();
    let mut cache =
        |hierarchy: &Hierarchy| hierarchy.pods()[0].group.read_memory(&mut buffer).map(|memory| memory.cache_bytes);
    assert_eq!(cache(&hierarchy).unwrap(), Some(1));
    tree.remove(&memory);
    assert!(cache(&hierarchy).unwrap_err().is_gone());
    tree.write(&format!("{memory}/memory.stat"), "total_cache 2\n");
    for _ in 0..2 {
        assert_eq!(cache(&hierarchy).unwrap(), Some(2));
        hierarchy.refresh(&mut Buffer::new()).unwrap();
    }
}

#[test]
fn a_directory_that_may_not_be_listed_keeps_what_was_known() {
    let tree = machine(V2);
    write_usage(&tree, 1);
    let kubepods = tree.path().join("sys/fs/cgroup/kubepods");
    let mut hierarchy = refreshed(&tree);
    let allow = |mode| std::fs::set_permissions(&kubepods, std::fs::Permissions::from_mode(mode)).unwrap();
    allow(0o000);
    let forbidden = std::fs::read_dir(&kubepods).is_err();
    hierarchy.refresh(&mut Buffer::new()).unwrap();
    // The superuser may list everything.
    assert_eq!(hierarchy.walked().unreadable, usize::from(forbidden));
    assert_eq!(outline(&hierarchy), (vec![(UID, vec![ID])], vec![]));
    allow(0o755);
}

#[test]
fn links_in_a_recorded_hierarchy_are_not_followed() {
    let tree = machine(V2);
    write_usage(&tree, 1);
    let link = |to: &str, at: String| std::os::unix::fs::symlink(to, tree.path().join(at)).unwrap();
    link("/proc", format!("sys/fs/cgroup/kubepods/pod{HASH}"));
    link("/proc/self/stat", format!("{POD}/{ID}/memory.stat"));
    let hierarchy = refreshed(&tree);
    assert_eq!(outline(&hierarchy), (vec![(UID, vec![ID])], vec![]));
    assert!(hierarchy.pods()[0].containers[0].group.read_memory(&mut Buffer::new()).is_err());
}
