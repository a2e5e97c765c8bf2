//! The seeds of all targets, as files: a folder for each target.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::{Seed, TARGETS};

/// A larger file makes a poor seed: each of its mutations is as slow.
const LARGEST: u64 = 128 << 10;
/// So many files of one pattern show all that there is to see.
const MOST: usize = 40;

/// Writes them below a folder.
///
/// # Errors
///
/// A file that can't be read or written, and a pattern that no file has: a fixture was moved.
pub fn lay_out(folder: &Path) -> io::Result<()> {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("this package lies in the project");
    for target in TARGETS.iter().copied().flatten() {
        let folder = folder.join(target.name);
        fs::create_dir_all(&folder)?;
        let mut number = 0..;
        let mut put = |bytes: &[u8]| fs::write(folder.join(format!("{:03}", number.next().unwrap_or(0))), bytes);
        for seed in target.seeds {
            match *seed {
                Seed::Text(text) => put(text.as_bytes())?,
                Seed::Files(pattern) => files(project, pattern)?.iter().try_for_each(|file| put(&fs::read(file)?))?,
                Seed::Behind(bytes, pattern) => {
                    let files = files(project, pattern)?;
                    files.iter().try_for_each(|file| put(&[bytes, &fs::read(file)?].concat()))?;
                }
            }
        }
    }
    Ok(())
}

/// The files that a pattern names, those of a seed's size.
fn files(project: &Path, pattern: &str) -> io::Result<Vec<PathBuf>> {
    let mut found = vec![project.to_path_buf()];
    for part in pattern.split('/') {
        found = match part.split_once('*') {
            None => found.into_iter().map(|path| path.join(part)).filter(|path| path.exists()).collect(),
            Some((start, end)) => {
                let mut below = Vec::new();
                for folder in found.iter().filter(|path| path.is_dir()) {
                    for entry in fs::read_dir(folder)? {
                        let entry = entry?;
                        let name = entry.file_name().to_string_lossy().into_owned();
                        if name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end) {
                            below.push(entry.path());
                        }
                    }
                }
                below.sort();
                below
            }
        };
    }
    let is_seed = |path: &PathBuf| fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() <= LARGEST);
    found.retain(is_seed);
    found.truncate(MOST);
    if found.is_empty() {
        return Err(io::Error::new(io::ErrorKind::NotFound, format!("no file is {pattern}")));
    }
    Ok(found)
}
