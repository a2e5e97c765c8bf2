//! The subtrees right below the root cgroup: in which order a walk takes them, and how much of each.
//!
//! What one of them has too much of is cut there and nowhere else. The kubelet's comes first; where users without rights may
//! make cgroups comes last.

use super::names::is_kubelets_root;

/// Directories that are listed in the kubelet's subtree, and pods and containers that are kept of it.
const KUBELET: Budget = Budget { directories: 64 * 1024, groups: 64 * 1024 };
/// The same for any other subtree, such as `system.slice` or `docker`.
const OTHER: Budget = Budget { directories: 32 * 1024, groups: 4 * 1024 };
/// The same for a subtree in which users without rights may make cgroups.
const USERS: Budget = Budget { directories: 4 * 1024, groups: 1024 };
/// The most of all subtrees of the middle kind together.
pub(super) const ALL_OTHERS: Budget = Budget { directories: 64 * 1024, groups: 8 * 1024 };

/// Subtrees of runtimes that aren't the kubelet's.
const RUNTIMES: [&str; 8] =
    ["ecs", "ecstasks.slice", "docker", "docker.slice", "containerd", "containerd.slice", "libpod_parent", "default"];

/// How much of a subtree is walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Budget {
    /// Directories that are listed.
    pub(super) directories: usize,
    /// Pods and containers that are kept.
    pub(super) groups: usize,
}

/// What a subtree is, in the order in which subtrees are walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// The kubelet's pods are in it.
    Kubelet,
    /// A runtime's containers are in it.
    Runtime,
    /// Anything else that only the superuser makes.
    Other,
    /// systemd's services, some of which are other users'.
    System,
    /// Virtual machines and system containers, which have a tree of their own.
    Machines,
    /// Users' sessions and services.
    Users,
}

impl Kind {
    /// What a subtree is by its name.
    pub(super) fn of(name: &str) -> Kind {
        match name {
            _ if is_kubelets_root(name) || name.starts_with("kubelet") => Kind::Kubelet,
            _ if RUNTIMES.contains(&name) => Kind::Runtime,
            "user.slice" | "user" => Kind::Users,
            "machine.slice" | "machine" => Kind::Machines,
            _ if name.starts_with("lxc") => Kind::Machines,
            // Top-level units, where systemd isn't the one to sort them, may be delegated too.
            "system.slice" => Kind::System,
            _ if is_unit(name) => Kind::System,
            _ => Kind::Other,
        }
    }

    /// How much of it is walked.
    pub(super) fn budget(self) -> Budget {
        match self {
            Kind::Kubelet => KUBELET,
            Kind::Runtime | Kind::Other | Kind::System | Kind::Machines => OTHER,
            Kind::Users => USERS,
        }
    }

    /// Whether it counts among those that have a common bound.
    pub(super) fn is_shared(self) -> bool {
        !matches!(self, Kind::Kubelet | Kind::Users)
    }
}

/// What services of runtimes and kubelets have in their names.
const RUNTIME_SERVICES: [&str; 7] = ["containerd", "crio", "docker", "kubelet", "k3s", "k0s", "rke2"];

/// Whether only the superuser makes cgroups there, by the path above it: not so below services and scopes, which may be
/// delegated to a user, and where users, machines and system containers have trees of their own. A runtime's own service is
/// the superuser's.
pub(super) fn is_trusted(path: &str) -> bool {
    let others = |name: &&str| is_unit(name) || matches!(Kind::of(name), Kind::Machines | Kind::Users);
    path.split('/').find(others).is_none_or(is_runtimes)
}

fn is_runtimes(name: &str) -> bool {
    name.ends_with(".service") && RUNTIME_SERVICES.iter().any(|word| name.contains(word))
}

/// Whether it is a systemd unit that may be delegated.
fn is_unit(name: &str) -> bool {
    name.ends_with(".service") || name.ends_with(".scope")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kubelets_subtree_comes_first_and_users_come_last() {
        let mut names = [
            "user.slice",
            "system.slice",
            "machine.slice",
            "lxc.payload.one",
            "init.scope",
            "docker",
            "a",
            "ecstasks.slice",
            "kubelet.slice",
            "kubepods",
        ];
        names.sort_by_key(|name| (Kind::of(name), *name));
        let expected = [
            "kubelet.slice",
            "kubepods",
            "docker",
            "ecstasks.slice",
            "a",
            "init.scope",
            "system.slice",
            "lxc.payload.one",
            "machine.slice",
            "user.slice",
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn below_services_scopes_users_and_machines_anybody_may_make_cgroups() {
        for path in [
            "",
            "/kubelet",
            "/kubelet.slice",
            "/a/b/c",
            "/system.slice",
            "/system.slice/containerd.service/x",
            "/kubelet.service",
        ] {
            assert!(is_trusted(path), "{path}");
        }
        for path in [
            "/user.slice/user-1000.slice/user@1000.service",
            "/user.slice",
            "/system.slice/ci.service",
            "/run-r1.scope/x",
            "/machine.slice/machine-a.scope",
            "/lxc.payload.a",
            "/system.slice/ci.service/containerd.service",
            "/user.slice/user-1000.slice/user@1000.service/app.slice/containerd.service",
        ] {
            assert!(!is_trusted(path), "{path}");
        }
    }
}
