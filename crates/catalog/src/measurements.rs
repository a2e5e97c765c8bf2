//! The table of metrics: one row for each measurement and the set of record types that have it.
//!
//! A row is `Measurement "name": Unit Kind, TYPES;`. A metric's full name is the type's prefix and this name. `as Tolerance`
//! stands where the kind's own tolerance is not the right one.

use crate::kind::{Kind, Tier, Tolerance};
use crate::record_type::{RecordTypes, types};
use crate::unit::Unit;

/// A row of the table: what all metrics of a measurement have in common.
pub(crate) struct Row {
    pub(crate) measurement: Measurement,
    pub(crate) unit: Unit,
    pub(crate) kind: Kind,
    pub(crate) tolerance: Tolerance,
    pub(crate) tier: Tier,
    pub(crate) types: RecordTypes,
}

macro_rules! tolerance {
    ($kind:ident) => {
        Kind::$kind.tolerance()
    };
    ($kind:ident $tolerance:ident) => {
        Tolerance::$tolerance
    };
}

macro_rules! measurements {
    ($($tier:ident { $($variant:ident $name:literal: $unit:ident $kind:ident $(as $tolerance:ident)?, $($types:ident)+;)+ })+) => {
        /// What is measured, apart from whom it is measured of: `cpu_usage_total` of a node, a pod or a container is one
        /// measurement, so that a formula is written once and the record type picks the metric's full name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u16)]
        pub enum Measurement {
            $($(#[doc = concat!("`", $name, "`")] $variant,)+)+
        }

        impl Measurement {
            /// How many measurements there are.
            pub const COUNT: usize = ROWS.len();

            /// A metric's name without the prefix of its record type.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $($(Self::$variant => $name,)+)+ }
            }
        }

        pub(crate) const ROWS: &[Row] = &[$($(Row {
            measurement: Measurement::$variant,
            unit: Unit::$unit,
            kind: Kind::$kind,
            tolerance: tolerance!($kind $($tolerance)?),
            tier: Tier::$tier,
            types: types!($($types)+),
        },)+)+];
    };
}

measurements! {
    Base {
        FailedNodeCount "failed_node_count": Count Count, Cluster;
        NodeCount "node_count": Count Count, Cluster;
        NumberOfRunningPods "number_of_running_pods": Count Count, CLUSTERS Node;
        ReplicasDesired "replicas_desired": Count Count, WORKLOADS;
        ReplicasReady "replicas_ready": Count Count, WORKLOADS;
        StatusReplicasAvailable "status_replicas_available": Count Count, WORKLOADS;
        StatusReplicasUnavailable "status_replicas_unavailable": Count Count, ClusterDeployment ClusterDaemonSet;
        CpuUsageTotal "cpu_usage_total": Millicore Rate, CGROUPS;
        CpuUsageUser "cpu_usage_user": Millicore Rate, CGROUPS;
        CpuUsageSystem "cpu_usage_system": Millicore Rate, CGROUPS;
        CpuUtilization "cpu_utilization": Percent Gauge as Rate, CGROUPS;
        CpuLimit "cpu_limit": Millicore Gauge as Constant, CGROUPS;
        CpuRequest "cpu_request": Millicore Gauge as Constant, Node Pod Container;
        CpuReservedCapacity "cpu_reserved_capacity": Percent Gauge as Constant, Node Pod Instance;
        MemoryUsage "memory_usage": Bytes Gauge, CGROUPS;
        MemoryCache "memory_cache": Bytes Gauge, CGROUPS;
        MemoryRss "memory_rss": Bytes Gauge, CGROUPS;
        MemoryMaxUsage "memory_max_usage": Bytes Gauge, CGROUPS;
        MemorySwap "memory_swap": Bytes Gauge, CGROUPS;
        MemoryFailcnt "memory_failcnt": Count Counter, CGROUPS;
        MemoryMappedFile "memory_mapped_file": Bytes Gauge, CGROUPS;
        MemoryWorkingSet "memory_working_set": Bytes Gauge, CGROUPS;
        MemoryPgfault "memory_pgfault": CountPerSecond Rate, CGROUPS;
        MemoryHierarchicalPgfault "memory_hierarchical_pgfault": CountPerSecond Rate, CGROUPS;
        MemoryPgmajfault "memory_pgmajfault": CountPerSecond Rate, CGROUPS;
        MemoryHierarchicalPgmajfault "memory_hierarchical_pgmajfault": CountPerSecond Rate, CGROUPS;
        MemoryFailuresTotal "memory_failures_total": CountPerSecond Rate, CGROUPS;
        MemoryUtilization "memory_utilization": Percent Gauge, CGROUPS;
        MemoryLimit "memory_limit": Bytes Gauge as Constant, CGROUPS;
        MemoryRequest "memory_request": Bytes Gauge as Constant, Node Pod Container;
        MemoryReservedCapacity "memory_reserved_capacity": Percent Gauge as Constant, Node Pod Instance;
        NetworkRxBytes "network_rx_bytes": BytesPerSecond Rate, NETWORKS;
        NetworkRxPackets "network_rx_packets": CountPerSecond Rate, NETWORKS;
        NetworkRxErrors "network_rx_errors": CountPerSecond Rate, NETWORKS;
        NetworkRxDropped "network_rx_dropped": CountPerSecond Rate, NETWORKS;
        NetworkTxBytes "network_tx_bytes": BytesPerSecond Rate, NETWORKS;
        NetworkTxPackets "network_tx_packets": CountPerSecond Rate, NETWORKS;
        NetworkTxErrors "network_tx_errors": CountPerSecond Rate, NETWORKS;
        NetworkTxDropped "network_tx_dropped": CountPerSecond Rate, NETWORKS;
        NetworkTotalBytes "network_total_bytes": BytesPerSecond Rate, NETWORKS;
        NumberOfRunningContainers "number_of_running_containers": Count Count, Node Pod;
        DiskioIoServicedAsync "diskio_io_serviced_async": CountPerSecond Rate, DISKS;
        DiskioIoServicedRead "diskio_io_serviced_read": CountPerSecond Rate, DISKS;
        DiskioIoServicedSync "diskio_io_serviced_sync": CountPerSecond Rate, DISKS;
        DiskioIoServicedTotal "diskio_io_serviced_total": CountPerSecond Rate, DISKS;
        DiskioIoServicedWrite "diskio_io_serviced_write": CountPerSecond Rate, DISKS;
        DiskioIoServiceBytesAsync "diskio_io_service_bytes_async": BytesPerSecond Rate, DISKS;
        DiskioIoServiceBytesRead "diskio_io_service_bytes_read": BytesPerSecond Rate, DISKS;
        DiskioIoServiceBytesSync "diskio_io_service_bytes_sync": BytesPerSecond Rate, DISKS;
        DiskioIoServiceBytesTotal "diskio_io_service_bytes_total": BytesPerSecond Rate, DISKS;
        DiskioIoServiceBytesWrite "diskio_io_service_bytes_write": BytesPerSecond Rate, DISKS;
        FilesystemUsage "filesystem_usage": Bytes Gauge, FILE_SYSTEMS;
        FilesystemCapacity "filesystem_capacity": Bytes Gauge as Constant, FILE_SYSTEMS;
        FilesystemAvailable "filesystem_available": Bytes Gauge, FILE_SYSTEMS;
        FilesystemUtilization "filesystem_utilization": Percent Gauge, FILE_SYSTEMS;
        FilesystemInodes "filesystem_inodes": Count Gauge as Constant, NodeFS InstanceFS;
        FilesystemInodesFree "filesystem_inodes_free": Count Gauge, NodeFS InstanceFS;
        CpuUtilizationOverPodLimit "cpu_utilization_over_pod_limit": Percent Gauge as Rate, Pod;
        MemoryUtilizationOverPodLimit "memory_utilization_over_pod_limit": Percent Gauge, Pod;
        NumberOfContainers "number_of_containers": Count Count, Pod;
        NumberOfContainerRestarts "number_of_container_restarts": Count Delta, Pod Container;
        NumberOfRunningTasks "number_of_running_tasks": Count Count, Instance;
    }

    Enhanced {
        IngressCount "ingress_count": Count Count, ClusterNamespace;
        DaemonsetStatusNumberAvailable "daemonset_status_number_available": Count Count, ClusterDaemonSet;
        DaemonsetStatusNumberUnavailable "daemonset_status_number_unavailable": Count Count, ClusterDaemonSet;
        StatusNumberAvailable "status_number_available": Count Count, ClusterDaemonSet;
        StatusNumberUnavailable "status_number_unavailable": Count Count, ClusterDaemonSet;
        StatusConditionReady "status_condition_ready": Count Count, Node;
        StatusConditionDiskPressure "status_condition_disk_pressure": Count Count, Node;
        StatusConditionMemoryPressure "status_condition_memory_pressure": Count Count, Node;
        StatusConditionPidPressure "status_condition_pid_pressure": Count Count, Node;
        StatusConditionNetworkUnavailable "status_condition_network_unavailable": Count Count, Node;
        StatusConditionUnknown "status_condition_unknown": Count Count, Node;
        StatusCapacityPods "status_capacity_pods": Count Count, Node;
        StatusAllocatablePods "status_allocatable_pods": Count Count, Node;
        GpuRequest "gpu_request": Count Count, Node Pod;
        GpuLimit "gpu_limit": Count Count, Node Pod;
        GpuUsageTotal "gpu_usage_total": Count Count, Node Pod;
        GpuReservedCapacity "gpu_reserved_capacity": Percent Gauge as Constant, Node Pod;
        GpuUnreservedCapacity "gpu_unreserved_capacity": Percent Gauge as Constant, Node;
        GpuAvailableCapacity "gpu_available_capacity": Count Count, Node;
        NeuroncoreRequest "neuroncore_request": Count Count, Node Pod;
        NeuroncoreLimit "neuroncore_limit": Count Count, Node Pod;
        NeuroncoreUsageTotal "neuroncore_usage_total": Count Count, Node Pod;
        NeuroncoreReservedCapacity "neuroncore_reserved_capacity": Percent Gauge as Constant, Node Pod;
        NeuroncoreUnreservedCapacity "neuroncore_unreserved_capacity": Percent Gauge as Constant, Node;
        NeuroncoreAvailableCapacity "neuroncore_available_capacity": Count Count, Node;
        EfaRequest "efa_request": Count Count, Node Pod;
        EfaLimit "efa_limit": Count Count, Node Pod;
        EfaUsageTotal "efa_usage_total": Count Count, Node Pod;
        EfaReservedCapacity "efa_reserved_capacity": Percent Gauge as Constant, Node Pod;
        EfaUnreservedCapacity "efa_unreserved_capacity": Percent Gauge as Constant, Node;
        EfaAvailableCapacity "efa_available_capacity": Count Count, Node;
        StatusPending "status_pending": Count Count, Pod;
        StatusRunning "status_running": Count Count, Pod;
        StatusSucceeded "status_succeeded": Count Count, Pod;
        StatusFailed "status_failed": Count Count, Pod;
        StatusReady "status_ready": Count Count, Pod;
        StatusScheduled "status_scheduled": Count Count, Pod;
        StatusUnknown "status_unknown": Count Count, Pod;
        ContainerStatusRunning "container_status_running": Count Count, Pod;
        ContainerStatusWaiting "container_status_waiting": Count Count, Pod;
        ContainerStatusTerminated "container_status_terminated": Count Count, Pod;
        ContainerStatusWaitingReasonCrashLoopBackOff "container_status_waiting_reason_crash_loop_back_off": Count Count, Pod;
        ContainerStatusWaitingReasonImagePullError "container_status_waiting_reason_image_pull_error": Count Count, Pod;
        ContainerStatusWaitingReasonStartError "container_status_waiting_reason_start_error": Count Count, Pod;
        ContainerStatusWaitingReasonCreateContainerError "container_status_waiting_reason_create_container_error": Count Count, Pod;
        ContainerStatusWaitingReasonCreateContainerConfigError "container_status_waiting_reason_create_container_config_error": Count Count, Pod;
        ContainerStatusTerminatedReasonOomKilled "container_status_terminated_reason_oom_killed": Count Count, Pod;
        CpuUtilizationOverContainerLimit "cpu_utilization_over_container_limit": Percent Gauge as Rate, Container;
        MemoryUtilizationOverContainerLimit "memory_utilization_over_container_limit": Percent Gauge, Container;
        HyperpodNodeHealthStatusSchedulable "hyperpod_node_health_status_schedulable": Count Count, HyperPodNode;
        HyperpodNodeHealthStatusUnschedulable "hyperpod_node_health_status_unschedulable": Count Count, HyperPodNode;
        HyperpodNodeHealthStatusUnschedulablePendingReplacement "hyperpod_node_health_status_unschedulable_pending_replacement": Count Count, HyperPodNode;
        HyperpodNodeHealthStatusUnschedulablePendingReboot "hyperpod_node_health_status_unschedulable_pending_reboot": Count Count, HyperPodNode;
        ApiserverAdmissionControllerAdmissionDurationSeconds "apiserver_admission_controller_admission_duration_seconds": Seconds Delta, ControlPlane;
        ApiserverAdmissionStepAdmissionDurationSeconds "apiserver_admission_step_admission_duration_seconds": Seconds Delta, ControlPlane;
        ApiserverAdmissionWebhookAdmissionDurationSeconds "apiserver_admission_webhook_admission_duration_seconds": Seconds Delta, ControlPlane;
        ApiserverCurrentInflightRequests "apiserver_current_inflight_requests": Count Gauge, ControlPlane;
        ApiserverCurrentInqueueRequests "apiserver_current_inqueue_requests": Count Gauge, ControlPlane;
        ApiserverFlowcontrolRejectedRequestsTotal "apiserver_flowcontrol_rejected_requests_total": Count Delta, ControlPlane;
        ApiserverFlowcontrolRequestConcurrencyLimit "apiserver_flowcontrol_request_concurrency_limit": Count Gauge as Constant, ControlPlane;
        ApiserverLongrunningRequests "apiserver_longrunning_requests": Count Gauge, ControlPlane;
        ApiserverRequestDurationSeconds "apiserver_request_duration_seconds": Seconds Delta, ControlPlane;
        ApiserverRequestTotal "apiserver_request_total": Count Delta, ControlPlane;
        ApiserverRequestedDeprecatedApis "apiserver_requested_deprecated_apis": Count Gauge, ControlPlane;
        ApiserverStorageListDurationSeconds "apiserver_storage_list_duration_seconds": Seconds Delta, ControlPlane;
        ApiserverStorageObjects "apiserver_storage_objects": Count Gauge, ControlPlane;
        ApiserverStorageDbTotalSizeInBytes "apiserver_storage_db_total_size_in_bytes": Bytes Gauge, ControlPlane;
        ApiserverStorageSizeBytes "apiserver_storage_size_bytes": Bytes Gauge, ControlPlane;
        EtcdDbTotalSizeInBytes "etcd_db_total_size_in_bytes": Bytes Gauge, ControlPlane;
        EtcdRequestDurationSeconds "etcd_request_duration_seconds": Seconds Delta, ControlPlane;
        RestClientRequestDurationSeconds "rest_client_request_duration_seconds": Seconds Delta, ControlPlane;
        RestClientRequestsTotal "rest_client_requests_total": Count Delta, ControlPlane;
        ApiserverRequestTotal5xx "apiserver_request_total_5xx": Count Delta, ControlPlane;
        GpuUtilization "gpu_utilization": Percent Gauge, GPU;
        GpuMemoryUtilization "gpu_memory_utilization": Percent Gauge, GPU;
        GpuMemoryUsed "gpu_memory_used": Bytes Gauge, GPU;
        GpuMemoryTotal "gpu_memory_total": Bytes Gauge as Constant, GPU;
        GpuTemperature "gpu_temperature": None Gauge, GPU;
        GpuPowerDraw "gpu_power_draw": None Gauge, GPU;
        GpuTensorCoreUtilization "gpu_tensor_core_utilization": None Gauge, GPU;
        NeuroncoreUtilization "neuroncore_utilization": Percent Gauge, NEURON_CORES;
        NeuroncoreMemoryUsageTotal "neuroncore_memory_usage_total": Bytes Gauge, NEURON_CORES;
        NeuroncoreMemoryUsageConstants "neuroncore_memory_usage_constants": Bytes Gauge, NEURON_CORES;
        NeuroncoreMemoryUsageModelCode "neuroncore_memory_usage_model_code": Bytes Gauge, NEURON_CORES;
        NeuroncoreMemoryUsageModelSharedScratchpad "neuroncore_memory_usage_model_shared_scratchpad": Bytes Gauge, NEURON_CORES;
        NeuroncoreMemoryUsageRuntimeMemory "neuroncore_memory_usage_runtime_memory": Bytes Gauge, NEURON_CORES;
        NeuroncoreMemoryUsageTensors "neuroncore_memory_usage_tensors": Bytes Gauge, NEURON_CORES;
        NeurondeviceHwEccEventsTotal "neurondevice_hw_ecc_events_total": Count Delta, NEURON_DEVICES;
        NeurondeviceHwEccEventsMemEccCorrected "neurondevice_hw_ecc_events_mem_ecc_corrected": Count Delta, NEURON_DEVICES;
        NeurondeviceHwEccEventsMemEccUncorrected "neurondevice_hw_ecc_events_mem_ecc_uncorrected": Count Delta, NEURON_DEVICES;
        NeurondeviceHwEccEventsSramEccCorrected "neurondevice_hw_ecc_events_sram_ecc_corrected": Count Delta, NEURON_DEVICES;
        NeurondeviceHwEccEventsSramEccUncorrected "neurondevice_hw_ecc_events_sram_ecc_uncorrected": Count Delta, NEURON_DEVICES;
        NeuronExecutionErrorsTotal "neuron_execution_errors_total": Count Delta, NodeAWSNeuron;
        NeuronExecutionErrorsGeneric "neuron_execution_errors_generic": Count Delta, NodeAWSNeuron;
        NeuronExecutionErrorsNumerical "neuron_execution_errors_numerical": Count Delta, NodeAWSNeuron;
        NeuronExecutionErrorsTransient "neuron_execution_errors_transient": Count Delta, NodeAWSNeuron;
        NeuronExecutionErrorsModel "neuron_execution_errors_model": Count Delta, NodeAWSNeuron;
        NeuronExecutionErrorsRuntime "neuron_execution_errors_runtime": Count Delta, NodeAWSNeuron;
        NeuronExecutionErrorsHardware "neuron_execution_errors_hardware": Count Delta, NodeAWSNeuron;
        NeuronExecutionStatusStatusType "neuron_execution_status_<status_type>": Count Delta, NodeAWSNeuron;
        NeurondeviceRuntimeMemoryUsedBytes "neurondevice_runtime_memory_used_bytes": Bytes Gauge, NodeAWSNeuron;
        NeuronExecutionLatency "neuron_execution_latency": Seconds Gauge, NodeAWSNeuron;
        EfaRdmaReadBytes "efa_rdma_read_bytes": BytesPerSecond Delta, EFA;
        EfaRdmaWriteBytes "efa_rdma_write_bytes": BytesPerSecond Delta, EFA;
        EfaRdmaWriteRecvBytes "efa_rdma_write_recv_bytes": BytesPerSecond Delta, EFA;
        EfaRxBytes "efa_rx_bytes": BytesPerSecond Delta, EFA;
        EfaRxDropped "efa_rx_dropped": CountPerSecond Delta, EFA;
        EfaTxBytes "efa_tx_bytes": BytesPerSecond Delta, EFA;
        EfaRetransBytes "efa_retrans_bytes": BytesPerSecond Delta, EFA;
        EfaRetransPkts "efa_retrans_pkts": CountPerSecond Delta, EFA;
        EfaRetransTimeoutEvents "efa_retrans_timeout_events": CountPerSecond Delta, EFA;
        EfaImpairedRemoteConnEvents "efa_impaired_remote_conn_events": CountPerSecond Delta, EFA;
        EfaUnresponsiveRemoteEvents "efa_unresponsive_remote_events": CountPerSecond Delta, EFA;
        DiskioEbsTotalReadOps "diskio_ebs_total_read_ops": Count Delta, NodeEBS;
        DiskioEbsTotalWriteOps "diskio_ebs_total_write_ops": Count Delta, NodeEBS;
        DiskioEbsTotalReadBytes "diskio_ebs_total_read_bytes": Bytes Delta, NodeEBS;
        DiskioEbsTotalWriteBytes "diskio_ebs_total_write_bytes": Bytes Delta, NodeEBS;
        DiskioEbsTotalReadTime "diskio_ebs_total_read_time": Seconds Delta, NodeEBS;
        DiskioEbsTotalWriteTime "diskio_ebs_total_write_time": Seconds Delta, NodeEBS;
        DiskioEbsVolumePerformanceExceededIops "diskio_ebs_volume_performance_exceeded_iops": Seconds Delta, NodeEBS;
        DiskioEbsVolumePerformanceExceededTp "diskio_ebs_volume_performance_exceeded_tp": Seconds Delta, NodeEBS;
        DiskioEbsEc2InstancePerformanceExceededIops "diskio_ebs_ec2_instance_performance_exceeded_iops": Seconds Delta, NodeEBS;
        DiskioEbsEc2InstancePerformanceExceededTp "diskio_ebs_ec2_instance_performance_exceeded_tp": Seconds Delta, NodeEBS;
        DiskioEbsVolumeQueueLength "diskio_ebs_volume_queue_length": Count Gauge, NodeEBS;
        DiskioInstanceStoreTotalReadOps "diskio_instance_store_total_read_ops": Count Delta, NodeInstanceStore;
        DiskioInstanceStoreTotalWriteOps "diskio_instance_store_total_write_ops": Count Delta, NodeInstanceStore;
        DiskioInstanceStoreTotalReadBytes "diskio_instance_store_total_read_bytes": Bytes Delta, NodeInstanceStore;
        DiskioInstanceStoreTotalWriteBytes "diskio_instance_store_total_write_bytes": Bytes Delta, NodeInstanceStore;
        DiskioInstanceStoreTotalReadTime "diskio_instance_store_total_read_time": Seconds Delta, NodeInstanceStore;
        DiskioInstanceStoreTotalWriteTime "diskio_instance_store_total_write_time": Seconds Delta, NodeInstanceStore;
        DiskioInstanceStoreEc2InstancePerformanceExceededIops "diskio_instance_store_ec2_instance_performance_exceeded_iops": Seconds Delta, NodeInstanceStore;
        DiskioInstanceStoreEc2InstancePerformanceExceededTp "diskio_instance_store_ec2_instance_performance_exceeded_tp": Seconds Delta, NodeInstanceStore;
        DiskioInstanceStoreVolumeQueueLength "diskio_instance_store_volume_queue_length": Count Gauge, NodeInstanceStore;
        KueuePendingWorkloads "kueue_pending_workloads": Count Gauge, ClusterQueue;
        KueueEvictedWorkloadsTotal "kueue_evicted_workloads_total": Count Delta, ClusterQueue;
        KueueAdmittedActiveWorkloads "kueue_admitted_active_workloads": Count Gauge, ClusterQueue;
        KueueClusterQueueResourceUsage "kueue_cluster_queue_resource_usage": Count Gauge, ClusterQueue;
        KueueClusterQueueNominalQuota "kueue_cluster_queue_nominal_quota": Count Gauge, ClusterQueue;
    }
}
