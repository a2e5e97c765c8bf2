//! What is read: the cgroups, networks, disks and file systems of the machine, and the kubelet's answers.
//!
//! Each source fails alone, and none computes anything.

mod cgroups;
mod disks;
mod file_systems;
mod history;
pub mod kubelet;
mod machine;
mod networks;
mod own_mounts;
mod pod_source;
mod reader;
mod volumes;
mod walked;

pub use machine::Machine;
pub use pod_source::KubeletThenApiServer;
