//! The spool's directory: made, locked, and its files opened below a kept handle without following links.

use std::fs::{DirBuilder, File};
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FlockOperation, Mode, OFlags, RenameFlags};
use rustix::io::Errno;

use crate::error::Error;

const LOCK: &str = "lock";
const SUFFIX: &str = ".segment";

/// No spool lives to write this many records, so that counting on from here never overflows.
pub(crate) const MOST_ID: u64 = 1 << 62;

/// What every file is opened with. A pipe under a file's name must not make the open wait.
const ALWAYS: OFlags = OFlags::NOFOLLOW.union(OFlags::CLOEXEC).union(OFlags::NONBLOCK);
const OWNER_ONLY: Mode = Mode::RUSR.union(Mode::WUSR);

/// What a segment is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Reading.
    Read,
    /// Writing to one that exists.
    Write,
    /// Writing to one that is made, and mustn't exist.
    Create,
}

/// The directory, locked as long as this lives.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
    handle: OwnedFd,
    lock: File,
}

impl Directory {
    /// Opens and locks it; made with these permission bits where missing.
    pub(crate) fn open(path: &Path, permissions: u32) -> Result<Self, Error> {
        let handle = match open_directory(path) {
            Err(Errno::NOENT) => make(path, permissions)?,
            other => other.map_err(|error| directory_error(path, error))?,
        };
        check_owner(&handle, path, permissions)?;
        let lock = lock(&handle, path)?;
        Ok(Directory { path: path.to_path_buf(), handle, lock })
    }

    /// Path of the segment whose first record has this id, for messages.
    pub(crate) fn segment_path(&self, first_id: u64) -> PathBuf {
        self.path.join(segment_name(first_id))
    }

    /// Ids of the first records by the names of all segments, in order; a strange one may be beyond [`MOST_ID`].
    pub(crate) fn list(&self) -> Result<Vec<u64>, Error> {
        let failed = |error: Errno| Error::io("list", &self.path, error);
        let mut found = Vec::new();
        for entry in rustix::fs::Dir::read_from(&self.handle).map_err(failed)? {
            found.extend(entry.map_err(failed)?.file_name().to_str().ok().and_then(parse_name));
        }
        found.sort_unstable();
        Ok(found)
    }

    /// Opens a segment.
    pub(crate) fn open_segment(&self, first_id: u64, access: Access) -> Result<File, Error> {
        let flags = match access {
            Access::Read => OFlags::RDONLY,
            Access::Write => OFlags::WRONLY,
            Access::Create => OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL,
        };
        let file = open_file(&self.handle, &self.path, &segment_name(first_id), flags)?;
        let path = || self.segment_path(first_id);
        let owner = file.metadata().map_err(|error| Error::io("open", &path(), error))?.uid();
        if is_trusted(owner) { Ok(file) } else { Err(foreign(path(), owner)) }
    }

    /// Gives a segment the name that its records have; one that lies there stays.
    pub(crate) fn rename_segment(&self, from: u64, to: u64) -> Result<(), Error> {
        let (old, new) = (segment_name(from), segment_name(to));
        rustix::fs::renameat_with(&self.handle, old, &self.handle, new, RenameFlags::NOREPLACE)
            .map_err(|error| Error::io("rename", &self.segment_path(from), error))
    }

    /// Removes a segment; one that is gone already is fine.
    pub(crate) fn remove_segment(&self, first_id: u64) -> Result<(), Error> {
        match rustix::fs::unlinkat(&self.handle, segment_name(first_id), AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(Error::io("remove", &self.segment_path(first_id), error)),
        }
    }

    /// Puts what was made and removed on the disk.
    pub(crate) fn sync(&self) -> Result<(), Error> {
        rustix::fs::fsync(&self.handle).map_err(|error| Error::io("sync", &self.path, error))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // Closing releases the lock only once a child that was forked meanwhile has closed its copy too.
        let _ = rustix::fs::flock(&self.lock, FlockOperation::Unlock);
    }
}

/// Who may own what is sent with the agent's credentials: the agent's own user, and root, which may do anything anyway.
fn is_trusted(owner: u32) -> bool {
    owner == 0 || owner == rustix::process::geteuid().as_raw()
}

fn foreign(path: PathBuf, owner: u32) -> Error {
    let own = rustix::process::geteuid().as_raw();
    let reason = format!("belongs to user {owner}, and the agent is user {own}: chown it, or use another directory");
    Error::Foreign { path, reason }
}

/// Refuses a directory into which another user could put what is then sent. Bits that the options ask for are the owner's
/// choice, and so is a group of the agent's own: a volume's `fsGroup` has both.
fn check_owner(handle: &OwnedFd, path: &Path, permissions: u32) -> Result<(), Error> {
    let stat = rustix::fs::fstat(handle).map_err(|error| Error::io("open", path, error))?;
    if !is_trusted(stat.st_uid) {
        return Err(foreign(path.to_path_buf(), stat.st_uid));
    }
    let (mode, unasked) = (stat.st_mode & 0o7777, stat.st_mode & !permissions);
    let of_own_group = || {
        let own = rustix::process::getegid().as_raw();
        let others = rustix::process::getgroups().unwrap_or_default();
        own == stat.st_gid || others.iter().any(|group| group.as_raw() == stat.st_gid)
    };
    if unasked & 0o002 != 0 || (unasked & 0o020 != 0 && !of_own_group()) {
        let reason = format!("can be written by others (permissions {mode:04o}): chmod 0700, or use another directory");
        return Err(Error::Foreign { path: path.to_path_buf(), reason });
    }
    Ok(())
}

fn segment_name(first_id: u64) -> String {
    format!("{first_id:016x}{SUFFIX}")
}

fn parse_name(name: &str) -> Option<u64> {
    let first_id = u64::from_str_radix(name.strip_suffix(SUFFIX)?, 16).ok()?;
    (segment_name(first_id) == name).then_some(first_id)
}

fn open_directory(path: &Path) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::open(path, flags, Mode::empty())
}

/// The last part of the path may be no link; those above it may, as `/var/run` is one on many machines.
fn directory_error(path: &Path, error: Errno) -> Error {
    match error {
        Errno::NOTDIR | Errno::LOOP => Error::NotOwn { path: path.to_path_buf() },
        error => Error::io("open", path, error),
    }
}

fn make(path: &Path, permissions: u32) -> Result<OwnedFd, Error> {
    let failed = |error: io::Error| Error::io("make", path, error);
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(permissions).create(parent).map_err(failed)?;
    }
    match DirBuilder::new().mode(permissions).create(path) {
        Ok(()) => {
            let handle = open_directory(path).map_err(|error| directory_error(path, error))?;
            rustix::fs::fchmod(&handle, Mode::from_raw_mode(permissions)).map_err(|error| failed(error.into()))?;
            Ok(handle)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            open_directory(path).map_err(|error| directory_error(path, error))
        }
        Err(error) => Err(failed(error)),
    }
}

fn open_file(directory: &OwnedFd, path: &Path, name: &str, flags: OFlags) -> Result<File, Error> {
    let path = path.join(name);
    let failed = |error: Errno| match error {
        // A pipe without a reader, or a directory.
        Errno::NXIO | Errno::ISDIR => Error::NotOwn { path: path.clone() },
        error => Error::io("open", &path, error),
    };
    let file = rustix::fs::openat(directory, name, flags | ALWAYS, OWNER_ONLY).map_err(failed)?;
    let file = File::from(file);
    let kind = file.metadata().map_err(|error| Error::io("open", &path, error))?.file_type();
    if kind.is_file() { Ok(file) } else { Err(Error::NotOwn { path }) }
}

/// Takes the lock, or says who has it. Opened for reading alone: a handle for writing would keep the file system from being
/// remounted read-only.
fn lock(directory: &OwnedFd, path: &Path) -> Result<File, Error> {
    let file = open_file(directory, path, LOCK, OFlags::RDONLY | OFlags::CREATE)?;
    match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(Errno::WOULDBLOCK) => {
            let mut text = String::new();
            // Without a readable id the lock still tells.
            let read = (&file).take(32).read_to_string(&mut text);
            let pid = read.ok().and_then(|_| text.trim().parse().ok());
            return Err(Error::Locked { path: path.to_path_buf(), pid });
        }
        Err(error) => return Err(Error::io("lock", &path.join(LOCK), error)),
    }
    // The lock holds without it: a full or read-only disk costs the next one the id, no more.
    let _ = write_pid(directory, path);
    Ok(file)
}

fn write_pid(directory: &OwnedFd, path: &Path) -> Result<(), Error> {
    let failed = |error: io::Error| Error::io("write", &path.join(LOCK), error);
    let mut file = open_file(directory, path, LOCK, OFlags::WRONLY)?;
    let text = format!("{}\n", std::process::id());
    file.write_all(text.as_bytes()).and_then(|()| file.set_len(text.len() as u64)).map_err(failed)
}

/// Reads until the buffer or the file ends, and says how much.
pub(crate) fn read_up_to(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read_at(&mut buffer[filled..], offset + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
