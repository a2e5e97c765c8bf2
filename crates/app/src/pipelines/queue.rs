//! The queue before a pipeline: a bounded lane for each receiver, served in turn.
//!
//! A receiver that floods fills its own lane only: the others' batches wait for one of its batches at most.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use component::Receipt;
use model::Batch;

/// A batch on its way into a pipeline.
#[derive(Debug)]
pub struct Arrival {
    /// The batch.
    pub batch: Batch,
    /// Where its sender is told what became of it.
    pub receipt: Option<Receipt>,
}

/// Lanes of one pipeline.
#[derive(Debug)]
pub struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    lanes: Vec<VecDeque<Arrival>>,
    /// The lane that is looked at first.
    next: usize,
    is_closed: bool,
}

/// What came of waiting for a batch.
#[derive(Debug)]
pub enum Taken {
    /// A batch.
    Arrival(Arrival),
    /// Nothing within the time.
    Nothing,
    /// Nothing more will come.
    Closed,
}

impl Queue {
    /// A queue for so many receivers.
    #[must_use]
    pub fn new(receivers: usize) -> Self {
        let lanes = (0..receivers).map(|_| VecDeque::new()).collect();
        Self { state: Mutex::new(State { lanes, next: 0, is_closed: false }), changed: Condvar::new() }
    }

    /// Puts a batch into a receiver's lane where fewer than `room` wait there; gives it back where there is no room, and
    /// once the queue is closed.
    ///
    /// # Errors
    ///
    /// The batch that found no room.
    pub fn push(&self, lane: usize, arrival: Arrival, room: usize) -> Result<(), Arrival> {
        let mut state = self.lock();
        let is_closed = state.is_closed;
        match state.lanes.get_mut(lane).filter(|waiting| !is_closed && waiting.len() < room) {
            Some(waiting) => waiting.push_back(arrival),
            None => return Err(arrival),
        }
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    /// Lets nothing more in; what waits is still taken.
    pub fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_one();
    }

    /// Takes the next batch, from the lanes in turn; waits for one as long as `patience`.
    pub fn take(&self, patience: Duration) -> Taken {
        let is_idle = |state: &mut State| !state.is_closed && state.lanes.iter().all(VecDeque::is_empty);
        let waited = self.changed.wait_timeout_while(self.lock(), patience, is_idle);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let State { lanes, next, is_closed } = &mut *state;
        for turn in 0..lanes.len() {
            let lane = (*next + turn) % lanes.len();
            if let Some(arrival) = lanes[lane].pop_front() {
                *next = lane + 1;
                return Taken::Arrival(arrival);
            }
        }
        if *is_closed { Taken::Closed } else { Taken::Nothing }
    }

    // A thread that panicked ends the process.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use model::{Tick, UnixTime};

    use super::*;

    fn arrival(number: i64) -> Arrival {
        let tick = Some(Tick { time: UnixTime::from_millis(number) });
        Arrival { batch: Batch { tick, ..Batch::default() }, receipt: None }
    }

    fn taken(queue: &Queue) -> Option<i64> {
        match queue.take(Duration::ZERO) {
            Taken::Arrival(arrival) => arrival.batch.tick.map(|tick| tick.time.as_millis()),
            Taken::Nothing | Taken::Closed => None,
        }
    }

    #[test]
    fn lanes_are_served_in_turn_however_full_one_is() {
        let queue = Queue::new(2);
        for number in 10..20 {
            queue.push(0, arrival(number), 10).unwrap();
        }
        queue.push(1, arrival(1), 4).unwrap();
        assert!(queue.push(0, arrival(99), 10).is_err(), "its lane is full");
        assert_eq!([taken(&queue), taken(&queue), taken(&queue)], [Some(10), Some(1), Some(11)]);
        queue.push(1, arrival(2), 4).unwrap();
        assert_eq!([taken(&queue), taken(&queue)], [Some(2), Some(12)]);
    }

    #[test]
    fn what_waits_is_taken_after_the_end_and_nothing_comes_in() {
        let queue = Queue::new(1);
        queue.push(0, arrival(1), 4).unwrap();
        queue.close();
        assert!(queue.push(0, arrival(2), 4).is_err());
        assert_eq!(taken(&queue), Some(1));
        assert!(matches!(queue.take(Duration::from_secs(60)), Taken::Closed), "the end is not waited for");
    }
}
