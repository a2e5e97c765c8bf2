//! A board with one line for each component: its state, since when, its last success, what leaves it, and message.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::scrubbed;

/// How every component is; a clone is another handle on the same board.
#[derive(Debug, Clone, Default)]
pub struct HealthBoard {
    lines: Arc<Mutex<BTreeMap<Arc<str>, Status>>>,
}

/// One component's handle on its own line; a clone writes the same line.
///
/// Every `now` is the wall time since the Unix epoch; every `monotonic` is that of the monotonic clock.
#[derive(Debug, Clone, Default)]
pub struct Status(Arc<Mutex<Line>>);

/// A line of the board as it stood when the snapshot was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComponentHealth {
    /// The section's singular and the component's id: `receiver/awscontainerinsightreceiver`.
    pub component: Arc<str>,
    /// How it is.
    pub state: State,
    /// Wall time at which it came to this state; zero before its first word.
    pub since: Duration,
    /// Wall time at which it last said `ok`; `None` where it never did.
    pub last_success: Option<Duration>,
    /// What is the matter, without secrets; empty where nothing is.
    pub message: String,
    /// What it knows, by name.
    pub facts: Vec<Fact>,
    /// Whether what it makes leaves it.
    pub output: Output,
}

/// What leaves a component, on the monotonic clock: a wall clock that is set must not make an agent unready.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Output {
    /// When something left it last: a round a receiver, events an exporter. `None` where nothing ever did.
    pub last: Option<Duration>,
    /// Since when something waits to leave and nothing has left; `None` where nothing waits.
    pub waiting_since: Option<Duration>,
    /// The longest time between two outputs while all is well; `None` where it depends on others.
    pub every: Option<Duration>,
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
    message: String,
    facts: Vec<Fact>,
    /// Facts that are set one by one.
    further: Vec<Fact>,
    output: Output,
}

impl HealthBoard {
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
    pub fn snapshot(&self) -> Vec<ComponentHealth> {
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
    pub fn degraded(&self, now: Duration, message: &str) {
        self.write(State::Degraded, now, message);
    }

    /// Says that the component's work is lost.
    pub fn failed(&self, now: Duration, message: &str) {
        self.write(State::Failed, now, message);
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

    /// Notes that something left the component at this monotonic time: a round, or events that were stored.
    pub fn output(&self, monotonic: Duration) {
        let mut line = self.lock();
        line.output.last = Some(monotonic);
        line.output.waiting_since = None;
    }

    /// Notes that something tries to leave the component; it is waiting from the first such moment after an output.
    pub fn output_waits(&self, monotonic: Duration) {
        self.lock().output.waiting_since.get_or_insert(monotonic);
    }

    /// Notes that nothing waits to leave any more, though nothing left: it was dropped for a reason of its own.
    pub fn output_settled(&self) {
        self.lock().output.waiting_since = None;
    }

    /// Says how far apart two outputs are at most while all is well.
    pub fn output_every(&self, longest: Duration) {
        self.lock().output.every = Some(longest);
    }

    fn write(&self, state: State, now: Duration, message: &str) {
        // Words quote errors, and errors quote what they failed at.
        let message = scrubbed(message);
        let mut line = self.lock();
        // A state said again goes on from when it began; only its message may be new.
        if line.state != state || line.since.is_zero() {
            line.state = state;
            line.since = now;
        }
        if line.message != message {
            line.message = message.into_owned();
        }
        if state == State::Ok {
            line.last_success = Some(now);
        }
    }

    fn standing(&self, component: Arc<str>) -> ComponentHealth {
        let line = self.lock();
        ComponentHealth {
            component,
            state: line.state,
            since: line.since,
            last_success: line.last_success,
            message: line.message.clone(),
            facts: line.facts.iter().chain(&line.further).cloned().collect(),
            output: line.output,
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
    use super::{ComponentHealth, Duration, HealthBoard, Output, State};

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_state_said_again_keeps_its_beginning() {
        let board = HealthBoard::default();
        let status = board.component("exporter/awsemf");
        status.starting(at(1));
        status.ok(at(2));
        status.ok(at(3));
        status.degraded(at(4), "throttled");
        board.component("exporter/awsemf").degraded(at(5), "still throttled");
        let expected = ComponentHealth {
            component: "exporter/awsemf".into(),
            state: State::Degraded,
            since: at(4),
            last_success: Some(at(3)),
            message: "still throttled".into(),
            facts: Vec::new(),
            output: Output::default(),
        };
        assert_eq!(board.snapshot(), [expected]);
        status.ok(at(6));
        assert_eq!(board.snapshot()[0].message, "", "message go with their state");
    }

    #[test]
    fn what_waits_waits_from_its_first_attempt_until_something_leaves() {
        let board = HealthBoard::default();
        let status = board.component("exporter/awsemf");
        let output = || board.snapshot()[0].output;
        status.output_waits(at(10));
        status.output_waits(at(20));
        assert_eq!(output(), Output { last: None, waiting_since: Some(at(10)), every: None });
        status.output(at(30));
        assert_eq!(output(), Output { last: Some(at(30)), waiting_since: None, every: None });
        status.output_waits(at(40));
        status.output_settled();
        assert_eq!(output(), Output { last: Some(at(30)), waiting_since: None, every: None });
    }

    #[test]
    fn a_board_is_ordered_by_component_and_begins_with_starting() {
        let board = HealthBoard::default();
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
