//! A source of facts that is asked over the network: its failures are reported once for each cause.

use net::chain;
use telemetry::{Failing, Failure};

/// A source that doesn't answer, and what is missing without it.
macro_rules! silent {
    ($missing:literal) => {
        telemetry::Failure {
            severity: telemetry::Severity::Warning,
            begins: concat!("source doesn't answer; ", $missing, "; retrying"),
            ends: "source answers again",
        }
    };
}
pub(crate) use silent;

/// One source that is asked.
pub(crate) struct Source(Failing);

impl Source {
    pub(crate) fn new(name: &'static str, failure: &'static Failure) -> Self {
        Self(Failing::new(failure).of(name).reporting_each_cause())
    }

    pub(crate) fn note<T, E: std::error::Error>(&mut self, result: Result<T, E>) -> Option<T> {
        match result {
            Ok(value) => {
                self.answered();
                Some(value)
            }
            Err(error) => {
                self.failed(&chain(&error));
                None
            }
        }
    }

    pub(crate) fn answered(&mut self) {
        self.0.recovered();
    }

    pub(crate) fn failed(&mut self, error: &str) {
        self.0.failed(1, &error);
    }
}
