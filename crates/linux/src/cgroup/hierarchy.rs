//! The cgroups of a machine that are pods and containers, kept from one refresh to the next.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::fstat;
use rustix::process::{Resource, getrlimit};

use super::mounted::Controllers;
use super::tree::Tree;
use super::walk::Walk;
use super::walked::Walked;
use super::{Container, Group, Pod, Version, discover};
use crate::{Buffer, Error, Root};

/// Handles kept at most, also where the limit on open files is higher.
const MOST_HANDLES: usize = 64 * 1024;

/// A machine's cgroups: the root, the pods of a Kubernetes node, and the containers outside any pod.
pub struct Hierarchy {
    controllers: Arc<Controllers>,
    root: Group,
    tree: Tree,
    walk: Walk,
    stop: Arc<AtomicBool>,
}

impl Hierarchy {
    /// Finds the mounted hierarchies in `<root>/proc/1/mountinfo`, by file-system type and controller. Pods and containers
    /// are there after the first [`Hierarchy::refresh`].
    ///
    /// Version 2 is in charge where it is mounted at `/sys/fs/cgroup`, or where version 1 has none of the controllers.
    pub fn discover(root: &Root, buffer: &mut Buffer) -> Result<Hierarchy, Error> {
        let controllers = Arc::new(discover::find(root, buffer)?);
        let walked = controllers.walked();
        let stat = fstat(&walked.handle).map_err(|errno| Error::from_errno(walked.path.clone(), errno))?;
        Ok(Hierarchy {
            root: Group::new(controllers.clone(), "/", stat.st_ino),
            controllers,
            tree: Tree::default(),
            walk: Walk::default(),
            stop: Arc::default(),
        })
    }

    /// Which version carries the controllers.
    pub fn version(&self) -> Version {
        self.controllers.version
    }

    /// Whether [`Group::read_memory`] reads `memory.events` too, one more file for each cgroup of version 2.
    pub fn set_memory_events(&self, wanted: bool) {
        self.controllers.memory_events.store(wanted, Ordering::Relaxed);
    }

    /// Whether containers outside pods are wanted; they are at first.
    pub fn set_containers(&mut self, wanted: bool) {
        self.walk.omits_containers = !wanted;
    }

    /// What ends a walk early once it is set: it may take seconds in a tree of many thousands.
    pub fn set_stop(&mut self, stop: Arc<AtomicBool>) {
        self.stop = stop;
    }

    /// Walks the tree once and brings the lists up to date.
    ///
    /// A cgroup that is still there with the same inode keeps its entry and its handles. What can't be listed or is too much
    /// is left out and counted, see [`Hierarchy::walked`]. Fails only where the root cgroup's own directory can't be listed;
    /// then everything known before is still listed.
    pub fn refresh(&mut self, buffer: &mut Buffer) -> Result<(), Error> {
        self.walk.run(&self.controllers, &mut self.tree, buffer, &self.stop)?;
        self.open_handles(buffer);
        Ok(())
    }

    /// What the last refresh left out.
    pub fn walked(&self) -> &Walked {
        &self.walk.walked
    }

    /// The root cgroup: the whole machine.
    pub fn root(&self) -> &Group {
        &self.root
    }

    /// The pods, sorted by path.
    pub fn pods(&self) -> &[Pod] {
        &self.tree.pods
    }

    /// The containers outside any pod, of every runtime, sorted by path.
    pub fn containers(&self) -> &[Container] {
        &self.tree.containers
    }

    /// Opens the handles of new entries as long as they take no more than half of the files this process may open; the
    /// files of an entry without a handle are opened by their path.
    fn open_handles(&mut self, buffer: &mut Buffer) {
        let limit = getrlimit(Resource::Nofile)
            .current
            .map_or(MOST_HANDLES, |limit| usize::try_from(limit / 2).unwrap_or(MOST_HANDLES).min(MOST_HANDLES));
        let kept: usize = self.tree.groups().map(|(group, _)| group.handle_count()).sum();
        let mut budget = limit.saturating_sub(kept);
        for (group, is_pod) in self.tree.groups() {
            match group.open_handles(is_pod, budget, &mut buffer.path) {
                Ok(opened) => budget -= opened,
                Err(_) => return,
            }
        }
    }
}

impl std::fmt::Debug for Hierarchy {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Tree { pods, containers, .. } = &self.tree;
        let mut shown = formatter.debug_struct("Hierarchy");
        shown
            .field("version", &self.version())
            .field("pods", pods)
            .field("containers", containers)
            .finish_non_exhaustive()
    }
}
