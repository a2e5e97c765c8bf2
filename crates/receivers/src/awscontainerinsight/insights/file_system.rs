//! Capacity and use of one file system.

use catalog::Measurement as M;

use crate::awscontainerinsight::config::FilesystemUtilization;
use crate::awscontainerinsight::insights::points::{Points, said_float, share};
use crate::awscontainerinsight::plausible::Said;

/// What is known of a file system, in bytes and inodes, and what of it can be true.
#[derive(Debug, Clone, Copy)]
pub struct FileSystem {
    /// Bytes in use.
    pub usage_bytes: Said<u64>,
    /// Bytes in all.
    pub capacity_bytes: Said<u64>,
    /// Bytes that an ordinary user can still write.
    pub available_bytes: Said<u64>,
    /// Inodes in all.
    pub inodes: Said<u64>,
    /// Inodes not in use.
    pub inodes_free: Said<u64>,
}

/// Adds one file system.
pub fn put(points: &mut Points, file_system: FileSystem, utilization: FilesystemUtilization) {
    let usage = points.put_said(M::FilesystemUsage, file_system.usage_bytes);
    let capacity = points.put_said(M::FilesystemCapacity, file_system.capacity_bytes);
    let available = points.put_said(M::FilesystemAvailable, file_system.available_bytes);
    let whole = match utilization {
        FilesystemUtilization::Capacity => capacity,
        FilesystemUtilization::Df => usage.and_then(|usage| Ok(usage.saturating_add(available?))),
    };
    let used = whole.and_then(|whole| share(said_float(usage), Some(whole)));
    let _ = points.put_said(M::FilesystemUtilization, used);
    let _ = points.put_said(M::FilesystemInodes, file_system.inodes);
    let _ = points.put_said(M::FilesystemInodesFree, file_system.inodes_free);
}
