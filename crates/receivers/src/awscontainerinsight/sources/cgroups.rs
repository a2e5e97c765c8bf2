//! CPU and memory of the root cgroup, of pods and of containers.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use linux::cgroup::{Container, Cpu, Group, Hierarchy, Memory, Pod};
use linux::{Buffer, Error};
use model::Clock;
use net::chain;

use crate::awscontainerinsight::samples::{ContainerSample, GroupSample, PodSample};
use crate::awscontainerinsight::sources::history::History;
use crate::awscontainerinsight::sources::reader::Reader;
use crate::awscontainerinsight::sources::walked;
use crate::awscontainerinsight::stores::inventory::Inventory;

/// Pods that the kubelet's list lacks and that are read all the same: new ones, and those of a machine by itself.
const MOST_NAMELESS: usize = 2048;

/// The machine's cgroups and their last readings, by inode: another inode is another cgroup, also under the same path.
#[derive(Debug)]
pub struct Cgroups {
    options: Options,
    /// Inodes of cgroups of listed pods that are none of their containers', as of the last round: sandboxes, as a rule.
    unnamed: HashSet<u64>,
    hierarchy: Option<Hierarchy>,
    cpu: History<u64, Cpu>,
    memory: History<u64, Memory>,
}

/// What is wanted of cgroups.
#[derive(Debug)]
pub struct Options {
    /// Whether `memory.events` are read.
    pub memory_events: bool,
    /// Whether containers outside pods are.
    pub containers: bool,
    /// Ends a walk early once it is set.
    pub stop: Arc<AtomicBool>,
}

/// What one pass over the cgroups gave.
#[derive(Debug, Default)]
pub struct Groups<'h> {
    /// The root cgroup.
    pub root: GroupSample,
    /// Pods, by path; without their networks.
    pub pods: Vec<PodSample>,
    /// The pods that were read, in step with their samples.
    pub read: Vec<&'h Pod>,
    /// Containers outside pods, by path.
    pub containers: Vec<ContainerSample>,
}

/// Failures of one pass, of which the first one stands for all in the log.
#[derive(Debug, Default)]
struct Failures {
    count: u64,
    first: Option<Error>,
}

impl Cgroups {
    /// No cgroups yet.
    pub fn new(options: Options) -> Self {
        Self { options, unnamed: HashSet::new(), hierarchy: None, cpu: History::new(), memory: History::new() }
    }

    /// Finds the cgroups that there are now, or the root's alone; to be given back with [`Self::put_back`].
    pub fn refresh(&mut self, reader: &mut Reader, all: bool) -> Option<Hierarchy> {
        let found = match self.hierarchy.take() {
            Some(hierarchy) => Ok(hierarchy),
            None => Hierarchy::discover(&reader.root, &mut reader.buffer).map(|mut hierarchy| {
                hierarchy.set_memory_events(self.options.memory_events);
                hierarchy.set_containers(self.options.containers);
                hierarchy.set_stop(self.options.stop.clone());
                hierarchy
            }),
        };
        let mut hierarchy = reader.failures.note("cgroup mounts", found)?;
        // A tree that can't be walked keeps what was known of it; the root cgroup is read all the same.
        let refreshed = if all { hierarchy.refresh(&mut reader.buffer) } else { Ok(()) };
        if reader.failures.note("cgroup tree", refreshed).is_some() && all {
            walked::report(&mut reader.failures, hierarchy.walked());
        }
        Some(hierarchy)
    }

    /// Keeps the hierarchy, with the handles in it, for the next tick.
    pub fn put_back(&mut self, hierarchy: Hierarchy) {
        self.hierarchy = Some(hierarchy);
    }

    /// Reads the cgroups of the hierarchy once.
    ///
    /// A sandbox's numbers are not needed: a cgroup that the kubelet's list doesn't know is read once, since it may be that
    /// of a container which began after the last list, and then passed over until it has a name.
    pub fn sample<'h>(&mut self, reader: &mut Reader, hierarchy: &'h Hierarchy, inventory: &Inventory) -> Groups<'h> {
        let mut failures = Failures::default();
        let (clock, buffer) = (&*reader.clock, &mut reader.buffer);
        let mut unnamed = HashSet::with_capacity(self.unnamed.len());
        let mut groups =
            Groups { root: self.read(hierarchy.root(), clock, buffer, &mut failures), ..Groups::default() };
        for container in hierarchy.containers() {
            groups.containers.push(self.read_container(container, clock, buffer, &mut failures));
        }
        let most = hierarchy.pods().len().min(inventory.count() + MOST_NAMELESS);
        groups.pods.reserve_exact(most);
        groups.read.reserve_exact(most);
        let mut nameless = 0;
        for pod in hierarchy.pods() {
            let entry = inventory.get(&pod.uid);
            nameless += usize::from(entry.is_none());
            if entry.is_none() && nameless > MOST_NAMELESS {
                continue;
            }
            let entry = entry.filter(|entry| entry.pod.is_some());
            let mut containers = Vec::with_capacity(pod.containers.len());
            for container in &pod.containers {
                let inode = container.group.inode();
                let is_unnamed = entry.is_some_and(|entry| entry.container(&container.id).is_none());
                if !(is_unnamed && self.unnamed.contains(&inode)) {
                    containers.push(self.read_container(container, clock, buffer, &mut failures));
                }
                if is_unnamed {
                    unnamed.insert(inode);
                }
            }
            let group = self.read(&pod.group, clock, buffer, &mut failures);
            groups.pods.push(PodSample { uid: (&*pod.uid).into(), group, network: None, containers });
            groups.read.push(pod);
        }
        walked::report_nameless(reader.failures.limits(), nameless, MOST_NAMELESS);
        self.unnamed = unnamed;
        match failures.first {
            Some(error) => reader.failures.failed("cgroup", failures.count, &chain(&error)),
            None if failures.count > 0 => {
                reader.failures.failed("cgroup", failures.count, &"a value wasn't understood");
            }
            None => reader.failures.recovered("cgroup"),
        }
        groups
    }

    /// Forgets the readings of cgroups that are gone.
    pub fn end_round(&mut self) {
        self.cpu.end_round();
        self.memory.end_round();
    }

    fn read_container(
        &mut self,
        container: &Container,
        clock: &dyn Clock,
        buffer: &mut Buffer,
        failures: &mut Failures,
    ) -> ContainerSample {
        ContainerSample { id: (&*container.id).into(), group: self.read(&container.group, clock, buffer, failures) }
    }

    fn read(&mut self, group: &Group, clock: &dyn Clock, buffer: &mut Buffer, failures: &mut Failures) -> GroupSample {
        let at = clock.stamp();
        let cpu = failures.note(group.read_cpu(buffer)).map(|cpu| {
            failures.count += u64::from(cpu.faults);
            self.cpu.exchange(group.inode(), at, cpu)
        });
        let at = clock.stamp();
        let memory = failures.note(group.read_memory(buffer)).map(|memory| {
            failures.count += u64::from(memory.faults);
            self.memory.exchange(group.inode(), at, memory)
        });
        GroupSample { cpu, memory }
    }
}

impl Failures {
    /// A cgroup that vanished between listing and reading is no failure.
    fn note<T>(&mut self, result: Result<T, Error>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) if error.is_gone() => None,
            Err(error) => {
                self.count += 1;
                self.first.get_or_insert(error);
                None
            }
        }
    }
}
