//! The cgroups of a pod and of its containers.

use super::Group;

/// The cgroup of a pod.
#[derive(Debug)]
pub struct Pod {
    /// The pod's uid as Kubernetes writes it; a static pod's is the hash of its manifest.
    pub uid: Box<str>,
    /// The cgroup.
    pub group: Group,
    /// The pod's containers, the sandbox among them, sorted by path.
    pub containers: Vec<Container>,
    /// How many containers it had before the present walk.
    pub(super) known: usize,
    /// Which of the kubelet's roots it is below.
    pub(super) root: u16,
}

/// The cgroup of a container. Cgroups below it are not listed.
#[derive(Debug)]
pub struct Container {
    /// The container's id: 64 hexadecimal digits.
    pub id: Box<str>,
    /// The cgroup.
    pub group: Group,
}
