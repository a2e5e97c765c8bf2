//! The receiver's options.

use std::time::Duration;

use confmap::Secret;
pub use platform::Orchestrator;

confmap::choice! {
    /// Which network interfaces a node's totals add up.
    pub enum NodeInterfaces {
        /// All but loopback, `veth*`, `docker*` and `nerdctl*`; the host's side of pods' interfaces counts again.
        All = "all",
        /// Those of a physical device only.
        Physical = "physical",
    }
}

confmap::choice! {
    /// Which objects are the lock of the agent that speaks for the cluster.
    pub enum LeaderLock {
        /// The ConfigMap's annotation, and the Lease where the role allows it: agents that use either one are respected.
        Both = "both",
        /// The ConfigMap's annotation alone.
        ConfigMap = "config_map",
        /// The Lease alone.
        Lease = "lease",
    }
}

confmap::choice! {
    /// Which part of the work an agent does.
    pub enum CollectionRole {
        /// The node, and the cluster if it leads.
        All = "ALL",
        /// The node only.
        Node = "NODE",
        /// The cluster only, if it leads.
        Leader = "LEADER",
    }
}

confmap::choice! {
    /// What the attribute `kubernetes` of workloads says.
    pub enum WorkloadDocument {
        /// Their namespace, as the fork's documentation has it.
        Namespace = "namespace",
        /// It isn't there, as the fork left it out.
        None = "none",
    }
}

confmap::choice! {
    /// What becomes of the network of pods that use the host's.
    pub enum HostNetworkPods {
        /// They repeat the host's traffic.
        Report = "report",
        /// They have no network metrics.
        Omit = "omit",
    }
}

confmap::choice! {
    /// What a node's memory usage and working set are.
    pub enum NodeMemory {
        /// What the root cgroup says; on version 2, which says nothing, anonymous memory and page cache.
        Cgroup = "cgroup",
        /// `MemTotal` less `MemAvailable`, as `free` counts, on cgroup v1 and v2.
        Available = "available",
    }
}

confmap::choice! {
    /// What the utilization of a node's file system divides by.
    pub enum FilesystemUtilization {
        /// All of the file system.
        Capacity = "capacity",
        /// What is used and what users may still have, as `df` does: blocks reserved for root don't count.
        Df = "df",
    }
}

confmap::choice! {
    /// What becomes of disks and network interfaces all of whose counters are zero.
    pub enum IdleDevices {
        /// They have records like others.
        Report = "report",
        /// They have none until they do something, such as `zram0` or `ifb0` that nothing uses.
        Omit = "omit",
    }
}

confmap::choice! {
    /// What a disk is called whose name has a slash.
    pub enum DiskNames {
        /// As below `/dev` and in the mount table: `/dev/cciss/c0d0`.
        Device = "device",
        /// As the Go receiver does, with sysfs's spelling: `/dev/cciss!c0d0`.
        Go = "go",
    }
}

confmap::choice! {
    /// What `memory_failcnt` counts on cgroup v2, which has no such counter.
    pub enum Failcnt {
        /// Nothing: it is 0.
        Failcnt = "failcnt",
        /// The `max` events of `memory.events`: how often usage was about to pass the limit.
        Events = "events",
    }
}

confmap::choice! {
    /// What the attribute `fstype` holds.
    pub enum FsType {
        /// `vfs`, for every file system.
        Vfs = "vfs",
        /// The kernel's name: `ext4`, `xfs`.
        Kernel = "kernel",
    }
}

confmap::choice! {
    /// Whether the number of running tasks is reported where there are none.
    pub enum RunningTasks {
        /// It is left out where it is 0.
        Positive = "positive",
        /// It is told as soon as the ECS agent has said it.
        Always = "always",
    }
}

confmap::choice! {
    /// What a pod's requests and limits add up.
    pub enum PodRequests {
        /// The containers of `spec.containers`.
        Containers = "containers",
        /// What the scheduler reserves: sidecars, the largest init container, overhead and pod-level resources too.
        Scheduler = "scheduler",
    }
}

confmap::choice! {
    /// Which Jobs are taken for a CronJob's, by the digits at the end of their names.
    pub enum CronJobNames {
        /// 10 digits, as before Kubernetes 1.21.
        Legacy = "legacy",
        /// 8 digits too, as Kubernetes names them now.
        Current = "current",
    }
}

confmap::choice! {
    /// What a Job that no CronJob made is counted under.
    pub enum JobNames {
        /// Its name up to the first `.` or `-`.
        Prefix = "prefix",
        /// Its whole name.
        Whole = "whole",
    }
}

confmap::choice! {
    /// When a container's record has the reason of its previous termination.
    pub enum LastTerminationReason {
        /// Only while it is terminated.
        Terminated = "terminated",
        /// In every state.
        Always = "always",
    }
}

confmap::choice! {
    /// How the agent proves to the kubelet who it is.
    pub enum AuthType {
        /// With the service account's token.
        ServiceAccount = "serviceAccount",
        /// With a kubeconfig's credentials, through the API server.
        KubeConfig = "kubeConfig",
        /// With a client certificate.
        Tls = "tls",
        /// Not at all.
        None = "none",
    }
}

confmap::config! {
    /// How the kubelet is reached.
    #[derive(Debug, Clone, PartialEq)]
    pub struct Kubelet {
        /// The kubelet's URL; without it `https://<HOST_IP>:10250`. `http:` only without authentication.
        pub endpoint: Option<String> = None,
        /// How the agent proves who it is.
        pub auth_type: AuthType = AuthType::ServiceAccount,
        /// A file with the certificates that sign the kubelet's; without it the service account's.
        pub ca_file: Option<String> = None,
        /// A file with the client's certificate, for `tls`.
        pub cert_file: Option<String> = None,
        /// A file with the client's key, for `tls`.
        pub key_file: Option<String> = None,
        /// Take any certificate of the kubelet.
        pub insecure_skip_verify: bool = false,
    }
}

confmap::config! {
    /// Collects the performance of a node, its pods and its containers.
    #[derive(Debug, Clone, PartialEq)]
    pub struct Config {
        /// How often the machine is sampled: every 100ms or less often.
        pub collection_interval: Duration = Duration::from_secs(60),
        /// What the machine is part of.
        pub container_orchestrator: Orchestrator = Orchestrator::Eks,
        /// Where the host's `/` is; without it `/rootfs` where that exists, else `/`.
        pub root_path: Option<String> = None,
        /// How the kubelet is reached.
        pub kubelet: Kubelet = Kubelet::default(),
        /// The cluster's name; without it tags of the instance, labels of the node or the ECS agent say it. A Kubernetes node
        /// whose cluster is unknown emits nothing.
        pub cluster_name: String = String::new(),
        /// The node's address, where the environment variable `HOST_IP` isn't set.
        pub host_ip: String = String::new(),
        /// The node's name, where neither `HOST_NAME` nor `K8S_NODE_NAME` is set.
        pub host_name: String = String::new(),
        /// Adds the attribute `Service` to what belongs to a pod.
        pub add_service_as_attribute: bool = true,
        /// `PodName` is the pod's own name where its owner doesn't give one.
        pub prefer_full_pod_name: bool = false,
        /// Adds the attribute `FullPodName`.
        pub add_full_pod_name_metric_label: bool = false,
        /// Keeps the attribute `ContainerName`, which is always there.
        pub add_container_name_metric_label: bool = false,
        /// The agent runs on the host itself: `root_path` is `/` unless it is set.
        pub run_on_systemd: bool = false,
        /// A kubeconfig, for `run_on_systemd` and for `kubelet::auth_type: kubeConfig`.
        pub kube_config_path: String = String::new(),

        /// Which interfaces a node's network totals add up.
        pub node_network_interfaces: NodeInterfaces = NodeInterfaces::All,
        /// What becomes of the network of pods that use the host's.
        pub host_network_pods: HostNetworkPods = HostNetworkPods::Report,
        /// What a node's memory usage and working set are.
        pub node_memory: NodeMemory = NodeMemory::Cgroup,
        /// What `memory_failcnt` counts on cgroup v2.
        pub memory_failcnt: Failcnt = Failcnt::Failcnt,
        /// What `node_filesystem_utilization` and `instance_filesystem_utilization` divide by.
        pub filesystem_utilization: FilesystemUtilization = FilesystemUtilization::Capacity,
        /// What becomes of disks and network interfaces all of whose counters are zero.
        pub idle_devices: IdleDevices = IdleDevices::Report,
        /// What a disk is called whose name has a slash.
        pub disk_names: DiskNames = DiskNames::Device,
        /// What the attribute `fstype` holds.
        pub fstype: FsType = FsType::Vfs,
        /// What a pod's requests and limits add up.
        pub pod_requests: PodRequests = PodRequests::Containers,
        /// Which Jobs are taken for a CronJob's.
        pub cron_job_names: CronJobNames = CronJobNames::Legacy,
        /// What a Job that no CronJob made is counted under.
        pub job_names: JobNames = JobNames::Prefix,
        /// When a container's record has the reason of its previous termination.
        pub last_termination_reason: LastTerminationReason = LastTerminationReason::Terminated,
        /// Whether the number of running tasks is reported where there are none.
        pub running_tasks: RunningTasks = RunningTasks::Positive,
        /// The pod labels that `kubernetes` repeats, by name; `*` stands for all of them. The records of a pod have room for
        /// 32 KiB of labels a round; what is over is left out and counted, the first by name stay.
        pub pod_labels: Vec<String> = vec!["*".to_owned()],

        /// The name of the lock that the leader holds: the agent that reports the cluster.
        pub leader_lock_name: String = "otel-container-insight-clusterleader".to_owned(),
        /// The lock is a ConfigMap's annotation alone; stronger than `leader_lock`.
        pub leader_lock_using_config_map_only: bool = false,
        /// Which objects are the lock.
        pub leader_lock: LeaderLock = LeaderLock::Both,
        /// Which part of the work this agent does.
        pub collection_role: CollectionRole = CollectionRole::All,
        /// What the attribute `kubernetes` of Deployments, DaemonSets, StatefulSets and ReplicaSets holds.
        pub workload_document: WorkloadDocument = WorkloadDocument::Namespace,
        /// No watch of ReplicaSets.
        #[accepted("owners are read from names and labels; only the leader watches ReplicaSets")] pub skip_replicaset_watch: bool = false,
        /// Enhanced observability, and the control plane's metrics.
        #[accepted("enhanced observability is not collected yet")] pub enable_control_plane_metrics: bool = false,
        /// GPUs, Neuron devices and Elastic Fabric Adapters.
        #[accepted("enhanced observability is not collected yet")] pub accelerated_compute_metrics: bool = false,
        /// How often GPUs are read.
        #[accepted("enhanced observability is not collected yet")] pub accelerated_compute_gpu_metrics_collection_interval: Duration = Duration::from_secs(60),
        /// Metrics of pods in isolated runtime classes from the kubelet's summary.
        #[accepted("enhanced observability is not collected yet")] pub enable_isolated_pod_summary_metrics: bool = false,
        /// The runtime classes that count as isolated.
        #[accepted("enhanced observability is not collected yet")] pub isolated_pod_runtime_classes: Vec<String> = Vec::new(),
        /// A hook into requests to AWS.
        #[accepted("there is nothing to hook into")] pub middleware: Option<String> = None,

        /// The EC2 instance; without it the node's object, the machine's DMI table or instance metadata say it.
        pub instance_id: String = String::new(),
        /// The instance's type; found out as `instance_id` is.
        pub instance_type: String = String::new(),
        /// The instance's availability zone; found out as `instance_id` is.
        pub availability_zone: String = String::new(),
        /// The AWS region; without it `AWS_REGION`, the node's object or instance metadata say it.
        pub region: String = String::new(),
        /// No instance metadata, no EC2, and nothing of the machine's own table: only options, environment and the node's object
        /// name an instance.
        pub local_mode: bool = false,
        /// How often a request to instance metadata is repeated at once, 10 times at most; later it is asked again anyway.
        pub imds_retries: u32 = 0,
        /// Instance metadata may be asked the old way where it gives no token.
        pub imds_v1: bool = false,
        /// The URL of the ECS agent's introspection; without it port 51678 of the loopback and of the instance.
        pub ecs_agent_endpoint: String = String::new(),
        /// The URL of EC2, where it isn't the region's.
        pub endpoint: String = String::new(),
        /// Seconds that a request to EC2 may take; 0 for 30.
        pub request_timeout_seconds: u32 = 0,
        /// Take any certificate of AWS's endpoints.
        pub no_verify_ssl: bool = false,
        /// A proxy for requests to AWS; empty for the environment's.
        pub proxy_address: Secret = Secret::default(),
        /// A role to assume.
        pub role_arn: String = String::new(),
        /// The external id that the role asks for.
        pub external_id: Secret = Secret::default(),
        /// A profile of the shared credentials file.
        pub profile: String = String::new(),
        /// Shared credentials files; the first one counts.
        pub shared_credentials_file: Vec<String> = Vec::new(),
        /// Certificates that AWS endpoints are verified with.
        pub certificate_file_path: String = String::new(),
        /// Requests to AWS at the same time.
        #[accepted("there is one at a time, and a few in an hour")] pub num_workers: u32 = 0,
        /// How often a request to AWS is repeated.
        #[accepted("it is asked again until it answers, with growing pauses")] pub max_retries: i64 = 0,
        /// The resource that the data is about.
        #[accepted("the Go receiver makes no use of it either")] pub resource_arn: String = String::new(),
    }
}
