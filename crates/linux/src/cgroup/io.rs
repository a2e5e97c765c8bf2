//! Block I/O of a cgroup: `blkio.*` (cgroup-v1/blkio-controller.rst), `io.stat` (cgroup-v2.rst).

use std::ffi::CStr;

use super::mounted::Role;
use super::{Group, Version};
use crate::text::{lines, number, words};
use crate::{Buffer, DeviceNumber, Error};

/// The pairs of files of version 1, operations and bytes, in the order in which they are asked for a disk.
///
/// A scheduler's files have the disks that it serves and no other, so that a machine with a disk under BFQ and one under
/// `none` needs two pairs. Those of the throttling policy have every disk, but many kernels since 5.16 count only what
/// passes a throttling rule. The last pair, without children, is for kernels such as 4.14: the root cgroup's lacks nearly
/// everything.
const FILES_V1: [(Counter, [&CStr; 2]); 4] = [
    (Counter::Bfq, [c"blkio.bfq.io_serviced_recursive", c"blkio.bfq.io_service_bytes_recursive"]),
    (Counter::Cfq, [c"blkio.io_serviced_recursive", c"blkio.io_service_bytes_recursive"]),
    (Counter::Throttle, [c"blkio.throttle.io_serviced_recursive", c"blkio.throttle.io_service_bytes_recursive"]),
    (Counter::ThrottleAlone, [c"blkio.throttle.io_serviced", c"blkio.throttle.io_service_bytes"]),
];

/// Who counted a disk's operations. Two count different things from different moments on, so that the numbers of one are
/// never compared with those of another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Counter {
    /// Version 2's `io.stat`.
    #[default]
    IoStat,
    /// The scheduler BFQ.
    Bfq,
    /// The scheduler CFQ, up to Linux 4.20.
    Cfq,
    /// The throttling policy.
    Throttle,
    /// The throttling policy of a kernel that counts each cgroup without those below it.
    ThrottleAlone,
    /// The disk itself: `/proc/diskstats`.
    Disk,
}

impl Counter {
    /// Whether it is an I/O scheduler, which counts the disks that it serves and no other.
    pub fn is_scheduler(self) -> bool {
        matches!(self, Counter::Bfq | Counter::Cfq)
    }
}

/// A count for each kind of operation since the cgroup was made; `None` where the kernel does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Operations {
    /// Reads.
    pub read: Option<u64>,
    /// Writes.
    pub write: Option<u64>,
    /// Synchronous operations; version 1 only.
    pub sync: Option<u64>,
    /// Asynchronous operations; version 1 only.
    pub async_: Option<u64>,
    /// Discards.
    pub discard: Option<u64>,
    /// The kernel's own total on version 1; reads and writes on version 2, which gives none.
    pub total: Option<u64>,
}

/// What a cgroup did with one disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DiskIo {
    /// The disk.
    pub device: DeviceNumber,
    /// Who counted.
    pub counter: Counter,
    /// Bytes moved.
    pub service_bytes: Operations,
    /// Operations done.
    pub serviced: Operations,
}

impl DiskIo {
    /// Whether nothing of it was ever counted.
    pub fn is_idle(&self) -> bool {
        [&self.serviced, &self.service_bytes].into_iter().all(|operations| {
            let Operations { read, write, sync, async_, discard, total } = *operations;
            [read, write, sync, async_, discard, total].iter().flatten().all(|count| *count == 0)
        })
    }
}

impl Group {
    /// Reads the block I/O, one entry for each disk the kernel names: often none.
    ///
    /// [`Error::Gone`] if the cgroup has vanished or has no controller for it.
    pub fn read_io(&self, buffer: &mut Buffer) -> Result<Vec<DiskIo>, Error> {
        let mut disks = Vec::new();
        self.read_io_into(buffer, &mut disks)?;
        Ok(disks)
    }

    /// As [`Group::read_io`], into a list that is used again; left empty on an error.
    pub fn read_io_into(&self, buffer: &mut Buffer, disks: &mut Vec<DiskIo>) -> Result<(), Error> {
        disks.clear();
        match self.controllers().version {
            Version::V2 => parse_v2(self.read(Role::Io, c"io.stat", buffer)?, disks),
            Version::V1 => {
                let read = self.read_io_v1(buffer, disks);
                if read.is_err() {
                    disks.clear();
                }
                read?;
            }
        }
        Ok(())
    }

    /// Each disk from the first pair of files that counts it.
    fn read_io_v1(&self, buffer: &mut Buffer, disks: &mut Vec<DiskIo>) -> Result<(), Error> {
        let (mut found, mut missing) = (false, None);
        for (counter, [serviced, service_bytes]) in FILES_V1 {
            let known = disks.len();
            match self.read(Role::Io, serviced, buffer) {
                Ok(text) => parse_v1(text, counter, disks, |disk| &mut disk.serviced),
                Err(error) if error.is_gone() => {
                    missing = missing.or(Some(error));
                    continue;
                }
                Err(error) => return Err(error),
            }
            found = true;
            if disks.len() > known {
                let text = self.read(Role::Io, service_bytes, buffer)?;
                parse_v1(text, counter, disks, |disk| &mut disk.service_bytes);
            }
            if counter == Counter::Throttle {
                // The files without the children say less of the same.
                break;
            }
        }
        keep_one_of_each(disks);
        // Not one of the files is there: no cgroup, or no controller.
        match (found, missing) {
            (false, Some(error)) => Err(error),
            _ => Ok(()),
        }
    }
}

/// Lines `major:minor Operation count`; the grand total has no device and is left out, as is what is malformed.
fn parse_v1(text: &[u8], counter: Counter, disks: &mut Vec<DiskIo>, side: fn(&mut DiskIo) -> &mut Operations) {
    for line in lines(text) {
        let mut words = words(line);
        let (Some(device), Some(operation), Some(count)) = (words.next(), words.next(), words.next()) else { continue };
        let Some(device) = DeviceNumber::parse(device) else { continue };
        let operations = side(disk_of(disks, device, counter));
        let field = match operation {
            b"Read" => &mut operations.read,
            b"Write" => &mut operations.write,
            b"Sync" => &mut operations.sync,
            b"Async" => &mut operations.async_,
            b"Discard" => &mut operations.discard,
            b"Total" => &mut operations.total,
            _ => continue,
        };
        *field = number(count);
    }
}

/// Leaves the first counter of each disk; of a scheduler that counted no reads or no writes where the next counter has
/// some, as with dm-crypt above CFQ, the next one.
fn keep_one_of_each(disks: &mut Vec<DiskIo>) {
    let mut at = 0;
    while at < disks.len() {
        let disk = disks[at];
        match disks[at + 1..].iter().position(|other| other.device == disk.device) {
            Some(after) => {
                let other = disks.remove(at + 1 + after);
                if disk.counter.is_scheduler() && misses(&disk.serviced, &other.serviced) {
                    disks[at] = other;
                }
                // There may be a third one.
            }
            None => at += 1,
        }
    }
}

/// Whether `counted` has none of an operation of which `other` has some.
fn misses(counted: &Operations, other: &Operations) -> bool {
    let is_missing = |counted: Option<u64>, other: Option<u64>| counted.unwrap_or(0) == 0 && other.unwrap_or(0) > 0;
    is_missing(counted.read, other.read) || is_missing(counted.write, other.write)
}

/// Lines `major:minor key=count …`.
///
/// Linux 5.15 and 5.16 write the number of a disk that did nothing and no line end after it: what is counted belongs to the
/// last number before it, and to those before that one nothing.
fn parse_v2(text: &[u8], disks: &mut Vec<DiskIo>) {
    for line in lines(text) {
        let mut current = None;
        for word in words(line) {
            let Some(equals) = word.iter().position(|&byte| byte == b'=') else {
                if let Some(device) = DeviceNumber::parse(word) {
                    put_v2(current.replace(DiskIo { device, ..DiskIo::default() }), disks);
                }
                continue;
            };
            let Some(disk) = &mut current else { continue };
            let field = match &word[..equals] {
                b"rbytes" => &mut disk.service_bytes.read,
                b"wbytes" => &mut disk.service_bytes.write,
                b"dbytes" => &mut disk.service_bytes.discard,
                b"rios" => &mut disk.serviced.read,
                b"wios" => &mut disk.serviced.write,
                b"dios" => &mut disk.serviced.discard,
                _ => continue,
            };
            *field = number(&word[equals + 1..]);
        }
        put_v2(current, disks);
    }
}

/// Takes a disk of which anything is said.
fn put_v2(disk: Option<DiskIo>, disks: &mut Vec<DiskIo>) {
    let Some(mut disk) = disk.filter(|disk| *disk != DiskIo { device: disk.device, ..DiskIo::default() }) else {
        return;
    };
    for operations in [&mut disk.service_bytes, &mut disk.serviced] {
        operations.total = operations.read.zip(operations.write).and_then(|(read, write)| read.checked_add(write));
    }
    *disk_of(disks, disk.device, Counter::IoStat) = disk;
}

/// The entry of a disk by one counter, made if there is none. A machine has few disks.
fn disk_of(disks: &mut Vec<DiskIo>, device: DeviceNumber, counter: Counter) -> &mut DiskIo {
    let known = disks.iter().position(|disk| disk.device == device && disk.counter == counter);
    let index = known.unwrap_or_else(|| {
        disks.push(DiskIo { device, counter, ..DiskIo::default() });
        disks.len() - 1
    });
    &mut disks[index]
}

/// Any text of the block I/O's files is survived, and each disk stands once in what is read.
#[cfg(fuzzing)]
pub fn fuzz(text: &[u8]) {
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for (counter, _) in FILES_V1 {
        parse_v1(text, counter, &mut first, |disk| &mut disk.serviced);
        parse_v1(text, counter, &mut first, |disk| &mut disk.service_bytes);
    }
    keep_one_of_each(&mut first);
    parse_v2(text, &mut second);
    for disks in [first, second] {
        let devices: std::collections::BTreeSet<DeviceNumber> = disks.iter().map(|disk| disk.device).collect();
        assert_eq!(devices.len(), disks.len());
    }
}
