//! Tenants that misbehave, each in one way: what they add to a world's files and to its kubelet's answers.

mod cgroups;
mod listed;
mod machine;

use std::path::Path;
use std::sync::Arc;

use crate::files;
use crate::kubelet;
use crate::numbers::Numbers;
use crate::world::{Pod, State, World};

/// What tenants add at one tick.
#[derive(Debug, Default)]
pub struct Overlay {
    /// Items of the list of pods before those of the others, and after them.
    pub pods_before: Vec<Arc<str>>,
    pub pods_after: Vec<Arc<str>>,
    /// The same of the summary.
    pub summary_before: Vec<Arc<str>>,
    pub summary_after: Vec<Arc<str>>,
    /// Lines of `mountinfo`, among the machine's.
    pub mounts: Vec<u8>,
    /// Answers of statfs, as members of an object.
    pub statfs: Vec<String>,
    /// Lines of the host's `net/dev`, after the others.
    pub net_dev: Vec<u8>,
    /// Lines of `io.stat`, of `blkio.throttle.*` and of `diskstats`, after the others.
    pub io_stat: String,
    pub blkio: String,
    pub diskstats: String,
}

/// A way to misbehave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mischief {
    /// Labels as large as an object may be.
    Labels,
    /// An environment as large as an object may be.
    Environment,
    /// So many large pods that the list is beyond 32 MiB.
    ManyLargePods,
    /// One object that is larger than any the API server takes.
    OneHugePod,
    /// More pods, ended ones, than a node can have.
    ManyPods,
    /// A pod with a thousand containers.
    ManyContainers,
    /// Quantities at and beyond every end.
    Amounts,
    /// States, counts and times that can't be.
    Statuses,
    /// Lists where objects belong, and the like.
    Shapes,
    /// The same pod twice, told differently.
    Doubled,
    /// Control characters and members of the envelope in every name.
    Names,
    /// The annotation of a static pod, with the UID of another pod.
    ConfigHash,
    /// Ids of another pod's containers in its statuses.
    StolenIds,
    /// A summary that can't be.
    Summary,
    /// A pod twice in the summary, and its containers.
    SummaryTwice,
    /// Files of its own cgroups that hold anything.
    OwnFiles,
    /// Cgroups named like pods and containers below its own container.
    BelowItsContainer,
    /// A path longer than `PATH_MAX` in a delegated cgroup.
    LongPaths,
    /// A hundred levels.
    DeepTree,
    /// More directories than are ever listed.
    ManyDirectories,
    /// Very many directories with names of containers.
    ManyContainerNames,
    /// Very many directories with names of pods.
    ManyPodNames,
    /// Another pod's cgroup, copied into a delegated one with other numbers.
    Forged,
    /// Another pod's container, named as if it lay beside its pod.
    ForgedBeside,
    /// Names with any byte.
    HostileNames,
    /// Directories that come and go.
    Churn,
    /// Directories and files that only their owner may read, and not even that one.
    Unreadable,
    /// A pod with the name and the namespace of another one.
    SameName,
    /// Processes whose files can't be read, or name another pod.
    Processes,
    /// FUSE mounts that call themselves by the name of a disk.
    FuseMounts,
    /// So many mounts that the table is beyond 4 MiB.
    ManyMounts,
    /// A volume whose file system says what can't be.
    FileSystem,
    /// An interface with counters and a name at their ends.
    Interface,
    /// Lines of a disk that can't be.
    Disk,
}

/// All of them; those that take long stand apart in [`Mischief::is_heavy`].
pub const ALL: [Mischief; 34] = [
    Mischief::Labels,
    Mischief::Environment,
    Mischief::ManyLargePods,
    Mischief::OneHugePod,
    Mischief::ManyPods,
    Mischief::ManyContainers,
    Mischief::Amounts,
    Mischief::Statuses,
    Mischief::Shapes,
    Mischief::Doubled,
    Mischief::Names,
    Mischief::ConfigHash,
    Mischief::StolenIds,
    Mischief::Summary,
    Mischief::SummaryTwice,
    Mischief::OwnFiles,
    Mischief::BelowItsContainer,
    Mischief::LongPaths,
    Mischief::DeepTree,
    Mischief::ManyDirectories,
    Mischief::ManyContainerNames,
    Mischief::ManyPodNames,
    Mischief::Forged,
    Mischief::ForgedBeside,
    Mischief::HostileNames,
    Mischief::Churn,
    Mischief::Unreadable,
    Mischief::SameName,
    Mischief::Processes,
    Mischief::FuseMounts,
    Mischief::ManyMounts,
    Mischief::FileSystem,
    Mischief::Interface,
    Mischief::Disk,
];

impl Mischief {
    /// Whether it takes seconds, so that a world has it only as its first.
    pub fn is_heavy(self) -> bool {
        matches!(
            self,
            Self::ManyLargePods
                | Self::ManyPods
                | Self::ManyDirectories
                | Self::ManyContainerNames
                | Self::ManyPodNames
                | Self::ManyMounts
        )
    }
}

/// A tenant.
#[derive(Debug, Clone)]
pub struct Tenant {
    pub mischief: Mischief,
    numbers: Numbers,
    place: u64,
    pod: Pod,
    /// What it says at every tick, made at the first.
    items: Option<Vec<Arc<str>>>,
}

impl Tenant {
    /// The tenant of a place among a world's.
    pub fn new(world: &World, place: u64, mischief: Mischief) -> Self {
        let key = format!("tenant-{place}");
        let mut pod = Pod::new(world.numbers, &key, 50 + place);
        (pod.phase, pod.is_static, pod.ends_at) = ("Running", false, u64::MAX);
        let digits = world.numbers.hex(&key, 32);
        pod.uid = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-");
        for container in &mut pod.containers {
            container.state = State::Running;
        }
        Self { mischief, numbers: world.numbers, place, pod, items: None }
    }

    /// Whether an event is about this tenant: its pods, its disks, its interfaces.
    pub fn owns(&self, event: &serde_json::Value) -> bool {
        let text = |name: &str| event[name].as_str().unwrap_or_default();
        let uid = text("PodId");
        uid == self.pod.uid
            || uid.starts_with(&self.uid_prefix())
            || text("device").contains(&self.device())
            || text("device").starts_with(&format!("{}:", self.major()))
            || event["Type"] == "NodeNet" && text("interface").contains(&self.interface())
    }

    /// Pods that it may add to those that run.
    pub fn running_pods(&self) -> u64 {
        match self.mischief {
            Mischief::ManyLargePods => 25,
            _ => 2,
        }
    }

    /// The beginning of the UIDs of its further pods.
    fn uid_prefix(&self) -> String {
        format!("7e4a47{:02}-", self.place)
    }

    /// A further UID of its own.
    fn uid(&self, number: u64) -> String {
        format!("{}0000-4000-8000-{number:012}", self.uid_prefix())
    }

    fn device(&self) -> String {
        format!("tenant{}d", self.place)
    }

    /// The number of its disks' driver.
    fn major(&self) -> u64 {
        400 + self.place
    }

    fn interface(&self) -> String {
        format!("tn{}", self.place)
    }

    /// The pod that suffers where one is chosen; `None` where none runs.
    fn victim<'w>(&self, world: &'w World) -> Option<&'w Pod> {
        let running: Vec<_> = world.pods.iter().filter(|pod| pod.runs()).collect();
        let at = self.numbers.pick(&format!("victim of {}", self.place), 0..running.len().max(1) as u64);
        running.get(usize::try_from(at).expect("a place in a list")).copied()
    }

    /// Adds what it does at a tick.
    pub fn add(&mut self, world: &World, root: &Path, tick: u64, overlay: &mut Overlay) {
        let has_pod = !matches!(self.mischief, Mischief::OwnFiles);
        if has_pod {
            files::put_pod(root, world, &self.pod, tick);
        }
        if self.items.is_none() {
            self.items = Some(self.listed(world));
        }
        let first = self.numbers.is(&format!("tenant {} first", self.place), 2);
        let items = self.items.iter().flatten().cloned();
        if first {
            overlay.pods_before.extend(items)
        } else {
            overlay.pods_after.extend(items)
        }
        let summary = self.summary(world, tick);
        if first {
            overlay.summary_before.extend(summary)
        } else {
            overlay.summary_after.extend(summary)
        }
        self.cgroups(world, root, tick);
        self.machine(root, tick, overlay);
    }

    /// What the kubelet says of it in the summary.
    fn summary(&self, world: &World, tick: u64) -> Vec<Arc<str>> {
        let good = kubelet::summary(world, &self.pod, tick);
        self.summaries(good).into_iter().map(|item| raw(&item).into()).collect()
    }
}

/// JSON whose texts between angle brackets stand without quotes: numbers that no type of ours holds.
fn raw(value: &serde_json::Value) -> String {
    value.to_string().replace("\"<<", "").replace(">>\"", "")
}
