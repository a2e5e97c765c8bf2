//! A parcel that waits, and where its bytes are meanwhile.

use std::io::{Read, Write};
use std::time::Duration;

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;

use super::parcel::{Parcel, frame_bytes};

/// What a parcel in memory counts beside its body and its destination's key, in bytes: its place in the queue, and its
/// destination's. With many destinations of little data that is most of it.
const PARCEL_BYTES: usize = 512;

/// A parcel in the queue.
#[derive(Debug)]
pub(super) struct Queued {
    /// Its place in the order of arrival.
    pub(super) order: u64,
    /// Frames in it.
    pub(super) frames: u32,
    /// Metric points in them; 0 where a former run left it.
    pub(super) points: u64,
    /// Bytes of its frames, without what a service adds to each.
    pub(super) frame_bytes: usize,
    /// Monotonic time at which it came; that of the start where a former run left it.
    pub(super) since: Duration,
    /// Bytes of memory it counts, also while it is out for a request; 0 where the spool has its body.
    pub(super) memory_bytes: u64,
    /// Where its body is.
    pub(super) storage: Storage,
}

/// Where the body of a parcel is.
#[derive(Debug)]
pub(super) enum Storage {
    /// In memory as it is: it is sent at once, as a rule.
    Plain(Vec<u8>),
    /// In memory, compressed: it has to wait.
    Compressed(Vec<u8>),
    /// In the spool, under this id.
    Spooled(u64),
}

impl Queued {
    /// A parcel whose body stays in memory.
    pub(super) fn in_memory(order: u64, parcel: Parcel, since: Duration) -> Self {
        let mut queued = Self::spooled(order, &parcel, since, 0);
        queued.memory_bytes = (parcel.body.capacity() + PARCEL_BYTES + parcel.destination.key().len()) as u64;
        queued.storage = Storage::Plain(parcel.body);
        queued
    }

    /// A parcel whose body the spool has, under this id.
    pub(super) fn spooled(order: u64, parcel: &Parcel, since: Duration, id: u64) -> Self {
        let frame_bytes = frame_bytes(parcel.body.len(), parcel.frames);
        Self {
            order,
            frames: parcel.frames,
            points: parcel.points,
            frame_bytes,
            since,
            memory_bytes: 0,
            storage: Storage::Spooled(id),
        }
    }

    /// Gives back the body that was taken out for a request.
    pub(super) fn with_body(mut self, body: Vec<u8>) -> Self {
        if let Storage::Plain(place) = &mut self.storage {
            *place = body;
        }
        self
    }

    /// Whether a kill would lose it.
    pub(super) fn is_in_memory(&self) -> bool {
        !matches!(self.storage, Storage::Spooled(_))
    }

    /// Its id in the spool, where it is there.
    pub(super) fn spool_id(&self) -> Option<u64> {
        match self.storage {
            Storage::Spooled(id) => Some(id),
            Storage::Plain(_) | Storage::Compressed(_) => None,
        }
    }

    /// Compresses what is in memory as it is; says by how many bytes it shrank.
    pub(super) fn pack(&mut self) -> u64 {
        let Storage::Plain(body) = &self.storage else { return 0 };
        let packed = pack(body);
        let saved = body.capacity().saturating_sub(packed.len()) as u64;
        self.memory_bytes -= saved;
        self.storage = Storage::Compressed(packed);
        saved
    }
}

fn pack(body: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::with_capacity(body.len() / 8), Compression::new(3));
    // Writing to memory can't fail.
    let _ = encoder.write_all(body);
    let mut packed = encoder.finish().unwrap_or_default();
    packed.shrink_to_fit();
    packed
}

/// The body of what was packed; `None` where it isn't that.
pub(super) fn unpack(packed: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::with_capacity(packed.len() * 8);
    DeflateDecoder::new(packed).read_to_end(&mut body).ok()?;
    Some(body)
}
