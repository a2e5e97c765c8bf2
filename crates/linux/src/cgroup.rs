//! Control groups, version 2, version 1 or both, as one shape (Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/).
//!
//! A [`Hierarchy`] is found once and refreshed before every round of readings. It lists the pods of a Kubernetes node
//! and the containers of every runtime, wherever they lie in the tree, and keeps a handle on each of them.

mod cpu;
mod discover;
pub mod ecs;
mod group;
mod hierarchy;
mod io;
mod membership;
mod memory;
mod mounted;
mod names;
mod pod;
mod queue;
mod subtree;
mod tree;
mod walk;
mod walked;

pub use cpu::Cpu;
pub use group::Group;
pub use hierarchy::Hierarchy;
pub use io::{Counter, DiskIo, Operations};
pub use membership::{Membership, Place, membership, places};
pub use memory::Memory;
pub use pod::{Container, Pod};
pub use walked::{Cut, Walked};

/// Which of the kernel's two interfaces carries the controllers. The hybrid layout counts as version 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// One hierarchy for each controller or pair of them.
    V1,
    /// One hierarchy for all.
    V2,
}

#[cfg(fuzzing)]
pub use {cpu::fuzz as fuzz_cpu, io::fuzz as fuzz_io, memory::fuzz as fuzz_memory, names::fuzz as fuzz_name};

#[cfg(test)]
mod tests;
