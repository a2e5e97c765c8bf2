//! A board with one line for each component: its state, since when, its last success, and words.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::scrubbed;

/// How every component is; a clone is another handle on the same board.
#[derive(Debug, Clone, Default)]
pub struct Board {
    lines: Arc<Mutex<BTreeMap<Arc<str>, Status>>>,
}

/// One component's handle on its own line; a clone writes the same line.
///
/// Every `now` is the wall time since the Unix epoch.
#[derive(Debug, Clone, Default)]
pub struct Status(Arc<Mutex<Line>>);

/// A line of the board as it stood when the snapshot was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The section's singular and the component's id: `receiver/awscontainerinsightreceiver`.
    pub component: Arc<str>,
    /// How it is.
    pub state: State,
    /// Wall time at which it came to this state; zero before its first word.
    pub since: Duration,
    /// Wall time at which it last said `ok`; `None` where it never did.
    pub last_success: Option<Duration>,
    /// What is the matter, without secrets; empty where nothing is.
    pub words: String,
    /// What it knows, by name.
    pub facts: Vec<Fact>,
}

/// Something that a component has found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// What it is called.
    pub name: &'static str,
    /// What it is, without secrets.
    pub value: String,
    /// From where.
    pub origin: &'static str,
}

/// How a component is, from good to bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum State {
    /// Not at work yet.
    #[default]
    Starting,
    /// At work, nothing lost.
    Ok,
    /// At work, with something missing.
    Degraded,
    /// Not at work: what it should do is lost.
    Failed,
}

#[derive(Debug, Default)]
struct Line {
    state: State,
    since: Duration,
    last_success: Option<Duration>,
    words: String,
    facts: Vec<Fact>,
    /// Facts that are set one by one.
    further: Vec<Fact>,
}

impl Board {
    /// The handle of this component, whose line is made where it is new.
    #[must_use]
    pub fn component(&self, name: &str) -> Status {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(status) = lines.get(name) {
            return status.clone();
        }
        lines.entry(name.into()).or_default().clone()
    }

    /// Every line, ordered by component.
    #[must_use]
    pub fn snapshot(&self) -> Vec<Standing> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().map(|(component, status)| status.standing(component.clone())).collect()
    }
}

impl Status {
    /// Says that the component is not at work yet.
    pub fn starting(&self, now: Duration) {
        self.write(State::Starting, now, "");
    }

    /// Says that the component's work just succeeded in full.
    pub fn ok(&self, now: Duration) {
        self.write(State::Ok, now, "");
    }

    /// Says that the component is at work with something missing.
    pub fn degraded(&self, now: Duration, words: &str) {
        self.write(State::Degraded, now, words);
    }

    /// Says that the component's work is lost.
    pub fn failed(&self, now: Duration, words: &str) {
        self.write(State::Failed, now, words);
    }

    /// Shows what the component knows, in place of what it knew before.
    pub fn facts(&self, facts: Vec<Fact>) {
        self.lock().facts = facts;
    }

    /// Shows one thing that the component knows, beside what [`Status::facts`] shows.
    pub fn fact(&self, fact: Fact) {
        let mut line = self.lock();
        match line.further.iter_mut().find(|known| known.name == fact.name) {
            Some(known) => *known = fact,
            None => line.further.push(fact),
        }
    }

    fn write(&self, state: State, now: Duration, words: &str) {
        // Words quote errors, and errors quote what they failed at.
        let words = scrubbed(words);
        let mut line = self.lock();
        // A state said again goes on from when it began; only its words may be new.
        if line.state != state || line.since.is_zero() {
            line.state = state;
            line.since = now;
        }
        if line.words != words {
            line.words = words.into_owned();
        }
        if state == State::Ok {
            line.last_success = Some(now);
        }
    }

    fn standing(&self, component: Arc<str>) -> Standing {
        let line = self.lock();
        Standing {
            component,
            state: line.state,
            since: line.since,
            last_success: line.last_success,
            words: line.words.clone(),
            facts: line.facts.iter().chain(&line.further).cloned().collect(),
        }
    }

    // A line holds plain values: a thread that panicked left nothing half-written that would mislead.
    fn lock(&self) -> MutexGuard<'_, Line> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The state as one lower-case word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Ok => "ok",
            Self::Degraded => "degraded",
            Self::Failed => "failed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Board, Duration, Standing, State};

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_state_said_again_keeps_its_beginning() {
        let board = Board::default();
        let status = board.component("exporter/awsemf");
        status.starting(at(1));
        status.ok(at(2));
        status.ok(at(3));
        status.degraded(at(4), "throttled");
        board.component("exporter/awsemf").degraded(at(5), "still throttled");
        let expected = Standing {
            component: "exporter/awsemf".into(),
            state: State::Degraded,
            since: at(4),
            last_success: Some(at(3)),
            words: "still throttled".into(),
            facts: Vec::new(),
        };
        assert_eq!(board.snapshot(), [expected]);
        status.ok(at(6));
        assert_eq!(board.snapshot()[0].words, "", "words go with their state");
    }

    #[test]
    fn a_board_is_ordered_by_component_and_begins_with_starting() {
        let board = Board::default();
        let _receiver = board.component("receiver/awscontainerinsightreceiver");
        board.component("exporter/awsemf").failed(at(9), "no credentials");
        let lines: Vec<_> = board.snapshot().into_iter().map(|line| (line.component, line.state)).collect();
        assert_eq!(
            lines,
            [
                ("exporter/awsemf".into(), State::Failed),
                ("receiver/awscontainerinsightreceiver".into(), State::Starting),
            ]
        );
        assert!(State::Failed > State::Degraded, "the worst of a board is its greatest");
    }
}
