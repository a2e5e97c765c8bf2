//! The table of attributes: each one's name, in byte order, and when records of which types have it.
//!
//! An attribute is `Variant "name" { "when": TYPES; }`.

use crate::record_type::{RecordType, RecordTypes, types};

/// When records of some types have an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttributeRow {
    /// The attribute.
    pub attribute: Attribute,
    /// The types.
    pub types: RecordTypes,
    /// When a record of these types has it.
    pub when: &'static str,
}

macro_rules! attributes {
    ($($variant:ident $name:literal { $($when:literal: $($types:ident)+;)+ })*) => {
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

        /// Which attributes each record type carries.
        pub static ATTRIBUTES: &[AttributeRow] = &[$($(AttributeRow {
            attribute: Attribute::$variant,
            types: types!($($types)+),
            when: $when,
        },)+)*];
    };
}

attributes! {
    AutoScalingGroupName "AutoScalingGroupName" {
        "on EC2, once the tags were read": NODES PODS CONTAINERS INSTANCES EFA;
    }
    ClusterName "ClusterName" {
        "always": WORKLOADS CLUSTERS NODES PODS CONTAINERS DRIVES HyperPodNode ControlPlane;
        "when known": INSTANCES;
        "where the sample has it": GPU NEURON;
        "as for Node": EFA;
        "when the series has the label": ClusterQueue;
    }
    ClusterQueue "ClusterQueue" { "when the series has the label": ClusterQueue; }
    ContainerId "ContainerId" { "after the first start": CONTAINERS; }
    ContainerInstanceId "ContainerInstanceId" { "when known": INSTANCES; }
    ContainerName "ContainerName" {
        "always": CONTAINERS;
        "where the sample has it": ContainerGPU ContainerAWSNeuronCore ContainerAWSNeuronDevice;
        "with an option": ContainerEFA PodEFA;
    }
    EBSVolumeId "EBSVolumeId" {
        "where the device is an attached EBS volume": NodeDiskIO NodeFS ContainerFS InstanceDiskIO InstanceFS;
    }
    EfaDevice "EfaDevice" { "always": EFA; }
    Flavor "Flavor" { "when the series has the label": ClusterQueue; }
    FullPodName "FullPodName" {
        "with `add_full_pod_name_metric_label`": PODS CONTAINERS;
        "where the sample has it": ContainerGPU PodGPU NEURON_PODS;
        "as for Pod": ContainerEFA PodEFA;
    }
    GpuDevice "GpuDevice" { "where the sample has it": GPU; }
    InstanceId "InstanceId" {
        "when known": NODES PODS CONTAINERS INSTANCES;
        "always": DRIVES HyperPodNode;
        "where the sample has it": GPU NEURON;
        "as for Node": EFA;
    }
    InstanceType "InstanceType" {
        "when known": NODES PODS CONTAINERS INSTANCES;
        "where the sample has it": GPU NEURON;
        "as for Node": EFA;
    }
    K8sPodName "K8sPodName" {
        "always": PODS CONTAINERS;
        "where the sample has it": NEURON_PODS;
    }
    Namespace "Namespace" {
        "always": WORKLOADS PODS CONTAINERS ClusterNamespace ClusterService ContainerEFA PodEFA;
        "where the sample has it": ContainerGPU PodGPU NEURON;
    }
    NetworkInterfaceId "NetworkInterfaceId" { "since December 2024": EFA; }
    NeuronCore "NeuronCore" { "where the sample has it": NEURON; }
    NeuronDevice "NeuronDevice" { "where the sample has it": NEURON; }
    NodeName "NodeName" {
        "always": WORKLOADS CLUSTERS NODES PODS CONTAINERS DRIVES HyperPodNode ControlPlane;
        "with the variable `HOST_NAME` or the option `host_name`": INSTANCES;
        "where the sample has it": GPU NEURON;
        "as for Node": EFA;
        "when the series has the label": ClusterQueue;
    }
    PodId "PodId" { "always": PODS CONTAINERS; }
    PodName "PodName" {
        "always": WORKLOADS PODS CONTAINERS ContainerEFA PodEFA;
        "where the sample has it": ContainerGPU PodGPU NEURON_PODS;
    }
    Reason "Reason" { "when the series has the label": ClusterQueue; }
    Resource "Resource" { "when the series has the label": ClusterQueue; }
    Service "Service" {
        "always": ClusterService;
        "with `add_service_as_attribute`, where the pod is a ready endpoint of a Service": PODS CONTAINERS;
        "where the sample has it": ContainerGPU PodGPU NEURON;
        "as for Pod": ContainerEFA PodEFA;
    }
    Sources "Sources" {
        "always": WORKLOADS CLUSTERS NODES PODS CONTAINERS INSTANCES ControlPlane;
        "where the sample has it": GPU;
    }
    Status "Status" { "when the series has the label": ClusterQueue; }
    Timestamp "Timestamp" {
        "always": WORKLOADS CLUSTERS NODES PODS CONTAINERS INSTANCES EFA HyperPodNode;
        "where the sample has it": GPU;
    }
    Type "Type" {
        "always": WORKLOADS CLUSTERS NODES PODS CONTAINERS INSTANCES EFA DRIVES HyperPodNode ControlPlane;
        "where the sample has it": GPU NEURON;
    }
    UUID "UUID" { "where the sample has it": ContainerGPU PodGPU; }
    UltraServer "UltraServer" { "where the sample has it": NEURON; }
    Version "Version" {
        "always": WORKLOADS CLUSTERS NODES PODS CONTAINERS INSTANCES HyperPodNode ControlPlane;
        "where the sample has it": GPU;
        "as for Node": EFA;
    }
    VolumeId "VolumeId" { "always": DRIVES; }
    AvailabilityZone "availability_zone" { "where the sample has it": NEURON; }
    ContainerLastTerminationReason "container_last_termination_reason" {
        "`Terminated`, where the container was terminated with a reason before": Container;
    }
    ContainerStatus "container_status" { "where the pod's status has an entry for the container": Container; }
    ContainerStatusReason "container_status_reason" {
        "`Waiting` or `Terminated`, where a reason is given": Container;
    }
    Device "device" { "always": NodeDiskIO NodeFS ContainerFS InstanceDiskIO InstanceFS; }
    EbsVolumeId "ebs_volume_id" {
        "where the in-tree plug-in `aws-ebs` mounts the device": NodeDiskIO NodeFS ContainerFS;
    }
    Fstype "fstype" { "always": NodeFS ContainerFS InstanceFS; }
    Interface "interface" { "always": NodeNet PodNet InstanceNet; }
    Kubernetes "kubernetes" {
        "always": NODES PODS CONTAINERS EFA ClusterNamespace ClusterService;
        "unless `workload_document` is `none`": WORKLOADS;
        "where the sample has it": GPU NEURON;
    }
    KubernetesType "kubernetes_type" { "when the series has a label named type": ControlPlane; }
    PodStatus "pod_status" { "always": PODS; }
    Region "region" { "where the sample has it": NEURON; }
    SubnetId "subnet_id" { "where the sample has it": NEURON; }
}

impl Attribute {
    /// The attribute of this name, if the catalogue has it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.binary_search_by(|attribute| attribute.as_str().cmp(name)).ok().map(|at| Self::ALL[at])
    }
}

/// The attributes of one record type, in the table's order.
pub fn attributes_of(record_type: RecordType) -> impl Iterator<Item = &'static AttributeRow> {
    ATTRIBUTES.iter().filter(move |row| row.types.contains(record_type))
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

    #[test]
    fn no_attribute_stands_twice_for_a_type() {
        for record_type in RecordType::ALL {
            let mut seen = std::collections::HashSet::new();
            assert!(attributes_of(*record_type).all(|row| seen.insert(row.attribute)), "{}", record_type.as_str());
        }
    }
}
