//! Listing a directory with raw getdents into a reused buffer.

use std::mem::MaybeUninit;

use rustix::fd::AsFd;
use rustix::fs::{AtFlags, FileType, RawDir, SeekFrom, seek, statat};
use rustix::io::Errno;

/// What a name in a directory stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Directory,
    Link,
    Other,
}

/// Calls `each` with every name but `.` and `..`, its kind and its inode, from the directory's beginning.
pub(crate) fn list(
    directory: impl AsFd,
    entries: &mut [MaybeUninit<u8>],
    mut each: impl FnMut(&[u8], Kind, u64),
) -> Result<(), Errno> {
    let directory = directory.as_fd();
    // A kept handle stands where the last listing left it.
    seek(directory, SeekFrom::Start(0))?;
    let mut listing = RawDir::new(directory, entries);
    while let Some(entry) = listing.next() {
        let entry = entry?;
        let name = entry.file_name();
        let kind = match entry.file_type() {
            FileType::Directory => Kind::Directory,
            FileType::Symlink => Kind::Link,
            // Some file systems under a recorded tree do not say.
            FileType::Unknown => match statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) if FileType::from_raw_mode(stat.st_mode) == FileType::Directory => Kind::Directory,
                Ok(stat) if FileType::from_raw_mode(stat.st_mode) == FileType::Symlink => Kind::Link,
                _ => Kind::Other,
            },
            _ => Kind::Other,
        };
        let name = name.to_bytes();
        if name != b"." && name != b".." {
            each(name, kind, entry.ino());
        }
    }
    Ok(())
}
