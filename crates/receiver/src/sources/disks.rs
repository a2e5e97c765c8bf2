//! Bytes and operations of the machine's disks.

use linux::DeviceNumber;
use linux::block::Disk;
use linux::cgroup::{DiskIo, Operations};
use linux::diskstats::DiskStats;
use model::Text;

use crate::samples::{DiskSample, FileSystemSample, Volumes};
use crate::sources::history::History;
use crate::sources::reader::Reader;

/// Disks and their last readings, by device and by who counted.
#[derive(Debug)]
pub struct Disks {
    /// The machine's disks as they were when the counted devices last changed.
    disks: Vec<Disk>,
    counted: Vec<DeviceNumber>,
    history: History<(Counter, DeviceNumber), DiskIo>,
}

/// Who counted: the two begin at different moments, so one's numbers aren't compared with the other's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Counter {
    Cgroup,
    Disk,
}

impl Disks {
    /// No readings yet.
    pub fn new() -> Self {
        Self { disks: Vec::new(), counted: Vec::new(), history: History::new() }
    }

    /// Pairs the root cgroup's numbers with the last ones and names the devices; sorted by name.
    ///
    /// cgroup v1 counts nothing until there is some throttling rule; then the disks' own numbers serve.
    pub fn sample(&mut self, reader: &mut Reader, io: &[DiskIo], file_systems: &[FileSystemSample]) -> Vec<DiskSample> {
        let at = reader.clock.stamp();
        if io.is_empty() || !io.iter().map(|io| io.device).eq(self.counted.iter().copied()) {
            let listed = linux::block::read_disks(&reader.root, &mut reader.buffer);
            self.disks = reader.troubles.note("disks", listed).unwrap_or_default();
            self.counted = io.iter().map(|io| io.device).collect();
        }
        let disks = &self.disks;
        let name = |device: DeviceNumber| -> Text {
            let mounted = file_systems.iter().find(|file_system| file_system.number == device);
            let disk = || disks.iter().find(|disk| disk.device == device);
            match mounted {
                Some(file_system) => file_system.device.clone(),
                None => disk().map_or_else(|| device.to_string(), |disk| format!("/dev/{}", disk.name)).into(),
            }
        };
        let own;
        let (counter, io) = if io.is_empty() {
            let stats = linux::diskstats::read(&reader.root, &mut reader.buffer);
            let stats = reader.troubles.note("diskstats", stats).unwrap_or_default();
            let whole = stats.iter().filter(|stats| disks.iter().any(|disk| disk.device == stats.device));
            own = whole.map(from_disk).collect::<Vec<_>>();
            (Counter::Disk, &*own)
        } else {
            (Counter::Cgroup, io)
        };
        let mut samples: Vec<_> = io
            .iter()
            .map(|io| DiskSample {
                device: name(io.device),
                number: io.device,
                io: self.history.exchange((counter, io.device), at, *io),
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

fn from_disk(stats: &DiskStats) -> DiskIo {
    let operations =
        |read, write, discard| Operations { read: Some(read), write: Some(write), discard, ..Operations::default() };
    DiskIo {
        device: stats.device,
        service_bytes: operations(stats.read_bytes, stats.written_bytes, stats.discarded_bytes),
        serviced: operations(stats.reads, stats.writes, stats.discards),
    }
}
