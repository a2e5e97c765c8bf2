//! The mount table as it was last read, and whether it has changed since.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;

use super::{Mount, TABLE, parse_mountinfo};
use crate::buffer::{Ends, READ};
use crate::{Buffer, Error, Root};

/// The mount table of the machine's first process as it was last read.
///
/// A kernel says whether the table has changed (proc_pid_mounts(5)); it is read again only then. A recorded one is read
/// each time. What has the same text isn't parsed again.
#[derive(Debug)]
pub struct Table {
    path: &'static str,
    text: Vec<u8>,
    mounts: Vec<Mount>,
    /// The file that was last read; `None` where nobody tells of changes.
    open: Option<OwnedFd>,
}

impl Default for Table {
    fn default() -> Table {
        Table { path: TABLE, text: Vec::new(), mounts: Vec::new(), open: None }
    }
}

impl Table {
    /// The table of the process that asks, `<root>/proc/self/mountinfo`, in the place of the first one's.
    pub fn of_this_process() -> Table {
        Table { path: "proc/self/mountinfo", ..Table::default() }
    }

    /// Reads the table where it has changed and returns the mounts that can be reached.
    pub fn refresh(&mut self, root: &Root, buffer: &mut Buffer) -> Result<&[Mount], Error> {
        self.refresh_from(self.path, root, buffer)
    }

    /// The mounts of the last reading; none before the first.
    pub fn mounts(&self) -> &[Mount] {
        &self.mounts
    }

    fn refresh_from(&mut self, path: &str, root: &Root, buffer: &mut Buffer) -> Result<&[Mount], Error> {
        // Opened anew after a change: what comes between opening and reading is told of too.
        if let Some(open) = self.open.take().filter(is_unchanged) {
            self.open = Some(open);
            return Ok(&self.mounts);
        }
        let full = || root.full_path(path);
        let file = root.open_below(path, READ).map_err(|errno| Error::from_errno(full(), errno))?;
        let length = buffer.fill(&file, Ends::AtEmptyRead, full)?;
        let text = &buffer.bytes[..length];
        if text != self.text {
            self.mounts = parse_mountinfo(text);
            self.text.clear();
            self.text.extend_from_slice(text);
        }
        self.open = root.is_live().then_some(file);
        Ok(&self.mounts)
    }
}

/// Whether the table is what it was when it was opened. A procfs that can't tell says that it could be written to.
fn is_unchanged(table: &OwnedFd) -> bool {
    let mut wanted = [PollFd::new(table, PollFlags::PRI | PollFlags::OUT)];
    poll(&mut wanted, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).is_ok() && wanted[0].revents().is_empty()
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::path::Path;
    use std::process::{Command, Stdio};

    use super::*;
    use crate::tree::Tree;

    #[test]
    fn a_table_of_a_kernel_is_read_again_when_it_has_changed() {
        let folder = tempfile::tempdir().unwrap();
        let script = "echo ready; read go; mount -t tmpfs planted \"$0\"; echo mounted; read go";
        let mut namespace = Command::new("unshare")
            .args(["--user", "--map-root-user", "--mount", "sh", "-c", script])
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut told = BufReader::new(namespace.stdout.take().unwrap()).lines();
        assert_eq!(told.next().unwrap().unwrap(), "ready");
        let path = format!("proc/{}/mountinfo", namespace.id());
        let (root, mut buffer, mut table) = (Root::open(Path::new("/")).unwrap(), Buffer::new(), Table::default());
        let first = table.refresh_from(&path, &root, &mut buffer).unwrap().len();
        // What is put in its place stays as long as nothing is read.
        let mounts = std::mem::take(&mut table.mounts);
        table.text.clear();
        assert!(table.refresh_from(&path, &root, &mut buffer).unwrap().is_empty());
        namespace.stdin.as_mut().unwrap().write_all(b"go\n").unwrap();
        assert_eq!(told.next().unwrap().unwrap(), "mounted");
        let changed = table.refresh_from(&path, &root, &mut buffer).unwrap();
        assert!(changed.iter().any(|mount| &*mount.source == "planted"));
        assert_eq!((first, changed.len()), (mounts.len(), mounts.len() + 1));
        namespace.kill().unwrap();
        namespace.wait().unwrap();
    }

    #[test]
    fn a_recorded_table_is_read_each_time() {
        let tree = Tree::new(&[(TABLE, "21 1 254:0 / / rw - ext4 /dev/vda rw\n")]);
        let (root, mut buffer, mut table) = (tree.root(), Buffer::new(), Table::default());
        assert_eq!(table.refresh(&root, &mut buffer).unwrap().len(), 1);
        tree.write(TABLE, "");
        assert_eq!(table.refresh(&root, &mut buffer).unwrap().len(), 0);
    }
}
