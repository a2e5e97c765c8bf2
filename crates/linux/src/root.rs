//! A machine's `/` and the opening of files below it.

use std::mem::MaybeUninit;
use std::path::{Path, PathBuf};

use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{
    AtFlags, Mode, OFlags, PROC_SUPER_MAGIC, ResolveFlags, StatxAttributes, StatxFlags, fstatfs, open, openat, openat2,
    readlinkat, statx,
};
use rustix::io::Errno;

use crate::buffer::{Ends, READ};
use crate::directory::list;
use crate::text::owned;
use crate::{Buffer, Error};

/// The `/` of a machine: that of this process, that of the host mounted elsewhere, or a recorded tree.
///
/// Below any root but `/` symbolic links are resolved as if the root were `/` (openat2 with `RESOLVE_IN_ROOT`, Linux
/// 5.6), so an absolute link or `..` in a recorded tree stays in it. Where openat2 does not exist or is not allowed,
/// links are followed as they are.
#[derive(Debug)]
pub struct Root {
    path: PathBuf,
    handle: OwnedFd,
    live: bool,
    confined: bool,
    /// This process's own `/`, where the root is a running machine's and lacks `/sys` or a procfs of its own.
    own: Option<Box<Root>>,
    /// What is missing below the root and that `own` stands in for.
    missing: Missing,
}

#[derive(Clone, Copy, Debug, Default)]
struct Missing {
    sys: bool,
    proc: bool,
}

/// `f_type` of a sysfs (statfs(2)).
const SYSFS: u64 = 0x6265_6572;
/// What a recorded tree has and no machine's root: the answers of its file systems.
const RECORDED: &str = "statfs.json";

impl Root {
    /// Opens a directory as a machine's root.
    pub fn open(path: &Path) -> Result<Root, Error> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let handle = open(path, flags, Mode::empty()).map_err(|errno| match errno {
            Errno::NOTDIR => Error::NoDirectory { path: path.to_owned() },
            errno => Error::from_errno(path.to_owned(), errno),
        })?;
        // Old kernels answer ENOSYS, old container runtimes EPERM.
        let confined =
            path != Path::new("/") && openat2(&handle, ".", flags, Mode::empty(), ResolveFlags::IN_ROOT).is_ok();
        let mut root =
            Root { path: path.to_owned(), handle, live: false, confined, own: None, missing: Missing::default() };
        let is_own = path == Path::new("/");
        let has_procfs = root.has_file_system("proc", PROC_SUPER_MAGIC as u64);
        root.live = is_own || has_procfs || root.has_file_system("sys", SYSFS) || root.is_bare_mount();
        // A recording shows what it has and nothing of the machine it is looked at on.
        if root.live && !is_own {
            let missing = Missing { sys: !root.has_directory("sys/class"), proc: !has_procfs };
            if missing.sys || missing.proc {
                let own = Root::open(Path::new("/"))?;
                root.missing = Missing { sys: missing.sys && own.has_directory("sys/class"), ..missing };
                root.own = Some(Box::new(own));
            }
        }
        Ok(root)
    }

    /// The root whose `/sys` shows the machine's devices: this one, or this process's own `/` where this one is a running
    /// machine's without a `/sys` mounted below it.
    ///
    /// Disks and firmware are the same in every container's `/sys`. Networks aren't, they depend on who mounted it.
    pub fn devices(&self) -> &Root {
        self.own.as_deref().filter(|_| self.missing.sys).unwrap_or(self)
    }

    /// Where the root is for this process.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether this is a running machine's root and not a recorded tree: this process's own, one with a procfs or a sysfs
    /// below it, or one that is mounted where it is without either, as by a bind mount that doesn't recurse.
    pub fn is_live(&self) -> bool {
        self.live
    }

    /// Reads a whole file, named relative to the root with or without a leading slash.
    pub fn read<'b>(&self, relative: &str, buffer: &'b mut Buffer) -> Result<&'b [u8], Error> {
        let file =
            self.open_below(relative, READ).map_err(|errno| Error::from_errno(self.full_path(relative), errno))?;
        let length = buffer.fill(file, Ends::AtEmptyRead, || self.full_path(relative))?;
        Ok(&buffer.bytes[..length])
    }

    /// The names in a directory below the root, in no order.
    pub fn list_names(&self, relative: &str) -> Result<Vec<String>, Error> {
        let failed = |errno| Error::from_errno(self.full_path(relative), errno);
        let directory = self.open_below(relative, OFlags::RDONLY | OFlags::DIRECTORY).map_err(failed)?;
        let mut entries = vec![MaybeUninit::uninit(); 8192];
        let mut names = Vec::new();
        list(directory, &mut entries, |name, _, _| names.push(String::from_utf8_lossy(name).into_owned()))
            .map_err(failed)?;
        Ok(names)
    }

    /// Another handle on the same root, for another thread or a longer life.
    pub fn try_clone(&self) -> Result<Root, Error> {
        let handle = self.handle.try_clone().map_err(|source| Error::Io { path: self.path.clone(), source })?;
        let own = self.own.as_deref().map(Root::try_clone).transpose()?.map(Box::new);
        let (live, confined, missing) = (self.live, self.confined, self.missing);
        Ok(Root { path: self.path.clone(), handle, live, confined, own, missing })
    }

    /// This process's own `/`, for what depends on the process that asks; `None` for a recorded tree.
    pub(crate) fn own(&self) -> Result<Option<Root>, Error> {
        if !self.live || self.path == Path::new("/") {
            return Ok(None);
        }
        Root::open(Path::new("/")).map(Some)
    }

    pub(crate) fn open_below(&self, relative: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
        let relative = relative.trim_start_matches('/');
        let relative = if relative.is_empty() { "." } else { relative };
        if let Some(own) = self.own.as_deref().filter(|_| self.missing.proc && is_kernels(relative)) {
            return own.open_below(relative, flags);
        }
        let flags = flags | OFlags::CLOEXEC;
        if self.confined {
            openat2(&self.handle, relative, flags, Mode::empty(), ResolveFlags::IN_ROOT)
        } else {
            openat(&self.handle, relative, flags, Mode::empty())
        }
    }

    /// The path of a file below the root as this process would write it.
    pub(crate) fn full_path(&self, relative: &str) -> PathBuf {
        self.path.join(relative.trim_start_matches('/'))
    }

    /// What a symbolic link holds, not followed; `None` where there is no link.
    pub(crate) fn read_link(&self, relative: &str) -> Option<Box<str>> {
        let link = self.open_below(relative, OFlags::PATH | OFlags::NOFOLLOW).ok()?;
        Some(owned(readlinkat(link, "", Vec::new()).ok()?.to_bytes()))
    }

    fn has_directory(&self, relative: &str) -> bool {
        self.open_below(relative, OFlags::PATH | OFlags::DIRECTORY).is_ok()
    }

    fn has_file_system(&self, relative: &str, magic: u64) -> bool {
        self.open_below(relative, OFlags::PATH | OFlags::DIRECTORY)
            .and_then(|directory| fstatfs(directory.as_fd()))
            .is_ok_and(|answer| answer.f_type as u64 == magic)
    }

    /// Whether something is mounted right here, with no procfs below it and none of what a recording has.
    fn is_bare_mount(&self) -> bool {
        let is_mount = statx(&self.handle, "", AtFlags::EMPTY_PATH, StatxFlags::empty())
            .is_ok_and(|stat| stat.stx_attributes.contains(StatxAttributes::MOUNT_ROOT));
        is_mount
            && self.open_below(RECORDED, OFlags::PATH).is_err()
            && self.list_names("proc").is_ok_and(|names| names.is_empty())
    }
}

/// Whether a file below `/proc` is the kernel's and none of a process: every procfs shows the same.
fn is_kernels(relative: &str) -> bool {
    relative.strip_prefix("proc/").is_some_and(|name| !name.starts_with(|first: char| first.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Tree;

    #[test]
    fn this_machine_is_live_and_a_recording_is_not() {
        assert!(Root::open(Path::new("/")).unwrap().is_live());
        let tree = Tree::new(&[("proc/meminfo", "MemTotal: 1 kB\n")]);
        assert!(!tree.root().is_live());
    }

    #[test]
    fn a_file_is_read_with_or_without_a_leading_slash() {
        let tree = Tree::new(&[("etc/hostname", "one\n")]);
        let (root, mut buffer) = (tree.root(), Buffer::new());
        assert_eq!(root.read("etc/hostname", &mut buffer).unwrap(), b"one\n");
        assert_eq!(root.read("/etc/hostname", &mut buffer).unwrap(), b"one\n");
        assert!(root.read("etc/none", &mut buffer).unwrap_err().is_gone());
    }

    #[test]
    fn a_root_that_is_a_file_says_so() {
        let tree = Tree::new(&[("file", "")]);
        let error = Root::open(&tree.path().join("file")).unwrap_err();
        assert!(error.to_string().ends_with("file is no directory"), "{error}");
        assert!(Root::open(&tree.path().join("none")).unwrap_err().is_gone());
    }

    #[test]
    fn a_pipe_in_a_files_place_holds_nobody_up() {
        let tree = Tree::new(&[("proc/1/cgroup", "0::/\n")]);
        for name in ["proc/meminfo", "proc/22/cgroup", "proc/22/net/dev"] {
            tree.pipe(name);
        }
        let (done, wait) = std::sync::mpsc::channel();
        let root = tree.root();
        std::thread::spawn(move || {
            let mut buffer = Buffer::new();
            let read = root.read("proc/meminfo", &mut buffer).map(<[u8]>::len);
            let mut visited = 0;
            crate::process::for_each(&root, &mut buffer, |_, _| visited += 1).unwrap();
            let process = crate::process::Process::open(&root, 22).unwrap();
            process.read_net_dev(&mut buffer, &mut crate::net_dev::Interfaces::default()).unwrap();
            process.read_membership(&mut buffer).unwrap();
            done.send((read.unwrap(), visited)).unwrap();
        });
        assert_eq!(wait.recv_timeout(std::time::Duration::from_secs(10)).ok(), Some((0, 2)));
    }

    #[test]
    fn links_stay_inside_the_root() {
        let tree = Tree::new(&[("etc/hostname", "inside\n")]);
        let link = |target: &str, name: &str| std::os::unix::fs::symlink(target, tree.path().join(name)).unwrap();
        link("/etc/hostname", "absolute");
        link("../../../../../../etc/hostname", "climbing");
        let (root, mut buffer) = (tree.root(), Buffer::new());
        for name in ["absolute", "climbing", "../../etc/hostname"] {
            assert_eq!(root.read(name, &mut buffer).unwrap(), b"inside\n", "{name}");
        }
    }

    #[test]
    fn a_table_longer_than_a_page_is_read_to_its_end() {
        let (root, mut buffer) = (Root::open(Path::new("/")).unwrap(), Buffer::new());
        let seen = root.read("proc/self/smaps", &mut buffer).unwrap();
        assert!(seen.len() > 8192 && seen.ends_with(b"\n"));
    }
}
