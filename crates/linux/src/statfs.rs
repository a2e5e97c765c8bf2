//! How full file systems are: statfs(2), asked on a thread of its own so that a dead server holds up nothing else.

use std::path::PathBuf;

use rustix::fs::{OFlags, fstat, fstatfs};

use crate::mounts::Mount;
use crate::{DeviceNumber, Error, Root};

mod prober;
mod recorded;

pub use prober::Prober;

/// `f_type` of a btrfs (statfs(2)): its subvolumes have device numbers of their own, not that of the mount table.
const BTRFS: u64 = 0x9123_683e;

/// How full a file system is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Its size in bytes: blocks × fragment size.
    pub capacity_bytes: u64,
    /// Bytes not in use.
    pub free_bytes: u64,
    /// Bytes that a process without privileges may still use.
    pub available_bytes: u64,
    /// How many inodes it has; `None` where it does not count them (btrfs).
    pub inodes: Option<u64>,
    /// How many inodes are free; `None` where it does not count them.
    pub inodes_free: Option<u64>,
}

/// What the thread needs to know of a mount.
struct Target {
    mount_point: Box<str>,
    device: DeviceNumber,
    is_btrfs: bool,
}

impl Target {
    fn new(mount: &Mount) -> Target {
        let is_btrfs = &*mount.fs_type == "btrfs";
        Target { mount_point: mount.mount_point.clone(), device: mount.device, is_btrfs }
    }
}

/// Asks the kernel. A path below the root that leads into another file system than the mount's is refused: inside a
/// container the host's mounts may be missing, and the directory under them would answer in their place.
fn read_usage(root: &Root, target: &Target) -> Result<Usage, Error> {
    let path = || -> PathBuf { root.full_path(&target.mount_point) };
    let failed = |errno| Error::from_errno(path(), errno);
    let handle = root.open_below(&target.mount_point, OFlags::PATH).map_err(failed)?;
    let answer = fstatfs(&handle).map_err(failed)?;
    let is_the_mount = if target.is_btrfs {
        answer.f_type as u64 == BTRFS
    } else {
        DeviceNumber::from_raw(fstat(&handle).map_err(failed)?.st_dev) == target.device
    };
    if !is_the_mount {
        return Err(Error::OtherMount { path: path() });
    }
    // Kernels before 2.6 left the fragment size out.
    let unit = if answer.f_frsize > 0 { answer.f_frsize } else { answer.f_bsize } as u64;
    let counts_inodes = answer.f_files > 0;
    Ok(Usage {
        capacity_bytes: answer.f_blocks.saturating_mul(unit),
        free_bytes: answer.f_bfree.saturating_mul(unit),
        available_bytes: answer.f_bavail.saturating_mul(unit),
        inodes: counts_inodes.then_some(answer.f_files),
        inodes_free: counts_inodes.then_some(answer.f_ffree),
    })
}

#[cfg(test)]
mod tests;
