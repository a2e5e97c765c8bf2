//! The mount table as it was last read, and whether it has changed since.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;

use super::long::Long;
use super::{Mount, OWN_TABLE, TABLE, below, parse_mountinfo};
use crate::buffer::{Ends, READ};
use crate::{Buffer, Error, Root};

/// The machine's mount table as it was last read: that of its first process.
///
/// Where that one can't be read (`hidepid`, a procfs of another pid namespace or none below the root), it is this process's
/// own with what lies below the root. A kernel says whether the table has changed (proc_pid_mounts(5)); it is read again
/// only then. A recorded one is read each time. What has the same text isn't parsed again.
#[derive(Debug, Default)]
pub struct Table {
    only_own: bool,
    /// The table that was last read.
    source: Option<Source>,
    text: Vec<u8>,
    mounts: Vec<Mount>,
    /// Mounts that were left out of a table that is too long.
    cut: usize,
    /// The file that was last read; `None` where nothing tells of changes.
    open: Option<OwnedFd>,
}

/// Whose table it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// That of the machine's first process.
    First,
    /// This process's, by the procfs below the root.
    Own,
    /// This process's, by its own procfs.
    OwnByOwnProc,
}

impl Table {
    /// The table of the process that asks, `<root>/proc/self/mountinfo`, in the place of the first one's.
    pub fn of_this_process() -> Table {
        Table { only_own: true, ..Table::default() }
    }

    /// Reads the table where it has changed and returns the mounts that can be reached.
    pub fn refresh(&mut self, root: &Root, buffer: &mut Buffer) -> Result<&[Mount], Error> {
        if self.only_own {
            self.refresh_from(Source::Own, OWN_TABLE, root, None, buffer)?;
            return Ok(&self.mounts);
        }
        let Err(error) = self.refresh_from(Source::First, TABLE, root, None, buffer) else { return Ok(&self.mounts) };
        // A recorded tree is its own machine: what it has of a process is as that machine saw it.
        let own = root.own()?;
        let place = own.as_ref().map(|_| canonical(root));
        if self.refresh_from(Source::Own, OWN_TABLE, root, place.as_deref(), buffer).is_ok() {
            return Ok(&self.mounts);
        }
        let by_own = |own: &Root| self.refresh_from(Source::OwnByOwnProc, OWN_TABLE, own, place.as_deref(), buffer);
        match own.as_ref().map(by_own) {
            Some(Ok(())) => Ok(&self.mounts),
            _ => Err(error),
        }
    }

    /// The mounts of the last reading; none before the first.
    pub fn mounts(&self) -> &[Mount] {
        &self.mounts
    }

    /// How many mounts of the last reading were left out: of a table of more than 4 MiB 262 144 lines are looked at, and
    /// 8 192 mounts of cgroups and devices are kept.
    pub fn cut(&self) -> usize {
        self.cut
    }

    pub(super) fn into_mounts(self) -> Vec<Mount> {
        self.mounts
    }

    /// Reads one table; of one seen from outside the root only what is below `place`.
    fn refresh_from(
        &mut self,
        source: Source,
        path: &str,
        root: &Root,
        place: Option<&str>,
        buffer: &mut Buffer,
    ) -> Result<(), Error> {
        let is_known = self.source == Some(source);
        // Opened anew after a change: what comes between opening and reading is seen too.
        if is_known && let Some(open) = self.open.take_if(|open| is_unchanged(open)) {
            self.open = Some(open);
            return Ok(());
        }
        let full = || root.full_path(path);
        let file = root.open_below(path, READ).map_err(|errno| Error::from_errno(full(), errno))?;
        let (length, is_whole) = buffer.fill_some(&file, Ends::AtEmptyRead, full)?;
        let text = &buffer.bytes[..length];
        if !is_whole || !is_known || text != self.text {
            let mounts = if is_whole {
                self.cut = 0;
                self.text.clear();
                self.text.extend_from_slice(text);
                parse_mountinfo(text)
            } else {
                self.text = Vec::new();
                let mut long = Long::new();
                buffer.for_each_line(length, &file, full, |line| long.take(line))?;
                self.cut = long.cut;
                long.into_visible()
            };
            self.mounts = match place {
                Some(place) => below(mounts, place),
                None => mounts,
            };
            self.source = Some(source);
        }
        self.open = root.is_live().then_some(file);
        Ok(())
    }
}

/// The root's path as the kernel writes mount points.
fn canonical(root: &Root) -> String {
    let path = std::fs::canonicalize(root.path()).unwrap_or_else(|_| root.path().to_owned());
    path.to_string_lossy().into_owned()
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
        let mut refresh = |table: &mut Table| {
            table.refresh_from(Source::First, &path, &root, None, &mut buffer).unwrap();
            table.mounts.len()
        };
        let first = refresh(&mut table);
        // What is put in its place stays as long as nothing is read.
        let mounts = std::mem::take(&mut table.mounts);
        table.text.clear();
        assert_eq!(refresh(&mut table), 0);
        namespace.stdin.as_mut().unwrap().write_all(b"go\n").unwrap();
        assert_eq!(told.next().unwrap().unwrap(), "mounted");
        assert_eq!((first, refresh(&mut table)), (mounts.len(), mounts.len() + 1));
        assert!(table.mounts.iter().any(|mount| &*mount.source == "planted"));
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

    const PLAIN: &str = "21 1 254:0 / / rw - ext4 /dev/vda rw\n22 21 254:16 / /data rw - xfs /dev/vdb rw\n";

    #[test]
    fn where_the_first_process_is_hidden_this_ones_table_serves() {
        let tree = Tree::new(&[("proc/self/mountinfo", PLAIN)]);
        let mut table = Table::default();
        let points = |table: &mut Table| -> Vec<String> {
            let mounts = table.refresh(&tree.root(), &mut Buffer::new()).unwrap();
            mounts.iter().map(|mount| mount.mount_point.to_string()).collect()
        };
        assert_eq!(points(&mut table), ["/", "/data"]);
        // The first one's is taken again once it can be read.
        tree.write(TABLE, "21 1 254:0 / / rw - ext4 /dev/vda rw\n");
        assert_eq!(points(&mut table), ["/"]);
        tree.remove("proc/1");
        assert_eq!(points(&mut table), ["/", "/data"]);
        tree.remove("proc/self");
        assert!(table.refresh(&tree.root(), &mut Buffer::new()).unwrap_err().is_gone());
    }

    #[test]
    fn of_a_table_from_outside_only_what_is_below_the_root_counts() {
        let text = "21 1 0:30 / / rw - overlay overlay rw\n30 21 254:0 / /rootfs rw - ext4 /dev/vda rw\n\
                    31 30 0:28 / /rootfs/sys/fs/cgroup rw - cgroup2 cgroup2 rw\n32 21 254:1 / /rootfs2 rw - xfs /dev/vdb rw\n";
        let mounts = below(parse_mountinfo(text.as_bytes()), "/rootfs");
        let points: Vec<&str> = mounts.iter().map(|mount| &*mount.mount_point).collect();
        assert_eq!(points, ["/", "/sys/fs/cgroup"]);
    }

    #[test]
    fn a_table_beyond_the_buffer_is_read_to_its_end() {
        let line =
            |id: usize| format!("{id} 21 0:9 / /run/{id} rw - overlay overlay rw,lowerdir={}\n", "/x".repeat(1000));
        let mut text = String::from("21 1 254:0 / / rw - ext4 /dev/vda rw\n");
        let mut id = 100;
        while text.len() < Buffer::LIMIT + 100_000 {
            text += &line(id);
            id += 1;
        }
        text += "30 21 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n31 21 254:1 / /data rw - xfs /dev/vdb rw";
        let tree = Tree::new(&[(TABLE, &text)]);
        let (root, mut buffer, mut table) = (tree.root(), Buffer::new(), Table::default());
        for _ in 0..2 {
            let mounts = table.refresh(&root, &mut buffer).unwrap();
            let last: Vec<&str> = mounts[mounts.len() - 2..].iter().map(|mount| &*mount.source).collect();
            assert_eq!((last, mounts.len()), (vec!["cgroup2", "/dev/vdb"], id - 100 + 3));
            assert_eq!(table.cut(), 0);
        }
        tree.write(TABLE, "21 1 254:0 / / rw - ext4 /dev/vda rw\n");
        assert_eq!(table.refresh(&root, &mut buffer).unwrap().len(), 1);
    }
}
