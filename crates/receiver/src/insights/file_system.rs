//! Capacity and use of one file system.

use catalog::Measurement as M;

use crate::insights::points::{Points, float, percent};

/// What is known of a file system, in bytes and inodes; `None` where its source doesn't say.
#[derive(Debug, Clone, Copy, Default)]
pub struct FileSystem {
    /// Bytes in use.
    pub usage_bytes: Option<u64>,
    /// Bytes in all.
    pub capacity_bytes: Option<u64>,
    /// Bytes that an ordinary user can still write.
    pub available_bytes: Option<u64>,
    /// Inodes in all.
    pub inodes: Option<u64>,
    /// Inodes not in use.
    pub inodes_free: Option<u64>,
}

/// Adds one file system.
pub fn put(points: &mut Points, file_system: FileSystem) {
    points.put(M::FilesystemUsage, file_system.usage_bytes);
    points.put(M::FilesystemCapacity, file_system.capacity_bytes);
    points.put(M::FilesystemAvailable, file_system.available_bytes);
    points.put(M::FilesystemUtilization, percent(float(file_system.usage_bytes), file_system.capacity_bytes));
    points.put(M::FilesystemInodes, file_system.inodes);
    points.put(M::FilesystemInodesFree, file_system.inodes_free);
}
