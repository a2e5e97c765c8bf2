//! What is read: the cgroups, networks, disks and file systems of the machine, and the kubelet's answers.
//!
//! Each source fails alone, and none computes anything.

mod cgroups;
mod detour;
mod disks;
mod file_systems;
mod history;
pub mod kubelet;
mod machine;
mod networks;
mod own_mounts;
mod reader;
mod volumes;
mod walked;

pub use detour::Detour;
pub use machine::Machine;
