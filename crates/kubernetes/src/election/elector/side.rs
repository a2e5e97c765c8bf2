//! What an agent knows of one of the lock's objects, and what it could do about it.

use std::time::Duration;

use super::{BACKOFF, LONGEST_WISH, ORPHANED, Plan, RENEW, TERM};
use crate::election::elector::Action;
use crate::election::lock::{Lock, View};
use crate::election::record::{LEASE, Record};

/// How many of our own writes are remembered.
const OWN: usize = 16;

#[derive(Debug)]
pub(super) struct LockObject {
    pub(super) lock: Lock,
    /// Since when and until when it may not be used: the time to try again.
    pub(super) refused: Option<Duration>,
    pub(super) said_refused: bool,
    /// Whether we lead only while we hold it.
    pub(super) required: bool,
    /// What was last seen of it; `None` where that is known to be out of date, or nothing was seen yet.
    pub(super) view: Option<View>,
    /// What was seen before a write came too late: who wrote may have left the record as it was.
    last: Option<View>,
    /// When what is or was seen was seen first.
    since: Duration,
    /// How long after its time a lock is taken, so that the agents of a cluster don't do it in the same moment.
    jitter: Duration,
    /// Whether changes are told without asking.
    pub(super) watched: bool,
    /// When it is read, while it isn't ours and isn't watched.
    pub(super) read_due: Duration,
    /// Read it although another one is in the way.
    pub(super) extra: bool,
    /// Nothing is done before, because something failed.
    pub(super) not_before: Duration,
    pub(super) failures: u32,
    /// Until when it is ours.
    pub(super) held_until: Option<Duration>,
    renew_due: Duration,
    /// The last records that we wrote or tried to, and when.
    pub(super) own: Vec<(Record, Duration)>,
    /// Still to be given back before the end, and how often that was tried.
    pub(super) to_release: bool,
    pub(super) tries: u32,
}

impl LockObject {
    pub(super) fn new(lock: Lock, now: Duration) -> Self {
        Self {
            lock,
            refused: None,
            said_refused: false,
            required: true,
            view: None,
            last: None,
            since: now,
            jitter: Duration::ZERO,
            watched: false,
            read_due: now,
            extra: false,
            not_before: now,
            failures: 0,
            held_until: None,
            renew_due: now,
            own: Vec::new(),
            to_release: false,
            tries: 0,
        }
    }

    /// Whether it is ours at this moment.
    pub(super) fn is_held(&self, now: Duration) -> bool {
        self.held_until.is_some_and(|until| now < until)
    }

    /// Whether its record is ours. Before we wrote anything that is one of our identity: we were restarted.
    pub(super) fn is_ours(&self, identity: &str) -> bool {
        matches!(&self.view, Some(View::Record(record))
            if record.holder == identity && (self.own.is_empty() || self.sent(record).is_some()))
    }

    /// When a record was written that is one of ours.
    fn sent(&self, record: &Record) -> Option<Duration> {
        self.own.iter().find(|(own, _)| own == record).map(|(_, sent)| *sent)
    }

    /// Whether another agent has it, as far as we know.
    pub(super) fn is_anothers(&self, identity: &str) -> bool {
        match &self.view {
            Some(View::Record(record)) => !record.holder.is_empty() && !self.is_ours(identity),
            Some(View::Unreadable(_)) => true,
            Some(View::Absent | View::Bare) | None => false,
        }
    }

    /// When what is seen now may be written over.
    fn take_due(&self, identity: &str) -> Duration {
        let wait = match &self.view {
            None | Some(View::Absent | View::Bare) => ORPHANED,
            Some(View::Unreadable(_)) => LEASE,
            Some(View::Record(record)) if record.holder.is_empty() => Duration::ZERO,
            Some(View::Record(_)) if self.is_ours(identity) => return self.renew_due,
            Some(View::Record(record)) => record.lease(),
        };
        self.since + wait + self.jitter
    }

    /// What could be done, and when. `blocked`: a lock that comes before isn't ours; `anothers`: another agent has it.
    pub(super) fn plans(&self, identity: &str, blocked: bool, anothers: bool) -> [Option<(Duration, Plan)>; 2] {
        let wait = |due: Duration| due.max(self.not_before);
        if let Some(again) = self.refused {
            return [Some((again, Plan::Read)), None];
        }
        if self.view.is_none() {
            return [Some((wait(self.read_due), Plan::Read)), None];
        }
        let is_ours = self.is_ours(identity);
        if is_ours && anothers {
            // Who has the first lock may be waiting for this one.
            return [Some((self.not_before, Plan::Release)), None];
        }
        let lost = self.held_until.is_some() && matches!(self.view, Some(View::Absent | View::Bare));
        if is_ours || lost {
            return [Some((wait(self.renew_due), Plan::Write)), None];
        }
        let take = Some((wait(self.take_due(identity)), Plan::Write)).filter(|_| !blocked);
        let read = Some((wait(self.read_due), Plan::Read)).filter(|_| !self.watched && !blocked);
        let extra = Some((self.not_before, Plan::Read)).filter(|_| self.extra);
        [take, extra.or(read)]
    }

    /// What was read, or told by a watch.
    pub(super) fn see(&mut self, identity: &str, now: Duration, view: View, jitter: Duration) {
        self.refused = None;
        let last = self.last.take();
        let same = self.view.as_ref().or(last.as_ref()) == Some(&view);
        self.view = Some(view);
        if !same {
            (self.since, self.jitter) = (now, jitter);
        }
        let is_ours = self.is_ours(identity);
        self.to_release &= is_ours;
        if is_ours || matches!(self.view, Some(View::Absent | View::Bare)) {
            // Written again at once, if it was ours: no other agent takes it as soon.
            self.renew_due = now;
            self.held_until = self.held_until.filter(|until| now < *until);
            // It stands there, so it was written, though perhaps its answer was lost.
            if let Some(View::Record(record)) = &self.view
                && let Some(sent) = self.sent(record)
            {
                self.renew_due = sent + RENEW;
                self.held_until = Some(sent + TERM).max(self.held_until);
                self.required = true;
            }
        } else {
            self.held_until = None;
        }
        self.required |= self.is_anothers(identity) && now < self.take_due(identity);
    }

    /// A write that was accepted.
    pub(super) fn written(&mut self, now: Duration, sent: Duration, record: &Record, releases: bool) {
        (self.view, self.last, self.since) = (Some(View::Record(record.clone())), None, now);
        (self.failures, self.not_before, self.refused) = (0, now, None);
        if releases {
            (self.held_until, self.to_release) = (None, false);
        } else {
            self.required = true;
            self.held_until = Some(sent + TERM);
            self.renew_due = sent + RENEW;
        }
    }

    /// Something failed: when to try again.
    pub(super) fn failed(&mut self, now: Duration, wish: Option<Duration>, random: &mut fastrand::Rng) {
        let most = BACKOFF[usize::from(!self.is_held(now))];
        let wait = Duration::from_secs(1 << self.failures.min(6)).min(most).mul_f64(0.75 + 0.5 * random.f64());
        self.failures = self.failures.saturating_add(1);
        self.not_before = now + wait.max(wish.unwrap_or_default().min(LONGEST_WISH));
    }

    /// A write that came too late.
    pub(super) fn conflict(&mut self, now: Duration, wait: Duration) {
        self.forget();
        self.read_due = now + wait;
        // Another agent wrote: soon known which, or no longer ours.
        self.held_until = self.held_until.map(|until| until.min(now + Duration::from_secs(2)));
    }

    /// What was seen last is out of date.
    pub(super) fn forget(&mut self) {
        self.last = self.view.take().or(self.last.take());
    }

    /// The record that takes the lock or renews it.
    pub(super) fn write(&mut self, identity: &str, now: Duration, wall: Duration) -> Action {
        let wall = self.stamp(wall);
        let mut record = Record {
            holder: identity.to_owned(),
            lease: Some(LEASE),
            acquired: Some(wall),
            renewed: Some(wall),
            transitions: 0,
        };
        if let Some(View::Record(last)) = &self.view {
            if last.holder == identity {
                record.acquired = last.acquired.or(record.acquired);
                record.transitions = last.transitions;
            } else {
                record.transitions = last.transitions.saturating_add(1);
            }
        }
        if self.own.len() == OWN {
            self.own.remove(0);
        }
        self.own.push((record.clone(), now));
        Action::Write { lock: self.lock, record, releases: false }
    }

    /// The record that gives the lock back, as the client library writes it.
    pub(super) fn release(&mut self, wall: Duration) -> Action {
        let wall = self.stamp(wall);
        let transitions = match &self.view {
            Some(View::Record(last)) => last.transitions,
            _ => 0,
        };
        let lease = Some(Duration::from_secs(1));
        let record = Record { holder: String::new(), lease, acquired: Some(wall), renewed: Some(wall), transitions };
        Action::Write { lock: self.lock, record, releases: true }
    }

    /// The time as the object keeps it, so that what we wrote is known again.
    fn stamp(&self, wall: Duration) -> Duration {
        match self.lock {
            Lock::ConfigMap => Duration::from_secs(wall.as_secs()),
            Lock::Lease => Duration::new(wall.as_secs(), wall.subsec_micros() * 1000),
        }
    }
}
