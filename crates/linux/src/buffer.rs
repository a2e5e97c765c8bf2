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

/// How every file is opened: in a tree under a user's control, a pipe or a terminal in a file's place must not hold us up.
pub(crate) const READ: OFlags = OFlags::RDONLY.union(OFlags::CLOEXEC).union(OFlags::NONBLOCK).union(OFlags::NOCTTY);

/// A read buffer that is used again and again; it grows to the largest file seen and no further than [`Buffer::LIMIT`].
pub struct Buffer {
    pub(crate) bytes: Vec<u8>,
    /// A path being put together, where no handle is kept.
    pub(crate) path: Vec<u8>,
    /// Raw directory entries.
    pub(crate) entries: Box<[MaybeUninit<u8>]>,
    /// A file that was larger than is read.
    cut: Option<PathBuf>,
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
    /// The most that is read of one file at once, in bytes: of a larger one it is the lines that fit.
    pub const LIMIT: usize = 4 * 1024 * 1024;
    /// The most that is read of a mount table, which is taken line by line.
    pub const MOST_READ: usize = 256 * 1024 * 1024;

    /// An empty buffer.
    pub fn new() -> Buffer {
        Buffer {
            bytes: vec![0; INITIAL],
            path: Vec::with_capacity(512),
            entries: vec![MaybeUninit::uninit(); ENTRIES].into_boxed_slice(),
            cut: None,
        }
    }

    /// Reads the open file to its end and returns its length; the bytes are the first of `self.bytes`.
    ///
    /// Of a file larger than [`Buffer::LIMIT`] it is the lines that fit: what is over costs itself. Where not even one line
    /// fits it is no file of the kernel's, and the answer is [`Error::TooLarge`].
    pub(crate) fn fill(&mut self, file: impl AsFd, ends: Ends, path: impl Fn() -> PathBuf) -> Result<usize, Error> {
        let (filled, is_whole) = self.fill_some(file, ends, &path)?;
        if is_whole {
            return Ok(filled);
        }
        let lines = self.bytes[..filled].iter().rposition(|&byte| byte == b'\n').map(|at| at + 1);
        let lines = lines.ok_or_else(|| Error::TooLarge { path: path(), limit: Self::LIMIT })?;
        self.cut = Some(path());
        Ok(lines)
    }

    /// Reads as much of the open file as fits; returns how much that is and whether it is all.
    pub(crate) fn fill_some(
        &mut self,
        file: impl AsFd,
        ends: Ends,
        path: impl FnOnce() -> PathBuf,
    ) -> Result<(usize, bool), Error> {
        let mut filled = 0;
        loop {
            if filled == self.bytes.len() {
                if filled >= Self::LIMIT {
                    return Ok((filled, false));
                }
                self.bytes.resize((filled * 2).min(Self::LIMIT), 0);
            }
            let room = self.bytes.len() - filled;
            match read(&file, &mut self.bytes[filled..]) {
                Ok(0) => return Ok((filled, true)),
                Ok(count) => {
                    filled += count;
                    if count < room && matches!(ends, Ends::AtShortRead) {
                        return Ok((filled, true));
                    }
                }
                Err(Errno::INTR) => {}
                Err(errno) => return Err(Error::from_errno(path(), errno)),
            }
        }
    }

    /// Goes on with a file of which [`Buffer::fill_some`] has read `filled` bytes, line by line from its beginning, for
    /// [`Buffer::MOST_READ`] bytes at most. A line longer than the buffer is left out.
    pub(crate) fn for_each_line(
        &mut self,
        mut filled: usize,
        file: impl AsFd,
        path: impl FnOnce() -> PathBuf,
        mut each: impl FnMut(&[u8]),
    ) -> Result<(), Error> {
        let (mut total, mut is_broken) = (filled, false);
        loop {
            let mut done = 0;
            while let Some(length) = self.bytes[done..filled].iter().position(|&byte| byte == b'\n') {
                if !std::mem::take(&mut is_broken) {
                    each(&self.bytes[done..done + length]);
                }
                done += length + 1;
            }
            if done == 0 && filled == self.bytes.len() {
                // One line takes all the room: what comes up to its end belongs to it.
                (is_broken, done) = (true, filled);
            }
            self.bytes.copy_within(done..filled, 0);
            filled -= done;
            let count = match read(&file, &mut self.bytes[filled..]) {
                Ok(count) => count,
                Err(Errno::INTR) => continue,
                Err(errno) => return Err(Error::from_errno(path(), errno)),
            };
            filled += count;
            total += count;
            if count == 0 || total > Self::MOST_READ {
                if count == 0 && filled > 0 && !is_broken {
                    each(&self.bytes[..filled]);
                }
                return Ok(());
            }
        }
    }

    /// The file of which the last reading had to leave something out, if there was one since this was asked.
    pub fn take_cut(&mut self) -> Option<PathBuf> {
        self.cut.take()
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

    #[test]
    fn a_file_over_the_limit_costs_the_lines_over_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("large");
        let text = "a line of 16 byte\n".repeat(Buffer::LIMIT / 18 + 100);
        std::fs::write(&path, &text).unwrap();
        let mut buffer = Buffer::new();
        let length = buffer.fill(File::open(&path).unwrap(), Ends::AtEmptyRead, || path.clone()).unwrap();
        assert_eq!((length, buffer.bytes[length - 1]), (Buffer::LIMIT / 18 * 18, b'\n'));
        assert_eq!((buffer.take_cut(), buffer.take_cut()), (Some(path), None));
    }

    #[test]
    fn every_line_of_a_long_file_comes_once_but_those_that_are_too_long() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("long");
        let line = |at: usize| format!("{at} {}", "x".repeat(at % 3000));
        let mut text: String = (0..4000).map(|at| line(at) + "\n").collect();
        text += &("y".repeat(Buffer::LIMIT * 2) + "\n");
        text += &(0..3000).map(|at| line(at) + "\n").collect::<String>();
        text += "end";
        std::fs::write(&path, &text).unwrap();
        let (file, mut buffer) = (File::open(&path).unwrap(), Buffer::new());
        let (filled, is_whole) = buffer.fill_some(&file, Ends::AtEmptyRead, PathBuf::new).unwrap();
        assert!(!is_whole);
        let mut seen = Vec::new();
        buffer
            .for_each_line(filled, &file, PathBuf::new, |line| seen.push(String::from_utf8(line.to_vec()).unwrap()))
            .unwrap();
        let expected: Vec<String> = (0..4000).chain(0..3000).map(line).chain(["end".to_owned()]).collect();
        assert!(seen == expected, "{} of {}", seen.len(), expected.len());
    }

    #[test]
    fn an_endless_table_ends() {
        let (zero, mut buffer) = (File::open("/dev/zero").unwrap(), Buffer::new());
        let (filled, _) = buffer.fill_some(&zero, Ends::AtEmptyRead, PathBuf::new).unwrap();
        let mut lines = 0;
        buffer.for_each_line(filled, &zero, PathBuf::new, |_| lines += 1).unwrap();
        assert_eq!(lines, 0);
    }
}
