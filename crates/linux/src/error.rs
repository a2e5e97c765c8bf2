//! What can go wrong while reading a machine, sorted by what a caller could do about it.

use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

/// Why something could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file or what it describes no longer exists: ENOENT, ENODEV, ESRCH or ENOTDIR. Normal between a listing and
    /// a reading, and for files that only newer kernels have.
    #[error("{} is gone", path.display())]
    Gone {
        /// What was opened or read.
        path: PathBuf,
    },
    /// A machine's root that is something else than a directory.
    #[error("{} is no directory", path.display())]
    NoDirectory {
        /// What was opened.
        path: PathBuf,
    },
    /// The process may not read it: EACCES or EPERM.
    #[error("{} may not be read", path.display())]
    Denied {
        /// What was opened or read.
        path: PathBuf,
    },
    /// Any other failure of the system call.
    #[error("read {}", path.display())]
    Io {
        /// What was opened or read.
        path: PathBuf,
        /// What the kernel answered.
        source: io::Error,
    },
    /// The text is not what the kernel writes.
    #[error("parse {}: {line:?}", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// The line that was not understood, shortened.
        line: String,
    },
    /// The file or the tree is larger than anything a kernel makes of it.
    #[error("{} is larger than {limit}", path.display())]
    TooLarge {
        /// The file or directory.
        path: PathBuf,
        /// The bound, in bytes of a file or in directories of a tree.
        limit: usize,
    },
    /// No cgroup hierarchy with a known controller is mounted.
    #[error("no cgroup hierarchy in {}", path.display())]
    NoCgroups {
        /// The mount table that was searched.
        path: PathBuf,
    },
    /// The path is there but belongs to another file system than the mount table says.
    #[error("{} is not the mount the table names", path.display())]
    OtherMount {
        /// The mount point below the root.
        path: PathBuf,
    },
    /// The file system's server does not answer; nobody asks it again until it does.
    #[error("{} does not answer", path.display())]
    Hanging {
        /// The mount point.
        path: PathBuf,
    },
}

impl Error {
    /// Whether what was to be read has vanished.
    pub fn is_gone(&self) -> bool {
        matches!(self, Error::Gone { .. })
    }

    /// The path that the error speaks of.
    pub fn path(&self) -> &Path {
        match self {
            Error::Gone { path }
            | Error::NoDirectory { path }
            | Error::Denied { path }
            | Error::Io { path, .. }
            | Error::Parse { path, .. }
            | Error::TooLarge { path, .. }
            | Error::NoCgroups { path }
            | Error::OtherMount { path }
            | Error::Hanging { path } => path,
        }
    }

    pub(crate) fn from_errno(path: PathBuf, errno: Errno) -> Error {
        match errno {
            Errno::NOENT | Errno::NODEV | Errno::SRCH | Errno::NOTDIR => Error::Gone { path },
            Errno::ACCESS | Errno::PERM => Error::Denied { path },
            other => Error::Io { path, source: other.into() },
        }
    }

    pub(crate) fn parse(path: PathBuf, line: &[u8]) -> Error {
        const SHOWN: usize = 120;
        let shown = line.get(..SHOWN).unwrap_or(line);
        Error::Parse { path, line: String::from_utf8_lossy(shown).into_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_vanished_and_what_is_forbidden_are_told_apart() {
        let of = |errno| Error::from_errno(PathBuf::from("/x"), errno);
        for errno in [Errno::NOENT, Errno::NODEV, Errno::SRCH] {
            assert!(of(errno).is_gone());
        }
        assert!(matches!(of(Errno::ACCESS), Error::Denied { .. }));
        assert!(matches!(of(Errno::MFILE), Error::Io { .. }));
    }

    #[test]
    fn a_line_in_an_error_is_short() {
        let error = Error::parse(PathBuf::from("/x"), &[b'a'; 5000]);
        assert!(error.to_string().len() < 200);
    }
}
