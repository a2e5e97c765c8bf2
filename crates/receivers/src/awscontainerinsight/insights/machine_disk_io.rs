//! `NodeDiskIO` and `InstanceDiskIO`: one disk of the machine.

use catalog::Attribute;
use model::Record;

use crate::awscontainerinsight::insights::disk_io;
use crate::awscontainerinsight::insights::tick_context::TickContext;
use crate::awscontainerinsight::insights::volume;
use crate::awscontainerinsight::samples::DiskSample;

/// The record of one disk.
pub fn record(tick: &TickContext<'_>, disk: &DiskSample) -> Option<Record> {
    let mut points = tick.points(tick.node.types.disk_io);
    disk_io::put(&mut points, &disk.io);
    tick.record(points, |record_type| {
        let mut attributes = tick.node_attributes(record_type);
        attributes.insert(Attribute::Device, disk.device.clone());
        volume::put(&mut attributes, tick, &disk.volumes);
        attributes
    })
}
