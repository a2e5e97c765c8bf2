//! Cgroups that a user without rights names like another's: they are never taken for it.

use super::*;

const USERS: &str = "sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service";
const REAL: &str = "sys/fs/cgroup/kubepods.slice/kubepods-burstable.slice";

fn pod_slice(prefix: &str) -> String {
    format!("{prefix}-pod{UID_}.slice")
}

fn real(tree: &Tree) {
    tree.write(&format!("{REAL}/{}/cpu.stat", pod_slice("kubepods-burstable")), "usage_usec 1\n");
    tree.directory(&format!("{REAL}/{}/cri-containerd-{ID}.scope", pod_slice("kubepods-burstable")));
}

/// The only pod is the real one, with what the real one has, and so it stays.
fn check(tree: &Tree, containers: &[&str], doubles: usize) {
    let mut hierarchy = refreshed(tree);
    for _ in 0..3 {
        assert_eq!(outline(&hierarchy), (vec![(UID, vec![ID])], containers.to_vec()));
        assert!(hierarchy.pods()[0].group.path().starts_with("/kubepods.slice"), "{:?}", hierarchy.pods());
        assert_eq!(hierarchy.walked().doubles, doubles);
        hierarchy.refresh(&mut Buffer::new()).unwrap();
    }
}

#[test]
fn a_pods_cgroup_counts_only_below_the_kubelets_root() {
    for forged in [
        format!("{USERS}/{}", pod_slice("x")),
        format!("{USERS}/kubepods.slice/{}", pod_slice("kubepods")),
        format!("{USERS}/kubepods/burstable/pod{UID}"),
        format!("sys/fs/cgroup/system.slice/ci.service/kubepods/pod{UID}"),
        format!("sys/fs/cgroup/run-r1.scope/kubepods/pod{UID}"),
        format!("sys/fs/cgroup/machine.slice/machine-a.scope/payload/kubepods/pod{UID}"),
        format!("sys/fs/cgroup/lxc.payload.a/kubepods/pod{UID}"),
        format!("sys/fs/cgroup/a/pod{UID}"),
    ] {
        let tree = machine(V2);
        real(&tree);
        tree.write(&format!("{forged}/cpu.stat"), "usage_usec 999\n");
        tree.directory(&format!("{forged}/{OTHER}"));
        check(&tree, &[OTHER], 1);
        let hierarchy = refreshed(&tree);
        let forged = forged.strip_prefix("sys/fs/cgroup").unwrap();
        assert_eq!(hierarchy.walked().first_double.as_deref(), Some(forged));
        let usage = hierarchy.pods()[0].group.read_cpu(&mut Buffer::new()).unwrap().usage_nsec;
        assert_eq!(usage, Some(1000));
    }
}

#[test]
fn a_container_outside_a_pod_is_never_taken_for_one_of_its_containers() {
    let tree = machine(V2);
    real(&tree);
    for place in [USERS, "sys/fs/cgroup/system.slice/ci.service"] {
        let tree = machine(V2);
        real(&tree);
        tree.directory(&format!("{place}/{}:cri-containerd:{OTHER}", pod_slice("kubepods-burstable")));
        check(&tree, &[OTHER], 0);
    }
    tree.directory(&format!(
        "sys/fs/cgroup/system.slice/ci.service/{}:cri-containerd:{ID}",
        pod_slice("kubepods-burstable")
    ));
    check(&tree, &[], 1);
}

#[test]
fn a_container_with_the_id_of_a_runtimes_own_is_left_out() {
    let tree = machine(V2);
    let own = format!("sys/fs/cgroup/system.slice/docker-{ID}.scope");
    tree.write(&format!("{own}/cpu.stat"), "usage_usec 1\n");
    tree.write(&format!("{USERS}/{ID}/cpu.stat"), "usage_usec 999\n");
    tree.write(&format!("sys/fs/cgroup/a.service/{ID}/cpu.stat"), "usage_usec 999\n");
    let mut hierarchy = refreshed(&tree);
    for _ in 0..2 {
        let paths: Vec<&str> = hierarchy.containers().iter().map(|container| container.group.path()).collect();
        assert_eq!(paths, [own.strip_prefix("sys/fs/cgroup").unwrap()]);
        assert_eq!(hierarchy.walked().doubles, 2);
        hierarchy.refresh(&mut Buffer::new()).unwrap();
    }
}

#[test]
fn two_trees_of_one_kubelet_give_each_pod_once() {
    // The driver was changed without a restart of the machine: the old tree is empty.
    let tree = machine(V2);
    real(&tree);
    tree.directory(&format!("sys/fs/cgroup/kubepods/burstable/pod{UID}"));
    tree.directory(&format!("sys/fs/cgroup/kubepods/burstable/pod{HASH}"));
    let hierarchy = refreshed(&tree);
    assert_eq!(outline(&hierarchy), (vec![(UID, vec![ID]), (HASH, vec![])], vec![]));
    assert_eq!(hierarchy.walked().doubles, 1);
}

#[test]
fn where_there_is_no_other_root_a_kubelet_without_rights_has_its_own() {
    let tree = machine(V2);
    let rootless = format!("{USERS}/app.slice/k3s-rootless.service/kubepods");
    tree.directory(&format!("{rootless}/pod{UID}/{ID}"));
    tree.directory(&format!("sys/fs/cgroup/system.slice/x/pod{HASH}/{OTHER}"));
    let mut hierarchy = refreshed(&tree);
    assert_eq!(outline(&hierarchy), (vec![(UID, vec![ID])], vec![OTHER]));
    // What another user makes later, even nearer to the root, takes nothing away.
    tree.directory(&format!("sys/fs/cgroup/user.slice/kubepods/pod{UID}/{THIRD}"));
    for _ in 0..2 {
        hierarchy.refresh(&mut Buffer::new()).unwrap();
        assert_eq!(hierarchy.pods().len(), 1);
        assert!(rootless.ends_with(hierarchy.pods()[0].group.path().trim_end_matches(&format!("/pod{UID}"))));
    }
    // A root that only the superuser can have made ends that.
    real(&tree);
    hierarchy.refresh(&mut Buffer::new()).unwrap();
    assert!(hierarchy.pods()[0].group.path().starts_with("/kubepods.slice"));
    assert_eq!(hierarchy.pods().len(), 1);
}

#[test]
fn without_any_root_of_a_kubelet_pods_are_believed_anywhere() {
    let tree = machine(V2);
    tree.directory(&format!("sys/fs/cgroup/a/b/pod{UID}/{ID}"));
    assert_eq!(outline(&refreshed(&tree)), (vec![(UID, vec![ID])], vec![]));
}

#[test]
fn roots_of_other_names_and_places_are_the_kubelets() {
    for place in [
        "kubelet/kubepods/besteffort",
        "kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice",
        "a/b/c/kubepods",
        "a.slice/a-b.slice/a-b-kubepods.slice",
        "system.slice/kubepods",
    ] {
        let tree = machine(V2);
        let name = if place.contains("slice/") && !place.ends_with("kubepods") {
            pod_slice("x-kubepods")
        } else {
            format!("pod{UID}")
        };
        tree.directory(&format!("sys/fs/cgroup/{place}/{name}/{ID}"));
        tree.directory(&format!("{USERS}/kubepods/pod{UID}/{OTHER}"));
        let hierarchy = refreshed(&tree);
        assert_eq!(outline(&hierarchy), (vec![(UID, vec![ID])], vec![OTHER]), "{place}");
        assert!(!hierarchy.pods()[0].group.path().starts_with("/user"), "{place}");
    }
}

/// Gives directories to a user; `false` where this process may not.
fn give(tree: &Tree, paths: &[&str]) -> bool {
    let is_allowed = rustix::process::geteuid().is_root();
    for path in paths.iter().filter(|_| is_allowed) {
        std::os::unix::fs::chown(tree.path().join(path), Some(4321), Some(4321)).unwrap();
    }
    is_allowed
}

#[test]
fn what_a_user_made_in_a_directory_that_was_given_to_them_is_theirs_whatever_it_is_called() {
    for root in ["a/tenant/kubepods", "a/kubepods", "a.slice/a-b.slice/a-b-kubepods.slice"] {
        let tree = machine(V2);
        real(&tree);
        let root = format!("sys/fs/cgroup/{root}");
        let pod = format!("{root}/pod{UID}");
        // More containers than the real one has, and a pod that has ended since.
        tree.directory(&format!("{pod}/{OTHER}"));
        tree.directory(&format!("{pod}/{THIRD}"));
        tree.directory(&format!("{root}/pod{HASH}"));
        if !give(&tree, &[&root, &pod, &format!("{root}/pod{HASH}")]) {
            return;
        }
        check(&tree, &[THIRD, OTHER], 1);
    }
}

#[test]
fn a_container_beside_its_pod_is_the_superusers() {
    let tree = machine(V2);
    real(&tree);
    let beside = format!("sys/fs/cgroup/a/tenant/{}:cri-containerd:{OTHER}", pod_slice("kubepods-burstable"));
    tree.directory(&beside);
    if give(&tree, &[&beside]) {
        check(&tree, &[OTHER], 0);
    }
}

#[test]
fn a_container_of_the_superusers_is_before_one_of_a_user_on_a_shorter_path() {
    let tree = machine(V2);
    let [own, forged] = [format!("sys/fs/cgroup/docker/{ID}"), format!("sys/fs/cgroup/a/{ID}")];
    tree.directory(&own);
    tree.directory(&forged);
    if give(&tree, &[&forged]) {
        let hierarchy = refreshed(&tree);
        let paths: Vec<&str> = hierarchy.containers().iter().map(|container| container.group.path()).collect();
        assert_eq!(paths, [own.strip_prefix("sys/fs/cgroup").unwrap()]);
    }
}

#[test]
fn in_a_tree_that_is_a_users_their_kubelet_is_believed() {
    let tree = machine(V2);
    let root = "sys/fs/cgroup/a/b/c/d/e/kubepods";
    tree.directory(&format!("{root}/pod{UID}/{ID}"));
    tree.directory(&format!("{USERS}/kubepods/pod{UID}/{OTHER}"));
    give(&tree, &["sys/fs/cgroup", root]);
    assert_eq!(outline(&refreshed(&tree)), (vec![(UID, vec![ID])], vec![OTHER]));
}
