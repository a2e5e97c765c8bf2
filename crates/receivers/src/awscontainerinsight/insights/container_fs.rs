//! `ContainerFS`: the writable layer and the logs of one container, as the kubelet measures them.

use catalog::{Attribute, RecordType};
use kubernetes::{ContainerSummary, FsUse};
use model::{Record, Text};

use crate::awscontainerinsight::config::{Config, FilesystemUtilization};
use crate::awscontainerinsight::insights::file_system::{self, FileSystem};
use crate::awscontainerinsight::insights::tick_context::TickContext;
use crate::awscontainerinsight::insights::{container, machine_fs, volume};
use crate::awscontainerinsight::plausible::{Absent, said, within};
use crate::awscontainerinsight::samples::Volumes;
use crate::awscontainerinsight::stores::pod::{ContainerEntry, Entry};

/// The host's file system that holds a runtime's containers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Storage {
    /// The mount's source.
    pub device: Text,
    /// The EBS volume under it.
    pub volumes: Volumes,
    /// The kernel's name of the file-system type.
    pub kind: Text,
    /// Bytes in all: where the kubelet says otherwise, it is another file system that holds a container.
    pub capacity_bytes: u64,
}

/// The record of one container; `storage` is `None` where it isn't known what holds it.
pub fn record(
    tick: &TickContext<'_>,
    entry: &Entry,
    container: &ContainerEntry,
    summary: &ContainerSummary,
    storage: Option<&Storage>,
    config: &Config,
) -> Option<Record> {
    let rootfs = summary.rootfs?;
    let storage = storage.filter(|storage| rootfs.capacity_bytes == Some(storage.capacity_bytes));
    let used = |part: FsUse| within(part.used_bytes, said(part.capacity_bytes));
    // Where nothing is known of the logs, there are none.
    let logs = match summary.logs.map_or(Err(Absent::Missing), used) {
        Err(Absent::Missing) => Ok(0),
        logs => logs,
    };
    let capacity = said(rootfs.capacity_bytes);
    let mut points = tick.points(RecordType::ContainerFS);
    let usage = FileSystem {
        usage_bytes: used(rootfs).and_then(|used| Ok(used.saturating_add(logs?))),
        capacity_bytes: capacity,
        available_bytes: within(rootfs.available_bytes, capacity),
        inodes: Err(Absent::Missing),
        inodes_free: Err(Absent::Missing),
    };
    // What others have on the same file system isn't known, so that there is no utilization as `df` has it.
    file_system::put(&mut points, usage, FilesystemUtilization::Capacity);
    tick.record(points, |record_type| {
        let mut attributes = container::attributes(tick, record_type, entry, container, config);
        if let Some(storage) = storage {
            attributes.insert(Attribute::Device, storage.device.clone());
            volume::put(&mut attributes, tick, &storage.volumes);
        }
        if let Some(fstype) = machine_fs::fstype(config, storage.map(|storage| &storage.kind)) {
            attributes.insert(Attribute::Fstype, fstype);
        }
        attributes
    })
}
