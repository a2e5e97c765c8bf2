//! Trees larger, longer and deeper than anybody needs: what is too much costs itself, and the pods are complete.

use proptest::prelude::*;
use rustix::fs::{Mode, OFlags, mkdirat, open, openat};
use rustix::io::Errno;

use super::*;

const POD: &str = "sys/fs/cgroup/kubepods.slice/kubepods-burstable.slice";

/// Two pods of one container each, and what a whole walk finds of them.
fn with_pods() -> Tree {
    let tree = machine(V2);
    tree.write("sys/fs/cgroup/cpu.stat", "usage_usec 5\n");
    tree.directory(&format!("{POD}/kubepods-burstable-pod{UID_}.slice/cri-containerd-{ID}.scope"));
    tree.directory(&format!("{POD}/kubepods-burstable-pod{HASH}.slice/cri-containerd-{OTHER}.scope"));
    tree
}

fn assert_complete(hierarchy: &Hierarchy) {
    assert_eq!(outline(hierarchy).0, vec![(HASH, vec![OTHER]), (UID, vec![ID])]);
    assert_eq!(hierarchy.root().read_cpu(&mut Buffer::new()).unwrap().usage_nsec, Some(5000));
}

/// Directories in one another, each made in the handle of the one above: the path gets as long as one likes.
fn nest(tree: &Tree, at: &str, name: &str, levels: usize) {
    tree.directory(at);
    let flags = OFlags::PATH | OFlags::DIRECTORY;
    let mut above = open(tree.path().join(at), flags, Mode::empty()).unwrap();
    for _ in 0..levels {
        let made = mkdirat(&above, name, Mode::RWXU);
        assert!(matches!(made, Ok(()) | Err(Errno::EXIST)), "{made:?}");
        above = openat(&above, name, flags, Mode::empty()).unwrap();
    }
}

fn cut<'a>(hierarchy: &'a Hierarchy, subtree: &str) -> &'a Cut {
    hierarchy
        .walked()
        .cuts
        .iter()
        .find(|cut| &*cut.subtree == subtree)
        .unwrap_or_else(|| panic!("{:?}", hierarchy.walked()))
}

#[test]
fn a_path_too_long_for_the_kernel_costs_its_directory_only() {
    let tree = with_pods();
    let mut hierarchy = refreshed(&tree);
    assert_complete(&hierarchy);
    nest(&tree, "sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service", &"x".repeat(250), 17);
    for _ in 0..2 {
        hierarchy.refresh(&mut Buffer::new()).unwrap();
        assert_complete(&hierarchy);
        assert_eq!(hierarchy.walked().unreadable, 1);
        let why = hierarchy.walked().first_unreadable.as_ref().unwrap();
        assert!(matches!(why, Error::Io { source, .. } if source.raw_os_error() == Some(36)), "{why:?}");
    }
    assert_complete(&refreshed(&tree));
}

#[test]
fn levels_too_deep_are_counted() {
    let tree = with_pods();
    nest(&tree, "sys/fs/cgroup/system.slice", "a", 2000);
    let hierarchy = refreshed(&tree);
    assert_complete(&hierarchy);
    assert_eq!(cut(&hierarchy, "system.slice").deep, 1);
}

#[test]
fn more_directories_than_are_walked_cost_their_own_subtree() {
    let tree = with_pods();
    // One more than is walked, where the subtree's own directory counts too.
    for at in 0..4 * 1024 {
        tree.directory(&format!("sys/fs/cgroup/user.slice/d{at}"));
    }
    tree.directory("sys/fs/cgroup/user.slice/z.scope");
    tree.directory(&format!("sys/fs/cgroup/system.slice/docker-{THIRD}.scope"));
    let hierarchy = refreshed(&tree);
    assert_complete(&hierarchy);
    assert_eq!(outline(&hierarchy).1, [THIRD]);
    let cut = cut(&hierarchy, "user.slice");
    assert_eq!((cut.directories, cut.most_directories, cut.groups), (2, 4096, 0));
    assert_eq!(hierarchy.walked().cuts.len(), 1);
}

#[test]
fn no_number_of_directories_beside_pods_or_in_a_pod_costs_a_pod_its_containers() {
    let tree = machine(V2);
    tree.write("sys/fs/cgroup/cpu.stat", "usage_usec 5\n");
    let root = "sys/fs/cgroup/kubepods.slice";
    // Made first, so that they are listed first: more than are walked, in the root and in a pod.
    for at in 0..33_000 {
        tree.directory(&format!("{root}/d{at}"));
        tree.directory(&format!("{root}/kubepods-pod{UID_}.slice/d{at}"));
    }
    tree.directory(&format!("{root}/kubepods-pod{UID_}.slice/cri-containerd-{ID}.scope"));
    tree.directory(&format!("{POD}/kubepods-burstable-pod{HASH}.slice/cri-containerd-{OTHER}.scope"));
    let hierarchy = refreshed(&tree);
    assert_complete(&hierarchy);
    // Both kinds, the root, two pods and the class, of which 65 536 are walked.
    assert_eq!(cut(&hierarchy, "kubepods.slice").directories, 66_000 + 4 - 65_536);
}

#[test]
fn leaked_scopes_come_after_everything_else() {
    let tree = with_pods();
    for at in 0..5000 {
        tree.directory(&format!("sys/fs/cgroup/user.slice/run-r{at:x}.scope"));
    }
    tree.directory(&format!("sys/fs/cgroup/user.slice/a/b/c/{THIRD}"));
    let hierarchy = refreshed(&tree);
    assert_complete(&hierarchy);
    assert_eq!(outline(&hierarchy).1, [THIRD]);
    // The subtree, a, b and c are four of those that are listed.
    assert_eq!(cut(&hierarchy, "user.slice").directories, 5000 - (4096 - 4));
}

#[test]
fn more_containers_than_are_kept_cost_their_own_subtree() {
    let tree = with_pods();
    for at in 0..1500 {
        tree.directory(&format!("sys/fs/cgroup/user.slice/{at:064x}"));
    }
    tree.directory(&format!("sys/fs/cgroup/docker/{THIRD}"));
    let mut hierarchy = refreshed(&tree);
    for _ in 0..2 {
        assert_complete(&hierarchy);
        assert_eq!(hierarchy.containers().len(), 1024 + 1);
        assert_eq!((cut(&hierarchy, "user.slice").groups, cut(&hierarchy, "user.slice").most_groups), (476, 1024));
        hierarchy.refresh(&mut Buffer::new()).unwrap();
    }
    hierarchy.set_containers(false);
    hierarchy.refresh(&mut Buffer::new()).unwrap();
    assert_complete(&hierarchy);
    assert_eq!((hierarchy.containers().len(), hierarchy.walked().cuts.len()), (0, 0));
}

#[test]
fn a_walk_that_is_stopped_keeps_what_was_known() {
    let tree = with_pods();
    let mut hierarchy = refreshed(&tree);
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    hierarchy.set_stop(stop.clone());
    for _ in 0..2 {
        hierarchy.refresh(&mut Buffer::new()).unwrap();
        assert!(hierarchy.walked().is_stopped);
        assert_complete(&hierarchy);
    }
    stop.store(false, std::sync::atomic::Ordering::Relaxed);
    tree.remove("sys/fs/cgroup/kubepods.slice");
    hierarchy.refresh(&mut Buffer::new()).unwrap();
    assert_eq!(outline(&hierarchy), (vec![], vec![]));
}

/// A name that a user without rights may give, of each kind that means something here.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("kubepods".to_owned()),
        Just("kubepods.slice".to_owned()),
        Just("burstable".to_owned()),
        Just(format!("pod{UID}")),
        Just(format!("kubepods-burstable-pod{UID_}.slice")),
        Just(format!("kubepods-burstable-pod{UID_}.slice:cri-containerd:{OTHER}")),
        Just(format!("cri-containerd-{ID}.scope")),
        Just(THIRD.to_owned()),
        Just("run-r1.scope".to_owned()),
        Just("user@1000.service".to_owned()),
        "[a-z0-9]{1,200}",
        ".{1,20}"
            .prop_map(|name| name.replace(['/', '\0'], "_"))
            .prop_filter("a name", |name| name != "." && name != ".."),
    ]
}

/// Where such users may make cgroups.
fn place() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        Just("user.slice/user-1000.slice/user@1000.service"),
        Just("system.slice/ci.service"),
        Just("machine.slice/machine-a.scope"),
        Just("lxc.payload.a"),
        Just("session-1.scope"),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn whatever_users_make_the_pods_are_complete_and_the_kubelets(
        made in prop::collection::vec((place(), prop::collection::vec(name(), 1..6), 0_usize..12), 0..12),
        forbidden in any::<bool>(),
    ) {
        let tree = with_pods();
        let mut hierarchy = refreshed(&tree);
        for (place, names, repeats) in &made {
            let below = format!("sys/fs/cgroup/{place}/{}", names.join("/"));
            // Some are too long to be made by their path, which is the point of them.
            if below.len() < 3000 && names.iter().all(|name| name.len() <= 255) {
                nest(&tree, &below, names.last().unwrap(), *repeats);
                if forbidden {
                    let no = std::os::unix::fs::PermissionsExt::from_mode(0o000);
                    std::fs::set_permissions(tree.path().join(&below), no).unwrap();
                }
            }
        }
        let known = hierarchy.pods()[0].group.inode();
        hierarchy.refresh(&mut Buffer::new()).unwrap();
        assert_complete(&hierarchy);
        prop_assert_eq!(hierarchy.pods()[0].group.inode(), known);
        assert_complete(&refreshed(&tree));
        prop_assert!(hierarchy.pods().iter().all(|pod| pod.group.path().starts_with("/kubepods.slice/")));
        for (place, names, _) in &made {
            let yes = std::os::unix::fs::PermissionsExt::from_mode(0o700);
            let _ = std::fs::set_permissions(tree.path().join(format!("sys/fs/cgroup/{place}/{}", names.join("/"))), yes);
        }
    }
}
