//! Attribute names, in byte order, and which record types carry them.

use crate::record_type::RecordType;

macro_rules! attributes {
    ($($variant:ident => $name:literal,)*) => {
        /// An attribute of a record; the order of the variants is the byte order of the names.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Attribute {
            $(#[doc = concat!("`", $name, "`")] $variant,)*
        }

        impl Attribute {
            /// Every attribute, in byte order of the names.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name as it is written in an event.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

attributes! {
    AutoScalingGroupName => "AutoScalingGroupName",
    ClusterName => "ClusterName",
    ClusterQueue => "ClusterQueue",
    ContainerId => "ContainerId",
    ContainerInstanceId => "ContainerInstanceId",
    ContainerName => "ContainerName",
    EBSVolumeId => "EBSVolumeId",
    EfaDevice => "EfaDevice",
    Flavor => "Flavor",
    FullPodName => "FullPodName",
    GpuDevice => "GpuDevice",
    InstanceId => "InstanceId",
    InstanceType => "InstanceType",
    K8sPodName => "K8sPodName",
    Namespace => "Namespace",
    NetworkInterfaceId => "NetworkInterfaceId",
    NeuronCore => "NeuronCore",
    NeuronDevice => "NeuronDevice",
    NodeName => "NodeName",
    PodId => "PodId",
    PodName => "PodName",
    Reason => "Reason",
    Resource => "Resource",
    Service => "Service",
    Sources => "Sources",
    Status => "Status",
    Timestamp => "Timestamp",
    Type => "Type",
    UUID => "UUID",
    UltraServer => "UltraServer",
    Version => "Version",
    VolumeId => "VolumeId",
    AvailabilityZone => "availability_zone",
    ContainerLastTerminationReason => "container_last_termination_reason",
    ContainerStatus => "container_status",
    ContainerStatusReason => "container_status_reason",
    Device => "device",
    EbsVolumeId => "ebs_volume_id",
    Fstype => "fstype",
    Interface => "interface",
    Kubernetes => "kubernetes",
    KubernetesType => "kubernetes_type",
    PodStatus => "pod_status",
    Region => "region",
    SubnetId => "subnet_id",
}

impl Attribute {
    /// The attribute of this name, if the catalogue has it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.binary_search_by(|attribute| attribute.as_str().cmp(name)).ok().map(|at| Self::ALL[at])
    }
}

/// One record type's attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttributeRow {
    /// The record type that carries it.
    pub record_type: RecordType,
    /// The attribute.
    pub attribute: Attribute,
    /// Whether the receiver's published document lists it for this type.
    pub published: bool,
    /// When a record of this type has it.
    pub when: &'static str,
}

pub(crate) const fn row(
    record_type: RecordType,
    attribute: Attribute,
    published: bool,
    when: &'static str,
) -> AttributeRow {
    AttributeRow { record_type, attribute, published, when }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_in_byte_order() {
        assert!(Attribute::ALL.windows(2).all(|pair| pair[0].as_str() < pair[1].as_str()));
    }

    #[test]
    fn every_name_finds_its_attribute() {
        for attribute in Attribute::ALL {
            assert_eq!(Attribute::from_name(attribute.as_str()), Some(*attribute));
        }
        assert_eq!(Attribute::from_name("Clustername"), None);
    }
}
