//! Disks: `/sys/block` and `/sys/dev/block` (Documentation/ABI/stable/sysfs-block), and the serial numbers by which an EBS
//! volume is known.

use rustix::fs::OFlags;

use crate::directory::list;
use crate::text::owned;
use crate::{Buffer, DeviceNumber, Error, Root};

mod names;

pub use names::whole_disk_name;

/// Names of devices that are no disks: loop devices, RAM disks, optical drives.
const NOT_DISKS: [&str; 3] = ["loop", "ram", "sr"];
/// The model of the NVMe disk that is an EBS volume.
const EBS_MODEL: &[u8] = b"Amazon Elastic Block Store";

/// A whole disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disk {
    /// The disk's name without `/dev/`, such as `nvme0n1` or `cciss/c0d0`.
    pub name: Box<str>,
    /// The disk's number.
    pub device: DeviceNumber,
    /// The EBS volume it is, as `vol-0123456789abcdef0`, by the serial number of its NVMe controller; `None` for any other
    /// disk, also for an EBS volume of a Xen instance, which has no serial number.
    pub ebs_volume_id: Option<Box<str>>,
}

/// Reads the whole disks of `<root>/sys/block`, or of this process's own where the root has none of its own to show
/// ([`Root::devices`]), sorted by name; loop, ram, sr and hidden devices are left out, and so is a disk that vanishes
/// meanwhile or whose number cannot be read.
pub fn read_disks(root: &Root, buffer: &mut Buffer) -> Result<Vec<Disk>, Error> {
    let root = root.devices();
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
            let ebs_volume_id = read_volume_id(root, &name, buffer);
            disks.push(Disk { name: device_name(name), device, ebs_volume_id });
        }
    }
    Ok(disks)
}

/// The name of the whole disk that a device is, or is a partition of, by `<root>/sys/dev/block/<major>:<minor>`.
///
/// `None` for a device that the kernel puts together itself, such as device-mapper's, whose data may lie on several disks,
/// for one that isn't there, and where sysfs can't be read.
pub fn whole_disk(root: &Root, device: DeviceNumber) -> Option<Box<str>> {
    let root = root.devices();
    let entry = format!("sys/dev/block/{device}");
    let path = root.read_link(&entry)?;
    if path.contains("/virtual/block/") {
        return None;
    }
    let is_partition = root.open_below(&format!("{entry}/partition"), OFlags::PATH).is_ok();
    path.rsplit('/').nth(usize::from(is_partition)).map(|name| device_name(name.into()))
}

/// The name below `/dev` of what sysfs calls by a name: sysfs has no names with a slash, and writes `!` for it.
fn device_name(name: Box<str>) -> Box<str> {
    if name.contains('!') { name.replace('!', "/").into() } else { name }
}

fn read_volume_id(root: &Root, disk: &str, buffer: &mut Buffer) -> Option<Box<str>> {
    let model = root.read(&format!("sys/block/{disk}/device/model"), buffer).ok()?;
    if model.trim_ascii() != EBS_MODEL {
        return None;
    }
    volume_id(root.read(&format!("sys/block/{disk}/device/serial"), buffer).ok()?)
}

/// The volume's id from the controller's serial number, which has no room for the dash.
fn volume_id(serial: &[u8]) -> Option<Box<str>> {
    let rest = std::str::from_utf8(serial.trim_ascii()).ok()?.strip_prefix("vol")?;
    let digits = rest.strip_prefix('-').unwrap_or(rest);
    let is_hex = digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    (matches!(digits.len(), 8 | 17) && is_hex).then(|| format!("vol-{digits}").into_boxed_str())
}

/// A volume's id has its shape.
#[cfg(fuzzing)]
pub fn fuzz_serial(serial: &[u8]) {
    if let Some(id) = volume_id(serial) {
        assert!(id.starts_with("vol-") && matches!(id.len(), 12 | 21), "{id}");
    }
}

#[cfg(test)]
mod tests;
