//! Memory of a node, a pod or a container.

use catalog::Measurement as M;
use linux::cgroup::Memory;

use crate::awscontainerinsight::config::Failcnt;
use crate::awscontainerinsight::insights::points::{Points, said_float, share};
use crate::awscontainerinsight::plausible::{Absent, Said, said};
use crate::awscontainerinsight::samples::Pair;

/// Memory in use, and the part of it that the kernel can drop at once, in bytes.
#[derive(Debug, Clone, Copy)]
pub struct Used {
    /// All that is charged.
    pub usage_bytes: Said<u64>,
    /// File cache that wasn't touched for long.
    pub inactive_file_bytes: Said<u64>,
}

impl Used {
    /// As the cgroup says; nothing where it couldn't be read.
    pub fn of(memory: Option<&Pair<Memory>>) -> Self {
        let Some(Pair { now, .. }) = memory else {
            return Self { usage_bytes: Err(Absent::Missing), inactive_file_bytes: Err(Absent::Missing) };
        };
        let inactive_file_bytes = or_none(now, now.inactive_file_bytes);
        Self { usage_bytes: said(now.usage_bytes), inactive_file_bytes }
    }

    fn working_set(self) -> Said<u64> {
        // The kernel sums the two at different moments.
        Ok(self.usage_bytes?.saturating_sub(self.inactive_file_bytes?))
    }
}

/// What the kernel has no file or key for is zero; what it has and couldn't be read is missing.
fn or_none(memory: &Memory, value: Option<u64>) -> Said<u64> {
    match value {
        None if memory.faults == 0 => Ok(0),
        value => said(value),
    }
}

/// Adds the memory of one cgroup; returns the working set in bytes, for ratios of it, where it can be true.
pub fn put(
    points: &mut Points,
    memory: Option<&Pair<Memory>>,
    used: Used,
    node_bytes: Option<u64>,
    failcnt: Failcnt,
) -> Said<u64> {
    let _ = points.put_said(M::MemoryUsage, used.usage_bytes);
    if let Some(Pair { now, .. }) = memory {
        let _ = points.put_said(M::MemoryCache, said(now.cache_bytes));
        let _ = points.put_said(M::MemoryRss, said(now.rss_bytes));
        let _ = points.put_said(M::MemoryMaxUsage, said(now.max_usage_bytes));
        // The kernel has no such file or key where it doesn't account for swap: then nothing of it is used.
        let _ = points.put_said(M::MemorySwap, or_none(now, now.swap_bytes));
        let _ = points.put_said(M::MemoryFailcnt, failures(now, failcnt));
        let _ = points.put_said(M::MemoryMappedFile, said(now.mapped_file_bytes));
    }
    let working_set = points.put_said(M::MemoryWorkingSet, used.working_set());
    let _ = points.put_said(M::MemoryUtilization, share(said_float(working_set), node_bytes));

    let Some(pair) = memory else { return working_set };
    let mut rate = |measurement, counter: &dyn Fn(&Memory) -> Option<u64>| {
        let _ = points.put_said(measurement, pair.rate(counter));
    };
    rate(M::MemoryPgfault, &|memory| memory.pgfault);
    rate(M::MemoryPgmajfault, &|memory| memory.pgmajfault);
    rate(M::MemoryHierarchicalPgfault, &|memory| memory.hierarchical_pgfault);
    rate(M::MemoryHierarchicalPgmajfault, &|memory| memory.hierarchical_pgmajfault);
    // Major faults are counted twice: `pgfault` has them already. The published arithmetic stays.
    rate(M::MemoryFailuresTotal, &|memory| memory.pgfault?.checked_add(memory.pgmajfault?));
    working_set
}

/// How often the limit was hit: a running count, 0 on cgroup v2 unless its nearest relative is asked for.
fn failures(memory: &Memory, failcnt: Failcnt) -> Said<u64> {
    let count = match failcnt {
        Failcnt::Failcnt => memory.failcnt,
        Failcnt::Events => memory.failcnt.or(memory.memory_events_max),
    };
    or_none(memory, count)
}
