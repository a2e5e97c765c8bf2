//! Segment files of a spool, whole and damaged.

use crate::{Seed, Target, steered};

pub(crate) const TARGETS: &[Target] = &[Target {
    name: "spool",
    run: spool,
    seeds: &[
        Seed::Text("\x00\x00aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\nbbbb\n\nc"),
        Seed::Text("\x02\x00\x00\x20\x55\x00\x41\x00aaaaaaaaaaaaaaaaaaaaaaaa\nbbbb"),
        Seed::Text("\x01\x05\x00\x20\x55aaaaaaaaaaaaaaaaaaaaaaaa\nbbbb"),
    ],
}];

/// How many bytes are changed, how many are cut off, then three bytes for each change; the rest are records, one a line.
fn spool(data: &[u8]) {
    let (count, data) = steered(data);
    let (cut, data) = steered(data);
    let (changes, records) = data.split_at((count % 8 * 3).min(data.len()));
    let changes: Vec<(usize, u8)> = changes
        .chunks_exact(3)
        .map(|change| (usize::from(u16::from_be_bytes([change[0], change[1]])), change[2]))
        .collect();
    let records: Vec<&[u8]> = records.split(|byte| *byte == b'\n').collect();
    spool::fuzz_segment(&records, &changes, cut);
}
