//! CPU and memory of the root cgroup, of pods and of containers.

use linux::cgroup::{Container, Cpu, Group, Hierarchy, Memory};
use linux::{Buffer, Error};
use model::Clock;

use crate::samples::{ContainerSample, GroupSample, PodSample};
use crate::sources::history::History;
use crate::sources::reader::Reader;

/// The machine's cgroups and their last readings, by inode: another inode is another cgroup, whatever its path.
#[derive(Debug)]
pub struct Cgroups {
    memory_events: bool,
    hierarchy: Option<Hierarchy>,
    cpu: History<u64, Cpu>,
    memory: History<u64, Memory>,
}

/// What one pass over the cgroups gave.
#[derive(Debug, Default)]
pub struct Groups {
    /// The root cgroup.
    pub root: GroupSample,
    /// Pods, by path; without their networks.
    pub pods: Vec<PodSample>,
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
    /// No cgroups yet; `memory_events` are read only where somebody asks for them.
    pub fn new(memory_events: bool) -> Self {
        Self { memory_events, hierarchy: None, cpu: History::new(), memory: History::new() }
    }

    /// Finds the cgroups that there are now; to be given back with [`Self::put_back`].
    pub fn refresh(&mut self, reader: &mut Reader) -> Option<Hierarchy> {
        let found = match self.hierarchy.take() {
            Some(hierarchy) => Ok(hierarchy),
            None => Hierarchy::discover(&reader.root, &mut reader.buffer).inspect(|hierarchy| {
                hierarchy.set_memory_events(self.memory_events);
            }),
        };
        let mut hierarchy = reader.troubles.note("cgroup mounts", found)?;
        let refreshed = hierarchy.refresh(&mut reader.buffer);
        reader.troubles.note("cgroup tree", refreshed)?;
        Some(hierarchy)
    }

    /// Keeps the hierarchy, with the handles in it, for the next tick.
    pub fn put_back(&mut self, hierarchy: Hierarchy) {
        self.hierarchy = Some(hierarchy);
    }

    /// Reads every cgroup of the hierarchy once.
    pub fn sample(&mut self, reader: &mut Reader, hierarchy: &Hierarchy) -> Groups {
        let mut failures = Failures::default();
        let (clock, buffer) = (&*reader.clock, &mut reader.buffer);
        let mut read = |group: &Group| self.read(group, clock, buffer, &mut failures);
        let mut read_container =
            |container: &Container| ContainerSample { id: (&*container.id).into(), group: read(&container.group) };
        let containers = hierarchy.containers().iter().map(&mut read_container).collect();
        let mut pods = Vec::with_capacity(hierarchy.pods().len());
        for pod in hierarchy.pods() {
            let containers = pod.containers.iter().map(&mut read_container).collect();
            pods.push(PodSample { uid: (&*pod.uid).into(), group: GroupSample::default(), network: None, containers });
        }
        for (pod, sample) in hierarchy.pods().iter().zip(&mut pods) {
            sample.group = read(&pod.group);
        }
        let root = read(hierarchy.root());
        match failures.first {
            Some(error) => reader.troubles.failed("cgroup", failures.count, &error),
            None => reader.troubles.recovered("cgroup"),
        }
        Groups { root, pods, containers }
    }

    /// Forgets the readings of cgroups that are gone.
    pub fn end_round(&mut self) {
        self.cpu.end_round();
        self.memory.end_round();
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
