//! Parcels on their way: the requests they make, and how far these have come.
//!
//! A request that the service refuses as it is gets halved until the frame is alone that makes it so: that one is dropped, the
//! others are sent.

use std::collections::VecDeque;
use std::ops::Range;

use super::destination::Destination;
use super::limits::{Limits, Load, Order};
use super::parcel::{Located, Packer, Parcel, frames};
use super::queued::Queued;
use super::service::{Frame, Rejected};

/// Refusals of a batch none of which was accepted, after which it isn't the frames that are wrong.
const MOST_REFUSALS: u32 = 256;

/// Taken parcels, and what of their frames is still to be sent.
#[derive(Debug)]
pub(super) struct InFlight {
    /// The parcels, settled once nothing is left.
    pub(super) parcels: Vec<Queued>,
    bodies: Vec<Vec<u8>>,
    /// All frames in the order in which they are sent, each with the number of its body.
    index: Vec<(usize, Located)>,
    /// What is left, as one range for each request.
    left: VecDeque<Range<usize>>,
    refusals: u32,
    accepted_any: bool,
    has_begun: bool,
    limits: Limits,
}

/// What becomes of a refused request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// It goes on in two halves.
    Halved,
    /// So many frames with so many points are dropped.
    Dropped(u64, u64),
}

/// What became of a request that was accepted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Stored {
    /// Frames that were stored, as far as it is known.
    pub(super) frames: usize,
    /// Metric points that were stored.
    pub(super) points: u64,
    /// Metric points that were not.
    pub(super) lost_points: u64,
}

impl InFlight {
    /// What is to be sent of parcels with these bodies; also how many frames were lost to damage.
    pub(super) fn new(opened: Vec<(Queued, Vec<u8>)>, limits: Limits) -> (Self, u64) {
        let (parcels, bodies): (Vec<_>, Vec<_>) = opened.into_iter().unzip();
        let (mut index, mut damaged) = (Vec::new(), 0);
        for (number, (parcel, body)) in parcels.iter().zip(&bodies).enumerate() {
            let before = index.len();
            index.extend(frames(body).map_while(Result::ok).map(|frame| (number, frame)));
            damaged += u64::from(parcel.frames).saturating_sub((index.len() - before) as u64);
        }
        if limits.order == Order::ByTime {
            // Stable: frames of one moment stay in the order they were made.
            index.sort_by_key(|(_, frame)| frame.time_ms);
        }
        let left = ranges(&index, &limits).into();
        let in_flight =
            Self { parcels, bodies, index, left, refusals: 0, accepted_any: false, has_begun: false, limits };
        (in_flight, damaged)
    }

    /// The frames of the next request; `None` if nothing is left.
    pub(super) fn next(&self) -> Option<Vec<Frame<'_>>> {
        let range = self.left.front()?.clone();
        Some(self.index[range].iter().map(|(body, frame)| self.frame(*body, frame)).collect())
    }

    /// Frames and points of the next request that were stored, and of those that were not, if the service left these out.
    pub(super) fn split(&self, rejected: &[Rejected]) -> Stored {
        let Some(range) = self.left.front().cloned() else { return Stored::default() };
        let all = Stored { frames: range.len(), points: self.points_of(range.clone()), ..Stored::default() };
        let named = |at: usize| {
            rejected.iter().any(|part| matches!(part, Rejected::Frames { range, .. } if range.contains(&at)))
        };
        let lost = if rejected.is_empty() { Vec::new() } else { (0..range.len()).filter(|at| named(*at)).collect() };
        let unnamed: u64 =
            rejected.iter().map(|part| if let Rejected::Points(points) = part { *points } else { 0 }).sum();
        let lost_points: u64 = lost.iter().map(|at| u64::from(self.index[range.start + at].1.points)).sum();
        let lost_points = lost_points.saturating_add(unnamed).min(all.points);
        Stored { frames: all.frames - lost.len(), points: all.points - lost_points, lost_points }
    }

    /// The time of the next request's last frame, in milliseconds since the Unix epoch.
    pub(super) fn newest_ms(&self) -> i64 {
        self.left
            .front()
            .and_then(|range| self.index.get(range.end.checked_sub(1)?))
            .map_or(0, |(_, frame)| frame.time_ms)
    }

    /// The next request was accepted.
    pub(super) fn accepted(&mut self) {
        self.left.pop_front();
        (self.accepted_any, self.has_begun) = (true, true);
    }

    /// The service doesn't take the next request as it is: halves it, or drops it if it can't be halved.
    pub(super) fn refused(&mut self) -> Refused {
        self.has_begun = true;
        self.refusals += 1;
        if !self.accepted_any && self.refusals > MOST_REFUSALS {
            // Halving on would ask thousands of times for nothing.
            let all: Vec<_> = std::mem::take(&mut self.left).into();
            let points = all.iter().map(|range| self.points_of(range.clone())).sum();
            return Refused::Dropped(all.iter().map(|range| range.len() as u64).sum(), points);
        }
        match self.left.front().map_or(0, Range::len) {
            0 | 1 => self.dropped(),
            length => {
                self.halve(length / 2);
                Refused::Halved
            }
        }
    }

    /// The next request is dropped as a whole.
    pub(super) fn dropped(&mut self) -> Refused {
        self.has_begun = true;
        let Some(range) = self.left.pop_front() else { return Refused::Dropped(0, 0) };
        Refused::Dropped(range.len() as u64, self.points_of(range))
    }

    fn halve(&mut self, first: usize) {
        let Some(range) = self.left.pop_front() else { return };
        let middle = range.start + first;
        let halves = [range.start..middle, middle..range.end];
        match self.limits.order {
            // To the end, so that what is good is soon known to be.
            Order::ByTime => self.left.extend(halves),
            Order::AsQueued => halves.into_iter().rev().for_each(|half| self.left.push_front(half)),
        }
    }

    /// Drops one frame of the next request; its metric points.
    pub(super) fn remove(&mut self, index: usize) -> u64 {
        let Some(range) = self.left.pop_front() else { return 0 };
        // A service that names a frame that isn't there means the last one.
        let at = range.start + index.min(range.len().saturating_sub(1));
        for half in [at + 1..range.end, range.start..at] {
            if !half.is_empty() {
                self.left.push_front(half);
            }
        }
        self.has_begun = true;
        self.index.get(at).map_or(0, |(_, frame)| u64::from(frame.points))
    }

    /// Whether a part of it was settled already, so that sending all of it again would double that part.
    pub(super) fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// Frames that are left, and their metric points.
    pub(super) fn left(&self) -> (u64, u64) {
        let ranges = self.left.iter();
        ranges.fold((0, 0), |(frames, points), range| {
            (frames + range.len() as u64, points + self.points_of(range.clone()))
        })
    }

    /// What is left, as parcels of their own.
    pub(super) fn rest(&self, destination: &Destination) -> Vec<Parcel> {
        let (mut packer, mut rest) = (Packer::new(self.limits), Vec::new());
        for (body, located) in self.left.iter().flat_map(|range| &self.index[range.clone()]) {
            packer.push(destination, self.frame(*body, located), &mut |parcel| rest.push(parcel));
        }
        packer.finish(&mut |parcel| rest.push(parcel));
        rest
    }

    /// The parcels as they were taken, to be put back.
    pub(super) fn into_parcels(self) -> Vec<Queued> {
        let parcels = self.parcels.into_iter().zip(self.bodies);
        parcels.map(|(queued, body)| queued.with_body(body)).collect()
    }

    fn frame(&self, body: usize, located: &Located) -> Frame<'_> {
        let Located { time_ms, points, start, end } = *located;
        Frame { time_ms, points, body: &self.bodies[body][start..end] }
    }

    fn points_of(&self, range: Range<usize>) -> u64 {
        self.index[range].iter().map(|(_, frame)| u64::from(frame.points)).sum()
    }
}

/// Cuts all frames into requests that keep the limits.
fn ranges(index: &[(usize, Located)], limits: &Limits) -> Vec<Range<usize>> {
    let (mut ranges, mut start, mut load) = (Vec::new(), 0, Load::default());
    for (at, (_, frame)) in index.iter().enumerate() {
        let size = (frame.end - frame.start).saturating_add(limits.frame_overhead);
        load.add(size, u64::from(frame.points), frame.time_ms);
        if at > start && !load.fits(limits) {
            ranges.push(start..at);
            (start, load) = (at, Load::default());
            load.add(size, u64::from(frame.points), frame.time_ms);
        }
    }
    if start < index.len() {
        ranges.push(start..index.len());
    }
    ranges
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use proptest::prelude::*;

    use super::super::parcel::tests::{LIMITS, pack};
    use super::*;

    /// Frames with these times and sizes, each with its number in its text.
    fn in_flight(events: &[(i64, usize)]) -> InFlight {
        let text = |number: usize, size: usize| format!("{}{number:06}", " ".repeat(size - 6));
        let texts = events.iter().enumerate().map(|(number, (time_ms, size))| (*time_ms, text(number, *size)));
        let texts: Vec<_> = texts.map(|(time_ms, text)| (time_ms, text.into_bytes())).collect();
        let queued = |parcel: &Parcel| Queued::spooled(0, parcel, Duration::ZERO, 0);
        let parcels = pack(&texts, LIMITS).into_iter().map(|parcel| (queued(&parcel), parcel.body));
        InFlight::new(parcels.collect(), LIMITS).0
    }

    /// A request keeps every limit, and is in order of time.
    fn check(frames: &[Frame<'_>]) {
        let bytes: usize = frames.iter().map(|frame| frame.body.len() + LIMITS.frame_overhead).sum();
        assert!(bytes <= LIMITS.bytes && frames.len() <= LIMITS.frames, "{bytes} bytes, {} frames", frames.len());
        assert!(frames.is_sorted_by_key(|frame| frame.time_ms));
        assert!(frames[frames.len() - 1].time_ms - frames[0].time_ms <= 86_400_000);
    }

    /// Sends all to a service that refuses each request with one of these frames: how often each frame was accepted, how many
    /// were dropped, and how many requests it took.
    fn send(mut in_flight: InFlight, bad: &[usize]) -> (BTreeMap<usize, usize>, u64, usize) {
        let (mut taken, mut lost, mut requests) = (BTreeMap::new(), 0, 0);
        while let Some(frames) = in_flight.next() {
            requests += 1;
            check(&frames);
            let number = |frame: &Frame<'_>| std::str::from_utf8(frame.body).unwrap().trim().parse::<usize>().unwrap();
            let numbers: Vec<_> = frames.iter().map(number).collect();
            drop(frames);
            if numbers.iter().any(|number| bad.contains(number)) {
                if let Refused::Dropped(frames, points) = in_flight.refused() {
                    assert_eq!(points, frames * 3);
                    lost += frames;
                }
            } else {
                numbers.into_iter().for_each(|number| *taken.entry(number).or_insert(0) += 1);
                in_flight.accepted();
            }
        }
        (taken, lost, requests)
    }

    proptest! {
        // Megabytes each.
        #![proptest_config(ProptestConfig::with_cases(40))]

        /// Each request keeps every limit; what is bad is lost alone, and everything else is taken once.
        #[test]
        fn a_bad_event_is_lost_alone(
            events in prop::collection::vec((0..3 * 86_400_000_i64, 6..300_000_usize), 1..60),
            bad in prop::collection::btree_set(0..60_usize, 0..3),
        ) {
            let bad: Vec<_> = bad.into_iter().filter(|number| *number < events.len()).collect();
            let (taken, lost, _) = send(in_flight(&events), &bad);
            prop_assert_eq!(lost as usize, bad.len());
            prop_assert_eq!(taken.len(), events.len() - bad.len());
            prop_assert!(taken.iter().all(|(number, times)| *times == 1 && !bad.contains(number)));
        }
    }

    #[test]
    fn one_bad_event_of_ten_thousand_is_found_in_few_requests() {
        let events = vec![(0, 6); 10_000];
        let (taken, lost, requests) = send(in_flight(&events), &[7_777]);
        assert_eq!((taken.len(), lost), (9_999, 1));
        assert!(requests < 40, "{requests}");
    }

    #[test]
    fn where_nothing_is_ever_taken_it_ends_soon() {
        let bad: Vec<_> = (0..5_000).collect();
        let (taken, lost, requests) = send(in_flight(&vec![(0, 6); 5_000]), &bad);
        assert_eq!((taken.len(), lost), (0, 5_000));
        assert!(requests < 300, "{requests}");
    }

    #[test]
    fn many_bad_events_beside_each_other_are_lost_alone() {
        let bad: Vec<_> = (0..300).collect();
        let (taken, lost, _) = send(in_flight(&vec![(0, 6); 10_000]), &bad);
        assert_eq!((taken.len(), lost), (9_700, 300));
    }

    #[test]
    fn what_is_left_is_a_parcel_of_its_own() {
        let mut in_flight = in_flight(&[(1, 6), (2, 6), (3, 6), (4, 6)]);
        in_flight.refused();
        in_flight.accepted();
        let there = Destination::new("a");
        let rest = in_flight.rest(&there);
        assert_eq!((rest.len(), rest[0].frames, rest[0].points, rest[0].time_ms), (1, 2, 6, 3));
        assert_eq!(in_flight.left(), (2, 6));
    }

    #[test]
    fn points_of_what_was_not_stored_are_told_apart() {
        let in_flight = in_flight(&[(1, 6), (2, 6), (3, 6), (4, 6), (5, 6)]);
        let frames = |range| Rejected::Frames { reason: "old", range };
        let stored = |rejected: &[Rejected]| {
            let Stored { frames, points, lost_points } = in_flight.split(rejected);
            (frames, points, lost_points)
        };
        assert_eq!(stored(&[]), (5, 15, 0));
        assert_eq!(stored(&[frames(0..2), frames(4..5)]), (2, 6, 9));
        assert_eq!(stored(&[frames(0..9), frames(3..12)]), (0, 0, 15), "no frame counts twice");
        assert_eq!(stored(&[Rejected::Points(4)]), (5, 11, 4), "it isn't known which frames");
        assert_eq!(stored(&[frames(0..1), Rejected::Points(90)]), (4, 0, 15));
        assert_eq!(in_flight.newest_ms(), 5);
    }

    #[test]
    fn frames_that_must_not_overtake_are_halved_in_their_place() {
        let limits = Limits { order: Order::AsQueued, frames: 4, ..Limits::default() };
        let frames: Vec<_> = (0..8).map(|number: i64| (100 - number, number.to_string().into_bytes())).collect();
        let queued = |parcel: &Parcel| Queued::spooled(0, parcel, Duration::ZERO, 0);
        let parcels = pack(&frames, limits).into_iter().map(|parcel| (queued(&parcel), parcel.body));
        let mut in_flight = InFlight::new(parcels.collect(), limits).0;
        let mut sent = Vec::new();
        assert_eq!(in_flight.refused(), Refused::Halved);
        while let Some(next) = in_flight.next() {
            sent.push(next.iter().map(|frame| frame.body[0] - b'0').collect::<Vec<_>>());
            in_flight.accepted();
        }
        assert_eq!(sent, [vec![0, 1], vec![2, 3], vec![4, 5, 6, 7]]);
    }
}
