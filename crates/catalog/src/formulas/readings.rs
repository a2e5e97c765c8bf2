//! The readings that formulas are made of, and the things that they count.

use crate::formula::{Formula, Source, Things};

macro_rules! readings {
    ($($name:ident = $source:ident$(($file:literal))?, $key:literal;)+) => {
        $(pub(super) const $name: Formula = Formula::Reading(Source::$source$(($file))?, $key);)+
    };
}

macro_rules! things {
    ($($name:ident = $what:literal, $source:ident($file:literal);)+) => {
        $(pub(super) const $name: Things = Things { what: $what, source: Source::$source($file) };)+
    };
}

readings! {
    CPUACCT_USAGE = Cgroup("cpuacct.usage"), "";
    USER_TICKS = Cgroup("cpuacct.stat"), "user";
    SYSTEM_TICKS = Cgroup("cpuacct.stat"), "system";
    USAGE_USEC = Cgroup("cpu.stat"), "usage_usec";
    USER_USEC = Cgroup("cpu.stat"), "user_usec";
    SYSTEM_USEC = Cgroup("cpu.stat"), "system_usec";
    PROCESSORS = Proc("cpuinfo"), "processors";

    USAGE_IN_BYTES = Cgroup("memory.usage_in_bytes"), "";
    MAX_USAGE_IN_BYTES = Cgroup("memory.max_usage_in_bytes"), "";
    FAILCNT = Cgroup("memory.failcnt"), "";
    TOTAL_CACHE = Cgroup("memory.stat"), "total_cache";
    TOTAL_RSS = Cgroup("memory.stat"), "total_rss";
    TOTAL_SWAP = Cgroup("memory.stat"), "total_swap";
    TOTAL_MAPPED_FILE = Cgroup("memory.stat"), "total_mapped_file";
    TOTAL_INACTIVE_FILE = Cgroup("memory.stat"), "total_inactive_file";
    TOTAL_PGFAULT = Cgroup("memory.stat"), "total_pgfault";
    TOTAL_PGMAJFAULT = Cgroup("memory.stat"), "total_pgmajfault";
    CURRENT = Cgroup("memory.current"), "";
    PEAK = Cgroup("memory.peak"), "";
    SWAP_CURRENT = Cgroup("memory.swap.current"), "";
    ANON = Cgroup("memory.stat"), "anon";
    FILE = Cgroup("memory.stat"), "file";
    FILE_MAPPED = Cgroup("memory.stat"), "file_mapped";
    INACTIVE_FILE = Cgroup("memory.stat"), "inactive_file";
    PGFAULT = Cgroup("memory.stat"), "pgfault";
    PGMAJFAULT = Cgroup("memory.stat"), "pgmajfault";
    MEM_TOTAL = Proc("meminfo"), "MemTotal";
    SWAP_TOTAL = Proc("meminfo"), "SwapTotal";
    SWAP_FREE = Proc("meminfo"), "SwapFree";

    CPU_REQUEST = Kubelet("/pods"), "resources.requests.cpu";
    CPU_LIMIT = Kubelet("/pods"), "resources.limits.cpu";
    MEMORY_REQUEST = Kubelet("/pods"), "resources.requests.memory";
    MEMORY_LIMIT = Kubelet("/pods"), "resources.limits.memory";
    RESTARTS = Kubelet("/pods"), "restartCount";
    ROOTFS_USED = Kubelet("/stats/summary"), "rootfs.usedBytes";
    ROOTFS_CAPACITY = Kubelet("/stats/summary"), "rootfs.capacityBytes";
    ROOTFS_AVAILABLE = Kubelet("/stats/summary"), "rootfs.availableBytes";
    LOGS_USED = Kubelet("/stats/summary"), "logs.usedBytes";

    BLKIO_READS = Cgroup("blkio.throttle.io_serviced_recursive"), "Read";
    BLKIO_WRITES = Cgroup("blkio.throttle.io_serviced_recursive"), "Write";
    BLKIO_SYNC = Cgroup("blkio.throttle.io_serviced_recursive"), "Sync";
    BLKIO_ASYNC = Cgroup("blkio.throttle.io_serviced_recursive"), "Async";
    BLKIO_TOTAL = Cgroup("blkio.throttle.io_serviced_recursive"), "Total";
    BLKIO_READ_BYTES = Cgroup("blkio.throttle.io_service_bytes_recursive"), "Read";
    BLKIO_WRITE_BYTES = Cgroup("blkio.throttle.io_service_bytes_recursive"), "Write";
    BLKIO_SYNC_BYTES = Cgroup("blkio.throttle.io_service_bytes_recursive"), "Sync";
    BLKIO_ASYNC_BYTES = Cgroup("blkio.throttle.io_service_bytes_recursive"), "Async";
    BLKIO_TOTAL_BYTES = Cgroup("blkio.throttle.io_service_bytes_recursive"), "Total";
    RIOS = Cgroup("io.stat"), "rios";
    WIOS = Cgroup("io.stat"), "wios";
    RBYTES = Cgroup("io.stat"), "rbytes";
    WBYTES = Cgroup("io.stat"), "wbytes";
    DISK_READS = Proc("diskstats"), "reads";
    DISK_WRITES = Proc("diskstats"), "writes";
    DISK_SECTORS_READ = Proc("diskstats"), "sectors read";
    DISK_SECTORS_WRITTEN = Proc("diskstats"), "sectors written";

    BLOCKS = Statfs, "f_blocks";
    BLOCKS_FREE = Statfs, "f_bfree";
    BLOCKS_AVAILABLE = Statfs, "f_bavail";
    BLOCK_SIZE = Statfs, "f_frsize";
    INODES = Statfs, "f_files";
    INODES_FREE = Statfs, "f_ffree";

    RX_BYTES = Proc("<pid>/net/dev"), "rx bytes";
    RX_PACKETS = Proc("<pid>/net/dev"), "rx packets";
    RX_ERRORS = Proc("<pid>/net/dev"), "rx errs";
    RX_DROPPED = Proc("<pid>/net/dev"), "rx drop";
    TX_BYTES = Proc("<pid>/net/dev"), "tx bytes";
    TX_PACKETS = Proc("<pid>/net/dev"), "tx packets";
    TX_ERRORS = Proc("<pid>/net/dev"), "tx errs";
    TX_DROPPED = Proc("<pid>/net/dev"), "tx drop";

    DEPLOYMENT_DESIRED = ApiServer("/apis/apps/v1/deployments"), "spec.replicas";
    DEPLOYMENT_READY = ApiServer("/apis/apps/v1/deployments"), "status.readyReplicas";
    DEPLOYMENT_AVAILABLE = ApiServer("/apis/apps/v1/deployments"), "status.availableReplicas";
    DEPLOYMENT_UNAVAILABLE = ApiServer("/apis/apps/v1/deployments"), "status.unavailableReplicas";
    DAEMON_SET_DESIRED = ApiServer("/apis/apps/v1/daemonsets"), "status.desiredNumberScheduled";
    DAEMON_SET_READY = ApiServer("/apis/apps/v1/daemonsets"), "status.numberReady";
    DAEMON_SET_AVAILABLE = ApiServer("/apis/apps/v1/daemonsets"), "status.numberAvailable";
    DAEMON_SET_UNAVAILABLE = ApiServer("/apis/apps/v1/daemonsets"), "status.numberUnavailable";
    STATEFUL_SET_DESIRED = ApiServer("/apis/apps/v1/statefulsets"), "spec.replicas";
    STATEFUL_SET_READY = ApiServer("/apis/apps/v1/statefulsets"), "status.readyReplicas";
    STATEFUL_SET_AVAILABLE = ApiServer("/apis/apps/v1/statefulsets"), "status.availableReplicas";
    REPLICA_SET_DESIRED = ApiServer("/apis/apps/v1/replicasets"), "spec.replicas";
    REPLICA_SET_READY = ApiServer("/apis/apps/v1/replicasets"), "status.readyReplicas";
    REPLICA_SET_AVAILABLE = ApiServer("/apis/apps/v1/replicasets"), "status.availableReplicas";

    TASK_QUOTA_V1 = Cgroup("cpu.cfs_quota_us"), "";
    TASK_PERIOD_V1 = Cgroup("cpu.cfs_period_us"), "";
    TASK_SHARES = Cgroup("cpu.shares"), "";
    TASK_QUOTA_V2 = Cgroup("cpu.max"), "quota";
    TASK_PERIOD_V2 = Cgroup("cpu.max"), "period";
    TASK_WEIGHT = Cgroup("cpu.weight"), "as shares";
    TASK_LIMIT_V1 = Cgroup("memory.limit_in_bytes"), "";
    TASK_LIMIT_V2 = Cgroup("memory.max"), "";
    SOFT_LIMIT_V1 = Cgroup("memory.soft_limit_in_bytes"), "";
    SOFT_LIMIT_V2 = Cgroup("memory.low"), "";
}

things! {
    INTERFACES = "network interfaces", Proc("<pid>/net/dev");
    CONTAINERS = "the pod's containers", Kubelet("/pods");
    LIMITED = "the pod's containers, if each has one", Kubelet("/pods");
    STATUSES = "container statuses", Kubelet("/pods");
    RUNNING = "running containers", Kubelet("/pods");
    PODS = "pods that have not ended", Kubelet("/pods");
    RUNNING_PODS = "running pods", Kubelet("/pods");
    TASKS = "running tasks", EcsAgent("/v1/tasks");
    TASK_CONTAINERS = "the task's containers", EcsAgent("/v1/tasks");
    NODES = "nodes", ApiServer("/api/v1/nodes");
    FAILED_NODES = "nodes with a condition `MemoryPressure`, `DiskPressure`, `PIDPressure` or `NetworkUnavailable` that is not `False`", ApiServer("/api/v1/nodes");
    PODS_OF_CLUSTER = "running pods", ApiServer("/api/v1/pods");
    READY_PODS = "ready pods among the Service's endpoints", ApiServer("/apis/discovery.k8s.io/v1/endpointslices");
}
