//! What is measured, apart from whom it is measured of: `cpu_usage_total` of a node, a pod or a container is one
//! measurement, so that a formula is written once and the record type picks the metric's full name.

/// A metric's name without the prefix of its record type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u16)]
pub enum Measurement {
    /// `failed_node_count`
    FailedNodeCount,
    /// `node_count`
    NodeCount,
    /// `number_of_running_pods`
    NumberOfRunningPods,
    /// `ingress_count`
    IngressCount,
    /// `replicas_desired`
    ReplicasDesired,
    /// `replicas_ready`
    ReplicasReady,
    /// `status_replicas_available`
    StatusReplicasAvailable,
    /// `status_replicas_unavailable`
    StatusReplicasUnavailable,
    /// `daemonset_status_number_available`
    DaemonsetStatusNumberAvailable,
    /// `daemonset_status_number_unavailable`
    DaemonsetStatusNumberUnavailable,
    /// `status_number_available`
    StatusNumberAvailable,
    /// `status_number_unavailable`
    StatusNumberUnavailable,
    /// `cpu_usage_total`
    CpuUsageTotal,
    /// `cpu_usage_user`
    CpuUsageUser,
    /// `cpu_usage_system`
    CpuUsageSystem,
    /// `cpu_utilization`
    CpuUtilization,
    /// `cpu_limit`
    CpuLimit,
    /// `cpu_request`
    CpuRequest,
    /// `cpu_reserved_capacity`
    CpuReservedCapacity,
    /// `memory_usage`
    MemoryUsage,
    /// `memory_cache`
    MemoryCache,
    /// `memory_rss`
    MemoryRss,
    /// `memory_max_usage`
    MemoryMaxUsage,
    /// `memory_swap`
    MemorySwap,
    /// `memory_failcnt`
    MemoryFailcnt,
    /// `memory_mapped_file`
    MemoryMappedFile,
    /// `memory_working_set`
    MemoryWorkingSet,
    /// `memory_pgfault`
    MemoryPgfault,
    /// `memory_hierarchical_pgfault`
    MemoryHierarchicalPgfault,
    /// `memory_pgmajfault`
    MemoryPgmajfault,
    /// `memory_hierarchical_pgmajfault`
    MemoryHierarchicalPgmajfault,
    /// `memory_failures_total`
    MemoryFailuresTotal,
    /// `memory_utilization`
    MemoryUtilization,
    /// `memory_limit`
    MemoryLimit,
    /// `memory_request`
    MemoryRequest,
    /// `memory_reserved_capacity`
    MemoryReservedCapacity,
    /// `network_rx_bytes`
    NetworkRxBytes,
    /// `network_rx_packets`
    NetworkRxPackets,
    /// `network_rx_errors`
    NetworkRxErrors,
    /// `network_rx_dropped`
    NetworkRxDropped,
    /// `network_tx_bytes`
    NetworkTxBytes,
    /// `network_tx_packets`
    NetworkTxPackets,
    /// `network_tx_errors`
    NetworkTxErrors,
    /// `network_tx_dropped`
    NetworkTxDropped,
    /// `network_total_bytes`
    NetworkTotalBytes,
    /// `number_of_running_containers`
    NumberOfRunningContainers,
    /// `status_condition_ready`
    StatusConditionReady,
    /// `status_condition_disk_pressure`
    StatusConditionDiskPressure,
    /// `status_condition_memory_pressure`
    StatusConditionMemoryPressure,
    /// `status_condition_pid_pressure`
    StatusConditionPidPressure,
    /// `status_condition_network_unavailable`
    StatusConditionNetworkUnavailable,
    /// `status_condition_unknown`
    StatusConditionUnknown,
    /// `status_capacity_pods`
    StatusCapacityPods,
    /// `status_allocatable_pods`
    StatusAllocatablePods,
    /// `gpu_request`
    GpuRequest,
    /// `gpu_limit`
    GpuLimit,
    /// `gpu_usage_total`
    GpuUsageTotal,
    /// `gpu_reserved_capacity`
    GpuReservedCapacity,
    /// `gpu_unreserved_capacity`
    GpuUnreservedCapacity,
    /// `gpu_available_capacity`
    GpuAvailableCapacity,
    /// `neuroncore_request`
    NeuroncoreRequest,
    /// `neuroncore_limit`
    NeuroncoreLimit,
    /// `neuroncore_usage_total`
    NeuroncoreUsageTotal,
    /// `neuroncore_reserved_capacity`
    NeuroncoreReservedCapacity,
    /// `neuroncore_unreserved_capacity`
    NeuroncoreUnreservedCapacity,
    /// `neuroncore_available_capacity`
    NeuroncoreAvailableCapacity,
    /// `efa_request`
    EfaRequest,
    /// `efa_limit`
    EfaLimit,
    /// `efa_usage_total`
    EfaUsageTotal,
    /// `efa_reserved_capacity`
    EfaReservedCapacity,
    /// `efa_unreserved_capacity`
    EfaUnreservedCapacity,
    /// `efa_available_capacity`
    EfaAvailableCapacity,
    /// `diskio_io_serviced_async`
    DiskioIoServicedAsync,
    /// `diskio_io_serviced_read`
    DiskioIoServicedRead,
    /// `diskio_io_serviced_sync`
    DiskioIoServicedSync,
    /// `diskio_io_serviced_total`
    DiskioIoServicedTotal,
    /// `diskio_io_serviced_write`
    DiskioIoServicedWrite,
    /// `diskio_io_service_bytes_async`
    DiskioIoServiceBytesAsync,
    /// `diskio_io_service_bytes_read`
    DiskioIoServiceBytesRead,
    /// `diskio_io_service_bytes_sync`
    DiskioIoServiceBytesSync,
    /// `diskio_io_service_bytes_total`
    DiskioIoServiceBytesTotal,
    /// `diskio_io_service_bytes_write`
    DiskioIoServiceBytesWrite,
    /// `filesystem_usage`
    FilesystemUsage,
    /// `filesystem_capacity`
    FilesystemCapacity,
    /// `filesystem_available`
    FilesystemAvailable,
    /// `filesystem_utilization`
    FilesystemUtilization,
    /// `filesystem_inodes`
    FilesystemInodes,
    /// `filesystem_inodes_free`
    FilesystemInodesFree,
    /// `cpu_utilization_over_pod_limit`
    CpuUtilizationOverPodLimit,
    /// `memory_utilization_over_pod_limit`
    MemoryUtilizationOverPodLimit,
    /// `number_of_containers`
    NumberOfContainers,
    /// `number_of_container_restarts`
    NumberOfContainerRestarts,
    /// `status_pending`
    StatusPending,
    /// `status_running`
    StatusRunning,
    /// `status_succeeded`
    StatusSucceeded,
    /// `status_failed`
    StatusFailed,
    /// `status_ready`
    StatusReady,
    /// `status_scheduled`
    StatusScheduled,
    /// `status_unknown`
    StatusUnknown,
    /// `container_status_running`
    ContainerStatusRunning,
    /// `container_status_waiting`
    ContainerStatusWaiting,
    /// `container_status_terminated`
    ContainerStatusTerminated,
    /// `container_status_waiting_reason_crash_loop_back_off`
    ContainerStatusWaitingReasonCrashLoopBackOff,
    /// `container_status_waiting_reason_image_pull_error`
    ContainerStatusWaitingReasonImagePullError,
    /// `container_status_waiting_reason_start_error`
    ContainerStatusWaitingReasonStartError,
    /// `container_status_waiting_reason_create_container_error`
    ContainerStatusWaitingReasonCreateContainerError,
    /// `container_status_waiting_reason_create_container_config_error`
    ContainerStatusWaitingReasonCreateContainerConfigError,
    /// `container_status_terminated_reason_oom_killed`
    ContainerStatusTerminatedReasonOomKilled,
    /// `cpu_utilization_over_container_limit`
    CpuUtilizationOverContainerLimit,
    /// `memory_utilization_over_container_limit`
    MemoryUtilizationOverContainerLimit,
    /// `number_of_running_tasks`
    NumberOfRunningTasks,
    /// `hyperpod_node_health_status_schedulable`
    HyperpodNodeHealthStatusSchedulable,
    /// `hyperpod_node_health_status_unschedulable`
    HyperpodNodeHealthStatusUnschedulable,
    /// `hyperpod_node_health_status_unschedulable_pending_replacement`
    HyperpodNodeHealthStatusUnschedulablePendingReplacement,
    /// `hyperpod_node_health_status_unschedulable_pending_reboot`
    HyperpodNodeHealthStatusUnschedulablePendingReboot,
    /// `apiserver_admission_controller_admission_duration_seconds`
    ApiserverAdmissionControllerAdmissionDurationSeconds,
    /// `apiserver_admission_step_admission_duration_seconds`
    ApiserverAdmissionStepAdmissionDurationSeconds,
    /// `apiserver_admission_webhook_admission_duration_seconds`
    ApiserverAdmissionWebhookAdmissionDurationSeconds,
    /// `apiserver_current_inflight_requests`
    ApiserverCurrentInflightRequests,
    /// `apiserver_current_inqueue_requests`
    ApiserverCurrentInqueueRequests,
    /// `apiserver_flowcontrol_rejected_requests_total`
    ApiserverFlowcontrolRejectedRequestsTotal,
    /// `apiserver_flowcontrol_request_concurrency_limit`
    ApiserverFlowcontrolRequestConcurrencyLimit,
    /// `apiserver_longrunning_requests`
    ApiserverLongrunningRequests,
    /// `apiserver_request_duration_seconds`
    ApiserverRequestDurationSeconds,
    /// `apiserver_request_total`
    ApiserverRequestTotal,
    /// `apiserver_requested_deprecated_apis`
    ApiserverRequestedDeprecatedApis,
    /// `apiserver_storage_list_duration_seconds`
    ApiserverStorageListDurationSeconds,
    /// `apiserver_storage_objects`
    ApiserverStorageObjects,
    /// `apiserver_storage_db_total_size_in_bytes`
    ApiserverStorageDbTotalSizeInBytes,
    /// `apiserver_storage_size_bytes`
    ApiserverStorageSizeBytes,
    /// `etcd_db_total_size_in_bytes`
    EtcdDbTotalSizeInBytes,
    /// `etcd_request_duration_seconds`
    EtcdRequestDurationSeconds,
    /// `rest_client_request_duration_seconds`
    RestClientRequestDurationSeconds,
    /// `rest_client_requests_total`
    RestClientRequestsTotal,
    /// `apiserver_request_total_5xx`
    ApiserverRequestTotal5xx,
    /// `gpu_utilization`
    GpuUtilization,
    /// `gpu_memory_utilization`
    GpuMemoryUtilization,
    /// `gpu_memory_used`
    GpuMemoryUsed,
    /// `gpu_memory_total`
    GpuMemoryTotal,
    /// `gpu_temperature`
    GpuTemperature,
    /// `gpu_power_draw`
    GpuPowerDraw,
    /// `gpu_tensor_core_utilization`
    GpuTensorCoreUtilization,
    /// `neuroncore_utilization`
    NeuroncoreUtilization,
    /// `neuroncore_memory_usage_total`
    NeuroncoreMemoryUsageTotal,
    /// `neuroncore_memory_usage_constants`
    NeuroncoreMemoryUsageConstants,
    /// `neuroncore_memory_usage_model_code`
    NeuroncoreMemoryUsageModelCode,
    /// `neuroncore_memory_usage_model_shared_scratchpad`
    NeuroncoreMemoryUsageModelSharedScratchpad,
    /// `neuroncore_memory_usage_runtime_memory`
    NeuroncoreMemoryUsageRuntimeMemory,
    /// `neuroncore_memory_usage_tensors`
    NeuroncoreMemoryUsageTensors,
    /// `neurondevice_hw_ecc_events_total`
    NeurondeviceHwEccEventsTotal,
    /// `neurondevice_hw_ecc_events_mem_ecc_corrected`
    NeurondeviceHwEccEventsMemEccCorrected,
    /// `neurondevice_hw_ecc_events_mem_ecc_uncorrected`
    NeurondeviceHwEccEventsMemEccUncorrected,
    /// `neurondevice_hw_ecc_events_sram_ecc_corrected`
    NeurondeviceHwEccEventsSramEccCorrected,
    /// `neurondevice_hw_ecc_events_sram_ecc_uncorrected`
    NeurondeviceHwEccEventsSramEccUncorrected,
    /// `neuron_execution_errors_total`
    NeuronExecutionErrorsTotal,
    /// `neuron_execution_errors_generic`
    NeuronExecutionErrorsGeneric,
    /// `neuron_execution_errors_numerical`
    NeuronExecutionErrorsNumerical,
    /// `neuron_execution_errors_transient`
    NeuronExecutionErrorsTransient,
    /// `neuron_execution_errors_model`
    NeuronExecutionErrorsModel,
    /// `neuron_execution_errors_runtime`
    NeuronExecutionErrorsRuntime,
    /// `neuron_execution_errors_hardware`
    NeuronExecutionErrorsHardware,
    /// `neuron_execution_status_<status_type>`
    NeuronExecutionStatusStatusType,
    /// `neurondevice_runtime_memory_used_bytes`
    NeurondeviceRuntimeMemoryUsedBytes,
    /// `neuron_execution_latency`
    NeuronExecutionLatency,
    /// `efa_rdma_read_bytes`
    EfaRdmaReadBytes,
    /// `efa_rdma_write_bytes`
    EfaRdmaWriteBytes,
    /// `efa_rdma_write_recv_bytes`
    EfaRdmaWriteRecvBytes,
    /// `efa_rx_bytes`
    EfaRxBytes,
    /// `efa_rx_dropped`
    EfaRxDropped,
    /// `efa_tx_bytes`
    EfaTxBytes,
    /// `efa_retrans_bytes`
    EfaRetransBytes,
    /// `efa_retrans_pkts`
    EfaRetransPkts,
    /// `efa_retrans_timeout_events`
    EfaRetransTimeoutEvents,
    /// `efa_impaired_remote_conn_events`
    EfaImpairedRemoteConnEvents,
    /// `efa_unresponsive_remote_events`
    EfaUnresponsiveRemoteEvents,
    /// `diskio_ebs_total_read_ops`
    DiskioEbsTotalReadOps,
    /// `diskio_ebs_total_write_ops`
    DiskioEbsTotalWriteOps,
    /// `diskio_ebs_total_read_bytes`
    DiskioEbsTotalReadBytes,
    /// `diskio_ebs_total_write_bytes`
    DiskioEbsTotalWriteBytes,
    /// `diskio_ebs_total_read_time`
    DiskioEbsTotalReadTime,
    /// `diskio_ebs_total_write_time`
    DiskioEbsTotalWriteTime,
    /// `diskio_ebs_volume_performance_exceeded_iops`
    DiskioEbsVolumePerformanceExceededIops,
    /// `diskio_ebs_volume_performance_exceeded_tp`
    DiskioEbsVolumePerformanceExceededTp,
    /// `diskio_ebs_ec2_instance_performance_exceeded_iops`
    DiskioEbsEc2InstancePerformanceExceededIops,
    /// `diskio_ebs_ec2_instance_performance_exceeded_tp`
    DiskioEbsEc2InstancePerformanceExceededTp,
    /// `diskio_ebs_volume_queue_length`
    DiskioEbsVolumeQueueLength,
    /// `diskio_instance_store_total_read_ops`
    DiskioInstanceStoreTotalReadOps,
    /// `diskio_instance_store_total_write_ops`
    DiskioInstanceStoreTotalWriteOps,
    /// `diskio_instance_store_total_read_bytes`
    DiskioInstanceStoreTotalReadBytes,
    /// `diskio_instance_store_total_write_bytes`
    DiskioInstanceStoreTotalWriteBytes,
    /// `diskio_instance_store_total_read_time`
    DiskioInstanceStoreTotalReadTime,
    /// `diskio_instance_store_total_write_time`
    DiskioInstanceStoreTotalWriteTime,
    /// `diskio_instance_store_ec2_instance_performance_exceeded_iops`
    DiskioInstanceStoreEc2InstancePerformanceExceededIops,
    /// `diskio_instance_store_ec2_instance_performance_exceeded_tp`
    DiskioInstanceStoreEc2InstancePerformanceExceededTp,
    /// `diskio_instance_store_volume_queue_length`
    DiskioInstanceStoreVolumeQueueLength,
    /// `kueue_pending_workloads`
    KueuePendingWorkloads,
    /// `kueue_evicted_workloads_total`
    KueueEvictedWorkloadsTotal,
    /// `kueue_admitted_active_workloads`
    KueueAdmittedActiveWorkloads,
    /// `kueue_cluster_queue_resource_usage`
    KueueClusterQueueResourceUsage,
    /// `kueue_cluster_queue_nominal_quota`
    KueueClusterQueueNominalQuota,
}

impl Measurement {
    /// How many measurements there are.
    pub const COUNT: usize = Self::KueueClusterQueueNominalQuota as usize + 1;
}
