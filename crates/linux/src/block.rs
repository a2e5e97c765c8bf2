//! Whole disks: `/sys/block` (Documentation/ABI/stable/sysfs-block).

use rustix::fs::OFlags;

use crate::directory::list;
use crate::text::owned;
use crate::{Buffer, DeviceNumber, Error, Root};

/// Names of devices that are no disks: loop devices, RAM disks, optical drives.
const NOT_DISKS: [&str; 3] = ["loop", "ram", "sr"];

/// A whole disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disk {
    /// The disk's name without `/dev/`.
    pub name: Box<str>,
    /// The disk's number.
    pub device: DeviceNumber,
}

/// Reads the whole disks of `<root>/sys/block`, sorted by name; loop, ram, sr and hidden devices are left out, and so is
/// a disk that vanishes meanwhile or whose number cannot be read.
pub fn read_disks(root: &Root, buffer: &mut Buffer) -> Result<Vec<Disk>, Error> {
    let failed = |errno| Error::from_errno(root.full_path("sys/block"), errno);
    let directory = root.open_below("sys/block", OFlags::RDONLY | OFlags::DIRECTORY).map_err(failed)?;
    let mut names = Vec::new();
    list(directory, &mut buffer.entries, |name, _, _| names.push(owned(name))).map_err(failed)?;
    names.sort_unstable();
    let mut disks = Vec::new();
    for name in names {
        if NOT_DISKS.iter().any(|prefix| name.starts_with(prefix)) {
            continue;
        }
        // Paths of a multipath device are hidden: the disk above them is the one that counts. The file is there since
        // Linux 4.15.
        if root.read(&format!("sys/block/{name}/hidden"), buffer).is_ok_and(|text| text.starts_with(b"1")) {
            continue;
        }
        if let Some(device) = root.read(&format!("sys/block/{name}/dev"), buffer).ok().and_then(DeviceNumber::parse) {
            disks.push(Disk { name, device });
        }
    }
    Ok(disks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Tree;

    #[test]
    fn only_whole_visible_disks_count() {
        let tree = Tree::new(&[
            ("sys/devices/nvme1n1/dev", "259:4\n"),
            ("sys/devices/nvme1n1/hidden", "0\n"),
            ("sys/block/dm-0/dev", "253:0\n"),
            ("sys/block/loop0/dev", "7:0\n"),
            ("sys/block/ram0/dev", "1:0\n"),
            ("sys/block/sr0/dev", "11:0\n"),
            ("sys/block/nvme0c0n1/hidden", "1\n"),
            ("sys/block/nvme0c0n1/dev", "259:9\n"),
            ("sys/block/broken/dev", "what\n"),
        ]);
        // As in sysfs, an entry is a link.
        std::os::unix::fs::symlink("../devices/nvme1n1", tree.path().join("sys/block/nvme1n1")).unwrap();
        let disks = read_disks(&tree.root(), &mut Buffer::new()).unwrap();
        let seen: Vec<_> = disks.iter().map(|disk| (&*disk.name, disk.device.to_string())).collect();
        assert_eq!(seen, [("dm-0", "253:0".to_owned()), ("nvme1n1", "259:4".to_owned())]);
    }

    #[test]
    fn a_machine_without_sysfs_says_so() {
        assert!(read_disks(&Tree::new(&[]).root(), &mut Buffer::new()).unwrap_err().is_gone());
    }
}
