//! The election's rules, as a machine that does nothing itself and is told the time.
//!
//! A lock is ours for [`TERM`] after the moment a successful write was *sent*; others keep away for at least a record's
//! lease, usually [`LEASE`], after the moment they *saw* it change. The first ends before the second for any clocks
//! of two nodes, as long as both count the time a machine was suspended (`CLOCK_BOOTTIME`).

mod side;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

use std::time::Duration;

use side::LockObject;

use super::lock::{Lock, View};
use super::record::{LEASE, Record};

/// For how long a lock is ours after a successful write was sent: 40 s.
pub const TERM: Duration = Duration::from_secs(40);
/// How often a lock that is ours is renewed: 15 s.
pub const RENEW: Duration = Duration::from_secs(15);
/// How long a lock that has no record is left alone: its former holder has noticed by then.
const ORPHANED: Duration = Duration::from_secs(41);
/// How soon a lock that was refused for the first time is tried again: an API server that starts refuses for a while
/// what it will allow.
const REFUSED_FIRST: Duration = Duration::from_secs(30);
/// How soon a lock that may not be written is tried again, where another decides.
const REFUSED: Duration = Duration::from_secs(600);
/// The same where none may be written.
const ALL_REFUSED: Duration = Duration::from_secs(120);
/// The longest wait after failures: of a holder, whose term runs out, and of a candidate.
const BACKOFF: [Duration; 2] = [Duration::from_secs(5), Duration::from_secs(30)];
/// The longest that a server's wish to be left alone is followed.
const LONGEST_WISH: Duration = Duration::from_secs(60);
/// How often an object is asked or told something while all is given back.
const LAST_TRIES: u32 = 3;

/// Which objects are the lock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    /// Both, as far as they may be written.
    #[default]
    Both,
    /// The ConfigMap.
    ConfigMapOnly,
    /// The Lease.
    LeaseOnly,
}

impl Mode {
    /// Whether this object is a part of the lock.
    #[must_use]
    pub fn wants(self, lock: Lock) -> bool {
        match self {
            Self::Both => true,
            Self::ConfigMapOnly => lock == Lock::ConfigMap,
            Self::LeaseOnly => lock == Lock::Lease,
        }
    }
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Read an object.
    Read(Lock),
    /// Write a record over what was last seen of an object, or create it where it was last seen missing.
    Write {
        /// The object.
        lock: Lock,
        /// What it is to say.
        record: Record,
        /// Whether the lock is given back by it.
        releases: bool,
    },
}

impl Action {
    /// The object.
    #[must_use]
    pub fn lock(&self) -> Lock {
        match self {
            Self::Read(lock) | Self::Write { lock, .. } => *lock,
        }
    }
}

/// What to do now, or when to ask again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What is to be done now; `None` where nothing is.
    pub action: Option<Action>,
    /// When there will be something to do, unless something is seen before.
    pub due: Duration,
}

/// What became of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The object was read, or found missing.
    Seen(View),
    /// The record was written.
    Written,
    /// The object isn't what was last seen of it: nothing was written.
    Conflict,
    /// There is no object to be written over.
    Missing,
    /// We may not.
    Forbidden,
    /// Anything else; what was to be written may have been written.
    Failed {
        /// How long the server wants to be left alone.
        retry_after: Option<Duration>,
    },
}

/// Something worth a line in the log. Each is said once until its opposite happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// The object may not be read or written; the other alone decides, or no agent leads.
    Refused(Lock),
    /// The object may be written after all.
    Granted(Lock),
    /// The object's record is nonsense. It is left alone for as long as a lease and then written over.
    Unreadable(Lock),
    /// Another agent uses our identity. We keep away while it does.
    IdentityConflict(Lock),
}

/// One agent's part in the election.
#[derive(Debug)]
pub struct Elector {
    identity: String,
    sides: Vec<LockObject>,
    random: fastrand::Rng,
    releasing: bool,
    notices: Vec<Notice>,
}

impl Elector {
    /// An agent that begins `now`, under an identity of its own; `seed` spreads the agents of a cluster over time.
    #[must_use]
    pub fn new(identity: &str, mode: Mode, seed: u64, now: Duration) -> Self {
        let wanted = Lock::ALL.into_iter().filter(|lock| mode.wants(*lock));
        Self {
            identity: identity.to_owned(),
            sides: wanted.map(|lock| LockObject::new(lock, now)).collect(),
            random: fastrand::Rng::with_seed(seed),
            releasing: false,
            notices: Vec::new(),
        }
    }

    /// Until when we lead, if nothing more is heard; `None` where we don't. May lie in the past.
    #[must_use]
    pub fn leads_until(&self) -> Option<Duration> {
        if self.releasing {
            return None;
        }
        let mut required = self.sides.iter().filter(|side| side.required);
        let first = required.next()?.held_until?;
        required.try_fold(first, |until, side| Some(until.min(side.held_until?)))
    }

    /// What to do `now`; `wall` is what records are stamped with.
    pub fn next(&mut self, now: Duration, wall: Duration) -> Step {
        let mut best: Option<(Duration, usize, Plan)> = None;
        let mut add = |due: Duration, index: usize, plan: Plan| {
            if best.as_ref().is_none_or(|(first, ..)| due.max(now) < (*first).max(now)) {
                best = Some((due, index, plan));
            }
        };
        if self.releasing {
            // In reverse order: who waits for the first must then find the second free.
            if let Some((index, side)) = self.sides.iter().enumerate().rev().find(|(_, side)| side.to_release) {
                let plan = if side.view.is_none() { Plan::Read } else { Plan::Release };
                add(side.not_before, index, plan);
            }
        } else {
            let (mut blocked, mut anothers) = (false, false);
            for (index, side) in self.sides.iter().enumerate() {
                for (due, plan) in side.plans(&self.identity, blocked, anothers).into_iter().flatten() {
                    add(due, index, plan);
                }
                let held = side.is_held(now);
                blocked |= side.required && !held;
                anothers |= !held && side.is_anothers(&self.identity);
            }
        }
        let Some((due, index, plan)) = best else { return Step { action: None, due: now + LEASE } };
        if due > now {
            return Step { action: None, due };
        }
        let side = &mut self.sides[index];
        let action = match plan {
            Plan::Read => Action::Read(side.lock),
            Plan::Write => side.write(&self.identity, now, wall),
            Plan::Release => side.release(wall),
        };
        Step { action: Some(action), due: now }
    }

    /// What became of an action that was begun at `sent`.
    pub fn answer(&mut self, now: Duration, sent: Duration, action: &Action, outcome: Outcome) {
        let Some(index) = self.sides.iter().position(|side| side.lock == action.lock()) else { return };
        let is_last = self.sides.iter().enumerate().all(|(other, side)| other == index || side.refused.is_some());
        let side = &mut self.sides[index];
        if self.releasing {
            side.tries += 1;
            side.to_release &= side.tries < LAST_TRIES;
        }
        match outcome {
            Outcome::Seen(view) => {
                (side.failures, side.not_before) = (0, now);
                (side.read_due, side.extra) = (now + seconds(&mut self.random, 18.0, 20.0), false);
                let unchanged = side.view.as_ref() == Some(&view) && side.is_anothers(&self.identity);
                self.see(index, now, view);
                // A holder that missed a renewal is probably gone: whether the next lock's is gone too must be known
                // when this one's time is over.
                for later in &mut self.sides[index + 1..] {
                    later.extra |= unchanged && !later.watched;
                }
            }
            Outcome::Written => {
                let Action::Write { record, releases, .. } = action else { return };
                if std::mem::take(&mut side.said_refused) {
                    self.notices.push(Notice::Granted(side.lock));
                }
                side.written(now, sent, record, *releases);
            }
            Outcome::Conflict => {
                let wait = if side.is_held(now) { Duration::ZERO } else { seconds(&mut self.random, 0.1, 1.0) };
                side.conflict(now, wait);
            }
            Outcome::Missing => {
                side.forget();
                self.see(index, now, View::Absent);
            }
            // A right that was there a moment ago may be back in a moment.
            Outcome::Forbidden if side.is_held(now) && !self.releasing => side.failed(now, None, &mut self.random),
            Outcome::Forbidden => {
                let wait = match std::mem::replace(&mut side.said_refused, true) {
                    false => REFUSED_FIRST,
                    true if is_last => ALL_REFUSED,
                    true => REFUSED,
                };
                if wait == REFUSED_FIRST {
                    self.notices.push(Notice::Refused(side.lock));
                }
                side.refused = Some(now + wait.mul_f64(1.0 + 0.2 * self.random.f64()));
                (side.required, side.held_until, side.to_release) = (false, None, false);
            }
            Outcome::Failed { retry_after } => side.failed(now, retry_after, &mut self.random),
        }
    }

    /// What a watch says of an object.
    pub fn notice(&mut self, now: Duration, lock: Lock, view: View) {
        if let Some(index) = self.sides.iter().position(|side| side.lock == lock) {
            self.see(index, now, view);
        }
    }

    /// Whether every change of an object will be told by [`Elector::notice`], so that it needn't be read.
    pub fn watching(&mut self, now: Duration, lock: Lock, watched: bool) {
        for side in self.sides.iter_mut().filter(|side| side.lock == lock) {
            if side.watched && !watched {
                // Something may have been missed.
                side.read_due = now + seconds(&mut self.random, 0.0, 5.0);
            }
            side.watched = watched;
        }
    }

    /// Whether it is worth watching an object.
    #[must_use]
    pub fn wants_watch(&self, now: Duration, lock: Lock) -> bool {
        let wants = |side: &LockObject| {
            let known = side.view.is_some() || side.watched;
            side.refused.is_none() && known && !side.is_held(now) && !side.is_ours(&self.identity)
        };
        !self.releasing && self.sides.iter().any(|side| side.lock == lock && wants(side))
    }

    /// From now on we don't lead, and give back what we hold.
    pub fn release(&mut self, now: Duration) {
        if std::mem::replace(&mut self.releasing, true) {
            return;
        }
        for side in &mut self.sides {
            let is_ours = side.is_ours(&self.identity);
            // What failed may have been written all the same.
            let unsure = !side.own.is_empty() && (side.view.is_none() || side.failures > 0);
            side.to_release = side.refused.is_none() && (is_ours || unsure);
            if !is_ours {
                side.forget();
            }
            side.not_before = now;
        }
    }

    /// Whether all that was held is given back, as far as that can be had.
    #[must_use]
    pub fn is_released(&self) -> bool {
        self.releasing && self.sides.iter().all(|side| !side.to_release)
    }

    /// What is worth a line in the log since the last call.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }

    fn see(&mut self, index: usize, now: Duration, view: View) {
        let side = &mut self.sides[index];
        let spread = if side.watched { 2.0 } else { 0.5 };
        let jitter = seconds(&mut self.random, 0.0, spread);
        let odd = |side: &LockObject| match &side.view {
            Some(View::Unreadable(_)) => Some(Notice::Unreadable(side.lock)),
            Some(View::Record(record)) if record.holder == self.identity && !side.is_ours(&self.identity) => {
                Some(Notice::IdentityConflict(side.lock))
            }
            _ => None,
        };
        let before = odd(side);
        side.see(&self.identity, now, view, jitter);
        let after = odd(side);
        if after != before {
            self.notices.extend(after);
        }
    }
}

/// What could be done about one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plan {
    Read,
    Write,
    Release,
}

fn seconds(random: &mut fastrand::Rng, from: f64, to: f64) -> Duration {
    Duration::from_secs_f64(from + (to - from) * random.f64())
}
