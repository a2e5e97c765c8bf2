//! `PodNet`: one network interface of a pod.

use catalog::{Attribute, RecordType};
use linux::net_dev::Interface;
use model::Record;

use crate::awscontainerinsight::config::Config;
use crate::awscontainerinsight::insights::tick_context::TickContext;
use crate::awscontainerinsight::insights::{network, pod};
use crate::awscontainerinsight::samples::Pair;
use crate::awscontainerinsight::stores::pod::Entry;

/// The record of one interface.
pub fn record(tick: &TickContext<'_>, entry: &Entry, interface: &Pair<Interface>, config: &Config) -> Option<Record> {
    let mut points = tick.points(RecordType::PodNet);
    network::put(&mut points, interface);
    tick.record(points, |record_type| {
        let mut attributes = pod::with_status(pod::attributes(tick, record_type, entry, config), entry);
        attributes.insert(Attribute::Interface, &*interface.now.name.text());
        attributes
    })
}
