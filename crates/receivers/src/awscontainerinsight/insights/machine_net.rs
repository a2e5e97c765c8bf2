//! `NodeNet` and `InstanceNet`: one network interface of the machine.

use catalog::Attribute;
use linux::net_dev::Interface;
use model::Record;

use crate::awscontainerinsight::insights::network;
use crate::awscontainerinsight::insights::tick_context::TickContext;
use crate::awscontainerinsight::samples::Pair;

/// The record of one interface.
pub fn record(tick: &TickContext<'_>, interface: &Pair<Interface>) -> Option<Record> {
    let mut points = tick.points(tick.node.types.network);
    network::put(&mut points, interface);
    tick.record(points, |record_type| {
        let mut attributes = tick.node_attributes(record_type);
        attributes.insert(Attribute::Interface, &*interface.now.name.text());
        attributes
    })
}
