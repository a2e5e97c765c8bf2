//! A failure that lasts: counted each time, logged once when it begins and once when it ends, and shown while it lasts.

use std::borrow::Cow;
use std::fmt::Display;

use tracing::{error, info, warn};

use crate::{Counter, Episode};

/// A kind of failure: its words stand here once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    /// How grave it is.
    pub severity: Severity,
    /// What happened, what it costs, and what the agent or the operator does about it.
    pub begins: &'static str,
    /// That it is over; empty where that is not worth a line.
    pub ends: &'static str,
}

/// How grave a failure is: the level of its line in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// A choice of the operator's: nothing is wrong.
    Info,
    /// Something is missing while the rest goes on.
    Warning,
    /// Data is lost.
    Error,
}

/// One thing that can fail.
///
/// ```
/// use telemetry::{Failing, Failure, Severity};
/// static UNREACHABLE: Failure = Failure {
///     severity: Severity::Warning,
///     begins: "kubelet doesn't answer; pods are as of the last answer; retrying",
///     ends: "kubelet answers again",
/// };
/// let mut kubelet = Failing::new(&UNREACHABLE).of("kubelet");
/// kubelet.failed(1, &"connection refused");
/// assert!(kubelet.message().is_some_and(|message| message.ends_with("connection refused")));
/// kubelet.recovered();
/// assert_eq!(kubelet.message(), None);
/// ```
#[derive(Debug)]
pub struct Failing {
    failure: &'static Failure,
    source: Cow<'static, str>,
    about: Cow<'static, str>,
    counter: Option<Counter>,
    reports_each_cause: bool,
    episode: Episode,
    error: String,
}

impl Failing {
    /// It has not failed yet.
    #[must_use]
    pub fn new(failure: &'static Failure) -> Self {
        Self {
            failure,
            source: Cow::Borrowed(""),
            about: Cow::Borrowed(""),
            counter: None,
            reports_each_cause: false,
            episode: Episode::default(),
            error: String::new(),
        }
    }

    /// Names what fails, where the failure's words do not: the field `source` of the log lines.
    #[must_use]
    pub fn of(mut self, source: impl Into<Cow<'static, str>>) -> Self {
        self.source = source.into();
        self
    }

    /// Names what it is about, where that is no source: a metric, a collection of the API server.
    #[must_use]
    pub fn about(mut self, about: impl Into<Cow<'static, str>>) -> Self {
        self.about = about.into();
        self
    }

    /// Counts each failure in a metric of the agent.
    #[must_use]
    pub fn counted_by(mut self, counter: Counter) -> Self {
        self.counter = Some(counter);
        self
    }

    /// Logs a further line whenever the cause changes: what fails at first for lack of a network may fail later for lack of a
    /// permission.
    #[must_use]
    pub fn reporting_each_cause(mut self) -> Self {
        self.reports_each_cause = true;
        self
    }

    /// Notes `count` failures of which `error` is one; an empty one says nothing.
    pub fn failed(&mut self, count: u64, error: &dyn Display) {
        self.counts(count);
        let error = error.to_string();
        let is_first = self.episode.failing();
        if is_first || self.reports_each_cause && self.error != error {
            let (source, about) = (filled(&self.source), filled(&self.about));
            let (cause, message) = (filled(&error), self.failure.begins);
            match self.failure.severity {
                Severity::Info => info!(source, about, error = cause, "{message}"),
                Severity::Warning => warn!(source, about, error = cause, "{message}"),
                Severity::Error => error!(source, about, error = cause, "{message}"),
            }
        }
        self.error = error;
    }

    /// Counts what failed without a reason to report it yet.
    pub fn counts(&self, count: u64) {
        if let Some(counter) = &self.counter {
            counter.add(count);
        }
    }

    /// Notes a success, which ends the episode.
    pub fn recovered(&mut self) {
        let Some(failures) = self.episode.recovered() else { return };
        self.error.clear();
        let (source, about) = (filled(&self.source), filled(&self.about));
        if !self.failure.ends.is_empty() {
            info!(source, about, failures, "{}", self.failure.ends);
        }
    }

    /// Whether an episode is going on.
    #[must_use]
    pub fn is_failing(&self) -> bool {
        self.episode.failures() > 0
    }

    /// What fails and why, for the component's line on the health board; `None` while nothing does.
    #[must_use]
    pub fn message(&self) -> Option<String> {
        let words = [&*self.source, &*self.about, self.failure.begins, &*self.error];
        let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
        self.is_failing().then(|| words.join(": "))
    }
}

fn filled(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex, PoisonError};

    use super::*;
    use crate::Registry;

    static DOWN: Failure = Failure { severity: Severity::Warning, begins: "down; retrying", ends: "up again" };

    /// What is logged, a line each.
    fn logged(work: impl FnOnce()) -> Vec<String> {
        #[derive(Clone, Default)]
        struct Lines(Arc<Mutex<Vec<u8>>>);
        impl std::io::Write for Lines {
            fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
                self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
                Ok(bytes.len())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .without_time()
            .with_target(false)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, work);
        let text = lines.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        String::from_utf8(text).unwrap().lines().map(|line| line.trim().to_owned()).collect()
    }

    #[test]
    fn an_episode_is_counted_logged_and_shown_from_one_value() {
        let registry = Registry::default();
        let counter = registry.counter("failures", "", &[]);
        let mut failing = Failing::new(&DOWN).of("kubelet").counted_by(counter.clone());
        let lines = logged(|| {
            failing.recovered();
            failing.failed(1, &"refused");
            failing.failed(2, &"timeout");
            assert_eq!(failing.message().as_deref(), Some("kubelet: down; retrying: timeout"));
            failing.recovered();
            failing.recovered();
        });
        assert_eq!(
            lines,
            ["WARN down; retrying source=\"kubelet\" error=\"refused\"", "INFO up again source=\"kubelet\" failures=2"]
        );
        assert_eq!((counter.get(), failing.message(), failing.is_failing()), (3, None, false));
    }

    #[test]
    fn another_cause_is_logged_where_that_is_asked_for() {
        let mut failing = Failing::new(&DOWN).about("pods").reporting_each_cause();
        let lines = logged(|| ["a", "a", "b", ""].into_iter().for_each(|error| failing.failed(1, &error)));
        assert_eq!(
            lines,
            [
                "WARN down; retrying about=\"pods\" error=\"a\"",
                "WARN down; retrying about=\"pods\" error=\"b\"",
                "WARN down; retrying about=\"pods\""
            ]
        );
    }
}
