//! The cgroups that tenants make: where they are and what they are called.

use crate::bench::node::Pod;

/// Containers of one pod that a tenant forges.
const FORGED_TOGETHER: usize = 10;
/// Containers in one folder of a deep tree.
const DEEP_TOGETHER: usize = 10;

/// A container's cgroup in a user's own subtree: flat, as one of a pod, or deep in a tree.
pub(super) fn container(number: usize) -> String {
    let id = format!("d{number:063x}");
    let at = number / 5;
    match number % 5 {
        0 | 1 => format!("{}/docker-{id}.scope", user(1000)),
        2 => {
            // The first ones have the names of pods that there are, and of their containers.
            let pod = Pod::numbered(at / FORGED_TOGETHER + 1);
            let id = if at.is_multiple_of(FORGED_TOGETHER) { pod.container_id.clone() } else { id };
            format!("{}/{}/cri-containerd-{id}.scope", user(1001), pod_slice(&pod.uid))
        }
        _ => {
            let folder = number / DEEP_TOGETHER;
            format!("{}/{}/{}/{folder}/libpod-{id}.scope", user(1002), folder % 20, folder / 20 % 20)
        }
    }
}

/// A scope in `system.slice` whose process is gone: a command's or a container's.
pub(super) fn leaked(number: usize) -> String {
    if number.is_multiple_of(2) {
        format!("system.slice/run-r{number:032x}.scope")
    } else {
        format!("system.slice/cri-containerd-e{number:063x}.scope")
    }
}

/// A pod's cgroup as the kubelet's systemd driver names it.
pub(super) fn pod_slice(uid: &str) -> String {
    format!("kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod{}.slice", uid.replace('-', "_"))
}

fn user(id: u32) -> String {
    format!("user.slice/user-{id}.slice/user@{id}.service")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_cgroup_has_a_path_of_its_own() {
        let paths: HashSet<String> = (0..10_000).map(container).chain((0..1000).map(leaked)).collect();
        assert_eq!(paths.len(), 11_000);
    }

    #[test]
    fn some_have_the_names_of_a_pod_and_its_container() {
        let pod = Pod::numbered(1);
        let forged = format!("/{}/cri-containerd-{}.scope", pod_slice(&pod.uid), pod.container_id);
        assert!((0..10).map(container).any(|path| path.ends_with(&forged) && path.starts_with("user.slice/")));
    }
}
