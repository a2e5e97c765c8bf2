//! The EBS volume that a device is, or that Kubernetes mounts from it.

use catalog::Attribute;
use model::Attributes;

use crate::awscontainerinsight::config::Orchestrator;
use crate::awscontainerinsight::insights::tick_context::TickContext;
use crate::awscontainerinsight::samples::Volumes;

/// Adds the volumes of a record's device.
pub fn put(attributes: &mut Attributes, tick: &TickContext<'_>, volumes: &Volumes) {
    if let Some(volume) = &volumes.attached {
        attributes.insert(Attribute::EBSVolumeId, volume.clone());
    }
    // Records about container instances have no attribute for it.
    if let Some(volume) = volumes.kubernetes.as_ref().filter(|_| tick.node.platform == Orchestrator::Eks) {
        attributes.insert(Attribute::EbsVolumeId, volume.clone());
    }
}
