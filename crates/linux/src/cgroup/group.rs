//! One cgroup: where it is, the handles kept on it, and the reading of its files.

use std::ffi::CStr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags, fstat, openat};
use rustix::io::Errno;

use super::mounted::{Controllers, Role};
use crate::buffer::{Ends, READ};
use crate::text::number;
use crate::{Buffer, Error};

/// Handles kept for each cgroup: in the hierarchy that is walked and, on version 1, in that of memory.
const KEPT: usize = 2;

/// A cgroup of a [`super::Hierarchy`].
pub struct Group {
    controllers: Arc<Controllers>,
    path: Box<str>,
    inode: u64,
    handles: [Option<OwnedFd>; KEPT],
    /// The memory hierarchy's directory was made anew under the same path: the handle is of the old one.
    stale: AtomicBool,
    /// The refresh that last saw it.
    pub(super) seen: u64,
}

impl Group {
    pub(super) fn new(controllers: Arc<Controllers>, path: &str, inode: u64) -> Group {
        Group { controllers, path: path.into(), inode, handles: [None, None], stale: AtomicBool::new(false), seen: 0 }
    }

    /// The path below the mount, such as `/kubepods/burstable/pod<uid>`; `/` for the root.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The inode of the cgroup's directory: another one under the same path is another cgroup.
    pub fn inode(&self) -> u64 {
        self.inode
    }

    /// Whether a path from a process's `cgroup` file is this cgroup's: all of it, or its end where the reader is in a cgroup
    /// namespace of its own. `shown` has no levels up at its beginning, see [`super::Place::path`].
    pub fn is_at(&self, shown: &str) -> bool {
        let (shown, path) = (shown.trim_start_matches('/'), &self.path[1..]);
        let is_end = |whole: &str, end: &str| {
            whole.strip_suffix(end).is_some_and(|before| before.is_empty() || before.ends_with('/'))
        };
        if shown.len() <= path.len() {
            return !shown.is_empty() && is_end(path, shown);
        }
        // In a container's own mount the hierarchy begins further down than its names do.
        let root = self.controllers.walked().root.trim_matches('/');
        shown.strip_suffix(path).and_then(|before| before.strip_suffix('/')).is_some_and(|before| is_end(root, before))
    }

    pub(super) fn is_root(&self) -> bool {
        &*self.path == "/"
    }

    pub(super) fn controllers(&self) -> &Controllers {
        &self.controllers
    }

    /// Lends the handle in the hierarchy that is walked.
    pub(super) fn take_handle(&mut self) -> Option<OwnedFd> {
        self.handles[0].take()
    }

    /// Gives it back.
    pub(super) fn put_handle_back(&mut self, handle: OwnedFd) {
        self.handles[0] = Some(handle);
    }

    pub(super) fn handle_count(&self) -> usize {
        self.handles.iter().flatten().count()
    }

    /// Opens the handles that are missing, at most `budget` of them; returns how many were opened.
    ///
    /// `listed` says whether the directory will be listed through its handle.
    pub(super) fn open_handles(&mut self, listed: bool, budget: usize, scratch: &mut Vec<u8>) -> Result<usize, Errno> {
        if self.stale.swap(false, Ordering::Relaxed) {
            self.handles[1] = None;
        }
        let mut opened = 0;
        for index in 0..KEPT.min(self.controllers.mounts.len()) {
            let is_memory = index > 0;
            if is_memory && self.controllers.index(Role::Memory) != Some(index) {
                continue;
            }
            if self.handles[index].is_some() || opened == budget {
                continue;
            }
            let access = if listed && !is_memory { OFlags::RDONLY } else { OFlags::PATH };
            match self.open_by_path(index, c"", access | OFlags::DIRECTORY, scratch) {
                // A cgroup that took the place of this one since the listing is not this one.
                Ok(handle) if is_memory || fstat(&handle).is_ok_and(|stat| stat.st_ino == self.inode) => {
                    self.handles[index] = Some(handle);
                    opened += 1;
                }
                Err(errno @ (Errno::MFILE | Errno::NFILE)) => return Err(errno),
                _ => {}
            }
        }
        Ok(opened)
    }

    /// Reads one file whole.
    pub(super) fn read<'b>(&self, role: Role, name: &CStr, buffer: &'b mut Buffer) -> Result<&'b [u8], Error> {
        let full = || self.full_path(role, name);
        let index = self.controllers.index(role).ok_or_else(|| Error::Gone { path: full() })?;
        let file = self.open(index, name, buffer).map_err(|errno| Error::from_errno(full(), errno))?;
        let length = buffer.fill(file, Ends::AtShortRead, full)?;
        Ok(&buffer.bytes[..length])
    }

    /// Reads a file that holds one number and that may be missing; anything else but a number counts as a fault.
    pub(super) fn read_number(&self, role: Role, name: &CStr, buffer: &mut Buffer, faults: &mut u32) -> Option<u64> {
        let value = match self.read(role, name, buffer) {
            Ok(text) => number(text),
            Err(error) if error.is_gone() => return None,
            Err(_) => None,
        };
        *faults += u32::from(value.is_none());
        value
    }

    fn open(&self, index: usize, name: &CStr, buffer: &mut Buffer) -> Result<OwnedFd, Errno> {
        let flags = READ | OFlags::NOFOLLOW;
        let Some(handle) = self.handles.get(index).and_then(Option::as_ref) else {
            return self.open_by_path(index, name, flags, &mut buffer.path);
        };
        match openat(handle, name, flags, Mode::empty()) {
            Err(Errno::NOENT | Errno::NODEV) if index > 0 => {
                let file = self.open_by_path(index, name, flags, &mut buffer.path)?;
                self.stale.store(true, Ordering::Relaxed);
                Ok(file)
            }
            result => result,
        }
    }

    fn open_by_path(&self, index: usize, name: &CStr, flags: OFlags, scratch: &mut Vec<u8>) -> Result<OwnedFd, Errno> {
        scratch.clear();
        scratch.extend_from_slice(self.path.trim_start_matches('/').as_bytes());
        if !scratch.is_empty() && !name.is_empty() {
            scratch.push(b'/');
        }
        scratch.extend_from_slice(name.to_bytes());
        openat(&self.controllers.mounts[index].handle, &scratch[..], flags | OFlags::CLOEXEC, Mode::empty())
    }

    fn full_path(&self, role: Role, name: &CStr) -> PathBuf {
        let mounted = self.controllers.index(role).map(|index| &*self.controllers.mounts[index].path);
        let below = self.path.trim_start_matches('/');
        mounted.unwrap_or_else(|| self.controllers.root.path()).join(below).join(&*name.to_string_lossy())
    }
}

impl std::fmt::Debug for Group {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Group").field("path", &self.path).field("inode", &self.inode).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::controllers;
    use super::*;

    #[test]
    fn a_shown_path_is_the_whole_or_the_end_of_a_cgroups() {
        let (_machine, to) = controllers();
        let group = Group::new(to, "/kubepods/burstable/pod1/x", 1);
        for shown in ["/kubepods/burstable/pod1/x", "kubepods/burstable/pod1/x", "pod1/x", "x"] {
            assert!(group.is_at(shown), "{shown}");
        }
        for shown in ["", "/", "y", "od1/x", "user.slice/pod1/x", "user.slice/kubepods/burstable/pod1/x"] {
            assert!(!group.is_at(shown), "{shown}");
        }
    }

    #[test]
    fn in_a_part_of_the_hierarchy_names_begin_further_up() {
        let (machine, _) = controllers();
        let table = "30 27 0:28 /docker/abc /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
        machine.write("proc/1/mountinfo", table);
        let to = Arc::new(super::super::discover::find(&machine.root(), &mut Buffer::new()).unwrap());
        let group = Group::new(to, "/kubepods/pod1/x", 1);
        for shown in ["docker/abc/kubepods/pod1/x", "abc/kubepods/pod1/x", "kubepods/pod1/x", "pod1/x"] {
            assert!(group.is_at(shown), "{shown}");
        }
        for shown in ["user.slice/docker/abc/kubepods/pod1/x", "bc/kubepods/pod1/x", "user.slice/kubepods/pod1/x"] {
            assert!(!group.is_at(shown), "{shown}");
        }
    }
}
