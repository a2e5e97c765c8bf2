//! Admission: a bound on what is in flight, asked before a request is read.
//!
//! A permit goes with the data that it was given for, from the receiver through processors that gather to the exporter's
//! queue, and frees its bytes when the data is dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A bound on bytes in flight; a clone is the same gate.
#[derive(Debug, Clone)]
pub struct Gate(Arc<State>);

#[derive(Debug)]
struct State {
    used: AtomicUsize,
    limit: AtomicUsize,
}

/// Room for so many bytes, freed when the last clone is dropped.
#[derive(Debug, Clone)]
pub struct Permit {
    _held: Arc<Held>,
}

#[derive(Debug)]
struct Held {
    gates: Vec<Gate>,
    bytes: usize,
}

impl Gate {
    /// A gate for so many bytes in flight.
    #[must_use]
    pub fn new(limit_bytes: usize) -> Self {
        Self(Arc::new(State { used: AtomicUsize::new(0), limit: AtomicUsize::new(limit_bytes) }))
    }

    /// Changes the bound; what is in flight stays.
    pub fn set_limit(&self, bytes: usize) {
        self.0.limit.store(bytes, Ordering::Relaxed);
    }

    /// Bytes in flight.
    #[must_use]
    pub fn used(&self) -> usize {
        self.0.used.load(Ordering::Relaxed)
    }

    fn take(&self, bytes: usize) -> bool {
        let limit = self.0.limit.load(Ordering::Relaxed);
        let fits = |used: usize| used.checked_add(bytes).filter(|sum| *sum <= limit);
        self.0.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).is_ok()
    }

    fn free(&self, bytes: usize) {
        self.0.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Permit {
    /// Room for so many bytes at every gate, or at none; `None` where one of them is full.
    #[must_use]
    pub fn ask(gates: &[Gate], bytes: usize) -> Option<Self> {
        let full = gates.iter().position(|gate| !gate.take(bytes));
        if let Some(full) = full {
            gates[..full].iter().for_each(|gate| gate.free(bytes));
            return None;
        }
        Some(Self { _held: Arc::new(Held { gates: gates.to_vec(), bytes }) })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.gates.iter().for_each(|gate| gate.free(self.bytes));
    }
}

/// Permits say nothing about data.
impl PartialEq for Permit {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_flight_never_passes_the_bound_and_comes_free_with_the_last_clone() {
        let (small, large) = (Gate::new(10), Gate::new(100));
        let gates = [large.clone(), small.clone()];
        let first = Permit::ask(&gates, 8).expect("there is room");
        assert!(Permit::ask(&gates, 3).is_none(), "the small gate is full");
        assert_eq!((small.used(), large.used()), (8, 8), "a refused request takes nothing");
        let clone = first.clone();
        drop(first);
        assert_eq!(small.used(), 8);
        drop(clone);
        assert_eq!((small.used(), large.used()), (0, 0));
        assert!(Permit::ask(&gates, 10).is_some() && Permit::ask(&gates, usize::MAX).is_none());
    }

    #[test]
    fn a_lower_bound_holds_for_what_comes() {
        let gate = Gate::new(10);
        let held = Permit::ask(std::slice::from_ref(&gate), 8);
        gate.set_limit(5);
        assert!(Permit::ask(std::slice::from_ref(&gate), 1).is_none());
        drop(held);
        assert!(Permit::ask(&[gate], 5).is_some());
    }
}
