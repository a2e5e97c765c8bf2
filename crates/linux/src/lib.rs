//! Reads a Linux machine: cgroups of either version, /proc and /sys, below any root.
//!
//! Everything starts at a [`Root`], the machine's `/`: that of this process, that of the host mounted somewhere else,
//! or a recorded tree. What is read comes back as cumulative counters and gauges in base units, `None` where the
//! kernel does not say. There are no rates here, no clock and no policy.

mod buffer;
mod device;
mod directory;
mod error;
mod root;
mod text;

pub mod block;
pub mod cgroup;
pub mod cpuinfo;
pub mod diskstats;
pub mod dmi;
pub mod hostname;
pub mod limits;
pub mod meminfo;
pub mod mounts;
pub mod net_class;
pub mod net_dev;
pub mod own;
pub mod process;
pub mod statfs;

pub use buffer::Buffer;
pub use device::DeviceNumber;
pub use error::{Error, Shown};
pub use root::Root;
#[cfg(fuzzing)]
pub use text::fuzz as fuzz_text;

#[cfg(test)]
mod tree;
