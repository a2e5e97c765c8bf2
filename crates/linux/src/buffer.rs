//! One buffer for every file that is read, so that reading does not allocate.

use std::mem::MaybeUninit;
use std::path::PathBuf;

use rustix::fd::AsFd;
use rustix::fs::OFlags;
use rustix::io::{Errno, read};

use crate::Error;

/// Bytes at the start: a `memory.stat` with room to spare.
const INITIAL: usize = 16 * 1024;
/// Bytes of directory entries fetched by one system call.
const ENTRIES: usize = 32 * 1024;

/// How every file is opened: in a tree that somebody made up, a pipe or a terminal in a file's place must not hold us up.
pub(crate) const READ: OFlags = OFlags::RDONLY.union(OFlags::CLOEXEC).union(OFlags::NONBLOCK).union(OFlags::NOCTTY);

/// A read buffer that is used again and again; it grows to the largest file seen and no further than [`Buffer::LIMIT`].
pub struct Buffer {
    pub(crate) bytes: Vec<u8>,
    /// A path being put together, where no handle is kept.
    pub(crate) path: Vec<u8>,
    /// Raw directory entries.
    pub(crate) entries: Box<[MaybeUninit<u8>]>,
}

/// When a file has been read to its end.
#[derive(Clone, Copy)]
pub(crate) enum Ends {
    /// A read shorter than asked for: true of files the kernel writes as one record, such as those of a cgroup, and
    /// of ordinary files.
    AtShortRead,
    /// A read of nothing: tables of /proc come a page at a time.
    AtEmptyRead,
}

impl Buffer {
    /// The most that is read of one file, in bytes.
    pub const LIMIT: usize = 4 * 1024 * 1024;

    /// An empty buffer.
    pub fn new() -> Buffer {
        Buffer {
            bytes: vec![0; INITIAL],
            path: Vec::with_capacity(512),
            entries: vec![MaybeUninit::uninit(); ENTRIES].into_boxed_slice(),
        }
    }

    /// Reads the open file to its end and returns its length; the bytes are the first of `self.bytes`.
    pub(crate) fn fill(&mut self, file: impl AsFd, ends: Ends, path: impl FnOnce() -> PathBuf) -> Result<usize, Error> {
        let mut filled = 0;
        loop {
            if filled == self.bytes.len() {
                if filled >= Self::LIMIT {
                    return Err(Error::TooLarge { path: path(), limit: Self::LIMIT });
                }
                self.bytes.resize((filled * 2).min(Self::LIMIT), 0);
            }
            let room = self.bytes.len() - filled;
            match read(&file, &mut self.bytes[filled..]) {
                Ok(0) => return Ok(filled),
                Ok(count) => {
                    filled += count;
                    if count < room && matches!(ends, Ends::AtShortRead) {
                        return Ok(filled);
                    }
                }
                Err(Errno::INTR) => {}
                Err(errno) => return Err(Error::from_errno(path(), errno)),
            }
        }
    }
}

impl Default for Buffer {
    fn default() -> Self {
        Buffer::new()
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    #[test]
    fn a_large_file_grows_the_buffer_and_is_read_whole() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("large");
        let text: Vec<u8> = (0..3 * INITIAL).map(|i| (i % 251) as u8).collect();
        std::fs::write(&path, &text).unwrap();
        for ends in [Ends::AtShortRead, Ends::AtEmptyRead] {
            let mut buffer = Buffer::new();
            let length = buffer.fill(File::open(&path).unwrap(), ends, PathBuf::new).unwrap();
            assert_eq!(&buffer.bytes[..length], &text[..]);
        }
    }

    #[test]
    fn an_endless_file_is_too_large() {
        let zero = File::open("/dev/zero").unwrap();
        let result = Buffer::new().fill(zero, Ends::AtShortRead, || PathBuf::from("/dev/zero"));
        assert!(matches!(result, Err(Error::TooLarge { limit: Buffer::LIMIT, .. })));
    }
}
