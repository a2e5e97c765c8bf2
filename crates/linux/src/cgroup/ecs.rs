//! What the tasks of an Amazon ECS container instance reserve, by the cgroups that the ECS agent makes for them.
//!
//! The agent gives a task a cgroup with the CPU and memory that its definition asks for, and Docker puts the containers
//! below it: `ecs/<task>` with the cgroupfs driver, a slice of `ecstasks.slice` with systemd's. The files are those of
//! cgroup-v1/memory.rst, scheduler/sched-bwc.rst and cgroup-v2.rst.

use std::collections::HashMap;
use std::ffi::CStr;

use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags, openat};
use rustix::io::Errno;
use serde::Deserialize;

use super::Version;
use super::discover;
use super::mounted::Mounted;
use crate::buffer::{Ends, READ};
use crate::{Buffer, Error, Root};

mod amounts;
mod places;
mod weight;

#[cfg(test)]
mod tests;

/// Fewer shares than this are what the kernel gives a task that reserves nothing.
const FEWEST_SHARES: u64 = 3;

/// What a task reserves. `None` where the controller's cgroup of the task isn't found or can't be read; zero is a task
/// that reserves nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reservation {
    /// CPU in shares, 1024 for each CPU: the quota where there is one, otherwise the weight.
    pub cpu_shares: Option<u64>,
    /// Memory in bytes: the task's limit, otherwise the sum of its containers' soft limits, and of the hard ones where
    /// there is no soft one.
    pub memory_bytes: Option<u64>,
}

/// A task as the ECS agent names it. A name that no cgroup can have finds nothing.
#[derive(Clone, Copy, Debug)]
pub struct Task<'a> {
    /// The last part of the task's ARN.
    pub id: &'a str,
    /// The cluster's short name; some agents have the tasks' cgroups below it.
    pub cluster: &'a str,
    /// Docker's ids of the task's containers.
    pub containers: &'a [&'a str],
}

/// Tasks whose shares are remembered.
const REMEMBERED: usize = 1000;

/// The hierarchies in which tasks reserve CPU and memory.
pub struct Tasks {
    root: Root,
    /// Shares by task, for as long as its weight and the number of its containers stay: what they ask for doesn't change.
    shares: HashMap<Box<str>, Remembered>,
    version: Version,
    /// Controller `cpu`; `None` where it isn't mounted or can't be opened.
    cpu: Option<Mounted>,
    /// Controller `memory`.
    memory: Option<Mounted>,
}

struct Remembered {
    weight: u64,
    containers: usize,
    shares: u64,
}

/// As much of Docker's `hostconfig.json` as is needed.
#[derive(Deserialize)]
struct HostConfig {
    #[serde(rename = "CpuShares", default)]
    cpu_shares: u64,
}

impl Tasks {
    /// Finds the hierarchies as [`super::Hierarchy::discover`] does. One that can't be opened costs only its own values.
    pub fn discover(root: &Root, buffer: &mut Buffer) -> Result<Tasks, Error> {
        let (version, [cpu, memory]) = discover::find_some(root, ["cpu", "memory"], buffer)?;
        Ok(Tasks { root: root.try_clone()?, shares: HashMap::new(), version, cpu, memory })
    }

    /// Reads what a task reserves.
    pub fn read(&mut self, task: &Task<'_>, buffer: &mut Buffer) -> Reservation {
        let cpu = self.cpu.as_ref().and_then(|mounted| Directory::of_task(mounted, task));
        let memory = self.memory.as_ref().and_then(|mounted| Directory::of_task(mounted, task));
        Reservation {
            cpu_shares: cpu.and_then(|directory| self.read_cpu(&directory, task, buffer)),
            memory_bytes: memory.and_then(|directory| directory.read_memory(self.version, task, buffer)),
        }
    }

    fn read_cpu(&mut self, directory: &Directory, task: &Task<'_>, buffer: &mut Buffer) -> Option<u64> {
        let shares = match directory.read_quota(self.version, buffer) {
            Some(shares) => shares,
            None => match self.version {
                Version::V1 => amounts::or_none(directory.read(c"cpu.shares", buffer)?),
                // A weight that isn't understood reserves nothing.
                Version::V2 => match amounts::plain(directory.read(c"cpu.weight", buffer)?) {
                    Some(weight) => self.shares_of(weight, directory, task, buffer),
                    None => 0,
                },
            },
        };
        Some(if shares < FEWEST_SHARES { 0 } else { shares })
    }

    /// The shares from which a task's weight was made, by what its containers ask Docker for where that can be read.
    fn shares_of(&mut self, weight: u64, directory: &Directory, task: &Task<'_>, buffer: &mut Buffer) -> u64 {
        let containers = task.containers.len();
        if let Some(known) = self.shares.get(task.id)
            && (known.weight, known.containers) == (weight, containers)
        {
            return known.shares;
        }
        let asked: Vec<_> = task.containers.iter().map(|id| self.read_asked(directory, id, buffer)).collect();
        let shares = weight::shares(weight, &asked);
        if asked.iter().any(|container| *container == weight::Asked::default()) {
            // Until the cgroups of all containers are there it is a guess.
            return shares;
        }
        if self.shares.len() >= REMEMBERED {
            self.shares.clear();
        }
        self.shares.insert(task.id.into(), Remembered { weight, containers, shares });
        shares
    }

    fn read_asked(&self, task: &Directory, id: &str, buffer: &mut Buffer) -> weight::Asked {
        let places = places::of_container(id);
        let Some(scope) = places.first() else { return weight::Asked::default() };
        let file = format!("var/lib/docker/containers/{scope}/hostconfig.json");
        let text = self.root.read(&file, buffer).ok();
        let shares = text.and_then(|text| Some(serde_json::from_slice::<HostConfig>(text).ok()?.cpu_shares));
        let own = places.iter().find_map(|place| Directory::open(&task.0, place).ok());
        weight::Asked { shares, weight: own.and_then(|own| amounts::plain(own.read(c"cpu.weight", buffer)?)) }
    }
}

impl std::fmt::Debug for Tasks {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Tasks").field("version", &self.version).finish_non_exhaustive()
    }
}

/// An open cgroup.
struct Directory(OwnedFd);

impl Directory {
    fn of_task(mounted: &Mounted, task: &Task<'_>) -> Option<Directory> {
        places::of_task(task).iter().find_map(|place| Directory::open(&mounted.handle, place).ok())
    }

    fn open(parent: &OwnedFd, path: &str) -> Result<Directory, Errno> {
        openat(parent, path, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).map(Directory)
    }

    /// The quota in shares; `None` where there is none.
    fn read_quota(&self, version: Version, buffer: &mut Buffer) -> Option<u64> {
        let quota = match version {
            Version::V1 => {
                let quota = self.read(c"cpu.cfs_quota_us", buffer).and_then(amounts::quota);
                let period = quota.and_then(|_| self.read(c"cpu.cfs_period_us", buffer).and_then(amounts::plain));
                quota.zip(period)
            }
            Version::V2 => self.read(c"cpu.max", buffer).and_then(amounts::maximum),
        };
        quota.and_then(|(quota, period)| amounts::shares_of_quota(quota, period))
    }

    fn read_memory(&self, version: Version, task: &Task<'_>, buffer: &mut Buffer) -> Option<u64> {
        if let Some(limit) = amounts::limit(self.read(limit_file(version), buffer)?) {
            return Some(limit);
        }
        let mut sum = 0_u64;
        for id in task.containers {
            sum = sum.saturating_add(self.read_container(version, id, buffer)?);
        }
        Some(sum)
    }

    /// What one container reserves of memory; nothing where it has ended. `None` where it can't be read.
    fn read_container(&self, version: Version, id: &str, buffer: &mut Buffer) -> Option<u64> {
        for place in places::of_container(id) {
            let container = match Directory::open(&self.0, &place) {
                Ok(container) => container,
                Err(Errno::NOENT) => continue,
                Err(_) => return None,
            };
            let soft = match version {
                Version::V1 => c"memory.soft_limit_in_bytes",
                Version::V2 => c"memory.low",
            };
            let soft = container.read(soft, buffer).and_then(amounts::limit).filter(|&soft| soft > 0);
            return match soft {
                Some(soft) => Some(soft),
                None => container.read(limit_file(version), buffer).map(|text| amounts::limit(text).unwrap_or(0)),
            };
        }
        Some(0)
    }

    fn read<'b>(&self, name: &CStr, buffer: &'b mut Buffer) -> Option<&'b [u8]> {
        let file = openat(&self.0, name, READ | OFlags::NOFOLLOW, Mode::empty()).ok()?;
        let length = buffer.fill(file, Ends::AtShortRead, std::path::PathBuf::new).ok()?;
        Some(&buffer.bytes[..length])
    }
}

fn limit_file(version: Version) -> &'static CStr {
    match version {
        Version::V1 => c"memory.limit_in_bytes",
        Version::V2 => c"memory.max",
    }
}
