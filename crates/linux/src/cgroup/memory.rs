//! Memory of a cgroup: the `memory.*` files of cgroup-v1/memory.rst and cgroup-v2.rst.

use std::sync::atomic::Ordering;

use super::mounted::Role;
use super::{Group, Version};
use crate::text::{key_and_value, lines, number};
use crate::{Buffer, Error, meminfo};

/// Memory of a cgroup and everything below it; `None` where the kernel does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// In use, page cache included: `memory.usage_in_bytes`, `memory.current`. The root of version 2 does not say;
    /// there it is anonymous memory and page cache.
    pub usage_bytes: Option<u64>,
    /// Page cache: `cache`, `file`.
    pub cache_bytes: Option<u64>,
    /// Anonymous memory: `rss`, `anon`.
    pub rss_bytes: Option<u64>,
    /// The most ever in use: `memory.max_usage_in_bytes`, `memory.peak` (Linux 5.19, never of the root).
    pub max_usage_bytes: Option<u64>,
    /// In swap: `swap`, `memory.swap.current`; of the root of version 2 what `/proc/meminfo` says.
    pub swap_bytes: Option<u64>,
    /// How often the limit was hit: `memory.failcnt`; `None` on version 2.
    pub failcnt: Option<u64>,
    /// Mapped files: `mapped_file`, `file_mapped`.
    pub mapped_file_bytes: Option<u64>,
    /// Page cache that can readily be reclaimed.
    pub inactive_file_bytes: Option<u64>,
    /// Page faults of the cgroup's own processes; on version 2, which does not tell them apart, of those below too.
    pub pgfault: Option<u64>,
    /// Page faults of the cgroup's own processes that read from a disk; on version 2 as with [`Memory::pgfault`].
    pub pgmajfault: Option<u64>,
    /// Page faults of the cgroup and everything below it.
    pub hierarchical_pgfault: Option<u64>,
    /// Page faults of the cgroup and everything below it that read from a disk.
    pub hierarchical_pgmajfault: Option<u64>,
    /// How often usage was about to go over the limit: `max` of `memory.events`; only on version 2, and only if
    /// [`super::Hierarchy::set_memory_events`] asked for it.
    pub memory_events_max: Option<u64>,
    /// Values that were there but could not be read or understood.
    pub faults: u32,
}

impl Group {
    /// Reads the memory; [`Error::Gone`] if the cgroup has vanished or has no memory controller.
    pub fn read_memory(&self, buffer: &mut Buffer) -> Result<Memory, Error> {
        match self.controllers().version {
            Version::V1 => self.read_memory_v1(buffer),
            Version::V2 if self.is_root() => self.read_memory_of_root(buffer),
            Version::V2 => self.read_memory_v2(buffer),
        }
    }

    fn read_memory_v1(&self, buffer: &mut Buffer) -> Result<Memory, Error> {
        let mut memory = Memory::default();
        let mut number = |name| self.read_number(Role::Memory, name, buffer, &mut memory.faults);
        memory.max_usage_bytes = number(c"memory.max_usage_in_bytes");
        memory.failcnt = number(c"memory.failcnt");
        memory.usage_bytes = number(c"memory.usage_in_bytes");
        // The file that must be there comes last, here and below: a cgroup that vanished meanwhile shows.
        let text = self.read(Role::Memory, c"memory.stat", buffer)?;
        memory.parse_stat_v1(text, self.controllers().hierarchical);
        Ok(memory)
    }

    fn read_memory_v2(&self, buffer: &mut Buffer) -> Result<Memory, Error> {
        let mut memory = Memory::default();
        let mut number = |name| self.read_number(Role::Memory, name, buffer, &mut memory.faults);
        memory.max_usage_bytes = number(c"memory.peak");
        memory.swap_bytes = number(c"memory.swap.current");
        memory.usage_bytes = number(c"memory.current");
        if self.controllers().memory_events.load(Ordering::Relaxed) {
            match self.read(Role::Memory, c"memory.events", buffer) {
                Ok(text) => memory.parse_events(text),
                Err(error) if error.is_gone() => {}
                Err(_) => memory.faults += 1,
            }
        }
        let text = self.read(Role::Memory, c"memory.stat", buffer)?;
        memory.parse_stat_v2(text);
        Ok(memory)
    }

    fn read_memory_of_root(&self, buffer: &mut Buffer) -> Result<Memory, Error> {
        let mut memory = Memory::default();
        match self.read(Role::Memory, c"memory.stat", buffer) {
            Ok(text) => memory.parse_stat_v2(text),
            // The root has no memory.stat before Linux 5.8.
            Err(error) if error.is_gone() => {}
            Err(error) => return Err(error),
        }
        memory.usage_bytes = memory.rss_bytes.zip(memory.cache_bytes).and_then(|(anon, file)| anon.checked_add(file));
        match meminfo::read(&self.controllers().root, buffer) {
            Ok(machine) => {
                let swap = machine.swap_total_bytes.zip(machine.swap_free_bytes);
                // More free than there is leaves less than nothing, which no size is.
                memory.swap_bytes = swap.map(|(total, free)| total.checked_sub(free).unwrap_or(u64::MAX));
            }
            // Without any procfs the machine's swap is missing; no file was misread.
            Err(error) if error.is_gone() => {}
            Err(_) => memory.faults += 1,
        }
        Ok(memory)
    }
}

impl Memory {
    /// Version 1: plain keys speak of the cgroup's own pages, `total_` keys of those below too.
    fn parse_stat_v1(&mut self, text: &[u8], hierarchical: bool) {
        for (key, value) in lines(text).filter_map(key_and_value) {
            let (total, key) = match key.strip_prefix(b"total_") {
                Some(key) => (true, key),
                None => (false, key),
            };
            let field = match (key, total) {
                (b"pgfault", false) => &mut self.pgfault,
                (b"pgmajfault", false) => &mut self.pgmajfault,
                (b"pgfault", true) => &mut self.hierarchical_pgfault,
                (b"pgmajfault", true) => &mut self.hierarchical_pgmajfault,
                _ if total != hierarchical => continue,
                (b"cache", _) => &mut self.cache_bytes,
                (b"rss", _) => &mut self.rss_bytes,
                (b"mapped_file", _) => &mut self.mapped_file_bytes,
                (b"inactive_file", _) => &mut self.inactive_file_bytes,
                (b"swap", _) => &mut self.swap_bytes,
                _ => continue,
            };
            *field = number(value);
            self.faults += u32::from(field.is_none());
        }
    }

    fn parse_stat_v2(&mut self, text: &[u8]) {
        for (key, value) in lines(text).filter_map(key_and_value) {
            let field = match key {
                b"anon" => &mut self.rss_bytes,
                b"file" => &mut self.cache_bytes,
                b"file_mapped" => &mut self.mapped_file_bytes,
                b"inactive_file" => &mut self.inactive_file_bytes,
                b"pgfault" => &mut self.hierarchical_pgfault,
                b"pgmajfault" => &mut self.hierarchical_pgmajfault,
                _ => continue,
            };
            *field = number(value);
            self.faults += u32::from(field.is_none());
        }
        self.pgfault = self.hierarchical_pgfault;
        self.pgmajfault = self.hierarchical_pgmajfault;
    }

    fn parse_events(&mut self, text: &[u8]) {
        if let Some((_, value)) = lines(text).filter_map(key_and_value).find(|(key, _)| *key == b"max") {
            self.memory_events_max = number(value);
            self.faults += u32::from(self.memory_events_max.is_none());
        }
    }
}

/// Any text of the memory's files is survived, and each is the same when it comes twice.
#[cfg(fuzzing)]
pub fn fuzz(text: &[u8]) {
    let twice = [text, b"\n", text].concat();
    let parsers: [fn(&mut Memory, &[u8]); 4] = [
        |memory, text| memory.parse_stat_v1(text, false),
        |memory, text| memory.parse_stat_v1(text, true),
        Memory::parse_stat_v2,
        Memory::parse_events,
    ];
    for parse in parsers {
        let [one, two] = [text, &twice].map(|text| {
            let mut memory = Memory::default();
            parse(&mut memory, text);
            Memory { faults: 0, ..memory }
        });
        assert_eq!(one, two);
    }
}
