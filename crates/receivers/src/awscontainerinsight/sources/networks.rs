//! Network interfaces of the host and of pods.
//!
//! A pod's network is that of its sandbox's process, or of its oldest one.

mod processes;

use std::collections::{HashMap, HashSet};

use linux::cgroup;
use linux::net_dev::{Interface, Interfaces, Name};
use linux::process::Process;
use model::Text;
use net::chain;

use crate::awscontainerinsight::samples::{Pair, PodSample};
use crate::awscontainerinsight::sources::history::History;
use crate::awscontainerinsight::sources::networks::processes::Found;
use crate::awscontainerinsight::sources::reader::Reader;
use crate::awscontainerinsight::stores::inventory::Inventory;

/// The host's first process: its network namespace is the host's.
const HOST_PID: u32 = 1;

/// What it costs that the first process can't be read.
const HIDDEN: &str = "the node's network is missing; where /proc hides other users' processes (hidepid), run the agent with the \
                      capability SYS_PTRACE or in the group that procfs exempts (gid=), and mount the host's /proc below root_path";

/// Interfaces and their last readings.
#[derive(Debug)]
pub struct Networks {
    pods: HashMap<Text, Found>,
    history: History<Key, Interface>,
    interfaces: Interfaces,
}

/// Whose interface a reading is of: the inode of a pod's cgroup, or [`HOST`], since pods on the host's network read the same
/// counters at other moments; the network namespace, whose counters are its own; the name.
type Key = (u64, u64, Name);

/// In the place of a pod's inode: no cgroup has it.
const HOST: u64 = 0;

impl Networks {
    /// No readings yet.
    pub fn new() -> Self {
        Self { pods: HashMap::new(), history: History::new(), interfaces: Interfaces::default() }
    }

    /// Reads the host's interfaces.
    pub fn sample_host(&mut self, reader: &mut Reader) -> Option<Vec<Pair<Interface>>> {
        let opened = Process::open(&reader.root, HOST_PID);
        match opened.and_then(|host| self.read(reader, HOST, &host)) {
            Ok(interfaces) => {
                reader.failures.recovered("host network");
                Some(interfaces)
            }
            Err(error) => {
                let why = chain(&error);
                reader.failures.failed("host network", 1, &format_args!("{why}: {HIDDEN}"));
                None
            }
        }
    }

    /// Reads the interfaces of every pod with a known process into its sample; `pods` and `samples` go in step.
    pub fn sample_pods(
        &mut self,
        reader: &mut Reader,
        pods: &[&cgroup::Pod],
        samples: &mut [PodSample],
        inventory: &Inventory,
    ) {
        let uids: HashSet<&str> = pods.iter().map(|pod| &*pod.uid).collect();
        self.pods.retain(|uid, _| uids.contains(&**uid));
        let mut wanted = Vec::new();
        for (number, (&pod, sample)) in pods.iter().zip(samples.iter_mut()).enumerate() {
            match self.pods.remove(&*pod.uid) {
                Some(Found::Process(mut chosen)) => {
                    if chosen.is_doubtful(pod, inventory) {
                        wanted.push(number);
                        continue;
                    }
                    match self.read(reader, pod.group.inode(), &chosen.process) {
                        Ok(interfaces) => {
                            sample.network = Some(interfaces);
                            self.pods.insert(sample.uid.clone(), Found::Process(chosen));
                        }
                        Err(error) => {
                            // A process that has ended is no failure; either way another one of the pod may serve.
                            if !error.is_gone() {
                                reader.failures.failed("pod network", 1, &chain(&error));
                            }
                            wanted.push(number);
                        }
                    }
                }
                Some(nothing) => {
                    if nothing.is_worth_a_try(pod) {
                        wanted.push(number);
                    }
                    self.pods.insert(sample.uid.clone(), nothing);
                }
                None => wanted.push(number),
            }
        }
        if !wanted.is_empty() {
            self.search(reader, pods, samples, &wanted, inventory);
        }
    }

    /// Forgets the readings of interfaces that are gone.
    pub fn end_round(&mut self) {
        self.history.end_round();
    }

    fn read(
        &mut self,
        reader: &mut Reader,
        owner: u64,
        process: &Process,
    ) -> Result<Vec<Pair<Interface>>, linux::Error> {
        let at = reader.clock.stamp();
        let namespace = process.read_net_dev(&mut reader.buffer, &mut self.interfaces)?;
        if self.interfaces.malformed > 0 {
            reader.failures.failed("net/dev", self.interfaces.malformed as u64, &"a line wasn't understood");
        }
        let history = &mut self.history;
        let counted = self.interfaces.interfaces.iter().filter(|interface| is_counted(interface.name.as_bytes()));
        Ok(counted.map(|interface| history.exchange((owner, namespace, interface.name), at, *interface)).collect())
    }

    /// Looks for a process of each pod that needs one, and reads its interfaces.
    fn search(
        &mut self,
        reader: &mut Reader,
        pods: &[&cgroup::Pod],
        samples: &mut [PodSample],
        wanted: &[usize],
        inventory: &Inventory,
    ) {
        let mut found = processes::scan(reader, pods, wanted, inventory);
        for &number in wanted {
            let pod = pods[number];
            let chosen = found.remove(&number).and_then(|best| {
                let process = Process::open(&reader.root, best.pid).ok()?;
                Some(best.chosen(process))
            });
            let read =
                chosen.and_then(|chosen| Some((self.read(reader, pod.group.inode(), &chosen.process).ok()?, chosen)));
            let now = match read {
                Some((interfaces, chosen)) => {
                    samples[number].network = Some(interfaces);
                    Found::Process(chosen)
                }
                None => Found::nothing(pod, self.pods.get(&*pod.uid)),
            };
            self.pods.insert(samples[number].uid.clone(), now);
        }
    }
}

/// The loopback, and the host's ends of pods' and runtimes' interfaces, are not counted.
fn is_counted(name: &[u8]) -> bool {
    let begins_with = |prefix: &&[u8]| name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    !name.eq_ignore_ascii_case(b"lo") && ![&b"veth"[..], b"docker", b"nerdctl"].iter().any(begins_with)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_one_name_and_not_a_beginning() {
        let counted = ["eth0", "eni1", "lo0", "lowpan0", "cni0", "cali1"];
        assert!(counted.iter().all(|name| is_counted(name.as_bytes())));
        let ignored = ["lo", "LO", "veth1a", "docker0", "Docker_gwbridge", "nerdctl0"];
        assert!(!ignored.iter().any(|name| is_counted(name.as_bytes())));
    }
}
