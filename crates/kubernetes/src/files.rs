//! Small files read together, and whether any of them has changed since.

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::error::Error;

/// No token, key or bundle of authorities is as large.
const LARGEST: u64 = 4 << 20;

/// What distinguishes one content of a path from the next: Kubernetes swaps a link, others write in place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

/// The files read so far, each with the stamp it had just before.
#[derive(Debug, Default)]
pub(crate) struct Files(Vec<(PathBuf, Option<Stamp>)>);

impl Files {
    /// The content of a file that must be there.
    pub(crate) fn read(&mut self, path: &Path) -> Result<Vec<u8>, Error> {
        read(path, self).map_err(|source| Error::Read { path: path.to_owned(), source })
    }

    /// The content of a file that may be missing.
    pub(crate) fn read_if_present(&mut self, path: &Path) -> Result<Option<Vec<u8>>, Error> {
        match read(path, self) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
            Err(source) => Err(Error::Read { path: path.to_owned(), source }),
        }
    }

    /// Whether a file read so far has another content now, is gone, or has come.
    pub(crate) fn changed(&self) -> bool {
        self.0.iter().any(|(path, stamp)| fs::metadata(path).ok().as_ref().map(Stamp::of) != *stamp)
    }
}

fn read(path: &Path, files: &mut Files) -> io::Result<Vec<u8>> {
    // Stamped before it is read: a change in between is found at the next look.
    let metadata = fs::metadata(path);
    files.0.push((path.to_owned(), metadata.as_ref().ok().map(Stamp::of)));
    if !metadata?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "larger than 4 MiB"));
    }
    Ok(bytes)
}
