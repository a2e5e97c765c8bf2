//! Parcels: the frames that one batch has for one destination, as they wait in the queue.
//!
//! A parcel always fits one request, so that a request is made of whole parcels and each is settled at once. Its body is one
//! frame after the other: time in milliseconds (`i64`), metric points (`u32`), length (`u32`), all little-endian, then the
//! frame's own bytes.

use super::destination::Destination;
use super::limits::{Limits, Load};
use super::service::Frame;

/// Bytes of open parcels beside each other: a batch of thousands of destinations is handed on in parts. Of one destination it is
/// never more than a request.
const MOST_OPEN: usize = 4 << 20;
/// Bytes of a parcel before a frame's own.
const HEAD: usize = 16;
/// The first byte of a key in the spool: the version of the key and of the body.
const VERSION: u8 = b'1';

/// Frames for one destination that wait, and go, together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    /// Where to.
    pub destination: Destination,
    /// The time of its first frame, in milliseconds since the Unix epoch.
    pub time_ms: i64,
    /// Frames in it.
    pub frames: u32,
    /// Metric points in them.
    pub points: u64,
    /// The frames, each behind its head.
    pub body: Vec<u8>,
}

/// Where a frame stands in a parcel's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Located {
    /// Milliseconds since the Unix epoch.
    pub(super) time_ms: i64,
    /// Metric points in it.
    pub(super) points: u32,
    /// Where its own bytes begin, and their end.
    pub(super) start: usize,
    pub(super) end: usize,
}

/// Sorts frames into parcels.
#[derive(Debug)]
pub struct Packer {
    limits: Limits,
    open: Vec<Open>,
    /// Their bytes.
    bytes: usize,
}

#[derive(Debug)]
struct Open {
    parcel: Parcel,
    load: Load,
}

/// A body that is no parcel's.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the frame at byte {0} is damaged")]
pub(super) struct Damaged(usize);

impl Packer {
    /// Makes parcels within these limits.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Self { limits, open: Vec::new(), bytes: 0 }
    }

    /// Adds a frame; hands on the parcel that it no longer fits.
    pub fn push(&mut self, destination: &Destination, frame: Frame<'_>, full: &mut impl FnMut(Parcel)) {
        if self.bytes + frame.body.len() > MOST_OPEN {
            self.finish(full);
        }
        // Most batches have one destination, and the next frame goes where the last one went.
        let place = self.open.iter().rposition(|open| open.parcel.destination == *destination);
        let place = place.unwrap_or_else(|| {
            self.open.push(Open::new(destination));
            self.open.len() - 1
        });
        let open = &mut self.open[place];
        let size = frame.body.len().saturating_add(self.limits.frame_overhead);
        let mut load = open.load;
        load.add(size, u64::from(frame.points), frame.time_ms);
        if open.parcel.frames > 0 && !load.fits(&self.limits) {
            let parcel = std::mem::replace(open, Open::new(destination)).parcel;
            self.bytes -= parcel.body.len();
            full(parcel);
            load = Load::default();
            load.add(size, u64::from(frame.points), frame.time_ms);
        }
        let open = &mut self.open[place];
        open.load = load;
        self.bytes += HEAD + frame.body.len();
        open.parcel.add(frame);
    }

    /// Hands on all parcels.
    pub fn finish(&mut self, full: &mut impl FnMut(Parcel)) {
        self.bytes = 0;
        self.open.drain(..).for_each(|open| full(open.parcel));
    }
}

impl Open {
    fn new(destination: &Destination) -> Self {
        let parcel = Parcel { destination: destination.clone(), time_ms: 0, frames: 0, points: 0, body: Vec::new() };
        Self { parcel, load: Load::default() }
    }
}

impl Parcel {
    /// Its frames, for tests.
    #[cfg(test)]
    pub(crate) fn frames(&self) -> impl Iterator<Item = Frame<'_>> {
        let located = frames(&self.body).map_while(Result::ok);
        located.map(|Located { time_ms, points, start, end }| Frame { time_ms, points, body: &self.body[start..end] })
    }

    fn add(&mut self, frame: Frame<'_>) {
        if self.frames == 0 {
            self.time_ms = frame.time_ms;
        }
        self.frames += 1;
        self.points += u64::from(frame.points);
        self.body.extend_from_slice(&frame.time_ms.to_le_bytes());
        self.body.extend_from_slice(&frame.points.to_le_bytes());
        self.body.extend_from_slice(&u32::try_from(frame.body.len()).unwrap_or(u32::MAX).to_le_bytes());
        self.body.extend_from_slice(frame.body);
    }
}

/// Bytes of a body's frames alone.
pub(super) const fn frame_bytes(body_bytes: usize, frames: u32) -> usize {
    body_bytes.saturating_sub(frames as usize * HEAD)
}

/// The frames of a body.
pub(super) fn frames(body: &[u8]) -> impl Iterator<Item = Result<Located, Damaged>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        if at >= body.len() {
            return None;
        }
        let frame = frame_at(body, at);
        at = frame.map_or(body.len(), |frame| frame.end);
        Some(frame.ok_or(Damaged(at)))
    })
}

fn frame_at(body: &[u8], at: usize) -> Option<Located> {
    let (time, rest) = body[at..].split_first_chunk()?;
    let (points, rest) = rest.split_first_chunk()?;
    let (length, rest) = rest.split_first_chunk()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let start = at + HEAD;
    (length <= rest.len()).then(|| Located {
        time_ms: i64::from_le_bytes(*time),
        points: u32::from_le_bytes(*points),
        start,
        end: start + length,
    })
}

/// A destination as the spool keeps it.
pub(super) fn spool_key(destination: &Destination) -> Vec<u8> {
    [&[VERSION], destination.key().as_bytes()].concat()
}

/// The destination of a spool's key; `None` for one of another version.
pub(super) fn destination(key: &[u8]) -> Option<Destination> {
    let (&VERSION, key) = key.split_first()? else { return None };
    std::str::from_utf8(key).ok().map(Destination::new)
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    /// Limits of a service that takes a megabyte of ten thousand frames from one day.
    pub(in crate::delivery) const LIMITS: Limits = Limits {
        bytes: 1 << 20,
        frame_overhead: 26,
        frames: 10_000,
        points: u64::MAX,
        span: Duration::from_secs(24 * 3600),
        order: crate::delivery::Order::ByTime,
    };

    /// Frames for one destination, as parcels; each has three points.
    pub(in crate::delivery) fn pack(frames: &[(i64, Vec<u8>)], limits: Limits) -> Vec<Parcel> {
        let there = Destination::new("a");
        let frames: Vec<_> = frames.iter().map(|(time_ms, body)| (&there, *time_ms, body.clone())).collect();
        pack_to(&frames, limits)
    }

    fn pack_to(frames: &[(&Destination, i64, Vec<u8>)], limits: Limits) -> Vec<Parcel> {
        let (mut packer, mut parcels) = (Packer::new(limits), Vec::new());
        for (destination, time_ms, body) in frames {
            let frame = Frame { time_ms: *time_ms, points: 3, body };
            packer.push(destination, frame, &mut |parcel| parcels.push(parcel));
        }
        packer.finish(&mut |parcel| parcels.push(parcel));
        parcels
    }

    #[test]
    fn a_batch_is_one_parcel_for_each_destination() {
        let (a, b) = (Destination::new("a"), Destination::new("b"));
        let parcels = pack_to(&[(&a, 5, b"{}".into()), (&b, 6, b"[1]".into()), (&a, 7, b"[]".into())], LIMITS);
        let shape: Vec<_> = parcels
            .iter()
            .map(|parcel| (parcel.destination.key(), parcel.time_ms, parcel.frames, parcel.points))
            .collect();
        assert_eq!(shape, [("a", 5, 2, 6), ("b", 6, 1, 3)]);
        let frames: Vec<_> = frames(&parcels[0].body).map(Result::unwrap).collect();
        assert_eq!(&parcels[0].body[frames[1].start..frames[1].end], b"[]");
        assert_eq!((frames[1].time_ms, frames[1].points), (7, 3));
    }

    #[test]
    fn a_key_of_the_spool_is_read_back_and_one_of_another_version_is_not() {
        let there = Destination::new("group\0stream");
        assert_eq!(spool_key(&there), b"1group\0stream");
        assert_eq!(destination(b"1group\0stream"), Some(there));
        assert_eq!(destination(b"1"), Some(Destination::default()));
        assert_eq!((destination(b"2a"), destination(b""), destination(b"1\xff")), (None, None, None));
    }

    #[test]
    fn every_limit_begins_a_parcel() {
        let frames = vec![(0, vec![b'x'; 10]); 12];
        let count = |limits| pack(&frames, limits).len();
        assert_eq!(count(Limits::default()), 1);
        assert_eq!(count(Limits { frames: 5, ..Limits::default() }), 3);
        assert_eq!(count(Limits { points: 6, ..Limits::default() }), 6);
        assert_eq!(count(Limits { bytes: 40, ..Limits::default() }), 3);
        assert_eq!(count(Limits { bytes: 40, frame_overhead: 10, ..Limits::default() }), 6);
        assert_eq!(count(Limits { bytes: 5, ..Limits::default() }), 12, "one that never fits is alone");
        let minutes: Vec<_> = (0..12).map(|minute| (minute * 60_000, b"x".to_vec())).collect();
        let limits = Limits { span: Duration::from_secs(300), ..Limits::default() };
        assert_eq!(pack(&minutes, limits).len(), 2);
    }

    proptest! {
        // Megabytes each.
        #![proptest_config(ProptestConfig::with_cases(40))]

        /// Each parcel fits one request, and no frame is lost.
        #[test]
        fn every_parcel_keeps_the_limits(
            frames in prop::collection::vec((0..3 * 86_400_000_i64, 1..400_000_usize), 0..40),
        ) {
            let frames: Vec<_> = frames.iter().map(|(time, size)| (*time, vec![b'x'; *size])).collect();
            let parcels = pack(&frames, LIMITS);
            prop_assert_eq!(parcels.iter().map(|parcel| parcel.frames as usize).sum::<usize>(), frames.len());
            for parcel in parcels {
                let frames: Vec<_> = super::frames(&parcel.body).map(Result::unwrap).collect();
                let bytes: usize = frames.iter().map(|frame| frame.end - frame.start).sum();
                prop_assert_eq!(bytes, frame_bytes(parcel.body.len(), parcel.frames));
                let times = frames.iter().map(|frame| frame.time_ms);
                prop_assert!(times.clone().max().unwrap() - times.min().unwrap() <= 86_400_000);
                prop_assert!(bytes + frames.len() * LIMITS.frame_overhead <= LIMITS.bytes);
            }
        }

        #[test]
        fn a_damaged_body_is_told(bytes: Vec<u8>) {
            for frame in frames(&bytes).flatten() {
                prop_assert!(frame.end <= bytes.len());
            }
        }
    }
}
