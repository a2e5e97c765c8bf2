//! What the samples mean: history to rates, samples joined with the inventory, ratios, records.
//!
//! Pure functions, one file for each record type: no input or output, no clock.

mod cluster;
mod container;
mod container_fs;
mod cpu;
mod disk_io;
mod file_system;
mod machine;
mod machine_disk_io;
mod machine_fs;
mod machine_net;
mod memory;
mod network;
mod pod;
mod pod_net;
mod points;
mod round;
mod tick_context;
mod volume;

pub use cluster::records as cluster_records;
pub use container_fs::Storage;
pub use round::{Knowledge, records};
pub use tick_context::{MachineTypes, NodeIdentity, TickContext};
