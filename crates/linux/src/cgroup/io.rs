//! Block I/O of a cgroup: `blkio.*` (cgroup-v1/blkio-controller.rst), `io.stat` (cgroup-v2.rst).

use std::ffi::CStr;

use super::mounted::Role;
use super::{Group, Version};
use crate::text::{lines, number, words};
use crate::{Buffer, DeviceNumber, Error};

/// Pairs of files of version 1, operations and bytes, in the order they are tried: the first with a line for a disk wins.
/// Which of them count depends on the I/O scheduler and, for `throttle`, on throttling rules.
const FILES_V1: [[&CStr; 2]; 4] = [
    [c"blkio.bfq.io_serviced_recursive", c"blkio.bfq.io_service_bytes_recursive"],
    [c"blkio.io_serviced_recursive", c"blkio.io_service_bytes_recursive"],
    [c"blkio.throttle.io_serviced_recursive", c"blkio.throttle.io_service_bytes_recursive"],
    [c"blkio.throttle.io_serviced", c"blkio.throttle.io_service_bytes"],
];

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
    /// Bytes moved.
    pub service_bytes: Operations,
    /// Operations done.
    pub serviced: Operations,
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
                let (mut found, mut missing) = (false, None);
                for [serviced, service_bytes] in FILES_V1 {
                    match self.read(Role::Io, serviced, buffer) {
                        Ok(text) => parse_v1(text, disks, |disk| &mut disk.serviced),
                        Err(error) if error.is_gone() => {
                            missing = missing.or(Some(error));
                            continue;
                        }
                        Err(error) => return Err(error),
                    }
                    found = true;
                    if disks.is_empty() {
                        continue;
                    }
                    match self.read(Role::Io, service_bytes, buffer) {
                        Ok(text) => parse_v1(text, disks, |disk| &mut disk.service_bytes),
                        Err(error) => {
                            disks.clear();
                            return Err(error);
                        }
                    }
                    return Ok(());
                }
                // Not one of the files is there: no cgroup, or no controller.
                if let (false, Some(error)) = (found, missing) {
                    return Err(error);
                }
            }
        }
        Ok(())
    }
}

/// Lines `major:minor Operation count`; the grand total has no device and is left out, as is what is malformed.
fn parse_v1(text: &[u8], disks: &mut Vec<DiskIo>, side: fn(&mut DiskIo) -> &mut Operations) {
    for line in lines(text) {
        let mut words = words(line);
        let (Some(device), Some(operation), Some(count)) = (words.next(), words.next(), words.next()) else { continue };
        let Some(device) = DeviceNumber::parse(device) else { continue };
        let operations = side(disk_of(disks, device));
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

/// Lines `major:minor key=count …`.
fn parse_v2(text: &[u8], disks: &mut Vec<DiskIo>) {
    for line in lines(text) {
        let mut words = words(line);
        let Some(device) = words.next().and_then(DeviceNumber::parse) else { continue };
        let mut disk = DiskIo { device, ..DiskIo::default() };
        for word in words {
            let Some(equals) = word.iter().position(|&byte| byte == b'=') else { continue };
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
        for operations in [&mut disk.service_bytes, &mut disk.serviced] {
            operations.total = operations.read.zip(operations.write).and_then(|(read, write)| read.checked_add(write));
        }
        // A kernel before 5.17 may name a disk and say nothing of it.
        if disk != (DiskIo { device, ..DiskIo::default() }) {
            *disk_of(disks, device) = disk;
        }
    }
}

/// The entry of a disk, made if there is none. A machine has few disks.
fn disk_of(disks: &mut Vec<DiskIo>, device: DeviceNumber) -> &mut DiskIo {
    let index = disks.iter().position(|disk| disk.device == device).unwrap_or_else(|| {
        disks.push(DiskIo { device, ..DiskIo::default() });
        disks.len() - 1
    });
    &mut disks[index]
}
