//! One walk over the hierarchy: finds pods and containers anywhere, descends everywhere but below containers.
//!
//! Each subtree right below the root is walked by itself, level by level, and has a budget. Which pods are the kubelet's
//! is decided by where they lie: below its own root, `kubepods`, which the superuser made in a place that is no user's by its
//! name. Only where there is no such root does one in another place count, and only where there is none at all a pod
//! anywhere.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, Mode, OFlags, openat, statat};
use rustix::io::Errno;

use super::mounted::Controllers;
use super::names::{Name, classify, is_kubelets_root, plain_uid};
use super::queue::{Directory, Queue};
use super::subtree::{ALL_OTHERS, Budget, Kind, is_trusted};
use super::tree::{Spot, Tree};
use super::walked::{Cut, Walked};
use crate::directory::{Kind as Entry, list};
use crate::{Buffer, Error};

/// Levels that are descended into.
const DEEPEST: u8 = 32;
/// The longest path of a pod or container that is kept: with a file's name behind it, the kernel takes 4 096 bytes.
const LONGEST: usize = 4000;
/// Directories that can't be listed and whose known cgroups are looked up one by one; of more, all of the subtree are kept.
const MOST_KEPT_BELOW: usize = 64;
/// Pods outside the kubelet's root that are compared with its own.
const MOST_COMPARED: usize = 256;
/// Bytes of a list of names that stay allocated after a walk.
const KEPT_BYTES: usize = 256 * 1024;

/// No pods' root is above.
const NO_ROOT: u16 = 0;
/// A root that only the superuser can have made is above.
const TRUSTED: u16 = 1;
/// The first of the roots in other places; each has a number of its own.
const FIRST_OTHER: u16 = 2;

/// What a walk needs for itself, used again by the next one.
#[derive(Default)]
pub(super) struct Walk {
    /// The number of this walk, by which entries know whether it saw them.
    number: u64,
    /// Names of the subtrees, and where each one's is.
    names: String,
    tops: Vec<Top>,
    queue: Queue,
    /// The path of the directory that is being listed, and of what is found in it.
    path: String,
    /// Containers that lie beside their pod and carry its uid in their name.
    strays: Strays,
    /// Whether there is a root that only the superuser can have made, in this walk or the one before.
    is_trusted: bool,
    was_trusted: bool,
    /// Paths of the roots in other places, and the one of them that counts.
    other_roots: Vec<Box<str>>,
    chosen: Option<Box<str>>,
    /// Subtrees in which an earlier walk found the kubelet's root although their names don't say so.
    learnt: Vec<Box<str>>,
    compared: usize,
    /// Whether containers outside pods aren't wanted.
    pub(super) omits_containers: bool,
    pub(super) walked: Walked,
}

struct Top {
    start: usize,
    end: usize,
    inode: u64,
    kind: Kind,
}

#[derive(Default)]
struct Strays {
    paths: String,
    list: Vec<Stray>,
}

struct Stray {
    start: usize,
    end: usize,
    inode: u64,
}

/// What is left of a subtree's budget, and what was cut of it.
struct Ration {
    left: Budget,
    cut: Cut,
    unreadable: usize,
}

impl Walk {
    /// Walks once. An error is of the root's own directory: then everything known before is kept.
    pub(super) fn run(
        &mut self,
        to: &Arc<Controllers>,
        tree: &mut Tree,
        buffer: &mut Buffer,
        stop: &AtomicBool,
    ) -> Result<(), Error> {
        self.walked.clear();
        self.list_tops(to, buffer)?;
        self.number += 1;
        tree.begin();
        self.strays.paths.clear();
        self.strays.list.clear();
        (self.is_trusted, self.compared) = (false, 0);
        self.other_roots.clear();
        let mut shared = ALL_OTHERS;
        for top in 0..self.tops.len() {
            self.walk_subtree(top, &mut shared, to, tree, buffer, stop);
            if stop.load(Ordering::Relaxed) {
                self.walked.is_stopped = true;
                tree.keep_below("", self.number);
                break;
            }
        }
        self.finish(to, tree);
        Ok(())
    }

    /// Lists the subtrees, those that matter most first.
    fn list_tops(&mut self, to: &Controllers, buffer: &mut Buffer) -> Result<(), Error> {
        self.names.clear();
        self.tops.clear();
        let Walk { names, tops, learnt, .. } = self;
        let listed = list(&to.walked().handle, &mut buffer.entries, |name, kind, inode| {
            // No runtime or kubelet writes a name that is not UTF-8.
            if let (Entry::Directory, Ok(name)) = (kind, std::str::from_utf8(name))
                && tops.len() < ALL_OTHERS.directories
            {
                let start = names.len();
                names.push_str(name);
                let is_learnt = learnt.iter().any(|learnt| **learnt == *name);
                let kind = if is_learnt { Kind::Kubelet } else { Kind::of(name) };
                tops.push(Top { start, end: names.len(), inode, kind });
            }
        });
        listed.map_err(|errno| Error::from_errno(to.walked().path.clone(), errno))?;
        let names = &*names;
        tops.sort_unstable_by_key(|top| (top.kind, &names[top.start..top.end]));
        Ok(())
    }

    fn walk_subtree(
        &mut self,
        top: usize,
        shared: &mut Budget,
        to: &Arc<Controllers>,
        tree: &mut Tree,
        buffer: &mut Buffer,
        stop: &AtomicBool,
    ) {
        let Top { start, end, inode, kind } = self.tops[top];
        let mut most = kind.budget();
        if kind.is_shared() {
            most.directories = most.directories.min(shared.directories);
            most.groups = most.groups.min(shared.groups);
        }
        let cut = Cut { most_directories: most.directories, most_groups: most.groups, ..Cut::default() };
        let mut ration = Ration { left: most, cut, unreadable: 0 };
        self.queue.clear();
        self.path.clear();
        let names = std::mem::take(&mut self.names);
        self.see(Directory::ROOT, &names[start..end], inode, to, tree, &mut ration);
        while let Some(directory) = self.queue.next() {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            if ration.left.directories == 0 {
                ration.cut.directories += 1 + self.queue.waiting();
                break;
            }
            ration.left.directories -= 1;
            self.queue.write_path(&directory, &mut self.path);
            if let Err(errno) = self.list_children(directory, to, tree, buffer, &mut ration) {
                self.miss(errno, to, tree, &mut ration);
            }
        }
        if kind.is_shared() {
            shared.directories -= most.directories - ration.left.directories;
            shared.groups -= most.groups - ration.left.groups;
        }
        self.queue.shrink(KEPT_BYTES);
        self.walked.cut(ration.cut, &names[start..end]);
        self.names = names;
    }

    /// A directory that can't be listed, for any reason, costs what is new below it.
    fn miss(&mut self, errno: Errno, to: &Controllers, tree: &mut Tree, ration: &mut Ration) {
        if matches!(errno, Errno::NOENT | Errno::NODEV | Errno::NOTDIR) {
            return;
        }
        let path = &self.path;
        self.walked.unreadable(|| Error::from_errno(to.walked().path.join(path.trim_start_matches('/')), errno));
        ration.unreadable += 1;
        if ration.unreadable < MOST_KEPT_BELOW {
            tree.keep_below(&self.path, self.number);
        } else if ration.unreadable == MOST_KEPT_BELOW {
            let top = self.path[1..].split('/').next().unwrap_or_default().len();
            tree.keep_below(&self.path[..=top], self.number);
        }
    }

    fn list_children(
        &mut self,
        directory: Directory,
        to: &Arc<Controllers>,
        tree: &mut Tree,
        buffer: &mut Buffer,
        ration: &mut Ration,
    ) -> Result<(), Errno> {
        let pod = directory.pod.filter(|_| directory.is_pod);
        let lent = pod.and_then(|pod| Some((pod, tree.take_handle(pod)?)));
        let opened;
        let handle = match &lent {
            Some((_, handle)) => handle,
            None => {
                opened = open(to, &self.path)?;
                &opened
            }
        };
        let listed = list(handle, &mut buffer.entries, |name, kind, inode| {
            if let (Entry::Directory, Ok(name)) = (kind, std::str::from_utf8(name)) {
                self.see(directory, name, inode, to, tree, ration);
            }
        });
        if let Some((pod, handle)) = lent {
            tree.put_handle_back(pod, handle);
        }
        listed
    }

    /// Enters what is found in a directory.
    fn see(
        &mut self,
        above: Directory,
        name: &str,
        inode: u64,
        to: &Arc<Controllers>,
        tree: &mut Tree,
        ration: &mut Ration,
    ) {
        let length = self.path.len();
        let found = classify(self.path.rsplit('/').next().unwrap_or_default(), name);
        self.path.push('/');
        self.path.push_str(name);
        let below = match found {
            Name::Pod { uid } if above.pod.is_none() && self.is_believed(above.root, uid, tree) => {
                if self.is_kept(ration) {
                    let spot = Spot { to, path: &self.path, inode, number: self.number };
                    let pod = tree.see_pod(&spot, uid, above.root);
                    Some(Directory { pod: Some(pod), is_pod: true, ..above })
                } else {
                    None
                }
            }
            Name::Container { pod_uid: Some(_), .. } if above.pod.is_none() => {
                if self.is_kept(ration) {
                    let start = self.strays.paths.len();
                    self.strays.paths.push_str(&self.path);
                    self.strays.list.push(Stray { start, end: self.strays.paths.len(), inode });
                }
                None
            }
            Name::Container { id, .. } => {
                if (above.pod.is_some() || !self.omits_containers) && self.is_kept(ration) {
                    let spot = Spot { to, path: &self.path, inode, number: self.number };
                    tree.see_container(above.pod, &spot, id);
                }
                None
            }
            Name::Pod { .. } | Name::Other => {
                let root = if above.root == NO_ROOT && is_kubelets_root(name) {
                    self.enter_root(length, to)
                } else {
                    above.root
                };
                Some(Directory { root, is_pod: false, ..above })
            }
        };
        self.path.truncate(length);
        let Some(below) = below else { return };
        if above.depth + 1 >= DEEPEST {
            ration.cut.deep += 1;
        } else if !self.queue.push(below, name, ration.left.directories) {
            ration.cut.directories += 1;
        }
    }

    /// Whether there is room for one more pod or container; counts it either way.
    fn is_kept(&mut self, ration: &mut Ration) -> bool {
        if self.path.len() > LONGEST {
            let path = &self.path;
            self.walked.unreadable(|| Error::from_errno(path.into(), Errno::NAMETOOLONG));
            return false;
        }
        if ration.left.groups == 0 {
            ration.cut.groups += 1;
            return false;
        }
        ration.left.groups -= 1;
        true
    }

    /// Whether a pod below this root, or below none, may be the kubelet's.
    fn is_believed(&mut self, root: u16, uid: &str, tree: &Tree) -> bool {
        if root == TRUSTED || !(self.is_trusted || self.was_trusted) {
            return true;
        }
        self.compared += 1;
        if self.compared <= MOST_COMPARED && tree.has_pod(&plain_uid(uid)) {
            self.walked.double(&self.path);
        }
        false
    }

    /// Notes one of the kubelet's roots, whose path is the present one; `above` is the length of that of the one above it.
    fn enter_root(&mut self, above: usize, to: &Controllers) -> u16 {
        if is_trusted(&self.path[..above]) && is_superusers(to, &self.path) {
            self.is_trusted = true;
            let top = self.path[1..].split('/').next().unwrap_or_default();
            if Kind::of(top) != Kind::Kubelet && !self.learnt.iter().any(|learnt| **learnt == *top) {
                self.learnt.push(top.into());
            }
            return TRUSTED;
        }
        if self.is_trusted || self.was_trusted {
            return FIRST_OTHER;
        }
        let number = FIRST_OTHER.saturating_add(u16::try_from(self.other_roots.len()).unwrap_or(u16::MAX));
        if number < u16::MAX {
            self.other_roots.push(self.path.as_str().into());
        }
        number
    }

    fn finish(&mut self, to: &Arc<Controllers>, tree: &mut Tree) {
        let only = self.choose_root(tree);
        tree.keep_pods_of(only, !self.omits_containers);
        self.place_strays(to, tree);
        if !self.walked.is_stopped {
            tree.forget_unseen(self.number);
        }
        tree.finish(&mut self.walked, |path| is_superusers(to, path));
        self.was_trusted =
            self.is_trusted || self.was_trusted && (self.walked.unreadable > 0 || self.walked.is_stopped);
        self.strays.paths.shrink_to(KEPT_BYTES);
    }

    /// The root whose pods count.
    fn choose_root(&mut self, tree: &Tree) -> u16 {
        if self.is_trusted || self.was_trusted {
            return TRUSTED;
        }
        let has_pods = |root: u16| tree.pods.iter().any(|pod| pod.root == root && pod.group.seen == self.number);
        let numbered = (FIRST_OTHER..u16::MAX).zip(&self.other_roots);
        let used: Vec<(u16, &Box<str>)> = numbered.filter(|(root, _)| has_pods(*root)).collect();
        // One that counted before still does: a root that another user makes later changes nothing.
        let best = used.iter().min_by_key(|(_, path)| {
            (self.chosen.as_ref() != Some(*path), path.bytes().filter(|&byte| byte == b'/').count(), (*path).clone())
        });
        match best {
            Some((root, path)) => {
                let root = *root;
                self.chosen = Some((*path).clone());
                root
            }
            None => NO_ROOT,
        }
    }

    fn place_strays(&mut self, to: &Arc<Controllers>, tree: &mut Tree) {
        if self.strays.list.is_empty() {
            return;
        }
        tree.index_pods();
        for Stray { start, end, inode } in &self.strays.list {
            let path = &self.strays.paths[*start..*end];
            let (above, name) = path.rsplit_once('/').unwrap_or_default();
            let Name::Container { id, pod_uid: Some(uid) } = classify("", name) else { continue };
            let spot = Spot { to, path, inode: *inode, number: self.number };
            // A user may give any name to a cgroup of theirs; only a runtime's own is believed where the kubelet's is known.
            let is_any_believed = !(self.is_trusted || self.was_trusted);
            let pod = tree.pod_of_uid(uid).filter(|_| is_trusted(above) || is_any_believed);
            match pod {
                Some(pod) if tree.has_container_below(pod, id) => self.walked.double(path),
                Some(pod) if is_any_believed || is_superusers(to, path) => tree.see_container(Some(pod), &spot, id),
                _ if !self.omits_containers => tree.see_container(None, &spot, id),
                _ => {}
            }
        }
    }
}

/// Whether a cgroup is the superuser's, or of the user that has the whole tree: a directory belongs to who made it, and only
/// the superuser gives one away.
fn is_superusers(to: &Controllers, path: &str) -> bool {
    let stat = statat(&to.walked().handle, &path[1..], AtFlags::SYMLINK_NOFOLLOW);
    stat.is_ok_and(|stat| stat.st_uid == 0 || stat.st_uid == to.owner)
}

fn open(to: &Controllers, path: &str) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(&to.walked().handle, &path[1..], flags, Mode::empty())
}
