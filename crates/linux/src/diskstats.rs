//! Counters of every block device: `/proc/diskstats` (Documentation/admin-guide/iostats.rst).

use crate::text::{lines, number, owned, words};
use crate::{Buffer, DeviceNumber, Error, Root};

/// The kernel's sector in this file is always this many bytes, independent of the disk's own.
const SECTOR: u64 = 512;

/// What one disk or partition has done since it appeared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiskStats {
    /// The device's number.
    pub device: DeviceNumber,
    /// The device's name without `/dev/`.
    pub name: Box<str>,
    /// Reads completed.
    pub reads: u64,
    /// Bytes read.
    pub read_bytes: u64,
    /// Writes completed.
    pub writes: u64,
    /// Bytes written.
    pub written_bytes: u64,
    /// Discards completed; `None` before Linux 4.19.
    pub discards: Option<u64>,
    /// Bytes discarded; `None` before Linux 4.19.
    pub discarded_bytes: Option<u64>,
}

/// Reads `<root>/proc/diskstats`.
pub fn read(root: &Root, buffer: &mut Buffer) -> Result<Vec<DiskStats>, Error> {
    root.read("proc/diskstats", buffer).map(parse)
}

/// Parses the text of `/proc/diskstats`; a malformed line is left out.
pub fn parse(text: &[u8]) -> Vec<DiskStats> {
    lines(text).filter_map(parse_line).collect()
}

fn parse_line(line: &[u8]) -> Option<DiskStats> {
    let mut words = words(line);
    let part = |word| number(word).and_then(|value| u32::try_from(value).ok());
    let device = DeviceNumber { major: part(words.next()?)?, minor: part(words.next()?)? };
    let name = owned(words.next()?);
    // Columns 1 to 11 exist since Linux 2.6: reads, merged, sectors, ms, the same for writes, then three of the queue. Only
    // what is taken has to be a number.
    let mut columns = [None; 11];
    for column in &mut columns {
        *column = Some(words.next()?);
    }
    let column = |index: usize| columns[index].and_then(number);
    let discards = words.next().and_then(number);
    let discarded_sectors = words.nth(1).and_then(number);
    Some(DiskStats {
        device,
        name,
        reads: column(0)?,
        read_bytes: bytes(column(2)?),
        writes: column(4)?,
        written_bytes: bytes(column(6)?),
        discards,
        discarded_bytes: discarded_sectors.map(bytes),
    })
}

/// Sectors in bytes; the largest number for more than can be counted, which no disk has done.
fn bytes(sectors: u64) -> u64 {
    sectors.saturating_mul(SECTOR)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const VDA: &str = " 254       0 vda 175594 29939 6756626 110503 24007 112415 14702528 134915 0 36988 251580 4987 86 588680 3239 906 2921\n";

    #[test]
    fn a_disk_counts_in_bytes() {
        let disks = parse(VDA.as_bytes());
        let expected = DiskStats {
            device: DeviceNumber { major: 254, minor: 0 },
            name: "vda".into(),
            reads: 175_594,
            read_bytes: 6_756_626 * 512,
            writes: 24_007,
            written_bytes: 14_702_528 * 512,
            discards: Some(4987),
            discarded_bytes: Some(588_680 * 512),
        };
        assert_eq!(disks, [expected]);
    }

    #[test]
    fn an_old_kernel_has_no_discards() {
        let disks = parse(b"   8       0 sda 1 0 8 1 2 0 16 1 0 1 1\n");
        assert_eq!((disks[0].discards, disks[0].discarded_bytes), (None, None));
        assert_eq!(disks[0].written_bytes, 8192);
    }

    #[test]
    fn only_what_is_taken_has_to_be_a_number() {
        let disks = parse(b"104 0 cciss/c0d0 1000 0 800 0 200 0 1600 0 -1 0 0\n");
        assert_eq!((&*disks[0].name, disks[0].reads, disks[0].written_bytes), ("cciss/c0d0", 1000, 819_200));
        assert!(parse(b"8 0 sda 1 0 -8 1 2 0 16 1 0 1 1\n").is_empty());
    }

    #[test]
    fn sectors_below_zero_stay_what_no_disk_has_read() {
        let disks = parse(b"8 0 sda 1 0 18446744073709551615 1 2 0 16 1 0 1 1\n");
        assert_eq!((disks[0].read_bytes, disks[0].written_bytes), (u64::MAX, 8192));
    }

    #[test]
    fn a_malformed_line_costs_itself() {
        let text = format!("8 0 sda 1 2\nx y z\n{VDA}");
        assert_eq!(parse(text.as_bytes()).len(), 1);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(text: Vec<u8>) {
            let _ = parse(&text);
        }
    }
}
