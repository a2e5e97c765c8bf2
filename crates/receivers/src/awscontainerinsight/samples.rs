//! Samples: what one tick read of one node, each reading beside the one before it. No rates, no display names.

use std::time::Duration;

use kubernetes::cluster::{Kind, Replicas};
use linux::DeviceNumber;
use linux::cgroup::{Cpu, DiskIo, Memory};
use linux::net_dev::{Interface, Name};
use linux::statfs::Usage;
use model::{Stamp, Text};

use crate::awscontainerinsight::plausible::{Absent, Said, growth};

/// Two readings nearer to each other than this give no rate: the clocks' and counters' own steps would be most of it.
const SHORTEST: Duration = Duration::from_micros(50);

/// A reading, and the reading of the same thing before it.
#[derive(Debug, Clone)]
pub struct Pair<T> {
    /// When it was read.
    pub at: Stamp,
    /// What was read.
    pub now: T,
    /// The reading before and its time; `None` at first sight.
    pub earlier: Option<(Stamp, T)>,
}

impl<T> Pair<T> {
    /// How much a counter grew in a second between the two readings.
    ///
    /// Missing at first sight, where either reading lacks the counter, and where the readings are at most 50 µs apart;
    /// impossible where it is below zero or went back (it began again: its next reading has this one to compare with).
    pub fn rate(&self, counter: impl Fn(&T) -> Option<u64>) -> Said<f64> {
        let (then, earlier) = self.earlier.as_ref().ok_or(Absent::Missing)?;
        let elapsed = self.at.since(*then);
        let growth = growth(counter(earlier), counter(&self.now))?;
        #[expect(clippy::cast_precision_loss, reason = "2^53 of anything in one interval is beyond every counter here")]
        let rate = growth as f64 / elapsed.as_secs_f64();
        if elapsed > SHORTEST { Ok(rate) } else { Err(Absent::Missing) }
    }
}

/// What was read of one cgroup.
#[derive(Debug, Clone, Default)]
pub struct GroupSample {
    /// CPU time; `None` where it couldn't be read.
    pub cpu: Option<Pair<Cpu>>,
    /// Memory; `None` where it couldn't be read.
    pub memory: Option<Pair<Memory>>,
}

/// What was read of one container.
#[derive(Debug, Clone)]
pub struct ContainerSample {
    /// Bare 64 hexadecimal digits.
    pub id: Text,
    /// Its cgroup.
    pub group: GroupSample,
}

/// What was read of one pod.
#[derive(Debug, Clone)]
pub struct PodSample {
    /// The UID in the cgroup's name.
    pub uid: Text,
    /// The pod's own cgroup.
    pub group: GroupSample,
    /// Interfaces of its network namespace; `None` where no process of it is known.
    pub network: Option<Vec<Pair<Interface>>>,
    /// The cgroups below it, the sandbox's among them.
    pub containers: Vec<ContainerSample>,
}

/// What was read of one disk.
#[derive(Debug, Clone)]
pub struct DiskSample {
    /// `/dev/nvme0n1`; `major:minor` where nothing names the device.
    pub device: Text,
    /// The device's number.
    pub number: DeviceNumber,
    /// Bytes and operations.
    pub io: Pair<DiskIo>,
    /// The EBS volume it is.
    pub volumes: Volumes,
}

/// The EBS volume of a device, as `aws://<availability zone>/<volume id>`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Volumes {
    /// The volume that is attached as this disk.
    pub attached: Option<Text>,
    /// The volume that Kubernetes mounts for a pod.
    pub kubernetes: Option<Text>,
}

/// What the tasks of a container instance reserve together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TasksSample {
    /// Tasks that run.
    pub running: u64,
    /// CPU shares, 1024 for each CPU; `None` where no task's could be read.
    pub cpu_shares: Option<u64>,
    /// Bytes of memory; `None` where no task's could be read.
    pub memory_bytes: Option<u64>,
}

/// What was read of one mounted file system.
#[derive(Debug, Clone)]
pub struct FileSystemSample {
    /// The mount's source.
    pub device: Text,
    /// The device's number.
    pub number: DeviceNumber,
    /// The kernel's name of the file-system type.
    pub kind: Text,
    /// Where it is mounted, as the host sees it.
    pub mount_point: Text,
    /// Capacity and use.
    pub usage: Usage,
    /// The EBS volume under it.
    pub volumes: Volumes,
}

/// What the API server says of the cluster; what the role does not allow is empty or `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClusterSample {
    /// The nodes.
    pub nodes: Option<NodesSample>,
    /// Pods whose phase is `Running`, in all namespaces.
    pub running_pods: Option<u64>,
    /// The same for each namespace that has one.
    pub namespaces: Vec<Count>,
    /// Pods that are ready for each Service that has one, after the Service's namespace.
    pub services: Vec<(Text, Count)>,
    /// Deployments, DaemonSets, StatefulSets, and ReplicaSets without an owner.
    pub workloads: Vec<WorkloadSample>,
}

/// How many nodes there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodesSample {
    /// All of them.
    pub count: u64,
    /// Those under pressure, or without a network.
    pub failed: u64,
}

/// A number of pods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// What they are counted for.
    pub name: Text,
    /// How many there are.
    pub pods: u64,
}

/// One workload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkloadSample {
    /// What it is.
    pub kind: Kind,
    /// Its namespace.
    pub namespace: Text,
    /// Its name.
    pub name: Text,
    /// How many pods it wants and has.
    pub replicas: Replicas,
}

/// Everything one tick read of the machine.
#[derive(Debug, Clone, Default)]
pub struct NodeSample {
    /// The root cgroup.
    pub group: GroupSample,
    /// `MemAvailable`, in bytes; read only where the node's memory is to be told by it.
    pub memory_available_bytes: Option<u64>,
    /// The host's network interfaces; `None` where they couldn't be read.
    pub network: Option<Vec<Pair<Interface>>>,
    /// Names of those interfaces that have a physical device behind them.
    pub physical: Vec<Name>,
    /// Disks, by name.
    pub disks: Vec<DiskSample>,
    /// File systems on devices, by name.
    pub file_systems: Vec<FileSystemSample>,
    /// Pods, by the path of their cgroups.
    pub pods: Vec<PodSample>,
    /// Containers outside any pod.
    pub containers: Vec<ContainerSample>,
    /// The tasks of a container instance; `None` elsewhere, and while the ECS agent hasn't said.
    pub tasks: Option<TasksSample>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: f64) -> Stamp {
        Stamp { monotonic: Duration::from_secs_f64(seconds), wall: Duration::ZERO }
    }

    fn check(earlier: Option<(f64, Option<u64>)>, now: (f64, Option<u64>), expected: Option<f64>) {
        let pair = Pair { at: at(now.0), now: now.1, earlier: earlier.map(|(time, value)| (at(time), value)) };
        assert_eq!(pair.rate(|value| *value).ok(), expected);
    }

    #[test]
    fn a_rate_divides_by_the_time_between_its_own_readings() {
        check(Some((10.0, Some(100))), (12.5, Some(350)), Some(100.0));
        check(Some((10.0, Some(100))), (12.5, Some(100)), Some(0.0));
    }

    #[test]
    fn there_is_no_rate_without_two_good_readings() {
        check(None, (1.0, Some(5)), None);
        check(Some((0.0, None)), (1.0, Some(5)), None);
        check(Some((0.0, Some(5))), (1.0, None), None);
        check(Some((0.0, Some(6))), (1.0, Some(5)), None);
        check(Some((1.0, Some(5))), (1.000_05, Some(6)), None);
        check(Some((2.0, Some(5))), (1.0, Some(6)), None);
    }
}
