//! A store that a watch feeds, and when what it holds may be told.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kubernetes::cluster::{DoubleBuffered, Objects};
use kubernetes::watch::{Phase, Reflector, Status};

/// How long what was known stays in use while the watch fails; a watch brings something every minute.
pub const STALE: Duration = Duration::from_secs(150);

/// What is known of one kind of object, and how its reflector is.
#[derive(Debug)]
pub struct Mirror<S> {
    /// Where the reflector puts what it hears.
    pub store: Arc<Mutex<DoubleBuffered<S>>>,
    /// How the reflector is.
    pub status: Arc<Status>,
}

impl<S: Objects> Mirror<S> {
    /// What this reflector will be run into.
    pub fn of(reflector: &Reflector, store: S) -> Self {
        Self { store: DoubleBuffered::shared(store), status: reflector.status() }
    }

    /// What is known, once a list was complete and as long as the rights are there.
    pub fn read<T>(&self, take: impl FnOnce(&S) -> T) -> Option<T> {
        if self.status.report().phase == Phase::Refused {
            return None;
        }
        self.store.lock().unwrap_or_else(PoisonError::into_inner).current().map(take)
    }

    /// The same, where it may be said of the cluster: changes are heard of, or were a moment ago.
    pub fn read_fresh<T>(&self, take: impl FnOnce(&S) -> T) -> Option<T> {
        is_fresh(&self.status).then(|| self.read(take)).flatten()
    }

    /// Forgets everything, as if no list had ever come.
    pub fn forget(&self) {
        self.store.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl<S> Clone for Mirror<S> {
    fn clone(&self) -> Self {
        Self { store: self.store.clone(), status: self.status.clone() }
    }
}

fn is_fresh(status: &Status) -> bool {
    let report = status.report();
    match report.phase {
        Phase::Watching => true,
        Phase::Refused => false,
        Phase::Starting | Phase::Listing | Phase::Failing => report.heard.is_some_and(|at| at.elapsed() < STALE),
    }
}
