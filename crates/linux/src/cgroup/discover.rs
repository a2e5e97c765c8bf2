//! Finding the mounted hierarchies in `<root>/proc/1/mountinfo`, by file-system type and controller.

use std::sync::atomic::AtomicBool;

use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags, fstat, fstatfs, open};

use super::Version;
use super::mounted::{Controllers, Mounted, Role};
use crate::mounts::{self, Mount};
use crate::{Buffer, Error, Root};

/// Where version 2 is mounted if it is the one in charge; in the hybrid layout it is further down.
const UNIFIED: &str = "/sys/fs/cgroup";

/// `f_type` of a cgroup file system of version 1 and 2 (statfs(2)).
const CGROUPS: [u64; 2] = [0x0027_e0eb, 0x6367_7270];
/// The inode of a hierarchy's root, always the first one.
const ROOT_INODE: u64 = 1;

/// The version 1 controller for each role.
const CONTROLLERS: [(Role, &str); 3] = [(Role::Cpu, "cpuacct"), (Role::Memory, "memory"), (Role::Io, "blkio")];

pub(super) fn find(root: &Root, buffer: &mut Buffer) -> Result<Controllers, Error> {
    let mounts = mounts::read(root, buffer)?;
    match version(root, &mounts, CONTROLLERS.map(|(_, controller)| controller))? {
        Found::V1 => open_v1(root, &mounts, buffer),
        Found::V2(mount) => open_v2(root, mount),
    }
}

/// The hierarchy of each of some controllers, by version 1's name of it; `None` where it isn't mounted or can't be opened.
pub(super) fn find_some<const N: usize>(
    root: &Root,
    controllers: [&str; N],
    buffer: &mut Buffer,
) -> Result<(Version, [Option<Mounted>; N]), Error> {
    let mounts = mounts::read(root, buffer)?;
    let open = |mount: &Mount| open_mount(root, mount).ok();
    Ok(match version(root, &mounts, controllers)? {
        Found::V1 => (Version::V1, controllers.map(|controller| best_mount(&mounts, controller).and_then(open))),
        Found::V2(mount) => (Version::V2, controllers.map(|_| open(mount))),
    })
}

/// Which version carries the controllers, and where that is one mount, which.
enum Found<'a> {
    V1,
    V2(&'a Mount),
}

fn version<'a, const N: usize>(root: &Root, mounts: &'a [Mount], controllers: [&str; N]) -> Result<Found<'a>, Error> {
    let unified = |mount: &&Mount| &*mount.fs_type == "cgroup2";
    if let Some(mount) = mounts.iter().filter(unified).find(|mount| &*mount.mount_point == UNIFIED) {
        return Ok(Found::V2(mount));
    }
    if controllers.iter().any(|controller| best_mount(mounts, controller).is_some()) {
        return Ok(Found::V1);
    }
    match mounts.iter().find(unified) {
        Some(mount) => Ok(Found::V2(mount)),
        None => Err(Error::NoCgroups { path: root.full_path(mounts::TABLE) }),
    }
}

fn open_v2(root: &Root, mount: &Mount) -> Result<Controllers, Error> {
    Ok(Controllers {
        version: Version::V2,
        mounts: vec![open_mount(root, mount)?],
        roles: [Some(0); 3],
        hierarchical: true,
        memory_events: AtomicBool::new(false),
        root: root.try_clone()?,
    })
}

fn open_v1(root: &Root, table: &[Mount], buffer: &mut Buffer) -> Result<Controllers, Error> {
    let mut mounts = Vec::new();
    let mut opened: Vec<&str> = Vec::new();
    let mut roles = [None; 3];
    for (role, controller) in CONTROLLERS {
        let Some(mount) = best_mount(table, controller) else { continue };
        let known = opened.iter().position(|mount_point| *mount_point == &*mount.mount_point);
        let index = match known {
            Some(index) => index,
            None => {
                mounts.push(open_mount(root, mount)?);
                opened.push(&mount.mount_point);
                mounts.len() - 1
            }
        };
        roles[role as usize] = Some(index);
    }
    let hierarchical = match roles[Role::Memory as usize].map(|index: usize| opened[index]) {
        Some(memory) => match root.read(&format!("{memory}/memory.use_hierarchy"), buffer) {
            Ok(text) => text.trim_ascii() != b"0",
            Err(_) => true,
        },
        None => true,
    };
    Ok(Controllers {
        version: Version::V1,
        mounts,
        roles,
        hierarchical,
        memory_events: AtomicBool::new(false),
        root: root.try_clone()?,
    })
}

/// The mount of a controller: one of the whole hierarchy if there is one, else the first.
fn best_mount<'a>(table: &'a [Mount], controller: &str) -> Option<&'a Mount> {
    table
        .iter()
        .filter(|mount| &*mount.fs_type == "cgroup")
        .filter(|mount| mount.super_options.split(',').any(|option| option == controller))
        .min_by_key(|mount| &*mount.root != "/")
}

/// Opens a hierarchy where the mount table of the first process has it.
///
/// A container's root may show only the empty directory there, or nothing; then the same place of this process's own root
/// is taken, provided that it is the whole hierarchy and not the part that the container's own namespace begins at.
fn open_mount(root: &Root, mount: &Mount) -> Result<Mounted, Error> {
    let path = root.full_path(&mount.mount_point);
    let opened = root.open_below(&mount.mount_point, OFlags::RDONLY | OFlags::DIRECTORY);
    if root.is_live() && !opened.as_ref().is_ok_and(is_cgroup) {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        if let Ok(handle) = open(&*mount.mount_point, flags, Mode::empty())
            && is_cgroup(&handle)
            && fstat(&handle).is_ok_and(|stat| stat.st_ino == ROOT_INODE)
        {
            return Ok(Mounted { handle, path: (&*mount.mount_point).into() });
        }
    }
    let handle = opened.map_err(|errno| Error::from_errno(path.clone(), errno))?;
    Ok(Mounted { handle, path })
}

fn is_cgroup(directory: &OwnedFd) -> bool {
    fstatfs(directory).is_ok_and(|answer| CGROUPS.contains(&(answer.f_type as u64)))
}
