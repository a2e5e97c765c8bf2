//! Limits in force: what each one cut is counted, logged once with what to do, and shown until nothing is cut any more.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tracing::{info, warn};

use crate::{Counter, Registry};

/// The limits of one component; a clone is another handle on the same ones.
///
/// A limit costs what is over it and nothing else. The code that enforces one calls [`Limits::cut`] each time it cut something, and
/// [`Limits::within`] when the whole source stayed within it.
#[derive(Debug, Clone)]
pub struct Limits {
    registry: Registry,
    kind: &'static str,
    component: Arc<str>,
    lines: Arc<Mutex<BTreeMap<&'static str, Line>>>,
}

#[derive(Debug)]
struct Line {
    cut: Counter,
    /// What is cut now and what to do about it; `None` while the source stays within the limit.
    message: Option<String>,
}

impl Limits {
    /// No limit has cut anything yet; `kind` and `component` label the counters: `receiver`, `awscontainerinsightreceiver`.
    #[must_use]
    pub fn new(registry: &Registry, kind: &'static str, component: &str) -> Self {
        Self { registry: registry.clone(), kind, component: component.into(), lines: Arc::default() }
    }

    /// Counts `count` things that `limit` cut. `message` names what is missing now and what to do; it is logged when the
    /// limit begins to cut, and shown by [`Limits::message`] until [`Limits::within`].
    pub fn cut(&self, limit: &'static str, count: u64, message: &dyn Display) {
        let mut lines = self.lock();
        let line = lines.entry(limit).or_insert_with(|| Line {
            cut: self.registry.counter(
                "container_insights_cut_by_limits",
                "What limits of the agent left out, by limit.",
                &[(self.kind, &self.component), ("limit", limit)],
            ),
            message: None,
        });
        line.cut.add(count);
        let message = message.to_string();
        if line.message.is_none() {
            let component = format!("{}/{}", self.kind, self.component);
            warn!(component, limit, count, "{message}");
        }
        line.message = Some(message);
    }

    /// Notes that the source stayed within `limit`.
    pub fn within(&self, limit: &'static str) {
        let mut lines = self.lock();
        if lines.get_mut(limit).is_some_and(|line| line.message.take().is_some()) {
            let component = format!("{}/{}", self.kind, self.component);
            info!(component, limit, "within the limit again; nothing is left out");
        }
    }

    /// What is cut now and what to do, for the status board; `None` while every source stays within its limits.
    #[must_use]
    pub fn message(&self) -> Option<String> {
        let lines = self.lock();
        let messages: Vec<&str> = lines.values().filter_map(|line| line.message.as_deref()).collect();
        (!messages.is_empty()).then(|| messages.join("; "))
    }

    // A line holds plain values: a thread that panicked left nothing half-written that would mislead.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, Line>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::Limits;
    use crate::{Registry, Value};

    #[test]
    fn what_a_limit_cuts_is_counted_and_shown_until_the_source_is_within_it() {
        let registry = Registry::default();
        let limits = Limits::new(&registry, "receiver", "r");
        assert_eq!(limits.message(), None);
        limits.within("cgroup directories");
        limits.cut("cgroup directories", 3, &"3 cgroups below /a are not read");
        limits.cut("cgroup directories", 4, &"4 cgroups below /a are not read");
        limits.cut("pods", 1, &"1 pod is left out");
        assert_eq!(limits.message().as_deref(), Some("4 cgroups below /a are not read; 1 pod is left out"));
        limits.within("cgroup directories");
        assert_eq!(limits.message().as_deref(), Some("1 pod is left out"));
        let cut: Vec<_> =
            registry.snapshot().into_iter().map(|reading| (reading.labels[0].1.clone(), reading.value)).collect();
        assert_eq!(cut, [("cgroup directories".to_owned(), Value::Counter(7)), ("pods".to_owned(), Value::Counter(1))]);
    }
}
