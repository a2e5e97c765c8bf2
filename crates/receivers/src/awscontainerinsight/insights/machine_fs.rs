//! `NodeFS` and `InstanceFS`: one file system of the machine.

use catalog::Attribute;
use model::{Record, Text};

use crate::awscontainerinsight::config::{Config, FsType};
use crate::awscontainerinsight::insights::file_system::{self, FileSystem};
use crate::awscontainerinsight::insights::tick_context::TickContext;
use crate::awscontainerinsight::insights::volume;
use crate::awscontainerinsight::plausible::{said, within};
use crate::awscontainerinsight::samples::FileSystemSample;

/// The record of one file system.
pub fn record(tick: &TickContext<'_>, sample: &FileSystemSample, config: &Config) -> Option<Record> {
    let usage = &sample.usage;
    let mut points = tick.points(tick.node.types.file_system);
    // Where more is reserved than is free, some kernels give numbers below zero.
    let (capacity, inodes) = (said(Some(usage.capacity_bytes)), said(usage.inodes));
    let free = within(Some(usage.free_bytes), capacity);
    let usage = FileSystem {
        usage_bytes: capacity.and_then(|capacity| Ok(capacity - free?)),
        capacity_bytes: capacity,
        available_bytes: within(Some(usage.available_bytes), capacity),
        inodes,
        inodes_free: within(usage.inodes_free, inodes),
    };
    file_system::put(&mut points, usage, config.filesystem_utilization);
    tick.record(points, |record_type| {
        let mut attributes = tick.node_attributes(record_type);
        attributes.insert(Attribute::Device, sample.device.clone());
        volume::put(&mut attributes, tick, &sample.volumes);
        if let Some(fstype) = fstype(config, Some(&sample.kind)) {
            attributes.insert(Attribute::Fstype, fstype);
        }
        attributes
    })
}

/// The attribute `fstype`: `vfs` for everything, as the published agent says, or the kernel's name.
pub fn fstype(config: &Config, kind: Option<&Text>) -> Option<Text> {
    match config.fstype {
        FsType::Vfs => Some("vfs".into()),
        FsType::Kernel => kind.cloned(),
    }
}
