//! Which EBS volume a device is, and which volume Kubernetes mounts from it.
//!
//! An NVMe disk says it by its serial number; for others the attachments that EC2 has told serve. A partition belongs to its
//! own disk and no other.

use std::collections::HashMap;

use linux::block::{Disk, whole_disk, whole_disk_name};
use linux::mounts::{Mount, ebs};
use linux::{DeviceNumber, Root};
use model::Text;
use serde_json::Value;

use crate::awscontainerinsight::samples::{NodeSample, Volumes as Found};
use crate::awscontainerinsight::sources::reader::Reader;
use platform::{Attachment, Fact, Facts};

/// The CSI driver of EBS.
const DRIVER: &str = "ebs.csi.aws.com";

/// Volumes by device.
#[derive(Debug, Default)]
pub struct Volumes {
    zone: Option<Text>,
    attachments: Vec<Attachment>,
    /// Device of each Kubernetes volume, by mount point: read once.
    mounted: HashMap<Box<str>, Option<Text>>,
    /// The whole disk of each device that was asked for; a device number keeps its disk while it is there.
    disks: HashMap<DeviceNumber, Option<Box<str>>>,
}

impl Volumes {
    /// Takes over what has been found out.
    pub fn learn(&mut self, facts: &Facts) {
        let zone = facts.get(Fact::Zone);
        if self.zone.as_ref() != zone {
            // Names that lacked the zone are made again.
            self.mounted.clear();
            self.zone = zone.cloned();
        }
        self.attachments = facts.attachments.clone().unwrap_or_default();
    }

    /// Names the volumes of everything in the sample; gives the whole disks that nothing on the machine names.
    pub fn name(
        &mut self,
        reader: &mut Reader,
        sample: &mut NodeSample,
        disks: &[Disk],
        mounts: &[Mount],
    ) -> Vec<Text> {
        let mut nameless: Vec<Text> = Vec::new();
        let mounted = self.mounted(reader, mounts, disks);
        for disk in &mut sample.disks {
            disk.volumes = self.of(reader, disk.number, &disk.device, disks, &mounted, &mut nameless);
        }
        for file_system in &mut sample.file_systems {
            let (number, device) = (file_system.number, file_system.device.clone());
            file_system.volumes = self.of(reader, number, &device, disks, &mounted, &mut nameless);
        }
        let there = |number: &DeviceNumber| {
            sample.disks.iter().any(|disk| disk.number == *number)
                || sample.file_systems.iter().any(|file_system| file_system.number == *number)
        };
        self.disks.retain(|number, _| there(number));
        nameless.sort_unstable();
        nameless.dedup();
        nameless
    }

    fn of(
        &mut self,
        reader: &mut Reader,
        number: DeviceNumber,
        device: &str,
        disks: &[Disk],
        mounted: &[(DeviceNumber, Text)],
        nameless: &mut Vec<Text>,
    ) -> Found {
        let root = &reader.root;
        let kubernetes = mounted.iter().find(|(of, _)| *of == number).map(|(_, volume)| volume.clone());
        let Some(disk) = self.disks.entry(number).or_insert_with(|| disk_of(root, number, device)).clone() else {
            return Found { attached: None, kubernetes };
        };
        let serial = disks.iter().find(|known| known.name == disk).and_then(|known| known.ebs_volume_id.as_deref());
        let attached = match (serial, &self.zone) {
            (Some(id), Some(zone)) => Some(volume_in(zone, id)),
            // EC2 says the zone with the volume.
            (Some(id), None) => {
                nameless.push(format!("/dev/{disk}").into());
                let known = self.attachments.iter().map(|attachment| &attachment.volume);
                known.into_iter().find(|volume| volume.rsplit('/').next() == Some(id)).cloned()
            }
            // An NVMe disk that doesn't say that it is a volume is none.
            (None, _) if disk.starts_with("nvme") => None,
            (None, _) => {
                nameless.push(format!("/dev/{disk}").into());
                self.attachments
                    .iter()
                    .find(|attachment| is_attached_as(&attachment.device, &disk))
                    .map(|attachment| attachment.volume.clone())
            }
        };
        Found { attached, kubernetes }
    }

    /// The volumes that Kubernetes mounts, by device.
    fn mounted(&mut self, reader: &mut Reader, mounts: &[Mount], disks: &[Disk]) -> Vec<(DeviceNumber, Text)> {
        let volumes: Vec<_> =
            mounts.iter().filter_map(|mount| Some((mount, ebs::volume(&mount.mount_point)?))).collect();
        self.mounted.retain(|point, _| volumes.iter().any(|(mount, _)| mount.mount_point == *point));
        let mut found = Vec::new();
        for (mount, volume) in volumes {
            let name = match self.mounted.get(&mount.mount_point) {
                Some(name) => name.clone(),
                None => {
                    let name = self.mounted_name(reader, mount, volume, disks);
                    self.mounted.insert(mount.mount_point.clone(), name.clone());
                    name
                }
            };
            found.extend(name.map(|name| (mount.device, name)));
        }
        found
    }

    fn mounted_name(
        &self,
        reader: &mut Reader,
        mount: &Mount,
        volume: ebs::Volume<'_>,
        disks: &[Disk],
    ) -> Option<Text> {
        let (directory, is_ebs) = match volume {
            ebs::Volume::InTree { zone, id } => return Some(volume_in(zone, id)),
            ebs::Volume::Csi { directory, is_ebs } => (directory, is_ebs),
        };
        let file = format!("{}/vol_data.json", directory.trim_start_matches('/'));
        let zone = self.zone.as_deref()?;
        let said = reader.root.read(&file, &mut reader.buffer).ok().map(handle);
        match said {
            Some(handle) => Some(volume_in(zone, &handle?)),
            // Only root may read it: the disk under a file system of the driver is the volume.
            None if is_ebs => {
                let disk = disk_of(&reader.root, mount.device, &mount.source)?;
                let known = disks.iter().find(|known| known.name == disk)?;
                Some(volume_in(zone, known.ebs_volume_id.as_deref()?))
            }
            None => None,
        }
    }
}

fn volume_in(zone: &str, id: &str) -> Text {
    format!("aws://{zone}/{id}").into()
}

/// The volume in a CSI mount's `vol_data.json`, where the driver is that of EBS.
fn handle(text: &[u8]) -> Option<String> {
    let data: Value = serde_json::from_slice(text).ok()?;
    let handle = data.get("volumeHandle")?.as_str()?;
    let is_volume = handle.strip_prefix("vol-").is_some_and(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
    (data.get("driverName")?.as_str()? == DRIVER && is_volume).then(|| handle.to_owned())
}

/// The whole disk of a device, by sysfs, else by the device's name.
fn disk_of(root: &Root, number: DeviceNumber, device: &str) -> Option<Box<str>> {
    whole_disk(root, number).or_else(|| {
        let name = device.strip_prefix("/dev/")?;
        whole_disk_name(name).map(Into::into)
    })
}

/// Whether a disk is what EC2 calls by a device: `/dev/sdf` is `xvdf` to the kernels of Xen instances.
fn is_attached_as(device: &str, disk: &str) -> bool {
    let Some(name) = device.strip_prefix("/dev/") else { return false };
    let whole = whole_disk_name(name).unwrap_or(name);
    whole == disk || whole.strip_prefix("sd").is_some_and(|letters| disk.strip_prefix("xvd") == Some(letters))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_attachment_is_one_disk_and_no_other() {
        for (device, disk) in
            [("/dev/xvda", "xvda"), ("/dev/sda1", "xvda"), ("/dev/sdf", "xvdf"), ("/dev/sdaa", "sdaa")]
        {
            assert!(is_attached_as(device, disk), "{device} {disk}");
        }
        for (device, disk) in
            [("/dev/sda", "sdaa"), ("/dev/nvme1n1", "nvme1n10"), ("xvda", "xvda"), ("/dev/sdf", "sdg")]
        {
            assert!(!is_attached_as(device, disk), "{device} {disk}");
        }
    }

    #[test]
    fn only_the_ebs_drivers_handle_is_a_volume() {
        let text = |driver: &str, volume: &str| {
            format!(r#"{{"driverName":"{driver}","volumeHandle":"{volume}","attachmentID":"x"}}"#)
        };
        assert_eq!(handle(text(DRIVER, "vol-0a").as_bytes()).as_deref(), Some("vol-0a"));
        assert_eq!(handle(text("efs.csi.aws.com", "vol-0a").as_bytes()), None);
        assert_eq!(handle(text(DRIVER, "fs-0a").as_bytes()), None);
        assert_eq!(handle(b"<html>"), None);
    }

    proptest! {
        #[test]
        fn any_file_is_survived(text in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = handle(&text);
        }
    }
}
