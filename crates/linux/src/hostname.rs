//! The machine's name: `/proc/sys/kernel/hostname` (proc_sys_kernel(5)), and `/etc/hostname` (hostname(5)).

use std::path::Path;

use crate::{Buffer, Root};

/// Reads the machine's host name; `None` where neither file has one.
///
/// Below another root than `/`, the kernel's file would give the name that this process's own namespace has, so the
/// machine's own file comes first there.
pub fn read(root: &Root, buffer: &mut Buffer) -> Option<String> {
    let (kernel, own) = ("proc/sys/kernel/hostname", "etc/hostname");
    let files = if root.path() == Path::new("/") { [kernel, own] } else { [own, kernel] };
    files.into_iter().find_map(|file| {
        let text = String::from_utf8_lossy(root.read(file, buffer).ok()?).trim().to_owned();
        (!text.is_empty()).then_some(text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Tree;

    #[test]
    fn the_name_of_another_root_is_in_its_own_file() {
        let tree = Tree::new(&[("proc/sys/kernel/hostname", "pod\n"), ("etc/hostname", "node-1\n")]);
        assert_eq!(read(&tree.root(), &mut Buffer::new()).as_deref(), Some("node-1"));
        let tree = Tree::new(&[("proc/sys/kernel/hostname", "pod\n"), ("etc/hostname", "\n")]);
        assert_eq!(read(&tree.root(), &mut Buffer::new()).as_deref(), Some("pod"));
        assert_eq!(read(&Tree::new(&[("etc/none", "")]).root(), &mut Buffer::new()), None);
    }

    #[test]
    fn this_machine_has_the_name_that_the_kernel_gives() {
        let root = Root::open(Path::new("/")).unwrap();
        let uname = rustix::system::uname();
        assert_eq!(read(&root, &mut Buffer::new()).as_deref(), uname.nodename().to_str().ok());
    }
}
