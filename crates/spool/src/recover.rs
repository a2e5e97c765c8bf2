//! A segment file read back into the index: whole records kept, damage passed over, a torn end found.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::Path;

use flate2::Crc;

use crate::directory::{MOST_ID, read_up_to};
use crate::error::Error;
use crate::frame::{HEADER, Head, MARK, Parsed, parse_head};
use crate::segment::header::{self, Header, parse_header};
use crate::segment::{Indexed, Keys, MOST_BYTES, Segment};

/// How much is read at once.
const CHUNK: usize = 64 << 10;

/// No segment grows to this length: such a file, which may well be sparse, isn't read for hours.
const MOST_FILE_BYTES: u64 = 2 * MOST_BYTES;

/// What a segment's file was found to hold.
#[derive(Debug)]
pub(crate) struct Found {
    /// Its whole records.
    pub(crate) segment: Segment,
    /// Records lost, as their missing ids tell.
    pub(crate) damaged_records: u64,
    /// Its header was damaged.
    pub(crate) damaged_header: bool,
    /// Behind the last whole record: not a record, or not all of one.
    pub(crate) torn_bytes: u64,
}

/// Which bodies are compared with their checksums.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bodies {
    /// None: the segment was finished and synced, and reading a record checks it anyway.
    Trust,
    /// All: this is where a crash may have interrupted an append.
    Check,
}

/// The first id of the segment that this file is; [`Error::Format`] or [`Error::NoSegment`] where it is none of ours. What
/// else is wrong with it is found by [`scan`].
pub(crate) fn identify(file: &File, first_id: u64, path: &Path) -> Result<u64, Error> {
    let failed = |error| Error::io("read", path, error);
    let no = |reason| Err(Error::NoSegment { path: path.to_path_buf(), reason });
    if file.metadata().map_err(failed)?.len() > MOST_FILE_BYTES {
        return no("is longer than any segment and was not read");
    }
    let mut bytes = [0; header::HEADER];
    // What can't be read is kept as a segment that may be read later.
    let Ok(filled) = read_up_to(file, &mut bytes, 0) else { return Ok(first_id) };
    match parse_header(&bytes[..filled], first_id) {
        Header::Known | Header::Damaged => Ok(first_id),
        Header::Misnamed(own) if own <= MOST_ID => Ok(own),
        Header::Misnamed(_) => no("names an id that no record has"),
        Header::Other(version) => Err(Error::Format { path: path.to_path_buf(), version }),
    }
}

/// Reads the file of the segment with this first id.
pub(crate) fn scan(file: &File, first_id: u64, bodies: Bodies, keys: &mut Keys) -> Found {
    let mut found = Found {
        segment: Segment::new(first_id, header::HEADER as u64),
        damaged_records: 0,
        damaged_header: false,
        torn_bytes: 0,
    };
    found.segment.unsynced = false;
    if read(file, bodies, keys, &mut found).is_err() {
        found.segment.unreadable = true;
        let length = file.metadata().map_or(0, |metadata| metadata.len());
        found.torn_bytes = length.saturating_sub(found.segment.length);
    }
    found.segment.records.shrink_to_fit();
    found
}

fn read(file: &File, bodies: Bodies, keys: &mut Keys, found: &mut Found) -> io::Result<()> {
    let length = file.metadata()?.len();
    if length > MOST_FILE_BYTES {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let first_id = found.segment.first_id;
    let mut buffer = vec![0; CHUNK];
    let start = read_up_to(file, &mut buffer[..header::HEADER], 0)?;
    match parse_header(&buffer[..start], first_id) {
        Header::Known => {}
        Header::Misnamed(_) | Header::Other(_) | Header::Damaged => found.damaged_header = start == header::HEADER,
    }
    if start < header::HEADER {
        // A crash came while the segment was made.
        found.segment.length = 0;
        found.torn_bytes = length;
        return Ok(());
    }
    let mut next_id = first_id;
    let mut at = header::HEADER as u64;
    while at < length {
        // Ids in a segment follow one another, so that a stale frame in reused space is none of ours.
        let ids = next_id..first_id.saturating_add(at / HEADER as u64 + 1);
        match frame_at(file, at, length, bodies, ids, &mut buffer)? {
            At::Whole(head) => {
                found.damaged_records += head.id - next_id;
                let end = at + head.frame_bytes();
                let Some(record) = index(&head, at, first_id, keys) else { break };
                next_id = head.id.saturating_add(1);
                found.segment.push(record);
                found.segment.length = end;
                at = end;
            }
            At::BadBody { end } => {
                // Marked as done with, so that it is lost once and not found again by every opening.
                found.segment.unmarked.extend(u32::try_from(at).ok());
                at = end;
            }
            At::Nothing => match next_mark(file, at + 1, &mut buffer)? {
                Some(mark) => at = mark,
                None => break,
            },
        }
    }
    found.torn_bytes = length - found.segment.length;
    let whole = found.segment.length;
    found.segment.unmarked.retain(|offset| u64::from(*offset) < whole);
    Ok(())
}

fn index(head: &Head<'_>, at: u64, first_id: u64, keys: &mut Keys) -> Option<Indexed> {
    Some(Indexed {
        key: keys.share(head.key),
        time_ms: head.time_ms,
        ordinal: u32::try_from(head.id - first_id).ok()?,
        offset: u32::try_from(at).ok()?,
        stored_bytes: head.stored_bytes,
        body_bytes: head.body_bytes,
        items: head.items,
        pending: !head.acknowledged,
    })
}

enum At<'a> {
    Whole(Head<'a>),
    BadBody { end: u64 },
    Nothing,
}

fn frame_at<'a>(
    file: &File,
    at: u64,
    length: u64,
    bodies: Bodies,
    ids: Range<u64>,
    buffer: &'a mut Vec<u8>,
) -> io::Result<At<'a>> {
    // Most keys fit in here; the rest of the buffer serves those that don't.
    let mut filled = read_up_to(file, &mut buffer[..512], at)?;
    if let Parsed::Short(wanted) = parse_head(&buffer[..filled]) {
        if wanted <= filled || wanted as u64 > length - at {
            return Ok(At::Nothing);
        }
        buffer.resize(buffer.len().max(wanted), 0);
        filled = read_up_to(file, &mut buffer[..wanted], at)?;
    }
    let Parsed::Head(head) = parse_head(&buffer[..filled]) else { return Ok(At::Nothing) };
    let end = at + head.frame_bytes();
    if !ids.contains(&head.id) || end > length {
        return Ok(At::Nothing);
    }
    let check = bodies == Bodies::Check && !head.acknowledged;
    if check && !head.has_checksum(body_checksum(file, at + head.body_offset()..end)?) {
        return Ok(At::BadBody { end });
    }
    Ok(At::Whole(head))
}

fn body_checksum(file: &File, range: Range<u64>) -> io::Result<u32> {
    let mut crc = Crc::new();
    let mut buffer = vec![0; CHUNK];
    let mut at = range.start;
    while at < range.end {
        let most = usize::try_from(range.end - at).unwrap_or(CHUNK).min(CHUNK);
        let filled = read_up_to(file, &mut buffer[..most], at)?;
        if filled == 0 {
            break;
        }
        crc.update(&buffer[..filled]);
        at += filled as u64;
    }
    Ok(crc.sum())
}

/// Where the next frame may begin, from here on.
fn next_mark(file: &File, mut at: u64, buffer: &mut [u8]) -> io::Result<Option<u64>> {
    loop {
        let filled = read_up_to(file, buffer, at)?;
        if let Some(found) = buffer[..filled].windows(MARK.len()).position(|window| window == MARK) {
            return Ok(Some(at + found as u64));
        }
        if filled < buffer.len() {
            return Ok(None);
        }
        // A mark may lie across the end of this chunk.
        at += (filled + 1 - MARK.len()) as u64;
    }
}

/// A segment of these records, with bytes changed and cut off, is read back: undamaged all of it, else none but what was
/// written.
///
/// # Panics
///
/// Where another record is found, or one is missing though nothing is damaged.
#[cfg(fuzzing)]
pub fn fuzz(records: &[&[u8]], changes: &[(usize, u8)], cut: usize) {
    use std::io::Write as _;

    use crate::frame::encode_frame;
    use crate::record::Entry;

    let mut bytes = header::encode_header(1).to_vec();
    for (id, body) in (1..).zip(records) {
        let entry = Entry { key: &body[..body.len() / 4], time_ms: 5, items: 1, body };
        let mut frame = Vec::new();
        encode_frame(id, &entry, &mut frame).expect("it is short");
        bytes.extend_from_slice(&frame);
    }
    let written = bytes.clone();
    for (at, with) in changes {
        let at = at % bytes.len();
        bytes[at] = *with;
    }
    bytes.truncate(bytes.len().saturating_sub(cut));
    let memory = rustix::fs::memfd_create("segment", rustix::fs::MemfdFlags::CLOEXEC).expect("there is memory");
    let mut file = File::from(memory);
    file.write_all(&bytes).expect("there is memory");
    for bodies in [Bodies::Check, Bodies::Trust] {
        let found = scan(&file, 1, bodies, &mut Keys::default());
        for record in &found.segment.records {
            let body = records[record.ordinal as usize];
            assert_eq!((&*record.key, record.body_bytes as usize), (&body[..body.len() / 4], body.len()));
        }
        if bytes == written {
            assert_eq!((found.segment.records.len(), found.torn_bytes), (records.len(), 0));
        }
    }
    let _ = (identify(&file, 1, Path::new("segment")), parse_head(&bytes));
}
