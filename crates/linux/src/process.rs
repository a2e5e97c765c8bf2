//! The machine's processes and the cgroups they are in: `/proc/<pid>/cgroup` (proc_pid_cgroup(5)).

use std::path::PathBuf;

use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{Mode, OFlags, fstat, openat};

use crate::buffer::{Ends, READ};
use crate::directory::list;
use crate::net_dev::{self, Interfaces};
use crate::text::number;
use crate::{Buffer, Error, Root};

/// Calls `each` with the id of every process below `<root>/proc` and the text of its `cgroup` file, in the kernel's order.
///
/// A process that ends meanwhile or that this process is not allowed to look at is left out. Returns whether the machine's
/// first process was among them: where it is not, procfs hides the processes of other users (`hidepid`). The ids are those of
/// the pid namespace that the procfs was mounted in, which may differ from this process's own. [`crate::cgroup::membership`] reads the text.
pub fn for_each(root: &Root, buffer: &mut Buffer, mut each: impl FnMut(u32, &[u8])) -> Result<bool, Error> {
    let failed = |errno| Error::from_errno(root.full_path("proc"), errno);
    let proc = root.open_below("proc", OFlags::RDONLY | OFlags::DIRECTORY).map_err(failed)?;
    let mut pids = Vec::with_capacity(512);
    list(&proc, &mut buffer.entries, |name, _, _| {
        if name[0].is_ascii_digit() {
            pids.extend(number(name).and_then(|pid| u32::try_from(pid).ok()));
        }
    })
    .map_err(failed)?;
    let mut first_seen = false;
    for pid in pids {
        // One process that can't be read, for any reason, costs itself only.
        if let Ok(text) = read_cgroup(&proc, pid, buffer) {
            first_seen |= pid == 1;
            each(pid, text);
        }
    }
    Ok(first_seen)
}

/// When a process began, in clock ticks since the machine did: field 22 of `<root>/proc/<pid>/stat` (proc_pid_stat(5)).
///
/// The lower of two is the older process; numbers wrap, times don't.
pub fn read_start_time(root: &Root, pid: u32, buffer: &mut Buffer) -> Result<Option<u64>, Error> {
    root.read(&format!("proc/{pid}/stat"), buffer).map(parse_start_time)
}

/// The start time from the text of `stat`.
fn parse_start_time(text: &[u8]) -> Option<u64> {
    // The command's name, which may hold anything, ends with the last parenthesis; the state follows as field 3.
    const AFTER_NAME: usize = 22 - 3;
    let name_end = text.iter().rposition(|&byte| byte == b')')?;
    number(crate::text::words(&text[name_end + 1..]).nth(AFTER_NAME)?)
}

/// A handle on one process: it never stands for another one, also after the pid is used again.
#[derive(Debug)]
pub struct Process {
    directory: OwnedFd,
    path: PathBuf,
}

impl Process {
    /// Opens `<root>/proc/<pid>`.
    pub fn open(root: &Root, pid: u32) -> Result<Process, Error> {
        let relative = format!("proc/{pid}");
        let path = root.full_path(&relative);
        match root.open_below(&relative, OFlags::PATH | OFlags::DIRECTORY) {
            Ok(directory) => Ok(Process { directory, path }),
            Err(errno) => Err(Error::from_errno(path, errno)),
        }
    }

    /// Reads the interfaces of the process's network namespace and returns what tells that namespace from others: the
    /// inode of its `net/dev`. A process that has ended is [`Error::Gone`].
    pub fn read_net_dev(&self, buffer: &mut Buffer, into: &mut Interfaces) -> Result<u64, Error> {
        let failed = |errno| Error::from_errno(self.path.join("net/dev"), errno);
        let file = openat(&self.directory, c"net/dev", READ, Mode::empty()).map_err(failed)?;
        let namespace = fstat(&file).map_err(failed)?.st_ino;
        let length = buffer.fill(file, Ends::AtEmptyRead, || self.path.join("net/dev"))?;
        net_dev::parse_into(&buffer.bytes[..length], into);
        Ok(namespace)
    }

    /// Reads the text of the process's `cgroup` file.
    pub fn read_membership<'b>(&self, buffer: &'b mut Buffer) -> Result<&'b [u8], Error> {
        let full = || self.path.join("cgroup");
        let file = openat(&self.directory, c"cgroup", READ, Mode::empty())
            .map_err(|errno| Error::from_errno(full(), errno))?;
        let length = buffer.fill(file, Ends::AtShortRead, full)?;
        Ok(&buffer.bytes[..length])
    }
}

/// Reads the text of `<root>/proc/<pid>/cgroup`; a process that has ended is [`Error::Gone`].
///
/// One look at a pid that was found before tells whether it is still the same pod's.
pub fn read_membership<'b>(root: &Root, pid: u32, buffer: &'b mut Buffer) -> Result<&'b [u8], Error> {
    root.read(&format!("proc/{pid}/cgroup"), buffer)
}

fn read_cgroup(proc: impl AsFd, pid: u32, buffer: &mut Buffer) -> Result<&[u8], Error> {
    use std::io::Write;
    let full = || format!("proc/{pid}/cgroup").into();
    buffer.path.clear();
    write!(buffer.path, "{pid}/cgroup").map_err(|source| Error::Io { path: full(), source })?;
    let file = openat(proc, &buffer.path[..], READ, Mode::empty()).map_err(|errno| Error::from_errno(full(), errno))?;
    let length = buffer.fill(file, Ends::AtShortRead, full)?;
    Ok(&buffer.bytes[..length])
}

/// Any text of `stat` is survived.
#[cfg(fuzzing)]
pub fn fuzz_stat(text: &[u8]) {
    let _ = parse_start_time(text);
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::tree::Tree;

    #[test]
    fn every_process_with_a_cgroup_file_is_visited_once() {
        let tree =
            Tree::new(&[("proc/1/cgroup", "0::/init.scope\n"), ("proc/22/cgroup", "0::/\n"), ("proc/meminfo", "")]);
        tree.directory("proc/333");
        tree.directory("proc/99999999999");
        let mut seen = Vec::new();
        assert!(for_each(&tree.root(), &mut Buffer::new(), |pid, text| seen.push((pid, text.to_vec()))).unwrap());
        seen.sort();
        assert_eq!(seen, [(1, b"0::/init.scope\n".to_vec()), (22, b"0::/\n".to_vec())]);
    }

    #[test]
    fn a_procfs_that_hides_the_first_process_is_recognised() {
        let tree = Tree::new(&[("proc/22/cgroup", "0::/\n")]);
        let mut seen = Vec::new();
        assert!(!for_each(&tree.root(), &mut Buffer::new(), |pid, _| seen.push(pid)).unwrap());
        assert_eq!(seen, [22]);
    }

    #[test]
    fn a_network_namespace_is_told_from_others_and_an_ended_process_is_gone() {
        let (root, mut buffer, mut interfaces) =
            (Root::open(Path::new("/")).unwrap(), Buffer::new(), Interfaces::default());
        let mut namespace = |pid| Process::open(&root, pid)?.read_net_dev(&mut buffer, &mut interfaces);
        assert_eq!(namespace(std::process::id()).unwrap(), namespace(std::process::id()).unwrap());
        let mut child = std::process::Command::new("sleep").arg("100").spawn().unwrap();
        let process = Process::open(&root, child.id()).unwrap();
        assert_eq!(process.read_net_dev(&mut buffer, &mut interfaces).unwrap(), {
            let own = Process::open(&root, std::process::id()).unwrap();
            own.read_net_dev(&mut buffer, &mut interfaces).unwrap()
        });
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(process.read_net_dev(&mut buffer, &mut interfaces).unwrap_err().is_gone());
    }

    #[test]
    fn a_process_began_before_its_child_whatever_the_names() {
        let text = b"4121 (a) b (c) S 1 4121 4121 0 -1 4194560 1022 77 3 0 251 49 5 6 20 0 4 0 8211 51052544 3191\n";
        assert_eq!(parse_start_time(text), Some(8211));
        assert_eq!((parse_start_time(b"1 (x) S 1"), parse_start_time(b"")), (None, None));
        let (root, mut buffer) = (Root::open(Path::new("/")).unwrap(), Buffer::new());
        let mut began = |pid| read_start_time(&root, pid, &mut buffer).unwrap();
        let mut child = std::process::Command::new("sleep").arg("100").spawn().unwrap();
        assert!(began(std::process::id()).unwrap() <= began(child.id()).unwrap());
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn this_process_is_among_them() {
        let (root, mut buffer) = (Root::open(Path::new("/")).unwrap(), Buffer::new());
        let mut own = Vec::new();
        for_each(&root, &mut buffer, |pid, text| {
            if pid == std::process::id() {
                own.extend_from_slice(text);
            }
        })
        .unwrap();
        assert_eq!(own, read_membership(&root, std::process::id(), &mut buffer).unwrap());
        assert!(own.ends_with(b"\n"));
    }
}
