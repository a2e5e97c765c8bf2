//! Finding the mounted hierarchies: in the machine's mount table, by file-system type and controller, and where that table
//! can't be read or names none, below `/sys/fs/cgroup`, where every system mounts them.

use std::sync::atomic::AtomicBool;

use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags, fstat, fstatfs, open};

use super::Version;
use super::mounted::{Controllers, Mounted, Role};
use crate::mounts::{self, Mount};
use crate::{Buffer, Error, Root};

/// Where version 2 is mounted if it is the one in charge, and version 1's hierarchies are below.
const USUAL: &str = "/sys/fs/cgroup";

/// `f_type` of a cgroup file system of version 1 and 2 (statfs(2)).
const CGROUP_V1: u64 = 0x0027_e0eb;
const CGROUP_V2: u64 = 0x6367_7270;
/// The inode of a hierarchy's root, always the first one.
const ROOT_INODE: u64 = 1;

/// The version 1 controller for each role.
const CONTROLLERS: [(Role, &str); 3] = [(Role::Cpu, "cpuacct"), (Role::Memory, "memory"), (Role::Io, "blkio")];

/// Which version carries some controllers, and where each one's hierarchy is mounted.
struct Found<const N: usize> {
    version: Version,
    places: [Option<Place>; N],
}

/// A mount point, and which directory of the hierarchy is mounted there.
#[derive(Clone)]
struct Place {
    mount_point: Box<str>,
    root: Box<str>,
}

pub(super) fn find(root: &Root, buffer: &mut Buffer) -> Result<Controllers, Error> {
    first_good(root, CONTROLLERS.map(|(_, controller)| controller), buffer, open_all)
}

/// The hierarchy of each of some controllers, by version 1's name of it; `None` where it isn't mounted or can't be opened.
pub(super) fn find_some<const N: usize>(
    root: &Root,
    controllers: [&str; N],
    buffer: &mut Buffer,
) -> Result<(Version, [Option<Mounted>; N]), Error> {
    first_good(root, controllers, buffer, |root, found, _| {
        Ok((found.version, found.places.map(|place| open_place(root, &place?).ok())))
    })
}

/// What is made of the mount table, or else of the usual place: below the root, or this process's own.
fn first_good<T, const N: usize>(
    root: &Root,
    controllers: [&str; N],
    buffer: &mut Buffer,
    make: impl Fn(&Root, Found<N>, &mut Buffer) -> Result<T, Error>,
) -> Result<T, Error> {
    let mut by_table = || make(root, in_table(root, &mounts::read(root, buffer)?, controllers)?, buffer);
    let error = match by_table() {
        Ok(made) => return Ok(made),
        Err(error) => error,
    };
    if let Some(found) = at_usual_place(root, controllers)
        && let Ok(made) = make(root, found, buffer)
    {
        return Ok(made);
    }
    // In a cgroup namespace of its own this process sees a part of the hierarchy as if it were the whole.
    if let Some(own) = root.own()?
        && let Some(found) = at_usual_place(&own, controllers)
        && found.places.iter().flatten().all(|place| is_whole(&own, place))
        && let Ok(made) = make(&own, found, buffer)
    {
        return Ok(made);
    }
    Err(error)
}

fn in_table<const N: usize>(root: &Root, mounts: &[Mount], controllers: [&str; N]) -> Result<Found<N>, Error> {
    let unified = |mount: &&Mount| &*mount.fs_type == "cgroup2";
    let v2 = |mount: &Mount| Found { version: Version::V2, places: controllers.map(|_| Some(Place::of(mount))) };
    if let Some(mount) = mounts.iter().filter(unified).find(|mount| &*mount.mount_point == USUAL) {
        return Ok(v2(mount));
    }
    let places = controllers.map(|controller| best_mount(mounts, controller).map(Place::of));
    if places.iter().any(Option::is_some) {
        return Ok(Found { version: Version::V1, places });
    }
    match mounts.iter().find(unified) {
        Some(mount) => Ok(v2(mount)),
        None => Err(Error::NoCgroups { path: root.full_path(mounts::TABLE) }),
    }
}

/// What is mounted at the usual place, by the kind of its file systems and by the names of version 1's directories. In a
/// recorded tree, which has no file systems of its own, version 2's root is known by a file.
fn at_usual_place<const N: usize>(root: &Root, controllers: [&str; N]) -> Option<Found<N>> {
    let v2_at = |path: &str| Found { version: Version::V2, places: controllers.map(|_| Some(Place::at(path))) };
    if is_hierarchy(root, USUAL, Version::V2) {
        return Some(v2_at(USUAL));
    }
    // Two names for one hierarchy are a link and its target: `cpu` and `cpu,cpuacct`.
    let names = root.list_names(USUAL).ok()?;
    let places = controllers.map(|controller| {
        let names = names.iter().filter(|name| name.split(',').any(|part| part == controller));
        let mut paths = names.map(|name| format!("{USUAL}/{name}"));
        paths.find(|path| is_hierarchy(root, path, Version::V1)).map(|path| Place::at(&path))
    });
    if places.iter().any(Option::is_some) {
        return Some(Found { version: Version::V1, places });
    }
    let unified = format!("{USUAL}/unified");
    is_hierarchy(root, &unified, Version::V2).then(|| v2_at(&unified))
}

fn is_hierarchy(root: &Root, path: &str, version: Version) -> bool {
    let Ok(directory) = root.open_below(path, OFlags::PATH | OFlags::DIRECTORY) else { return false };
    match version {
        Version::V1 if root.is_live() => kind(&directory) == Some(CGROUP_V1),
        Version::V2 if root.is_live() => kind(&directory) == Some(CGROUP_V2),
        // The directory has the controller's name.
        Version::V1 => true,
        Version::V2 => root.open_below(&format!("{path}/cgroup.controllers"), OFlags::PATH).is_ok(),
    }
}

fn is_whole(root: &Root, place: &Place) -> bool {
    let opened = root.open_below(&place.mount_point, OFlags::PATH | OFlags::DIRECTORY);
    opened.and_then(fstat).is_ok_and(|stat| stat.st_ino == ROOT_INODE)
}

impl Place {
    fn of(mount: &Mount) -> Place {
        Place { mount_point: mount.mount_point.clone(), root: mount.root.clone() }
    }

    fn at(path: &str) -> Place {
        Place { mount_point: path.into(), root: "/".into() }
    }
}

fn open_all(root: &Root, found: Found<3>, buffer: &mut Buffer) -> Result<Controllers, Error> {
    let mut mounts = Vec::new();
    let mut opened: Vec<Box<str>> = Vec::new();
    let mut roles = [None; 3];
    for ((role, _), place) in CONTROLLERS.into_iter().zip(found.places) {
        let Some(place) = place else { continue };
        let known = opened.iter().position(|mount_point| *mount_point == place.mount_point);
        let index = match known {
            Some(index) => index,
            None => {
                mounts.push(open_place(root, &place)?);
                opened.push(place.mount_point);
                mounts.len() - 1
            }
        };
        roles[role as usize] = Some(index);
    }
    let memory = roles[Role::Memory as usize].map(|index: usize| &opened[index]);
    let hierarchical = match memory.filter(|_| found.version == Version::V1) {
        Some(memory) => match root.read(&format!("{memory}/memory.use_hierarchy"), buffer) {
            Ok(text) => text.trim_ascii() != b"0",
            Err(_) => true,
        },
        None => true,
    };
    let owner = mounts.first().and_then(|mounted| fstat(&mounted.handle).ok()).map_or(0, |stat| stat.st_uid);
    Ok(Controllers {
        version: found.version,
        owner,
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

/// Opens a hierarchy where it is mounted.
///
/// A container's root may show only the empty directory there, or nothing; then the same place of this process's own root
/// is taken, provided that it is the whole hierarchy and not the part that the container's own namespace begins at.
fn open_place(root: &Root, place: &Place) -> Result<Mounted, Error> {
    let path = root.full_path(&place.mount_point);
    let opened = root.open_below(&place.mount_point, OFlags::RDONLY | OFlags::DIRECTORY);
    if root.is_live() && !opened.as_ref().is_ok_and(is_cgroup) {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        if let Ok(handle) = open(&*place.mount_point, flags, Mode::empty())
            && is_cgroup(&handle)
            && fstat(&handle).is_ok_and(|stat| stat.st_ino == ROOT_INODE)
        {
            return Ok(Mounted { handle, path: (&*place.mount_point).into(), root: place.root.clone() });
        }
    }
    let handle = opened.map_err(|errno| Error::from_errno(path.clone(), errno))?;
    Ok(Mounted { handle, path, root: place.root.clone() })
}

fn is_cgroup(directory: &OwnedFd) -> bool {
    kind(directory).is_some_and(|magic| [CGROUP_V1, CGROUP_V2].contains(&magic))
}

fn kind(directory: &OwnedFd) -> Option<u64> {
    fstatfs(directory).ok().map(|answer| answer.f_type as u64)
}
