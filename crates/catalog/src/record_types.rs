//! Sets of record types, and those that the tables name.

use crate::record_type::RecordType;

/// A set of record types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RecordTypes(u64);

/// The set of these types and groups of types.
macro_rules! types {
    ($($name:ident)+) => { RecordTypes::EMPTY$(.and(RecordTypes::$name))+ };
}
pub(crate) use types;

#[rustfmt::skip]
impl RecordTypes {
    pub(crate) const EMPTY: Self = Self(0);
    pub(crate) const CLUSTERS: Self = types!(Cluster ClusterNamespace ClusterService);
    pub(crate) const WORKLOADS: Self = types!(ClusterDeployment ClusterDaemonSet ClusterStatefulSet ClusterReplicaSet);
    pub(crate) const NODES: Self = types!(Node NodeDiskIO NodeFS NodeNet);
    pub(crate) const PODS: Self = types!(Pod PodNet);
    pub(crate) const CONTAINERS: Self = types!(Container ContainerFS);
    pub(crate) const INSTANCES: Self = types!(Instance InstanceDiskIO InstanceFS InstanceNet);
    pub(crate) const EMITTED: Self = types!(CLUSTERS WORKLOADS NODES PODS CONTAINERS INSTANCES);

    pub(crate) const MACHINES: Self = types!(Node Instance);
    pub(crate) const CGROUPS: Self = types!(MACHINES Pod Container);
    pub(crate) const INTERFACES: Self = types!(NodeNet InstanceNet PodNet);
    pub(crate) const NETWORKS: Self = types!(MACHINES Pod INTERFACES);
    pub(crate) const DISKS: Self = types!(NodeDiskIO InstanceDiskIO);
    pub(crate) const MOUNTS: Self = types!(NodeFS InstanceFS);
    pub(crate) const FILE_SYSTEMS: Self = types!(MOUNTS ContainerFS);

    pub(crate) const GPU: Self = types!(ContainerGPU PodGPU NodeGPU);
    pub(crate) const NEURON_CORES: Self = types!(ContainerAWSNeuronCore PodAWSNeuronCore NodeAWSNeuronCore);
    pub(crate) const NEURON_DEVICES: Self = types!(ContainerAWSNeuronDevice PodAWSNeuronDevice NodeAWSNeuronDevice);
    pub(crate) const NEURON_PODS: Self =
        types!(ContainerAWSNeuronCore ContainerAWSNeuronDevice PodAWSNeuronCore PodAWSNeuronDevice);
    pub(crate) const NEURON: Self = types!(NEURON_CORES NEURON_DEVICES NodeAWSNeuron);
    pub(crate) const EFA: Self = types!(ContainerEFA PodEFA NodeEFA);
    pub(crate) const DRIVES: Self = types!(NodeEBS NodeInstanceStore);
}

impl RecordTypes {
    pub(crate) const fn of(record_type: RecordType) -> Self {
        Self(1 << record_type as u32)
    }

    pub(crate) const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    pub(crate) const fn count(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether a type is one of them.
    #[must_use]
    pub const fn contains(self, record_type: RecordType) -> bool {
        self.0 & 1 << record_type as u32 != 0
    }
}
