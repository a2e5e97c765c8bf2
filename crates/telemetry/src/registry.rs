//! Own counters and gauges, under the names a collector gives them: `otelcol_receiver_accepted_metric_points`.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// All counters and gauges of the process; a clone is another handle on the same ones.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    series: Arc<Mutex<BTreeMap<Key, Series>>>,
}

/// A number that only grows; a clone counts into the same one.
#[derive(Debug, Clone, Default)]
pub struct Counter(Arc<AtomicU64>);

/// A number that is set, held as a float; a clone sets the same one.
#[derive(Debug, Clone, Default)]
pub struct Gauge(Arc<AtomicU64>);

/// One series as it stood when the snapshot was taken.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The metric's name, without a suffix for its kind.
    pub name: &'static str,
    /// One sentence that says what is counted.
    pub help: &'static str,
    /// Label names with their values, in the order of the names.
    pub labels: Vec<(String, String)>,
    /// The number, and what kind it is.
    pub value: Value,
}

/// What a series held.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// A counter's sum since the process started.
    Counter(u64),
    /// A gauge's last value.
    Gauge(f64),
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    name: &'static str,
    labels: Vec<(String, String)>,
    // Part of the key, so that one name used for both kinds still gives each user its own number.
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Counter,
    Gauge,
}

#[derive(Debug)]
struct Series {
    help: &'static str,
    cell: Arc<AtomicU64>,
}

impl Registry {
    /// The counter of this name and these labels, made at 0 where it is new.
    ///
    /// Asking again gives the same counter; the first help text stays.
    #[must_use]
    pub fn counter(&self, name: &'static str, help: &'static str, labels: &[(&str, &str)]) -> Counter {
        Counter(self.cell(Kind::Counter, name, help, labels))
    }

    /// The gauge of this name and these labels, made at 0 where it is new.
    #[must_use]
    pub fn gauge(&self, name: &'static str, help: &'static str, labels: &[(&str, &str)]) -> Gauge {
        Gauge(self.cell(Kind::Gauge, name, help, labels))
    }

    /// Every series, ordered by name and then by labels.
    #[must_use]
    pub fn snapshot(&self) -> Vec<Reading> {
        let read = |(key, series): (&Key, &Series)| {
            let bits = series.cell.load(Ordering::Relaxed);
            let value = match key.kind {
                Kind::Counter => Value::Counter(bits),
                Kind::Gauge => Value::Gauge(f64::from_bits(bits)),
            };
            Reading { name: key.name, help: series.help, labels: key.labels.clone(), value }
        };
        self.lock().iter().map(read).collect()
    }

    fn cell(&self, kind: Kind, name: &'static str, help: &'static str, labels: &[(&str, &str)]) -> Arc<AtomicU64> {
        let mut labels: Vec<_> = labels.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
        labels.sort();
        let key = Key { name, labels, kind };
        // All bits zero is 0 for both kinds.
        self.lock().entry(key).or_insert_with(|| Series { help, cell: Arc::default() }).cell.clone()
    }

    // A thread that panicked left the map whole: entries are only ever added.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Key, Series>> {
        self.series.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counter {
    /// Adds `amount`.
    pub fn add(&self, amount: u64) {
        self.0.fetch_add(amount, Ordering::Relaxed);
    }

    /// The sum so far.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Gauge {
    /// Sets the value.
    pub fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Ordering::Relaxed);
    }

    /// Sets the value to how many there are: a queue's length, a number of pods.
    pub fn set_count(&self, count: usize) {
        // Counts of things in memory lie far below 2^53.
        self.set(count as f64);
    }

    /// The value last set, or 0.
    #[must_use]
    pub fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::{Reading, Registry, Value};

    #[test]
    fn the_same_name_and_labels_are_the_same_counter() {
        let registry = Registry::default();
        registry.counter("failures", "Failures.", &[("source", "cgroup"), ("node", "a")]).add(2);
        registry.clone().counter("failures", "Other words.", &[("node", "a"), ("source", "cgroup")]).add(3);
        let labels = vec![("node".into(), "a".into()), ("source".into(), "cgroup".into())];
        let expected = Reading { name: "failures", help: "Failures.", labels, value: Value::Counter(5) };
        assert_eq!(registry.snapshot(), [expected]);
    }

    #[test]
    fn a_snapshot_is_ordered_by_name_then_labels() {
        let registry = Registry::default();
        registry.gauge("queue_size", "", &[]).set_count(7);
        registry.counter("accepted", "", &[("receiver", "b")]).add(1);
        registry.counter("accepted", "", &[("receiver", "a")]).add(1);
        registry.gauge("accepted", "", &[]).set(0.5);
        let order: Vec<_> = registry
            .snapshot()
            .into_iter()
            .map(|reading| (reading.name, reading.labels.first().map(|label| label.1.clone()), reading.value))
            .collect();
        assert_eq!(
            order,
            [
                ("accepted", None, Value::Gauge(0.5)),
                ("accepted", Some("a".into()), Value::Counter(1)),
                ("accepted", Some("b".into()), Value::Counter(1)),
                ("queue_size", None, Value::Gauge(7.0)),
            ]
        );
    }

    #[test]
    fn every_thread_counts_into_the_same_number() {
        let counter = Registry::default().counter("ticks", "", &[]);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..1000).for_each(|_| counter.add(1)));
            }
        });
        assert_eq!(counter.get(), 4000);
    }
}
