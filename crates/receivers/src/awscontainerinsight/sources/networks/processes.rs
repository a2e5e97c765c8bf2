//! Which process stands for a pod: the sandbox's, and where there is none the oldest of its containers'.
//!
//! The agent's own pid namespace hides the pids of others in `cgroup.procs`, so they are found by
//! `<root>/proc/<pid>/cgroup`: one scan for all pods that need one, at most once a tick. A pod without a process is
//! remembered and looked for again only when its containers change.

use std::collections::HashMap;

use linux::cgroup;
use linux::process::{self, Process};

use crate::awscontainerinsight::sources::reader::Reader;
use crate::awscontainerinsight::stores::inventory::Inventory;

/// How often a pod that was missed once is looked for again, each time after its containers changed.
const MORE_TRIES: u8 = 3;
/// Why no process of another user is found.
const HIDDEN: &str = "/proc shows no processes of other users (hidepid, or another pid namespace): pods' networks are missing; \
                      run the agent with the capability SYS_PTRACE or in the group that procfs exempts (gid=)";

/// What is known of a pod's processes.
#[derive(Debug)]
pub enum Found {
    /// A process of the pod.
    Process(Chosen),
    /// None, with these containers; a new set of them is worth some more tries.
    Nothing {
        /// The ids of the pod's containers then.
        containers: Vec<Box<str>>,
        /// How often it is looked for again.
        tries_left: u8,
    },
}

/// The process that stands for a pod.
#[derive(Debug)]
pub struct Chosen {
    /// A handle on it.
    pub process: Process,
    /// The container it is in.
    container: Option<Box<str>>,
    /// Whether the kubelet's list had the pod: only then is the sandbox known from the containers.
    is_settled: bool,
}

/// What a scan found best.
#[derive(Debug)]
pub struct Best {
    /// The process.
    pub pid: u32,
    container: Option<Box<str>>,
    is_settled: bool,
}

impl Best {
    /// The choice, with a handle on the process.
    pub fn chosen(self, process: Process) -> Chosen {
        Chosen { process, container: self.container, is_settled: self.is_settled }
    }
}

impl Chosen {
    /// Whether another process would be chosen, now that the kubelet's list has the pod: this one is of a container, and
    /// there is a sandbox.
    pub fn is_doubtful(&mut self, pod: &cgroup::Pod, inventory: &Inventory) -> bool {
        if self.is_settled {
            return false;
        }
        let Some(entry) = inventory.get(&pod.uid).filter(|entry| entry.pod.is_some()) else { return false };
        let is_named = |id: &str| entry.container(id).is_some();
        self.is_settled = true;
        let is_sandboxs = self.container.as_deref().is_some_and(|id| !is_named(id));
        !is_sandboxs && pod.containers.iter().any(|container| !is_named(&container.id))
    }
}

impl Found {
    /// Whether a pod without a process is looked for again: its containers changed, and not too often.
    pub fn is_worth_a_try(&self, pod: &cgroup::Pod) -> bool {
        match self {
            Self::Process(_) => false,
            Self::Nothing { containers, tries_left } => {
                *tries_left > 0 && !containers.iter().eq(pod.containers.iter().map(|container| &container.id))
            }
        }
    }

    /// A miss, after what was known before.
    pub fn nothing(pod: &cgroup::Pod, earlier: Option<&Self>) -> Self {
        let tries_left = match earlier {
            Some(Self::Nothing { tries_left, .. }) => tries_left.saturating_sub(1),
            _ => MORE_TRIES,
        };
        Self::Nothing { containers: pod.containers.iter().map(|container| container.id.clone()).collect(), tries_left }
    }
}

/// What a process is to its pod, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    /// Of a container that the kubelet's list doesn't have: the sandbox.
    Sandbox,
    /// Of any other container, or of any at all while no list has the pod.
    Container,
    /// In the pod's cgroup and in no container: a runtime's helper, perhaps in the host's network.
    Helper,
}

/// The processes of a pod that are of its best class.
struct Candidates {
    class: Class,
    list: Vec<(u32, Option<Box<str>>)>,
}

/// One scan of all processes: the best one of each pod that is `wanted` and has one, by the pod's number.
///
/// A process is a pod's only if it is in the cgroup that is known as the pod's or its container's: any user may name
/// another cgroup like that.
pub fn scan(
    reader: &mut Reader,
    pods: &[&cgroup::Pod],
    wanted: &[usize],
    inventory: &Inventory,
) -> HashMap<usize, Best> {
    let by_uid: HashMap<&str, usize> = wanted.iter().map(|number| (&*pods[*number].uid, *number)).collect();
    let by_container: HashMap<&str, usize> = wanted
        .iter()
        .flat_map(|number| pods[*number].containers.iter().map(|container| (&*container.id, *number)))
        .collect();
    let mut candidates: HashMap<usize, Candidates> = HashMap::new();
    let scanned = process::for_each(&reader.root, &mut reader.buffer, |pid, text| {
        let found = cgroup::places(text).find_map(|place| {
            let by_id = || place.container_id.and_then(|id| by_container.get(id));
            let number = place.pod_uid().and_then(|uid| by_uid.get(&*uid)).or_else(by_id)?;
            is_in(pods[*number], &place).then_some((*number, place))
        });
        let Some((number, place)) = found.filter(|(_, place)| !place.nested) else { return };
        let entry = inventory.get(&pods[number].uid).filter(|entry| entry.pod.is_some());
        let class = match (place.container_id, entry) {
            (None, _) => Class::Helper,
            (Some(id), Some(entry)) if entry.container(id).is_none() => Class::Sandbox,
            _ => Class::Container,
        };
        let best = candidates.entry(number).or_insert_with(|| Candidates { class, list: Vec::new() });
        if class < best.class {
            *best = Candidates { class, list: Vec::new() };
        }
        if class == best.class {
            best.list.push((pid, place.container_id.map(Into::into)));
        }
    });
    if matches!(scanned, Ok(false)) && reader.root.is_live() {
        reader.failures.failed("processes", 1, &HIDDEN);
    } else {
        reader.failures.note("processes", scanned);
    }
    let settled = |number: usize| inventory.get(&pods[number].uid).is_some_and(|entry| entry.pod.is_some());
    let oldest = |(number, candidates): (usize, Candidates)| {
        let (pid, container) = oldest(reader, candidates.list)?;
        Some((number, Best { pid, container, is_settled: settled(number) }))
    };
    candidates.into_iter().filter_map(oldest).collect()
}

/// Whether a place is the pod's own cgroup or that of one of its containers, one that began just now included.
fn is_in(pod: &cgroup::Pod, place: &cgroup::Place<'_>) -> bool {
    let Some(id) = place.container_id else { return pod.group.is_at(place.path) };
    match pod.containers.iter().find(|container| *container.id == *id) {
        Some(container) => container.group.is_at(place.path),
        None => place.path.rsplit_once('/').is_some_and(|(above, _)| pod.group.is_at(above)),
    }
}

/// The process that began first; numbers tell only where times don't.
fn oldest(reader: &mut Reader, mut list: Vec<(u32, Option<Box<str>>)>) -> Option<(u32, Option<Box<str>>)> {
    if list.len() < 2 {
        return list.pop();
    }
    let mut began = |pid: u32| process::read_start_time(&reader.root, pid, &mut reader.buffer).ok().flatten();
    let timed = list.into_iter().map(|(pid, container)| (began(pid).unwrap_or(u64::MAX), pid, container));
    timed.min_by_key(|(began, pid, _)| (*began, *pid)).map(|(_, pid, container)| (pid, container))
}
