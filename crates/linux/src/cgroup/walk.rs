//! One walk over the hierarchy: finds pods and containers anywhere, descends everywhere but below containers.

use std::ops::Range;
use std::sync::Arc;

use rustix::fs::{Mode, OFlags, openat};
use rustix::io::Errno;

use super::mounted::Controllers;
use super::names::{Name, classify};
use super::tree::{Tree, is_same_uid, see_container};
use crate::directory::{Kind, list};
use crate::{Buffer, Error};

/// Levels that are descended into.
const DEEPEST: usize = 32;
/// Directories that are listed in one walk.
const MOST_DIRECTORIES: usize = 64 * 1024;

/// What a walk needs for itself, used again by the next one.
#[derive(Default)]
pub(super) struct Walk {
    /// The number of this walk, by which entries know whether it saw them.
    number: u64,
    /// Paths of directories yet to be listed.
    paths: String,
    pending: Vec<Pending>,
    /// The directories in the one being listed.
    names: String,
    children: Vec<(Range<usize>, u64)>,
    /// Containers that lie beside their pod and carry its uid in their name.
    strays: Vec<Stray>,
    pub(super) unreadable: usize,
}

struct Pending {
    path: Range<usize>,
    /// How much of the path is that of the pod it lies in; 0 outside pods.
    pod: usize,
    depth: usize,
}

struct Stray {
    path: Range<usize>,
    inode: u64,
}

impl Walk {
    pub(super) fn run(&mut self, to: &Arc<Controllers>, tree: &mut Tree, buffer: &mut Buffer) -> Result<(), Error> {
        self.number += 1;
        self.paths.clear();
        self.pending.clear();
        self.strays.clear();
        self.unreadable = 0;
        self.pending.push(Pending { path: 0..0, pod: 0, depth: 0 });
        let mut directories = 0;
        while let Some(directory) = self.pending.pop() {
            directories += 1;
            if directories > MOST_DIRECTORIES {
                return Err(Error::TooLarge { path: to.walked().path.clone(), limit: MOST_DIRECTORIES });
            }
            match self.list_children(&directory, to, tree, buffer) {
                Ok(()) => self.sort_children(&directory, to, tree),
                Err(Errno::NOENT | Errno::NODEV | Errno::NOTDIR) if directory.depth > 0 => {}
                // Too long a path, too many open files, no rights: whatever it is, it costs this directory only.
                Err(_) if directory.depth > 0 => {
                    self.unreadable += 1;
                    tree.keep_below(&self.paths[directory.path], self.number);
                }
                Err(errno) => {
                    let path = to.walked().path.join(self.paths[directory.path].trim_start_matches('/'));
                    return Err(Error::from_errno(path, errno));
                }
            }
        }
        self.place_strays(to, tree);
        tree.forget_unseen(self.number);
        Ok(())
    }

    /// Fills `names` and `children`.
    fn list_children(
        &mut self,
        directory: &Pending,
        to: &Controllers,
        tree: &Tree,
        buffer: &mut Buffer,
    ) -> Result<(), Errno> {
        self.names.clear();
        self.children.clear();
        let path = &self.paths[directory.path.clone()];
        let is_pod = directory.pod > 0 && directory.pod == path.len();
        let kept = is_pod.then(|| tree.pod_at(path)).flatten().and_then(|pod| pod.group.handle());
        let opened;
        let handle = match kept {
            Some(handle) => handle,
            None if path.is_empty() => &to.walked().handle,
            None => {
                let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                opened = openat(&to.walked().handle, &path[1..], flags, Mode::empty())?;
                &opened
            }
        };
        list(handle, &mut buffer.entries, |name, kind, inode| {
            // No runtime or kubelet writes a name that is not UTF-8.
            if let (Kind::Directory, Ok(name)) = (kind, std::str::from_utf8(name)) {
                let start = self.names.len();
                self.names.push_str(name);
                self.children.push((start..self.names.len(), inode));
            }
        })
    }

    fn sort_children(&mut self, directory: &Pending, to: &Arc<Controllers>, tree: &mut Tree) {
        for (name, inode) in &self.children {
            let (name, inode) = (&self.names[name.clone()], *inode);
            let start = self.paths.len();
            self.paths.extend_from_within(directory.path.clone());
            self.paths.push('/');
            self.paths.push_str(name);
            let (before, path) = self.paths.split_at(start);
            let parent = before[directory.path.clone()].rsplit('/').next().unwrap_or_default();
            let depth = directory.depth + 1;
            let range = start..self.paths.len();
            match classify(parent, name) {
                Name::Pod { uid } => {
                    tree.see_pod(to, path, inode, uid, self.number);
                    self.pending.push(Pending { pod: range.len(), path: range, depth });
                    continue;
                }
                Name::Container { pod_uid: Some(_), .. } if directory.pod == 0 => {
                    self.strays.push(Stray { path: range, inode });
                    continue;
                }
                Name::Container { id, .. } => {
                    let list = match directory.pod {
                        0 => Some(&mut tree.containers),
                        length => tree.pod_at_mut(&path[..length]).map(|pod| &mut pod.containers),
                    };
                    if let Some(list) = list {
                        see_container(list, to, path, inode, id, self.number);
                    }
                }
                Name::Other if depth < DEEPEST => {
                    self.pending.push(Pending { path: range, pod: directory.pod, depth });
                    continue;
                }
                Name::Other => {}
            }
            self.paths.truncate(start);
        }
    }

    fn place_strays(&mut self, to: &Arc<Controllers>, tree: &mut Tree) {
        for Stray { path, inode } in &self.strays {
            let path = &self.paths[path.clone()];
            let name = path.rsplit('/').next().unwrap_or_default();
            let Name::Container { id, pod_uid: Some(uid) } = classify("", name) else { continue };
            let number = self.number;
            let its_pod = tree.pods.iter_mut().find(|pod| pod.group.seen == number && is_same_uid(&pod.uid, uid));
            let list = its_pod.map_or(&mut tree.containers, |pod| &mut pod.containers);
            see_container(list, to, path, *inode, id, number);
        }
    }
}
