//! The machine's file systems: one for each device, by the host's own mount table.

use std::time::Duration;

use linux::mounts::{Mount, Table};
use linux::statfs::{Prober, Usage};
use linux::{DeviceNumber, Error, Root};
use model::Text;
use net::chain;

use crate::awscontainerinsight::samples::{FileSystemSample, Volumes};
use crate::awscontainerinsight::sources::own_mounts::OwnMounts;
use crate::awscontainerinsight::sources::reader::Reader;

/// Beginnings of the names of file-system types that are reported, where they are on a device.
const KINDS: [&str; 5] = ["ext", "nfs", "btrfs", "xfs", "zfs"];
/// The limit on the mount table.
const TABLE: &str = "mount table";
/// How many mounts of one device are asked, where the first ones can't be.
const ATTEMPTS: usize = 3;

/// The mounts and the thread that asks them.
pub struct FileSystems {
    prober: Prober,
    patience: Duration,
    overlay_root: bool,
    table: Table,
    own: Option<OwnMounts>,
    /// Sizes of those that were last asked.
    capacities: Vec<(DeviceNumber, u64)>,
}

/// A mount, and how large it is.
#[derive(Debug, Clone)]
pub struct Holder {
    /// The mount's source.
    pub device: Text,
    /// The kernel's name of the file-system type.
    pub kind: Text,
    /// Bytes in all; `None` where it isn't one of those that are reported.
    pub capacity_bytes: Option<u64>,
}

impl FileSystems {
    /// Mounts below a root; one that stops answering holds a tick up for `patience` once.
    pub fn new(root: &Root, patience: Duration) -> Result<Self, Error> {
        // The agent's own root may be an overlay; the host's, seen from elsewhere, is the host's.
        let overlay_root = root.path() != std::path::Path::new("/");
        let (prober, own) = (Prober::new(root)?, OwnMounts::new(root)?);
        Ok(Self { prober, patience, overlay_root, table: Table::default(), own, capacities: Vec::new() })
    }

    /// Asks each device's file system; sorted by device.
    pub fn sample(&mut self, reader: &mut Reader) -> Vec<FileSystemSample> {
        let read = self.table.refresh(&reader.root, &mut reader.buffer).map(<[Mount]>::len);
        if reader.failures.note("mounts", read).is_none() {
            return Vec::new();
        }
        match self.table.cut() {
            0 => reader.failures.limits().within(TABLE),
            cut => {
                let message = format!(
                    "the mount table is too long: {cut} mounts are left out; file systems mounted there may be missing; \
                     unmount what is left over"
                );
                reader.failures.limits().cut(TABLE, cut as u64, &message);
            }
        }
        let mut devices = by_device(self.table.mounts().iter().filter(|mount| self.is_reported(mount)).cloned());
        let mut samples = Vec::with_capacity(devices.len());
        let (mut hanging, mut unseen) = (None, Vec::new());
        for _ in 0..ATTEMPTS {
            let heads: Vec<Mount> = devices.iter().map(|mounts| mounts[0].clone()).collect();
            let mut missed = Vec::new();
            for (number, answer) in self.prober.probe(&heads, self.patience) {
                match answer {
                    Ok(usage) => samples.push(sample(&heads[number], usage)),
                    Err(error @ Error::Hanging { .. }) => hanging = Some(error),
                    // Not to be seen from here: another mount of the same device may be.
                    Err(_) => missed.push(std::mem::take(&mut devices[number])),
                }
            }
            // The last of a device's mounts stays, for the agent's own ones to answer in its place.
            let (more, last): (Vec<_>, Vec<_>) = missed.into_iter().partition(|mounts| mounts.len() > 1);
            unseen.extend(last.into_iter().map(|mounts| mounts[0].clone()));
            devices = more.into_iter().map(|mounts| mounts[1..].to_vec()).collect();
            if devices.is_empty() {
                break;
            }
        }
        unseen.extend(devices.into_iter().map(|mounts| mounts[0].clone()));
        if let Some(own) = &mut self.own {
            let seen = own.probe(&unseen, self.patience, &mut reader.buffer);
            samples.extend(seen.into_iter().map(|(mount, usage)| sample(mount, usage)));
        }
        match hanging {
            Some(error) => reader.failures.failed("file system", 1, &chain(&error)),
            None => reader.failures.recovered("file system"),
        }
        samples.sort_by(|left, right| (&left.device, left.number).cmp(&(&right.device, right.number)));
        self.capacities = samples.iter().map(|sample| (sample.number, sample.usage.capacity_bytes)).collect();
        samples
    }

    /// The mount that holds a path of the host, as of the last sample.
    pub fn holder(&self, path: &str) -> Option<Holder> {
        let holds = |mount: &&Mount| {
            let rest = path.strip_prefix(&*mount.mount_point);
            &*mount.mount_point == "/" || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let mount = self.table.mounts().iter().filter(holds).max_by_key(|mount| mount.mount_point.len())?;
        let capacity = self.capacities.iter().find(|(device, _)| *device == mount.device);
        let capacity_bytes = capacity.map(|(_, bytes)| *bytes);
        Some(Holder { device: device(mount), kind: (&*mount.fs_type).into(), capacity_bytes })
    }

    /// The host's mounts, as of the last sample.
    pub fn mounts(&self) -> &[Mount] {
        self.table.mounts()
    }

    fn is_reported(&self, mount: &Mount) -> bool {
        let on_device = mount.source.starts_with("/dev/") && KINDS.iter().any(|kind| mount.fs_type.starts_with(kind));
        on_device || (self.overlay_root && &*mount.fs_type == "overlay" && &*mount.mount_point == "/")
    }
}

impl std::fmt::Debug for FileSystems {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("FileSystems").field("capacities", &self.capacities).finish_non_exhaustive()
    }
}

/// The mounts of each source and number, those of whole file systems first, otherwise in the table's order.
fn by_device(mounts: impl Iterator<Item = Mount>) -> Vec<Vec<Mount>> {
    let mut devices: Vec<Vec<Mount>> = Vec::new();
    for mount in mounts {
        match devices.iter_mut().find(|mounts| mounts[0].source == mount.source && mounts[0].device == mount.device) {
            Some(mounts) => mounts.push(mount),
            None => devices.push(vec![mount]),
        }
    }
    for mounts in &mut devices {
        mounts.sort_by_key(|mount| &*mount.root != "/");
    }
    devices
}

fn sample(mount: &Mount, usage: Usage) -> FileSystemSample {
    FileSystemSample {
        device: device(mount),
        number: mount.device,
        kind: (&*mount.fs_type).into(),
        mount_point: (&*mount.mount_point).into(),
        usage,
        volumes: Volumes::default(),
    }
}

fn device(mount: &Mount) -> Text {
    if &*mount.fs_type == "overlay" { "overlay".into() } else { (&*mount.source).into() }
}
