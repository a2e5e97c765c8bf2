//! Parcels: the events one round has for one log stream, framed as they wait in the queue.
//!
//! A parcel always fits one request, so that a request is made of whole parcels and each is settled at once. Its body is one
//! frame after the other: time in milliseconds (`i64`), metric points (`u32`), length (`u32`), all little-endian, then the
//! event's JSON.

use std::sync::Arc;

use crate::awsemf::destination::Destination;
use aws::logs::limits;

use crate::awsemf::encode::Encoded;

/// Bytes of open parcels beside each other: a round of thousands of streams is handed on in parts. Of one stream it is never
/// more than a request.
const MOST_OPEN: usize = 4 << 20;
/// Bytes of a frame before the event.
const HEAD: usize = 16;

/// Events for one stream that wait, and go, together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parcel {
    /// Where to.
    pub(super) destination: Arc<Destination>,
    /// The time of its first event, in milliseconds since the Unix epoch.
    pub(super) time_ms: i64,
    /// Events in it.
    pub(super) events: u32,
    /// Metric points in them.
    pub(super) points: u64,
    /// The frames.
    pub(super) body: Vec<u8>,
}

/// An event in a parcel's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Frame {
    /// Milliseconds since the Unix epoch.
    pub(super) time_ms: i64,
    /// Metric points in it.
    pub(super) points: u32,
    /// Where its JSON begins in the body, and its end.
    pub(super) start: usize,
    pub(super) end: usize,
}

/// Sorts events into parcels.
#[derive(Debug, Default)]
pub(super) struct Packer {
    open: Vec<Open>,
    /// Their bytes.
    bytes: usize,
}

#[derive(Debug)]
struct Open {
    parcel: Parcel,
    latest_ms: i64,
    earliest_ms: i64,
}

/// A body that is no parcel's.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the frame at byte {0} is damaged")]
pub(super) struct Damaged(usize);

impl Packer {
    /// Adds an event; hands on the parcel it no longer fits.
    pub(super) fn push(&mut self, event: &Encoded<'_>, full: &mut impl FnMut(Parcel)) {
        let destination = event.destination;
        if self.bytes + event.body.len() > MOST_OPEN {
            self.finish(full);
        }
        // Most rounds have one destination, and the next event goes where the last one went.
        let place = self.open.iter().rposition(|open| open.parcel.destination == *destination);
        let place = place.unwrap_or_else(|| {
            self.open.push(Open::new(destination));
            self.open.len() - 1
        });
        let open = &mut self.open[place];
        if !open.takes(event) {
            let parcel = std::mem::replace(open, Open::new(destination)).parcel;
            self.bytes -= parcel.body.len();
            full(parcel);
        }
        let open = &mut self.open[place];
        self.bytes -= open.parcel.body.len();
        open.add(event);
        self.bytes += open.parcel.body.len();
    }

    /// Hands on all parcels.
    pub(super) fn finish(&mut self, full: &mut impl FnMut(Parcel)) {
        self.bytes = 0;
        self.open.drain(..).for_each(|open| full(open.parcel));
    }
}

impl Open {
    fn new(destination: &Arc<Destination>) -> Self {
        let parcel =
            Parcel { destination: Arc::clone(destination), time_ms: 0, events: 0, points: 0, body: Vec::new() };
        Self { parcel, latest_ms: i64::MIN, earliest_ms: i64::MAX }
    }

    fn takes(&self, event: &Encoded<'_>) -> bool {
        let Parcel { events, body, .. } = &self.parcel;
        let span = self.latest_ms.max(event.time_ms).saturating_sub(self.earliest_ms.min(event.time_ms));
        *events == 0
            || ((*events as usize) < limits::MAX_EVENTS
                && service_bytes(body.len(), *events) + limits::size_of(event.body) <= limits::MAX_BATCH_BYTES
                && u128::from(span.unsigned_abs()) <= limits::MAX_SPAN.as_millis())
    }

    fn add(&mut self, event: &Encoded<'_>) {
        let Parcel { time_ms, events, points, body, .. } = &mut self.parcel;
        if *events == 0 {
            *time_ms = event.time_ms;
        }
        self.latest_ms = self.latest_ms.max(event.time_ms);
        self.earliest_ms = self.earliest_ms.min(event.time_ms);
        *events += 1;
        *points += u64::from(event.points);
        body.extend_from_slice(&event.time_ms.to_le_bytes());
        body.extend_from_slice(&event.points.to_le_bytes());
        // An event is at most a megabyte.
        body.extend_from_slice(&u32::try_from(event.body.len()).unwrap_or(u32::MAX).to_le_bytes());
        body.extend_from_slice(event.body);
    }
}

/// What a body's events count in a request.
pub(super) const fn service_bytes(body_bytes: usize, events: u32) -> usize {
    body_bytes + events as usize * limits::EVENT_OVERHEAD_BYTES - events as usize * HEAD
}

/// The events of a body.
pub(super) fn frames(body: &[u8]) -> impl Iterator<Item = Result<Frame, Damaged>> {
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

fn frame_at(body: &[u8], at: usize) -> Option<Frame> {
    let (time, rest) = body[at..].split_first_chunk()?;
    let (points, rest) = rest.split_first_chunk()?;
    let (length, rest) = rest.split_first_chunk()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let start = at + HEAD;
    (length <= rest.len()).then(|| Frame {
        time_ms: i64::from_le_bytes(*time),
        points: u32::from_le_bytes(*points),
        start,
        end: start + length,
    })
}

/// A destination as the spool keeps it; the first byte is the version of this and of the body.
pub(super) fn key(destination: &Destination) -> Vec<u8> {
    [b"1", destination.group.as_bytes(), b"\0", destination.stream.as_bytes()].concat()
}

/// The destination of a spool's key; `None` for one of another version.
pub(super) fn destination(key: &[u8]) -> Option<Destination> {
    let (b'1', names) = key.split_first()? else { return None };
    let (group, stream) = std::str::from_utf8(names).ok()?.split_once('\0')?;
    Some(Destination { group: group.into(), stream: stream.into() })
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    fn to(stream: &str) -> Arc<Destination> {
        Arc::new(Destination { group: "g".into(), stream: stream.into() })
    }

    /// Events for one stream, as parcels; each has three points.
    pub(in crate::awsemf::delivery) fn pack(events: &[(i64, Vec<u8>)]) -> Vec<Parcel> {
        let there = to("a");
        let events: Vec<_> = events.iter().map(|(time_ms, body)| (&there, *time_ms, body.clone())).collect();
        pack_to(&events)
    }

    fn pack_to(events: &[(&Arc<Destination>, i64, Vec<u8>)]) -> Vec<Parcel> {
        let (mut packer, mut parcels) = (Packer::default(), Vec::new());
        for (destination, time_ms, body) in events {
            let event = Encoded { destination, resolved: true, time_ms: *time_ms, points: 3, body };
            packer.push(&event, &mut |parcel| parcels.push(parcel));
        }
        packer.finish(&mut |parcel| parcels.push(parcel));
        parcels
    }

    #[test]
    fn a_round_is_one_parcel_for_each_stream() {
        let (a, b) = (to("a"), to("b"));
        let parcels = pack_to(&[(&a, 5, b"{}".into()), (&b, 6, b"[1]".into()), (&a, 7, b"[]".into())]);
        let shape: Vec<_> = parcels
            .iter()
            .map(|parcel| (&*parcel.destination.stream, parcel.time_ms, parcel.events, parcel.points))
            .collect();
        assert_eq!(shape, [("a", 5, 2, 6), ("b", 6, 1, 3)]);
        let frames: Vec<_> = frames(&parcels[0].body).map(Result::unwrap).collect();
        assert_eq!(&parcels[0].body[frames[1].start..frames[1].end], b"[]");
        assert_eq!((frames[1].time_ms, frames[1].points), (7, 3));
        assert_eq!(destination(&key(&a)).as_ref(), Some(&*a));
        assert_eq!(destination(b"2g\0a"), None);
    }

    proptest! {
        // Megabytes each.
        #![proptest_config(ProptestConfig::with_cases(40))]

        /// Whatever the events, each parcel fits one request, and none is lost.
        #[test]
        fn every_parcel_fits_one_request(
            events in prop::collection::vec((0..3 * 86_400_000_i64, 1..400_000_usize), 0..40),
        ) {
            let events: Vec<_> = events.iter().map(|(time, size)| (*time, vec![b'x'; *size])).collect();
            let parcels = pack(&events);
            prop_assert_eq!(parcels.iter().map(|parcel| parcel.events as usize).sum::<usize>(), events.len());
            for parcel in parcels {
                let mut frames: Vec<_> = frames(&parcel.body).map(Result::unwrap).collect();
                frames.sort_by_key(|frame| frame.time_ms);
                let events: Vec<_> = frames
                    .iter()
                    .map(|frame| aws::logs::Event { time_ms: frame.time_ms, message: &parcel.body[frame.start..frame.end] })
                    .collect();
                prop_assert!(limits::check(&events).is_ok());
                let bytes: usize = events.iter().map(|event| limits::size_of(event.message)).sum();
                prop_assert_eq!(bytes, service_bytes(parcel.body.len(), parcel.events));
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
