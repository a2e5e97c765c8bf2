//! What can go wrong with a spool, by what its owner can do about it.

use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

/// Why a spool couldn't do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Another process has this spool open. Two never share one: stop the other, or use another directory.
    #[error("spool {} is in use by {}", path.display(), process(*.pid))]
    Locked {
        /// The spool's directory.
        path: PathBuf,
        /// The other's process id, as it sees itself in its own pid namespace; `None` where it could not write it.
        pid: Option<u32>,
    },
    /// A symbolic link, or something other than a directory or a regular file, lies where the spool's own should be.
    #[error("{} is a link or no file of the spool's kind", path.display())]
    NotOwn {
        /// What lies there.
        path: PathBuf,
    },
    /// Another user owns the directory or can write to it: what lies in it may not be the agent's, and would be sent with its
    /// credentials.
    #[error("{} {reason}", path.display())]
    Foreign {
        /// The directory, or a file in it.
        path: PathBuf,
        /// Who can, and what helps.
        reason: String,
    },
    /// A segment that can't be one: longer than any, without anything whole in it, or a copy of another.
    #[error("{} {reason}", path.display())]
    NoSegment {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A segment of a later version of the spool, left as it is.
    #[error("{} has format {version}, which this version does not know", path.display())]
    Format {
        /// The segment.
        path: PathBuf,
        /// The format it names.
        version: u32,
    },
    /// No space: the disk, the quota or the file size limit. Nothing was kept of the record; a later call may succeed.
    #[error("no space left for {}", path.display())]
    Full {
        /// What was written.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// The file system doesn't take writes. Nothing was kept of the record; a later call may succeed.
    #[error("{} is on a read-only file system", path.display())]
    ReadOnly {
        /// What was written.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// Any other failure of the system. A later call may succeed.
    #[error("{action} {}", path.display())]
    Io {
        /// What was being done: `open`, `read`, `write`.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// The record alone is over the budget, or its key over 65535 bytes. It will never fit.
    #[error("a record of {bytes} bytes is over the limit of {limit_bytes}")]
    TooLarge {
        /// Its size, or that of its key.
        bytes: u64,
        /// What would fit.
        limit_bytes: u64,
    },
    /// The record was damaged on disk. It is forgotten, counted in [`Stats`](crate::Stats), and not given again.
    #[error("record {id} in {} is damaged", path.display())]
    Damaged {
        /// The record.
        id: u64,
        /// Its segment.
        path: PathBuf,
    },
    /// No such record is pending: it was acknowledged, or dropped over budget.
    #[error("record {id} is not pending")]
    NotPending {
        /// What was asked for.
        id: u64,
    },
}

fn process(pid: Option<u32>) -> String {
    pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
}

impl Error {
    /// The variant that a failure of the system belongs to.
    pub(crate) fn io(action: &'static str, path: &Path, source: impl Into<io::Error>) -> Self {
        let source = source.into();
        let path = path.to_path_buf();
        match source.raw_os_error().map(Errno::from_raw_os_error) {
            Some(Errno::NOSPC | Errno::DQUOT | Errno::FBIG) => Error::Full { path, source },
            Some(Errno::ROFS) => Error::ReadOnly { path, source },
            Some(Errno::LOOP) => Error::NotOwn { path },
            _ => Error::Io { action, path, source },
        }
    }

    /// The file isn't there.
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, Error::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}
