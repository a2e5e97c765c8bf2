//! The mounted hierarchies that one [`super::Hierarchy`] reads from.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use rustix::fd::OwnedFd;

use super::Version;
use crate::Root;

/// What a file of a cgroup belongs to; on version 1 each may be mounted elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// CPU time: `cpuacct`.
    Cpu,
    /// Memory: `memory`.
    Memory,
    /// Block I/O: `blkio`.
    Io,
}

/// One mounted hierarchy.
pub(super) struct Mounted {
    /// The directory of its root cgroup, open for listing.
    pub(super) handle: OwnedFd,
    /// Where it is, for messages.
    pub(super) path: PathBuf,
    /// Which cgroup is its root, as other processes' membership names it: `/` but in a container's own mount.
    pub(super) root: Box<str>,
}

/// All that reading a cgroup needs beside the cgroup; shared by every [`super::Group`].
pub(super) struct Controllers {
    pub(super) version: Version,
    /// The first is the one that is walked, the second that of memory; on version 2 there is only one.
    pub(super) mounts: Vec<Mounted>,
    /// Index of the mount for each role; `None` where the controller is not mounted.
    pub(super) roles: [Option<usize>; 3],
    /// Version 1: whether a memory cgroup's usage includes its children's (`memory.use_hierarchy` of the root).
    pub(super) hierarchical: bool,
    /// Version 2: whether `memory.events` is wanted.
    pub(super) memory_events: AtomicBool,
    /// The user that the root cgroup belongs to: the superuser, as a rule.
    pub(super) owner: u32,
    pub(super) root: Root,
}

impl Controllers {
    pub(super) fn index(&self, role: Role) -> Option<usize> {
        self.roles[role as usize]
    }

    /// The hierarchy whose directories are listed.
    pub(super) fn walked(&self) -> &Mounted {
        &self.mounts[0]
    }
}
