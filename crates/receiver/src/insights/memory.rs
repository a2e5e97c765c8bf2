//! Memory of a node, a pod or a container.

use catalog::Measurement as M;
use linux::cgroup::Memory;

use crate::config::Failcnt;
use crate::insights::points::{Points, float, percent};
use crate::samples::Pair;

/// Memory in use, and the part of it that the kernel can drop at once, in bytes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Used {
    /// All that is charged.
    pub usage_bytes: Option<u64>,
    /// File cache that wasn't touched for long.
    pub inactive_file_bytes: Option<u64>,
}

impl Used {
    /// As the cgroup says.
    pub fn of(memory: &Memory) -> Self {
        Self { usage_bytes: memory.usage_bytes, inactive_file_bytes: memory.inactive_file_bytes }
    }

    fn working_set(self) -> Option<u64> {
        self.usage_bytes.map(|usage| usage.saturating_sub(self.inactive_file_bytes.unwrap_or(0)))
    }
}

/// Adds the memory of one cgroup; returns the working set in bytes, for ratios of it.
pub fn put(
    points: &mut Points,
    memory: Option<&Pair<Memory>>,
    used: Used,
    node_bytes: Option<u64>,
    failcnt: Failcnt,
) -> Option<u64> {
    let pair = memory?;
    let now = &pair.now;
    points.put(M::MemoryUsage, used.usage_bytes);
    points.put(M::MemoryCache, now.cache_bytes);
    points.put(M::MemoryRss, now.rss_bytes);
    points.put(M::MemoryMaxUsage, now.max_usage_bytes);
    // The kernel has no such file or key where it doesn't account for swap: then nothing of it is used.
    points.put(M::MemorySwap, Some(now.swap_bytes.unwrap_or(0)));
    points.put(M::MemoryFailcnt, Some(failures(now, failcnt)));
    points.put(M::MemoryMappedFile, now.mapped_file_bytes);
    let working_set = used.working_set();
    points.put(M::MemoryWorkingSet, working_set);
    points.put(M::MemoryUtilization, percent(float(working_set), node_bytes));

    points.put(M::MemoryPgfault, pair.rate(|memory| memory.pgfault));
    points.put(M::MemoryPgmajfault, pair.rate(|memory| memory.pgmajfault));
    points.put(M::MemoryHierarchicalPgfault, pair.rate(|memory| memory.hierarchical_pgfault));
    points.put(M::MemoryHierarchicalPgmajfault, pair.rate(|memory| memory.hierarchical_pgmajfault));
    // Major faults are counted twice: `pgfault` has them already. The published arithmetic stays.
    points.put(M::MemoryFailuresTotal, pair.rate(|memory| memory.pgfault?.checked_add(memory.pgmajfault?)));
    working_set
}

/// How often the limit was hit: a running count, 0 on cgroup v2 unless its nearest relative is asked for.
fn failures(memory: &Memory, failcnt: Failcnt) -> u64 {
    match failcnt {
        Failcnt::Failcnt => memory.failcnt.unwrap_or(0),
        Failcnt::Events => memory.failcnt.or(memory.memory_events_max).unwrap_or(0),
    }
}
