//! A recorded node that moves on: one root that holds the first sample and then becomes the second.
//!
//! Two recorded roots have different inodes, so to an agent every cgroup would be a new one and no rate could be formed.
//! A replay changes the files of one root in place, as a kernel does: what lives on keeps its inode, what is gone is
//! removed, what is new appears.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;

use tempfile::TempDir;

/// A scratch root that shows one tree after another.
#[derive(Debug)]
pub struct Replay {
    root: TempDir,
}

impl Replay {
    /// A scratch root that shows the tree at `sample`.
    ///
    /// # Panics
    ///
    /// Where the tree can't be copied.
    pub fn of(sample: &Path) -> Replay {
        let root = tempfile::tempdir().expect("a scratch folder can be made");
        let replay = Replay { root };
        replay.show(sample);
        replay
    }

    /// The scratch root, for the agent's `root_path`.
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// Makes the root show the tree at `sample`: folders and files of both keep their inodes.
    ///
    /// # Panics
    ///
    /// Where the tree can't be copied.
    pub fn show(&self, sample: &Path) {
        turn_into(self.root.path(), sample)
            .unwrap_or_else(|error| panic!("replay {} in {}: {error}", sample.display(), self.root.path().display()));
    }
}

fn turn_into(scratch: &Path, sample: &Path) -> io::Result<()> {
    let wanted = entry_names(sample)?;
    for name in entry_names(scratch)?.difference(&wanted) {
        remove(&scratch.join(name))?;
    }
    for name in &wanted {
        let (from, to) = (sample.join(name), scratch.join(name));
        if from.is_dir() {
            if !to.is_dir() {
                fs::create_dir(&to)?;
            }
            turn_into(&to, &from)?;
        } else {
            // Writing truncates the file that is there, so it keeps its inode.
            fs::write(&to, fs::read(&from)?)?;
        }
    }
    Ok(())
}

fn entry_names(folder: &Path) -> io::Result<BTreeSet<OsString>> {
    fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.file_name())).collect()
}

fn remove(path: &Path) -> io::Result<()> {
    if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    fn tree(files: &[(&str, &str)]) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    #[test]
    fn what_lives_on_keeps_its_inode_and_shows_the_new_text() {
        let first = tree(&[("cgroup/pod/cpu.stat", "usage_usec 1000\n")]);
        let second = tree(&[("cgroup/pod/cpu.stat", "usage_usec 2\n")]);
        let replay = Replay::of(first.path());
        let (folder, file) = (replay.root().join("cgroup/pod"), replay.root().join("cgroup/pod/cpu.stat"));
        let before = (fs::metadata(&folder).unwrap().ino(), fs::metadata(&file).unwrap().ino());
        replay.show(second.path());
        assert_eq!((fs::metadata(&folder).unwrap().ino(), fs::metadata(&file).unwrap().ino()), before);
        assert_eq!(fs::read_to_string(&file).unwrap(), "usage_usec 2\n");
    }

    #[test]
    fn what_is_gone_is_removed_and_what_is_new_appears() {
        let first = tree(&[("cgroup/old/cpu.stat", ""), ("cgroup/file", "")]);
        let second = tree(&[("cgroup/new/cpu.stat", "new"), ("other", "")]);
        let replay = Replay::of(first.path());
        replay.show(second.path());
        assert!(!replay.root().join("cgroup/old").exists());
        assert!(!replay.root().join("cgroup/file").exists());
        assert_eq!(fs::read_to_string(replay.root().join("cgroup/new/cpu.stat")).unwrap(), "new");
        assert!(replay.root().join("other").exists());
    }
}
