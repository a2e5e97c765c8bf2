//! What can go wrong while reading a machine, sorted by what a caller could do about it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

/// How much of a path a message shows, in characters: a tenant names cgroups, and the kernel takes 4 KB of such names.
const SHOWN: usize = 200;

/// A path as messages show it: of a long one the middle is left out.
#[derive(Debug)]
pub struct Shown<'p>(pub &'p Path);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.0.to_string_lossy();
        let half = SHOWN / 2;
        if path.chars().nth(SHOWN).is_none() {
            return f.write_str(&path);
        }
        let start = path.char_indices().nth(half).map_or(0, |(at, _)| at);
        let end = path.char_indices().nth_back(half - 1).map_or(path.len(), |(at, _)| at);
        write!(f, "{}…{}", &path[..start], &path[end..])
    }
}

/// Why something could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file or what it describes no longer exists: ENOENT, ENODEV, ESRCH or ENOTDIR. Normal between a listing and
    /// a reading, and for files that only newer kernels have.
    #[error("{} is gone", Shown(path))]
    Gone {
        /// What was opened or read.
        path: PathBuf,
    },
    /// A machine's root that is something else than a directory.
    #[error("{} is no directory", Shown(path))]
    NoDirectory {
        /// What was opened.
        path: PathBuf,
    },
    /// The process may not read it: EACCES or EPERM.
    #[error("{} may not be read", Shown(path))]
    Denied {
        /// What was opened or read.
        path: PathBuf,
    },
    /// Any other failure of the system call.
    #[error("read {}", Shown(path))]
    Io {
        /// What was opened or read.
        path: PathBuf,
        /// What the kernel answered.
        source: io::Error,
    },
    /// The text is not what the kernel writes.
    #[error("parse {}: {line:?}", Shown(path))]
    Parse {
        /// The file.
        path: PathBuf,
        /// The line that was not understood, shortened.
        line: String,
    },
    /// The file or the tree is larger than anything a kernel makes of it.
    #[error("{} is larger than {limit}", Shown(path))]
    TooLarge {
        /// The file or directory.
        path: PathBuf,
        /// The bound, in bytes of a file or in directories of a tree.
        limit: usize,
    },
    /// No cgroup hierarchy with a known controller is mounted.
    #[error("no cgroup hierarchy in {}", Shown(path))]
    NoCgroups {
        /// The mount table that was searched.
        path: PathBuf,
    },
    /// The path is there but belongs to another file system than the mount table says.
    #[error("{} is not the mount the table names", Shown(path))]
    OtherMount {
        /// The mount point below the root.
        path: PathBuf,
    },
    /// The file system's server does not answer; it is not asked again until it does.
    #[error("{} does not answer", Shown(path))]
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

    #[test]
    fn of_a_long_path_a_message_shows_both_ends() {
        let shown = |path: &str| Shown(Path::new(path)).to_string();
        let fits = format!("/{}", "ä".repeat(SHOWN - 1));
        assert_eq!(shown(&fits), fits);
        let long = shown(&format!("/a/{}/b", "ä".repeat(4000)));
        assert_eq!(long.chars().count(), SHOWN + 1);
        assert!(long.starts_with("/a/ää") && long.contains("ä…ä") && long.ends_with("ä/b"), "{long}");
        let error = Error::Denied { path: PathBuf::from(format!("/{}", "a/".repeat(2000))) };
        assert!(error.to_string().len() < 250);
    }
}
