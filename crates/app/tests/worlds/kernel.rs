//! What the kernel of a world counts, before anything is written or read.

use crate::world::{Disk, SECONDS, World};

/// The numbers of one cgroup at one tick; the root's are the machine's.
#[derive(Debug, Clone, Copy)]
pub struct Group {
    pub user_usec: u64,
    pub system_usec: u64,
    pub anon: u64,
    pub file: u64,
    pub mapped: u64,
    pub inactive_file: u64,
    pub current: u64,
    pub peak: u64,
    pub swap: u64,
    pub failcnt: u64,
    pub pgfault: u64,
    pub pgmajfault: u64,
}

impl Group {
    /// The numbers of a name; `parts` is what part of the machine it may use.
    pub fn of(world: &World, key: &str, parts: u64, tick: u64) -> Self {
        let numbers = world.numbers;
        let name = |what: &str| format!("{key}/{what}");
        let counter = |what: &str, pace: u64| numbers.counter(&name(what), pace, tick);
        let gauge = |what: &str, most: u64| numbers.gauge(&name(what), most / 2..most, tick) / 4096 * 4096;
        let time = world.cpus * SECONDS * 1_000_000 / parts / 8;
        let share = world.memory_bytes / parts / 4;
        let (anon, file) = (gauge("anon", share / 4), gauge("file", share / 4));
        Self {
            user_usec: counter("user", time),
            system_usec: counter("system", time),
            anon,
            file,
            mapped: file / 4,
            inactive_file: file / 2,
            current: anon + file + 1_048_576,
            peak: share + 2_097_152,
            swap: 4096 * numbers.gauge(&name("swap"), 0..100, tick),
            failcnt: counter("failcnt", 3),
            pgfault: counter("pgfault", 5000),
            pgmajfault: counter("pgmajfault", 50),
        }
    }

    /// The machine as a whole.
    pub fn root(world: &World, tick: u64) -> Self {
        Self::of(world, "root", 1, tick)
    }

    /// A pod's or a container's.
    pub fn part(world: &World, key: &str, tick: u64) -> Self {
        Self::of(world, key, 64, tick)
    }

    /// All CPU time, in nanoseconds.
    pub fn usage_nsec(&self) -> u64 {
        (self.user_usec + self.system_usec) * 1000
    }
}

/// What a disk has done.
#[derive(Debug, Clone, Copy)]
pub struct DiskIo {
    /// In sectors of 512 bytes.
    pub read_sectors: u64,
    pub written_sectors: u64,
    pub reads: u64,
    pub writes: u64,
}

impl DiskIo {
    pub fn of(world: &World, disk: &Disk, tick: u64) -> Self {
        let counter = |what: &str, pace: u64| world.numbers.counter(&format!("{}/{what}", disk.name), pace, tick);
        Self {
            read_sectors: counter("read sectors", 20_000),
            written_sectors: counter("written sectors", 30_000),
            reads: counter("reads", 300),
            writes: counter("writes", 500),
        }
    }
}

/// How full a disk's file system is: free, available, inodes, free inodes.
pub fn usage(world: &World, disk: &Disk, tick: u64) -> [u64; 4] {
    let free = world.numbers.gauge(&format!("{}/free", disk.name), disk.capacity / 4..disk.capacity / 2, tick);
    let inodes = disk.capacity / 16384;
    [free, free - free / 20, inodes, inodes - inodes / 10 - tick]
}

/// The sixteen columns of an interface.
pub fn interface(world: &World, owner: &str, name: &str, tick: u64) -> [u64; 16] {
    let counter = |what: &str, pace: u64| world.numbers.counter(&format!("{owner}/{name}/{what}"), pace, tick);
    let mut columns = [0; 16];
    for (column, what, pace) in [
        (0, "rx bytes", 5_000_000),
        (1, "rx packets", 9000),
        (2, "rx errors", 2),
        (3, "rx dropped", 5),
        (8, "tx bytes", 4_000_000),
        (9, "tx packets", 8000),
        (10, "tx errors", 3),
        (11, "tx dropped", 4),
    ] {
        columns[column] = counter(what, pace);
    }
    columns
}

/// What a container takes of the disk: its layer, and its logs.
pub fn container_bytes(world: &World, key: &str, tick: u64) -> (u64, u64) {
    let gauge = |what: &str| world.numbers.gauge(&format!("{key}/{what}"), 4096..100_000_000, tick);
    (gauge("layer"), gauge("logs"))
}
