//! Bytes and operations of the machine's disks.

use linux::DeviceNumber;
use linux::block::Disk;
use linux::cgroup::{Counter, DiskIo, Operations};
use linux::diskstats::DiskStats;
use model::Text;

use crate::awscontainerinsight::config::DiskNames;
use crate::awscontainerinsight::samples::{DiskSample, FileSystemSample, Volumes};
use crate::awscontainerinsight::sources::history::History;
use crate::awscontainerinsight::sources::reader::Reader;

/// Disks and their last readings, by device and by who counted: two begin at different moments, so one's numbers aren't
/// compared with the other's.
#[derive(Debug)]
pub struct Disks {
    /// The machine's disks as they were when the counted devices last changed.
    disks: Vec<Disk>,
    counted: Vec<DeviceNumber>,
    /// The devices of `/proc/diskstats` then, where it was read.
    known: Vec<DeviceNumber>,
    names: DiskNames,
    history: History<(Counter, DeviceNumber), DiskIo>,
}

impl Disks {
    /// No readings yet.
    pub fn new(names: DiskNames) -> Self {
        Self { disks: Vec::new(), counted: Vec::new(), known: Vec::new(), names, history: History::new() }
    }

    /// Pairs the root cgroup's numbers with the last ones and names the devices; sorted by name.
    ///
    /// Where the cgroups count nothing, some disks only, or some operations only, the disks' own numbers serve.
    pub fn sample(
        &mut self,
        reader: &mut Reader,
        mut io: Vec<DiskIo>,
        file_systems: &[FileSystemSample],
    ) -> Vec<DiskSample> {
        let at = reader.clock.stamp();
        let own = wants_own(&io).then(|| {
            let stats = linux::diskstats::read(&reader.root, &mut reader.buffer);
            reader.failures.note("diskstats", stats).unwrap_or_default()
        });
        let (counted, known) = (io.iter().map(|io| io.device), own.iter().flatten().map(|stats| stats.device));
        if io.is_empty()
            || !counted.clone().eq(self.counted.iter().copied())
            || !known.clone().eq(self.known.iter().copied())
        {
            let listed = linux::block::read_disks(&reader.root, &mut reader.buffer);
            self.disks = reader.failures.note("disks", listed).unwrap_or_default();
            (self.counted, self.known) = (counted.collect(), known.collect());
        }
        let disks = &self.disks;
        let name = |device: DeviceNumber| -> Text {
            let mounted = file_systems.iter().find(|file_system| file_system.number == device);
            let disk = || disks.iter().find(|disk| disk.device == device);
            match mounted {
                Some(file_system) => file_system.device.clone(),
                None => disk().map_or_else(|| device.to_string(), |disk| path(&disk.name, self.names)).into(),
            }
        };
        if let Some(stats) = own {
            let whole = stats.iter().filter(|stats| disks.iter().any(|disk| disk.device == stats.device));
            for counted in put_own(whole, &mut io) {
                // Kept, so that the round in which the policy begins to count has a difference.
                self.history.exchange((counted.counter, counted.device), at, counted);
            }
        }
        let mut samples: Vec<_> = io
            .into_iter()
            .map(|io| DiskSample {
                device: name(io.device),
                number: io.device,
                io: self.history.exchange((io.counter, io.device), at, io),
                volumes: Volumes::default(),
            })
            .collect();
        samples.sort_by(|left, right| left.device.cmp(&right.device));
        samples
    }

    /// The machine's disks, as of the last sample.
    pub fn disks(&self) -> &[Disk] {
        &self.disks
    }

    /// Forgets the readings of disks that are gone.
    pub fn end_round(&mut self) {
        self.history.end_round();
    }
}

/// Whether the disks' own numbers are needed.
fn wants_own(io: &[DiskIo]) -> bool {
    io.is_empty() || io.iter().any(|io| io.counter.is_scheduler() || is_doubtful(io))
}

/// Whether the disk's own numbers are better than these. Version 1's throttling policy counts nothing until some rule is
/// set, and kernels such as 6.1 say so with zeros; an old one counts the root cgroup without the others.
fn is_doubtful(io: &DiskIo) -> bool {
    match io.counter {
        Counter::ThrottleAlone => true,
        Counter::Throttle => io.is_idle(),
        Counter::IoStat | Counter::Bfq | Counter::Cfq | Counter::Disk => false,
    }
}

/// Adds the disks that no cgroup counts; beside others only those that did something. What is doubtful gives way to the
/// disk's own numbers, and is given back.
fn put_own<'s>(stats: impl Iterator<Item = &'s DiskStats>, io: &mut Vec<DiskIo>) -> Vec<DiskIo> {
    let (are_alone, mut replaced) = (io.is_empty(), Vec::new());
    for stats in stats {
        let own = from_disk(stats);
        match io.iter_mut().find(|io| io.device == own.device) {
            Some(counted) if is_doubtful(counted) && !own.is_idle() => replaced.push(std::mem::replace(counted, own)),
            Some(_) => {}
            None if are_alone || !own.is_idle() => io.push(own),
            None => {}
        }
    }
    replaced
}

/// The device of a disk.
fn path(name: &str, names: DiskNames) -> String {
    match names {
        DiskNames::Device => format!("/dev/{name}"),
        DiskNames::Go => format!("/dev/{}", name.replace('/', "!")),
    }
}

fn from_disk(stats: &DiskStats) -> DiskIo {
    let operations =
        |read, write, discard| Operations { read: Some(read), write: Some(write), discard, ..Operations::default() };
    DiskIo {
        device: stats.device,
        counter: Counter::Disk,
        service_bytes: operations(stats.read_bytes, stats.written_bytes, stats.discarded_bytes),
        serviced: operations(stats.reads, stats.writes, stats.discards),
    }
}
