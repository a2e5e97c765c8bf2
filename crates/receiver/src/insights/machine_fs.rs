//! `NodeFS` and `InstanceFS`: one file system of the machine.

use catalog::Attribute;
use model::{Record, Text};

use crate::config::{Config, FsType};
use crate::insights::file_system::{self, FileSystem};
use crate::insights::frame::Frame;
use crate::insights::points::Points;
use crate::insights::volume;
use crate::samples::FileSystemSample;

/// The record of one file system.
pub fn record(frame: &Frame<'_>, sample: &FileSystemSample, config: &Config) -> Option<Record> {
    let usage = &sample.usage;
    let mut points = Points::of(frame.node.types.file_system);
    let usage = FileSystem {
        usage_bytes: Some(usage.capacity_bytes.saturating_sub(usage.free_bytes)),
        capacity_bytes: Some(usage.capacity_bytes),
        available_bytes: Some(usage.available_bytes),
        inodes: usage.inodes,
        inodes_free: usage.inodes_free,
    };
    file_system::put(&mut points, usage);
    frame.record(points, |record_type| {
        let mut attributes = frame.node_attributes(record_type);
        attributes.insert(Attribute::Device, sample.device.clone());
        volume::put(&mut attributes, frame, &sample.volumes);
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
