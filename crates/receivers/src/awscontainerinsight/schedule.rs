//! When ticks come: every interval, from a phase that the node's name gives, counted on the wall clock from the epoch.
//!
//! A restart keeps the phase, ticks don't drift, and the nodes of a cluster don't all ask at the same second. A late tick
//! is skipped; none comes twice, also where the clock is set.

use std::time::Duration;

use model::Stamp;

/// The most that a first tick keeps away from the sample it is compared with.
const HEAD_START: Duration = Duration::from_millis(500);

/// The ticks of one node, each with its number since the epoch.
#[derive(Debug, Clone)]
pub struct Schedule {
    interval: Duration,
    phase: Duration,
    /// The number of the last tick.
    last: u128,
    /// On the monotonic clock: no tick before.
    not_before: Duration,
}

impl Schedule {
    /// The ticks of the node of this name after its first sample: the first one lies at least half a second or a tenth of
    /// the interval behind it, whichever is less. `interval` must not be zero.
    pub fn new(node_name: &str, interval: Duration, sampled: Stamp) -> Self {
        let phase = u128::from(hash(node_name)) % interval.as_nanos().max(1);
        let phase = Duration::from_nanos(u64::try_from(phase).unwrap_or(0));
        let head_start = HEAD_START.min(interval / 10);
        let mut schedule = Self { interval, phase, last: 0, not_before: sampled.monotonic + head_start };
        // A tick whose moment falls into the head start counts as made: none comes late in its place.
        let just_before = (sampled.wall + head_start).saturating_sub(Duration::from_nanos(1));
        schedule.last = schedule.number(just_before);
        schedule
    }

    /// How long to wait from `now` for the next tick; zero where it is due.
    pub fn wait(&self, now: Stamp) -> Duration {
        let number = self.number(now.wall);
        let held = self.not_before.saturating_sub(now.monotonic);
        let late = now.wall.saturating_sub(self.moment(number));
        if number != self.last && held.is_zero() && late <= self.interval / 2 {
            return Duration::ZERO;
        }
        let earliest = now.wall + held.max(Duration::from_nanos(1));
        self.moment(self.number(earliest.saturating_sub(Duration::from_nanos(1))) + 1).saturating_sub(now.wall)
    }

    /// Notes that a tick is made at `now`; the next one is at least half an interval away.
    pub fn tick(&mut self, now: Stamp) {
        self.last = self.number(now.wall);
        self.not_before = now.monotonic + self.interval / 2;
    }

    /// The number of the last tick at or before a wall time.
    fn number(&self, wall: Duration) -> u128 {
        // One interval is added so that the time before the first phase has a number too.
        (wall + self.interval).saturating_sub(self.phase).as_nanos() / self.interval.as_nanos().max(1)
    }

    /// The wall time of a tick.
    fn moment(&self, number: u128) -> Duration {
        let nanoseconds =
            (number * self.interval.as_nanos() + self.phase.as_nanos()).saturating_sub(self.interval.as_nanos());
        Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
    }
}

/// FNV-1a, 64 bits: spreads names that differ in their last letters only.
fn hash(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn at(monotonic: f64, wall: f64) -> Stamp {
        Stamp { monotonic: Duration::from_secs_f64(monotonic), wall: Duration::from_secs_f64(wall) }
    }

    /// Runs a schedule on clocks that go in step but for one setting of the wall clock; returns the ticks' wall times.
    fn run(interval: Duration, start: f64, length: f64, set: Option<(f64, f64)>) -> Vec<f64> {
        let (mut monotonic, mut shift, mut ticks) = (0.0, start, Vec::new());
        let mut schedule = Schedule::new("node", interval, at(0.0, start));
        while monotonic < length {
            if let Some((when, by)) = set
                && monotonic >= when
                && shift == start
            {
                shift += by;
            }
            let now = at(monotonic, monotonic + shift);
            let wait = schedule.wait(now);
            if wait.is_zero() {
                schedule.tick(now);
                ticks.push(now.wall.as_secs_f64());
                monotonic += 0.02;
            } else {
                monotonic += wait.as_secs_f64().min(0.7) + 0.000_001;
            }
        }
        ticks
    }

    #[test]
    fn ticks_come_every_interval_without_drift() {
        let ticks = run(MINUTE, 1_700_000_000.0, 3600.0, None);
        assert_eq!(ticks.len(), 60);
        assert!(ticks.windows(2).all(|pair| (pair[1] - pair[0] - 60.0).abs() < 0.001), "{ticks:?}");
    }

    #[test]
    fn a_restart_keeps_the_phase() {
        let phase = |start| run(MINUTE, start, 120.0, None)[0].rem_euclid(60.0);
        let first = phase(1_700_000_000.0);
        for second in 1..60 {
            assert!((phase(1_700_000_000.0 + f64::from(second)) - first).abs() < 0.001);
        }
    }

    #[test]
    fn names_have_different_phases() {
        let phase = |name: &str| Schedule::new(name, MINUTE, Stamp::default()).phase;
        assert!(phase("ip-10-0-0-1").abs_diff(phase("ip-10-0-0-2")) > Duration::from_secs(1));
    }

    #[test]
    fn a_late_tick_is_skipped() {
        let mut schedule = Schedule::new("node", MINUTE, at(0.0, 1_700_000_000.0));
        let first = schedule.wait(at(0.0, 1_700_000_000.0)).as_secs_f64();
        schedule.tick(at(first, 1_700_000_000.0 + first));
        let overran = first + 60.0 + 31.0;
        let wait = schedule.wait(at(overran, 1_700_000_000.0 + overran)).as_secs_f64();
        assert!((wait - 29.0).abs() < 0.001, "{wait}");
    }

    proptest! {
        #[test]
        fn the_first_tick_keeps_its_distance_and_comes_within_an_interval(start in 0.0..4e9_f64, seconds in 1_u64..600) {
            let interval = Duration::from_secs(seconds);
            let head = 0.5_f64.min(seconds as f64 / 10.0);
            let first = run(interval, start, 2.0 * seconds as f64 + 1.0, None)[0] - start;
            prop_assert!(first >= head - 0.001 && first <= seconds as f64 + head + 0.001, "{}", first);
        }

        #[test]
        fn no_tick_comes_twice_and_none_is_lost_for_long_when_the_clock_is_set(
            when in 0.0..300.0_f64, by in -7200.0..7200.0_f64
        ) {
            let ticks = run(MINUTE, 1_700_000_000.0, 900.0, Some((when, by)));
            prop_assert!(ticks.len() >= 12 && ticks.len() <= 16, "{}", ticks.len());
        }
    }
}
