//! What the samples mean: history to rates, samples joined with the inventory, ratios, records.
//!
//! Pure functions, one file for each record type: no input or output, no clock.

mod container;
mod container_fs;
mod cpu;
mod disk_io;
mod file_system;
mod frame;
mod memory;
mod network;
mod node;
mod node_disk_io;
mod node_fs;
mod node_net;
mod pod;
mod pod_net;
mod points;
mod round;

pub use container_fs::Storage;
pub use frame::{Frame, NodeIdentity};
pub use round::{Knowledge, records};
