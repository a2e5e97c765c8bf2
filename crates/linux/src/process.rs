//! The machine's processes and the cgroups they are in: `/proc/<pid>/cgroup` (proc_pid_cgroup(5)).

use rustix::fd::AsFd;
use rustix::fs::{Mode, OFlags, openat};

use crate::buffer::Ends;
use crate::directory::list;
use crate::text::number;
use crate::{Buffer, Error, Root};

/// Calls `each` with the id of every process below `<root>/proc` and the text of its `cgroup` file, in the kernel's order.
///
/// A process that ends meanwhile or may not be looked at is left out. The ids are those of the pid namespace that the
/// procfs was mounted in, whatever this process's own. [`crate::cgroup::membership`] reads the text.
pub fn for_each(root: &Root, buffer: &mut Buffer, mut each: impl FnMut(u32, &[u8])) -> Result<(), Error> {
    let failed = |errno| Error::from_errno(root.full_path("proc"), errno);
    let proc = root.open_below("proc", OFlags::RDONLY | OFlags::DIRECTORY).map_err(failed)?;
    let mut pids = Vec::with_capacity(512);
    list(&proc, &mut buffer.entries, |name, _, _| {
        if name[0].is_ascii_digit() {
            pids.extend(number(name).and_then(|pid| u32::try_from(pid).ok()));
        }
    })
    .map_err(failed)?;
    for pid in pids {
        match read_cgroup(&proc, pid, buffer) {
            Ok(text) => each(pid, text),
            Err(Error::Gone { .. } | Error::Denied { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
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
    let file = openat(proc, &buffer.path[..], OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
        .map_err(|errno| Error::from_errno(full(), errno))?;
    let length = buffer.fill(file, Ends::AtShortRead, full)?;
    Ok(&buffer.bytes[..length])
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
        for_each(&tree.root(), &mut Buffer::new(), |pid, text| seen.push((pid, text.to_vec()))).unwrap();
        seen.sort();
        assert_eq!(seen, [(1, b"0::/init.scope\n".to_vec()), (22, b"0::/\n".to_vec())]);
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
