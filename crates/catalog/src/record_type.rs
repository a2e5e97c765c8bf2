//! Record types: what an event is about. The name is the event's `Type`; the prefix begins its metrics' names.
//! Below are sets of types, and those that the tables name.

macro_rules! record_types {
    ($($variant:ident => $prefix:literal, $sources:expr;)*) => {
        /// What a record is about.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum RecordType {
            $(#[doc = concat!("`", stringify!($variant), "`")] $variant,)*
        }

        #[expect(non_upper_case_globals, reason = "a set of one type is spelled as the type")]
        impl RecordTypes {
            $(pub(crate) const $variant: Self = Self::of(RecordType::$variant);)*
        }

        impl RecordType {
            /// Every record type, in the catalogue's order.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The value of the attribute `Type`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => stringify!($variant),)* }
            }

            /// What the type's metric names begin with; empty where they have no common beginning.
            #[must_use]
            pub const fn prefix(self) -> &'static str {
                match self { $(Self::$variant => $prefix,)* }
            }

            /// The value of the attribute `Sources`, JSON text; `None` where the type has no such attribute.
            #[must_use]
            pub const fn sources(self) -> Option<&'static str> {
                match self { $(Self::$variant => $sources,)* }
            }
        }
    };
}

record_types! {
    Cluster => "cluster_", Some(r#"["apiserver"]"#);
    ClusterNamespace => "namespace_", Some(r#"["apiserver"]"#);
    ClusterService => "service_", Some(r#"["apiserver"]"#);
    ClusterDeployment => "", Some(r#"["apiserver"]"#);
    ClusterDaemonSet => "", Some(r#"["apiserver"]"#);
    ClusterStatefulSet => "", Some(r#"["apiserver"]"#);
    ClusterReplicaSet => "", Some(r#"["apiserver"]"#);
    Node => "node_", Some(r#"["cadvisor","/proc","pod","calculated"]"#);
    NodeDiskIO => "node_", Some(r#"["cadvisor"]"#);
    NodeFS => "node_", Some(r#"["cadvisor","calculated"]"#);
    NodeNet => "node_interface_", Some(r#"["cadvisor","calculated"]"#);
    Pod => "pod_", Some(r#"["cadvisor","pod","calculated"]"#);
    PodNet => "pod_interface_", Some(r#"["cadvisor","calculated"]"#);
    Container => "container_", Some(r#"["cadvisor","pod","calculated"]"#);
    ContainerFS => "container_", Some(r#"["cadvisor","calculated"]"#);
    Instance => "instance_", Some(r#"["cadvisor","/proc","ecsagent","calculated"]"#);
    InstanceDiskIO => "instance_", Some(r#"["cadvisor"]"#);
    InstanceFS => "instance_", Some(r#"["cadvisor","calculated"]"#);
    InstanceNet => "instance_interface_", Some(r#"["cadvisor","calculated"]"#);
    HyperPodNode => "", None;
    ControlPlane => "", None;
    ContainerGPU => "container_", None;
    PodGPU => "pod_", None;
    NodeGPU => "node_", None;
    ContainerAWSNeuronCore => "container_", None;
    ContainerAWSNeuronDevice => "container_", None;
    PodAWSNeuronCore => "pod_", None;
    PodAWSNeuronDevice => "pod_", None;
    NodeAWSNeuronCore => "node_", None;
    NodeAWSNeuronDevice => "node_", None;
    NodeAWSNeuron => "node_", None;
    ContainerEFA => "container_", None;
    PodEFA => "pod_", None;
    NodeEFA => "node_", None;
    NodeEBS => "node_", None;
    NodeInstanceStore => "node_", None;
    ClusterQueue => "", None;
}

impl RecordType {
    /// Whether this version of the agent emits the type.
    #[must_use]
    pub const fn is_emitted(self) -> bool {
        RecordTypes::EMITTED.contains(self)
    }
}

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
