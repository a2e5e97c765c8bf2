//! The time between two exchanges: changes that are told, and the watches that tell them.

use std::time::Duration;

use super::lock_state::Base;
use super::{ElectionEvent, Inner, MAX_SLEEP, SHORT_WATCH, WATCH, WATCH_IDLE, WATCH_RETRY};
use crate::election::api::{Api, Pieces};
use crate::election::lock::View;
use crate::election::watch::{End, Seen, Watch};

impl<A: Api> Inner<A> {
    /// Nothing is to be done about the lock until `due`: posts events, looks after the watches, waits.
    pub(super) async fn idle(&mut self, due: Duration) {
        if !self.events.is_empty() {
            // Taken before: what is broken off isn't tried again.
            let message = self.events.remove(0);
            return self.post(message).await;
        }
        let now = self.now();
        let mut due = due;
        for index in 0..self.states.len() {
            let state = &mut self.states[index];
            let wanted = self.elector.wants_watch(now, state.lock);
            if state.watch.is_some() && !wanted {
                self.unwatch(index);
            } else if state.watch.is_none() && wanted && !matches!(state.base, Base::Unknown) {
                if state.watch_due <= now {
                    return self.open(index).await;
                }
                due = due.min(state.watch_due);
            }
        }
        // The end of a term is told when it comes.
        if let Some(until) = self.elector.leads_until().filter(|_| self.leads) {
            due = due.min(until);
        }
        let wait = due.saturating_sub(now).min(MAX_SLEEP).max(Duration::from_millis(1));
        let mut watches = self.states.iter_mut().map(|state| state.watch.as_mut());
        let (mut first, mut second) = (watches.next().flatten(), watches.next().flatten());
        let (index, seen) = tokio::select! {
            () = tokio::time::sleep(wait) => return,
            seen = next(&mut first) => (0, seen),
            seen = next(&mut second) => (1, seen),
        };
        match seen {
            Ok(seen) => self.seen(index, seen),
            Err(end) => self.ended(index, end).await,
        }
    }

    /// Opens a watch that goes on where our knowledge ends.
    pub(super) async fn open(&mut self, index: usize) {
        let state = &self.states[index];
        let known = match &state.base {
            Base::Object(object) => Some(&object.version),
            Base::Absent(version) => version.as_ref(),
            Base::Unknown => None,
        };
        let version = state.version.as_ref().or(known).map_or("", |version| version);
        let seconds = WATCH + self.random.u64(0..WATCH / 4);
        let path = self.options.place.watch(state.lock, version, seconds);
        // Set before, for the case that the attempt is broken off.
        self.states[index].watch_due = self.now() + WATCH_RETRY[1].mul_f64(0.5 + self.random.f64());
        let opened = self.api.stream(&path, WATCH_IDLE).await;
        let now = self.now();
        let state = &mut self.states[index];
        match opened {
            Ok(stream) => {
                state.watch = Some(Watch::new(state.lock, stream));
                state.watch_since = now;
                self.watched(index, true);
            }
            Err(error) => {
                if error.status() == Some(403) {
                    state.watch_due = now + WATCH_RETRY[0].mul_f64(1.0 + 0.2 * self.random.f64());
                } else if let Some(wish) = error.retry_after() {
                    state.watch_due = state.watch_due.max(now + wish);
                }
                self.watched(index, false);
            }
        }
    }

    pub(super) fn watched(&mut self, index: usize, watched: bool) {
        let now = self.now();
        let state = &mut self.states[index];
        self.elector.watching(now, state.lock, watched);
        if state.watched.replace(watched) != Some(watched) {
            (self.options.told)(ElectionEvent::Watched(state.lock, watched));
        }
    }

    pub(super) fn seen(&mut self, index: usize, seen: Seen) {
        let state = &mut self.states[index];
        let view = match seen {
            Seen::Bookmark(version) => {
                state.version = Some(version);
                return;
            }
            Seen::Object(object) => {
                let view = object.view.clone();
                (state.base, state.version) = (Base::Object(object), None);
                view
            }
            Seen::Deleted(version) => {
                (state.base, state.version) = (Base::Absent(version), None);
                View::Absent
            }
        };
        let now = (self.options.now)().monotonic;
        self.elector.notice(now, self.states[index].lock, view);
    }

    pub(super) async fn ended(&mut self, index: usize, end: End) {
        match end {
            // The next one begins at once where this one ended, so that nothing is missed and nothing need be read.
            End::Done if self.now() >= self.states[index].watch_since + SHORT_WATCH => {
                self.states[index].watch = None;
                return self.open(index).await;
            }
            End::Done => {}
            End::Expired => self.states[index].version = None,
            End::Broken(error) => {
                self.states[index].fails = true;
                (self.options.told)(ElectionEvent::Failed(self.states[index].lock, error));
            }
        }
        self.unwatch(index);
        // Time to read once, which is where the next one begins.
        self.states[index].watch_due = self.now() + Duration::from_secs(6).mul_f64(1.0 + self.random.f64());
    }

    pub(super) fn unwatch(&mut self, index: usize) {
        let now = self.now();
        self.states[index].watch = None;
        self.elector.watching(now, self.states[index].lock, false);
    }
}

async fn next<S: Pieces>(watch: &mut Option<&mut Watch<S>>) -> Result<Seen, End> {
    match watch {
        Some(watch) => watch.next().await,
        None => std::future::pending().await,
    }
}
