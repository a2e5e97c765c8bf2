//! `NodeNet` and `InstanceNet`: one network interface of the machine.

use catalog::Attribute;
use linux::net_dev::Interface;
use model::Record;

use crate::awscontainerinsight::insights::frame::Frame;
use crate::awscontainerinsight::insights::network;
use crate::awscontainerinsight::samples::Pair;

/// The record of one interface.
pub fn record(frame: &Frame<'_>, interface: &Pair<Interface>) -> Option<Record> {
    let mut points = frame.points(frame.node.types.network);
    network::put(&mut points, interface);
    frame.record(points, |record_type| {
        let mut attributes = frame.node_attributes(record_type);
        attributes.insert(Attribute::Interface, &*interface.now.name.text());
        attributes
    })
}
