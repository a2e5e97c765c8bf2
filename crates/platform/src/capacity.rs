//! How large the node is: what percentages are parts of.

use linux::{Buffer, Root};

/// The most memory that a machine has, in bytes: no processor addresses more.
pub const MOST_MEMORY: u64 = 1 << 52;

/// The node's CPUs and memory; `None` where the machine couldn't say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Capacity {
    /// A thousand for each logical CPU.
    pub cpu_millicores: Option<u64>,
    /// `MemTotal`, in bytes.
    pub memory_bytes: Option<u64>,
}

impl Capacity {
    /// Whether the machine has said both.
    pub fn is_known(self) -> bool {
        self.cpu_millicores.is_some() && self.memory_bytes.is_some()
    }

    /// Reads `<root>/proc/cpuinfo` and `<root>/proc/meminfo`.
    pub fn read(root: &Root, buffer: &mut Buffer) -> Self {
        let cpus = linux::cpuinfo::read_logical_cpus(root, buffer).ok().filter(|cpus| *cpus > 0);
        let memory = linux::meminfo::read(root, buffer).ok().and_then(|memory| memory.total_bytes);
        Self {
            cpu_millicores: cpus.map(|cpus| u64::from(cpus) * 1000),
            memory_bytes: memory.filter(|bytes| (1..=MOST_MEMORY).contains(bytes)),
        }
    }
}
