//! Which process stands for a pod.
//!
//! The agent's own pid namespace hides the pids of others in `cgroup.procs`, so they are found by
//! `<root>/proc/<pid>/cgroup`: one scan for all pods that need one, at most once a tick. A pod without a process is
//! remembered and looked for again only when its containers change.

use std::collections::HashMap;

use linux::cgroup;
use linux::process::{self, Process};

use crate::sources::reader::Reader;
use crate::stores::inventory::Inventory;

/// How often a pod that was missed once is looked for again, each time after its containers changed.
const MORE_TRIES: u8 = 3;
/// Why no process of another user is found.
const HIDDEN: &str = "/proc shows no processes of other users (hidepid, or another pid namespace): pods' networks are missing; \
                      run the agent with the capability SYS_PTRACE or in the group that procfs exempts (gid=)";

/// What is known of a pod's processes.
#[derive(Debug)]
pub enum Found {
    /// A process of the pod.
    Process(Process),
    /// None, with these containers; a new set of them is worth some more tries.
    Nothing {
        /// The ids of the pod's containers then.
        containers: Vec<Box<str>>,
        /// How often it is looked for again.
        tries_left: u8,
    },
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

/// One scan of all processes: the best pid of each pod that is `wanted` and has one, by the pod's number.
pub fn scan(
    reader: &mut Reader,
    pods: &[&cgroup::Pod],
    wanted: &[usize],
    inventory: &Inventory,
) -> HashMap<usize, u32> {
    let by_uid: HashMap<&str, usize> = wanted.iter().map(|number| (&*pods[*number].uid, *number)).collect();
    let by_container: HashMap<&str, usize> = wanted
        .iter()
        .flat_map(|number| pods[*number].containers.iter().map(|container| (&*container.id, *number)))
        .collect();
    // The best process of each pod: one of the sandbox before one of a container, which may have made itself another
    // network; then the oldest.
    let mut best: HashMap<usize, (bool, u32)> = HashMap::new();
    let scanned = process::for_each(&reader.root, &mut reader.buffer, |pid, text| {
        let Some(member) = cgroup::membership(text).filter(|member| !member.nested) else { return };
        let uid = member.pod_uid.as_deref();
        let id = member.container_id.as_deref();
        let pod = uid.and_then(|uid| by_uid.get(uid)).or_else(|| id.and_then(|id| by_container.get(id)));
        if let Some(&pod) = pod {
            let named =
                id.is_some_and(|id| inventory.get(&pods[pod].uid).is_some_and(|entry| entry.container(id).is_some()));
            let candidate = (named, pid);
            best.entry(pod).and_modify(|best| *best = candidate.min(*best)).or_insert(candidate);
        }
    });
    if matches!(scanned, Ok(false)) && reader.root.is_live() {
        reader.troubles.failed("processes", 1, &HIDDEN);
    } else {
        reader.troubles.note("processes", scanned);
    }
    best.into_iter().map(|(pod, (_, pid))| (pod, pid)).collect()
}
