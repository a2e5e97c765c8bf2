//! Parcels on their way: the requests they make, and how far these have come.
//!
//! A request that is not valid is halved until the event is alone that makes it so: that one is lost, the others go.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use crate::awsemf::destination::Destination;
use aws::logs::{Event, limits};

use super::parcel::{Frame, Packer, Parcel, frames};
use super::queued::Queued;
use crate::awsemf::encode::Encoded;

/// Refusals of a batch none of which was taken, after which it isn't the events that are wrong.
const MOST_REFUSALS: u32 = 256;

/// Taken parcels, and what of their events is still to be sent.
#[derive(Debug)]
pub(super) struct InFlight {
    /// The parcels, settled once nothing is left.
    pub(super) parcels: Vec<Queued>,
    bodies: Vec<Vec<u8>>,
    /// All events, in order of time.
    index: Vec<(usize, Frame)>,
    /// What is left, as one range for each request. Halves go to the end, so that what is good is soon known to be.
    left: VecDeque<Range<usize>>,
    refusals: u32,
    taken_any: bool,
}

/// What became of refusing a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// It goes on in two halves.
    Halved,
    /// So many events with so many points are given up.
    Lost(u64, u64),
}

impl InFlight {
    /// The in_flight for parcels with their bodies; also how many events were lost to damage.
    pub(super) fn new(opened: Vec<(Queued, Vec<u8>)>) -> (Self, u64) {
        let (parcels, bodies): (Vec<_>, Vec<_>) = opened.into_iter().unzip();
        let (mut index, mut damaged) = (Vec::new(), 0);
        for (number, (parcel, body)) in parcels.iter().zip(&bodies).enumerate() {
            let before = index.len();
            index.extend(frames(body).map_while(Result::ok).map(|frame| (number, frame)));
            damaged += u64::from(parcel.events).saturating_sub((index.len() - before) as u64);
        }
        // Stable: events of one moment stay in the order they were made.
        index.sort_by_key(|(_, frame)| frame.time_ms);
        let mut in_flight = Self { parcels, bodies, index, left: VecDeque::new(), refusals: 0, taken_any: false };
        in_flight.left = in_flight.ranges().into();
        (in_flight, damaged)
    }

    /// The events of the next request; `None` where nothing is left.
    pub(super) fn next(&self) -> Option<Vec<Event<'_>>> {
        let range = self.left.front()?.clone();
        Some(self.index[range].iter().map(|(body, frame)| self.event(*body, frame)).collect())
    }

    /// Metric points of the next request: those of what was stored, and those of what wasn't, at its beginning and its end.
    pub(super) fn points_split(&self, first: usize, last: usize) -> (u64, u64) {
        let Some(range) = self.left.front().cloned() else { return (0, 0) };
        let stored = (range.start + first).min(range.end)..range.end.saturating_sub(last).max(range.start);
        let all = self.points_of(range);
        let stored = if stored.is_empty() { 0 } else { self.points_of(stored) };
        (stored, all - stored)
    }

    /// The time of the next request's newest event, in milliseconds since the Unix epoch.
    pub(super) fn newest_ms(&self) -> i64 {
        self.left
            .front()
            .and_then(|range| self.index.get(range.end.checked_sub(1)?))
            .map_or(0, |(_, frame)| frame.time_ms)
    }

    /// The next request was taken.
    pub(super) fn taken(&mut self) {
        self.left.pop_front();
        self.taken_any = true;
    }

    /// The next request isn't valid: halves it, or gives up what can't be halved.
    pub(super) fn refused(&mut self) -> Refused {
        let Some(range) = self.left.pop_front() else { return Refused::Lost(0, 0) };
        self.refusals += 1;
        if !self.taken_any && self.refusals > MOST_REFUSALS {
            // Halving on would ask thousands of times for nothing.
            let all: Vec<_> = std::mem::take(&mut self.left).into_iter().chain([range]).collect();
            let points = all.iter().map(|range| self.points_of(range.clone())).sum();
            return Refused::Lost(all.iter().map(|range| range.len() as u64).sum(), points);
        }
        if range.len() < 2 {
            return Refused::Lost(range.len() as u64, self.points_of(range));
        }
        let middle = range.start + range.len() / 2;
        self.left.push_back(range.start..middle);
        self.left.push_back(middle..range.end);
        Refused::Halved
    }

    /// Gives up one event of the next request; its metric points.
    pub(super) fn remove(&mut self, index: usize) -> u64 {
        let Some(range) = self.left.pop_front() else { return 0 };
        let at = range.start + index;
        for half in [at + 1..range.end, range.start..at] {
            if !half.is_empty() {
                self.left.push_front(half);
            }
        }
        self.index.get(at).map_or(0, |(_, frame)| u64::from(frame.points))
    }

    /// Whether a part of it was settled already, so that sending all of it again would double that part.
    pub(super) fn has_begun(&self) -> bool {
        self.taken_any || self.refusals > 0
    }

    /// Events that are left, and their metric points.
    pub(super) fn left(&self) -> (u64, u64) {
        let ranges = self.left.iter();
        ranges.fold((0, 0), |(events, points), range| {
            (events + range.len() as u64, points + self.points_of(range.clone()))
        })
    }

    /// What is left, as parcels of their own.
    pub(super) fn rest(&self, destination: &Arc<Destination>) -> Vec<Parcel> {
        let (mut packer, mut rest) = (Packer::default(), Vec::new());
        for (body, frame) in self.left.iter().flat_map(|range| &self.index[range.clone()]) {
            let Event { time_ms, message } = self.event(*body, frame);
            let event = Encoded { destination, resolved: true, time_ms, points: frame.points, body: message };
            packer.push(&event, &mut |parcel| rest.push(parcel));
        }
        packer.finish(&mut |parcel| rest.push(parcel));
        rest
    }

    /// The parcels as they were taken, to be put back.
    pub(super) fn into_parcels(self) -> Vec<Queued> {
        let parcels = self.parcels.into_iter().zip(self.bodies);
        parcels.map(|(queued, body)| queued.with_body(body)).collect()
    }

    /// Cuts all events into requests that the service takes.
    fn ranges(&self) -> Vec<Range<usize>> {
        let (mut ranges, mut start, mut bytes) = (Vec::new(), 0, 0);
        for (at, (_, frame)) in self.index.iter().enumerate() {
            let size = frame.end - frame.start + limits::EVENT_OVERHEAD_BYTES;
            let span = frame.time_ms.saturating_sub(self.index[start].1.time_ms);
            let is_full = at - start == limits::MAX_EVENTS
                || bytes + size > limits::MAX_BATCH_BYTES
                || u128::from(span.unsigned_abs()) > limits::MAX_SPAN.as_millis();
            if is_full && at > start {
                ranges.push(start..at);
                (start, bytes) = (at, 0);
            }
            bytes += size;
        }
        if start < self.index.len() {
            ranges.push(start..self.index.len());
        }
        ranges
    }

    fn event(&self, body: usize, frame: &Frame) -> Event<'_> {
        Event { time_ms: frame.time_ms, message: &self.bodies[body][frame.start..frame.end] }
    }

    fn points_of(&self, range: Range<usize>) -> u64 {
        self.index[range].iter().map(|(_, frame)| u64::from(frame.points)).sum()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use proptest::prelude::*;

    use super::super::parcel::tests::pack;
    use super::*;

    /// Events with these times and sizes, each with its number in its text.
    fn in_flight(events: &[(i64, usize)]) -> InFlight {
        let text = |number: usize, size: usize| format!("{}{number:06}", " ".repeat(size - 6));
        let texts = events.iter().enumerate().map(|(number, (time_ms, size))| (*time_ms, text(number, *size)));
        let texts: Vec<_> = texts.map(|(time_ms, text)| (time_ms, text.into_bytes())).collect();
        let queued = |parcel: &Parcel| Queued::spooled(0, parcel, Duration::ZERO, 0);
        let parcels = pack(&texts).into_iter().map(|parcel| (queued(&parcel), parcel.body));
        InFlight::new(parcels.collect()).0
    }

    /// Sends a in_flight to a service that refuses each request with one of these events: how often each event was taken, how
    /// many were lost, and how many requests it took.
    fn send(mut in_flight: InFlight, bad: &[usize]) -> (BTreeMap<usize, usize>, u64, usize) {
        let (mut taken, mut lost, mut requests) = (BTreeMap::new(), 0, 0);
        while let Some(events) = in_flight.next() {
            requests += 1;
            limits::check(&events).unwrap();
            let number =
                |event: &Event<'_>| std::str::from_utf8(event.message).unwrap().trim().parse::<usize>().unwrap();
            let numbers: Vec<_> = events.iter().map(number).collect();
            drop(events);
            if numbers.iter().any(|number| bad.contains(number)) {
                if let Refused::Lost(events, points) = in_flight.refused() {
                    assert_eq!(points, events * 3);
                    lost += events;
                }
            } else {
                numbers.into_iter().for_each(|number| *taken.entry(number).or_insert(0) += 1);
                in_flight.taken();
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
        in_flight.taken();
        let there = Arc::new(Destination { group: "g".into(), stream: "s".into() });
        let rest = in_flight.rest(&there);
        assert_eq!((rest.len(), rest[0].events, rest[0].points, rest[0].time_ms), (1, 2, 6, 3));
        assert_eq!(in_flight.left(), (2, 6));
    }

    #[test]
    fn points_of_what_was_not_stored_are_told_apart() {
        let in_flight = in_flight(&[(1, 6), (2, 6), (3, 6), (4, 6), (5, 6)]);
        assert_eq!(in_flight.points_split(2, 1), (6, 9));
        assert_eq!(in_flight.points_split(9, 9), (0, 15));
        assert_eq!(in_flight.newest_ms(), 5);
    }
}
