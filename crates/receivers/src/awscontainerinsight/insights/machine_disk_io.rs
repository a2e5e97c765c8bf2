//! `NodeDiskIO` and `InstanceDiskIO`: one disk of the machine.

use catalog::Attribute;
use model::Record;

use crate::awscontainerinsight::insights::disk_io;
use crate::awscontainerinsight::insights::frame::Frame;
use crate::awscontainerinsight::insights::volume;
use crate::awscontainerinsight::samples::DiskSample;

/// The record of one disk.
pub fn record(frame: &Frame<'_>, disk: &DiskSample) -> Option<Record> {
    let mut points = frame.points(frame.node.types.disk_io);
    disk_io::put(&mut points, &disk.io);
    frame.record(points, |record_type| {
        let mut attributes = frame.node_attributes(record_type);
        attributes.insert(Attribute::Device, disk.device.clone());
        volume::put(&mut attributes, frame, &disk.volumes);
        attributes
    })
}
