//! The machine: everything that is read of the kernel in one tick.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use aws::ecs_agent::{Task, task_id};
use linux::cgroup::ecs;
use linux::dmi::Dmi;
use linux::{Buffer, Error, Root};
use model::{Clock, Text};

use crate::awscontainerinsight::config::{Config, Failcnt, NodeInterfaces, NodeMemory, Orchestrator};
use crate::awscontainerinsight::samples::{NodeSample, TasksSample, Volumes as FoundVolumes};
use crate::awscontainerinsight::source_failures::SourceFailures;
use crate::awscontainerinsight::sources::cgroups::{Cgroups, Options};
use crate::awscontainerinsight::sources::disks::Disks;
use crate::awscontainerinsight::sources::file_systems::{FileSystems, Holder};
use crate::awscontainerinsight::sources::networks::Networks;
use crate::awscontainerinsight::sources::reader::Reader;
use crate::awscontainerinsight::sources::volumes::Volumes;
use crate::awscontainerinsight::stores::inventory::Inventory;
use platform::{Capacity, Facts};

/// A machine below a root.
pub struct Machine {
    reader: Reader,
    cgroups: Cgroups,
    networks: Networks,
    disks: Disks,
    file_systems: FileSystems,
    volumes: Volumes,
    tasks: Option<ecs::Tasks>,
    /// Rounds in a row with a running task that has no cgroup.
    incomplete: u32,
    whole_machine_only: bool,
    physical_only: bool,
    reads_available_memory: bool,
    stop: Arc<AtomicBool>,
}

impl Machine {
    /// Opens the machine below `root`.
    pub fn open(root: &Path, config: &Config, clock: Arc<dyn Clock>, failures: SourceFailures) -> Result<Self, Error> {
        linux::limits::raise_open_files();
        let root = Root::open(root)?;
        let file_systems = FileSystems::new(&root, patience(config.collection_interval))?;
        let stop = Arc::<AtomicBool>::default();
        let options = Options {
            memory_events: config.memory_failcnt == Failcnt::Events,
            // On Kubernetes a container outside pods has no record.
            containers: config.container_orchestrator == Orchestrator::Host,
            stop: stop.clone(),
        };
        Ok(Self {
            reader: Reader { root, buffer: Buffer::new(), clock, failures },
            cgroups: Cgroups::new(options),
            networks: Networks::new(),
            disks: Disks::new(config.disk_names),
            file_systems,
            volumes: Volumes::default(),
            tasks: None,
            incomplete: 0,
            whole_machine_only: config.container_orchestrator == Orchestrator::Ecs,
            physical_only: config.node_network_interfaces == NodeInterfaces::Physical,
            reads_available_memory: config.node_memory == NodeMemory::Available,
            stop,
        })
    }

    /// Ends what takes long once it is set: a round that is being made is then made of what was known.
    pub fn stopper(&self) -> Arc<AtomicBool> {
        self.stop.clone()
    }

    /// The machine's host name.
    pub fn host_name(&mut self) -> String {
        linux::hostname::read(&self.reader.root, &mut self.reader.buffer).unwrap_or_else(|| "localhost".to_owned())
    }

    /// How large the machine is.
    pub fn capacity(&mut self) -> Capacity {
        Capacity::read(&self.reader.root, &mut self.reader.buffer)
    }

    /// Reads everything once. The inventory tells a pod's containers from its sandbox.
    pub fn sample(&mut self, inventory: &Inventory) -> NodeSample {
        let reader = &mut self.reader;
        reader.failures.begin_round();
        let mut sample = NodeSample::default();
        let mut disk_io = Vec::new();
        if let Some(hierarchy) = self.cgroups.refresh(reader, !self.whole_machine_only) {
            let mut groups = self.cgroups.sample(reader, &hierarchy, inventory);
            self.networks.sample_pods(reader, &groups.read, &mut groups.pods, inventory);
            (sample.group, sample.pods, sample.containers) = (groups.root, groups.pods, groups.containers);
            let result = hierarchy.root().read_io_into(&mut reader.buffer, &mut disk_io);
            let _ = reader.failures.note("cgroup io", result.or_else(absent));
            self.cgroups.put_back(hierarchy);
        }
        if self.reads_available_memory {
            let meminfo = linux::meminfo::read(&reader.root, &mut reader.buffer);
            let memory = reader.failures.note("meminfo", meminfo);
            sample.memory_available_bytes = memory.and_then(|memory| memory.available_bytes);
        }
        sample.network = self.networks.sample_host(reader);
        if self.physical_only {
            let names = sample.network.iter().flatten().map(|interface| interface.now.name);
            sample.physical =
                names.filter(|name| linux::net_class::has_device(&reader.root, name).unwrap_or(false)).collect();
        }
        sample.file_systems = self.file_systems.sample(reader);
        sample.disks = self.disks.sample(reader, disk_io, &sample.file_systems);
        match reader.buffer.take_cut() {
            Some(path) => {
                let message =
                    format!("{} is larger than {} bytes: what follows is not read", linux::Shown(&path), Buffer::LIMIT);
                reader.failures.limits().cut("kernel file", 1, &message);
            }
            None => reader.failures.limits().within("kernel file"),
        }
        reader.failures.settle("net/dev");
        reader.failures.settle("pod network");
        self.cgroups.end_round();
        self.networks.end_round();
        self.disks.end_round();
        sample
    }

    /// The machine's own table of what it is.
    pub fn dmi(&mut self) -> Dmi {
        linux::dmi::read(&self.reader.root, &mut self.reader.buffer)
    }

    /// Takes over what has been found out.
    pub fn learn(&mut self, facts: &Facts) {
        self.volumes.learn(facts);
    }

    /// Names the EBS volumes in a sample; gives the disks that nothing on the machine names.
    pub fn name_volumes(&mut self, sample: &mut NodeSample) -> Vec<Text> {
        self.volumes.name(&mut self.reader, sample, self.disks.disks(), self.file_systems.mounts())
    }

    /// What these tasks of a container instance reserve together.
    pub fn reservations(&mut self, tasks: &[Task], cluster: &str) -> TasksSample {
        let reader = &mut self.reader;
        if self.tasks.is_none() {
            let found = ecs::Tasks::discover(&reader.root, &mut reader.buffer);
            self.tasks = reader.failures.note("ECS task cgroups", found);
        }
        let (mut cpu, mut memory) = (None::<u64>, None::<u64>);
        let mut unseen = 0;
        for task in tasks {
            let containers: Vec<&str> = task.containers.iter().map(|container| container.docker_id.as_str()).collect();
            let (Some(cgroups), Some(id)) = (&mut self.tasks, task_id(&task.arn)) else { continue };
            let read = cgroups.read(&ecs::Task { id, cluster, containers: &containers }, &mut reader.buffer);
            unseen += u64::from(read.cpu_shares.is_none() && read.memory_bytes.is_none());
            for (sum, value) in [(&mut cpu, read.cpu_shares), (&mut memory, read.memory_bytes)] {
                *sum = value.map_or(*sum, |value| Some(sum.unwrap_or(0).saturating_add(value)));
            }
        }
        self.incomplete = if unseen > 0 { self.incomplete + 1 } else { 0 };
        if tasks.is_empty() {
            // Nothing runs, so nothing is reserved.
            (cpu, memory) = (Some(0), Some(0));
        } else if cpu.is_none() && memory.is_none() {
            // The hierarchy may have been mounted meanwhile.
            self.tasks = None;
            reader.failures.failed(
                "ECS tasks",
                1,
                &"no cgroup of a running task is found: nothing is said of reservations",
            );
        } else if self.incomplete > LONG {
            // For a while a task is named before its containers are made, and after they have gone.
            reader.failures.failed(
                "ECS tasks",
                unseen,
                &"no cgroup of a running task is found: it isn't among the reservations",
            );
        } else if unseen == 0 {
            reader.failures.recovered("ECS tasks");
        }
        TasksSample { running: tasks.len() as u64, cpu_shares: cpu, memory_bytes: memory }
    }

    /// The volume under a device, as of the last sample.
    pub fn volumes_of(&self, sample: &NodeSample, device: &str) -> FoundVolumes {
        let found = sample.file_systems.iter().find(|file_system| &*file_system.device == device);
        found.map(|file_system| file_system.volumes.clone()).unwrap_or_default()
    }

    /// The file system that holds a path of the host, as of the last sample.
    pub fn holder(&self, path: &str) -> Option<Holder> {
        self.file_systems.holder(path)
    }

    /// Names of the directories of pods' logs; none where they can't be listed.
    pub fn log_directories(&self) -> Vec<String> {
        self.reader.root.list_names("var/log/pods").unwrap_or_default()
    }

    /// The failures of each source.
    pub fn failures(&mut self) -> &mut SourceFailures {
        &mut self.reader.failures
    }
}

/// What a kernel doesn't have is no failure.
fn absent(error: Error) -> Result<(), Error> {
    if error.is_gone() { Ok(()) } else { Err(error) }
}

/// For how many rounds in a row a running task may be without a cgroup.
const LONG: u32 = 2;

/// How long a file system that stops answering may hold up a tick.
fn patience(interval: Duration) -> Duration {
    (interval / 4).min(Duration::from_secs(1))
}
