//! Finding the mounted hierarchies in `<root>/proc/1/mountinfo`, by file-system type and controller.

use std::sync::atomic::AtomicBool;

use rustix::fs::OFlags;

use super::Version;
use super::mounted::{Controllers, Mounted, Role};
use crate::mounts::{self, Mount};
use crate::{Buffer, Error, Root};

/// Where version 2 is mounted if it is the one in charge; in the hybrid layout it is further down.
const UNIFIED: &str = "/sys/fs/cgroup";

/// The version 1 controller for each role.
const CONTROLLERS: [(Role, &str); 3] = [(Role::Cpu, "cpuacct"), (Role::Memory, "memory"), (Role::Io, "blkio")];

pub(super) fn find(root: &Root, buffer: &mut Buffer) -> Result<Controllers, Error> {
    let mounts = mounts::read(root, buffer)?;
    let unified = |mount: &&Mount| &*mount.fs_type == "cgroup2";
    if let Some(mount) = mounts.iter().filter(unified).find(|mount| &*mount.mount_point == UNIFIED) {
        return open_v2(root, mount);
    }
    let first_version = open_v1(root, &mounts, buffer)?;
    if !first_version.mounts.is_empty() {
        return Ok(first_version);
    }
    match mounts.iter().find(unified) {
        Some(mount) => open_v2(root, mount),
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

fn open_mount(root: &Root, mount: &Mount) -> Result<Mounted, Error> {
    let path = root.full_path(&mount.mount_point);
    let handle = root
        .open_below(&mount.mount_point, OFlags::RDONLY | OFlags::DIRECTORY)
        .map_err(|errno| Error::from_errno(path.clone(), errno))?;
    Ok(Mounted { handle, path })
}
