//! One rule at a time, against answers made by hand.

use super::*;

const WALL: Duration = Duration::from_secs(1_795_612_498);

fn at(seconds: f64) -> Duration {
    Duration::from_secs_f64(1000.0 + seconds)
}

fn record(holder: &str, renewed: u64) -> View {
    View::Record(Record {
        holder: holder.into(),
        lease: Some(LEASE),
        renewed: Some(Duration::from_secs(renewed)),
        ..Record::default()
    })
}

struct Agent {
    elector: Elector,
    now: f64,
}

impl Agent {
    fn new(mode: Mode) -> Self {
        Self { elector: Elector::new("me", mode, 1, at(0.0)), now: 0.0 }
    }

    /// The next action, and when it comes.
    fn next(&mut self) -> (f64, Action) {
        for _ in 0..100 {
            let now = at(self.now);
            let step = self.elector.next(now, WALL + now);
            match step.action {
                Some(action) => return (self.now, action),
                None => self.now = step.due.as_secs_f64() - 1000.0,
            }
        }
        panic!("nothing is ever to be done");
    }

    fn answer(&mut self, action: &Action, outcome: Outcome) {
        self.elector.answer(at(self.now), at(self.now), action, outcome);
    }

    /// Expects a read of an object and answers it.
    fn read(&mut self, lock: Lock, view: View) -> f64 {
        let (when, action) = self.next();
        assert_eq!(action, Action::Read(lock), "at {when}");
        self.answer(&action, Outcome::Seen(view));
        when
    }

    /// Expects a write and answers it.
    fn write(&mut self, lock: Lock, outcome: Outcome) -> (f64, Record) {
        let (when, action) = self.next();
        let Action::Write { lock: written, record, .. } = &action else { panic!("{action:?} at {when}") };
        assert_eq!(*written, lock, "at {when}");
        let record = record.clone();
        self.answer(&action, outcome);
        (when, record)
    }

    fn leads(&self) -> bool {
        self.elector.leads_until().is_some_and(|until| at(self.now) < until)
    }

    /// Both locks found given back, and taken.
    fn leading() -> Self {
        let mut agent = Self::new(Mode::Both);
        agent.read(Lock::ConfigMap, record("", 1));
        agent.read(Lock::Lease, record("", 1));
        agent.write(Lock::ConfigMap, Outcome::Written);
        assert!(!agent.leads(), "the ConfigMap alone");
        agent.write(Lock::Lease, Outcome::Written);
        assert!(agent.leads());
        agent
    }
}

#[test]
fn a_leader_renews_each_lock_every_15_seconds_without_reading() {
    let mut agent = Agent::leading();
    let begin = agent.now;
    for round in 1..=8 {
        let (when, first) = agent.write(Lock::ConfigMap, Outcome::Written);
        assert!((when - begin - 15.0 * f64::from(round)).abs() < 2.0, "{when}");
        assert_eq!((first.holder.as_str(), first.transitions), ("me", 1));
        assert!(first.renewed > first.acquired);
        agent.write(Lock::Lease, Outcome::Written);
    }
    assert!(agent.leads());
}

#[test]
fn a_term_counts_from_when_the_request_was_sent() {
    let mut agent = Agent::leading();
    let (_, action) = agent.next();
    let sent = at(agent.now);
    agent.now += 9.0;
    agent.elector.answer(at(agent.now), sent, &action, Outcome::Written);
    agent.write(Lock::Lease, Outcome::Written);
    assert_eq!(agent.elector.leads_until(), Some(sent + TERM));
}

#[test]
fn a_term_ends_40_seconds_after_the_last_success_while_tries_go_on() {
    let mut agent = Agent::leading();
    let until = agent.elector.leads_until().expect("it leads");
    let mut tries = 0;
    while agent.leads() {
        let (_, action) = agent.next();
        agent.answer(&action, Outcome::Failed { retry_after: None });
        tries += 1;
    }
    assert!(tries >= 8 && at(agent.now) >= until && agent.elector.leads_until() == Some(until));
}

#[test]
fn anothers_lock_is_taken_60_seconds_after_it_was_seen_to_change() {
    let mut agent = Agent::new(Mode::ConfigMapOnly);
    agent.read(Lock::ConfigMap, record("other", 1));
    let changed = agent.read(Lock::ConfigMap, record("other", 2));
    for _ in 0..3 {
        let before = agent.now;
        let when = agent.read(Lock::ConfigMap, record("other", 2));
        assert!((18.0..=20.0).contains(&(when - before)));
    }
    // It doesn't wait for the next read.
    let (when, record) = agent.write(Lock::ConfigMap, Outcome::Written);
    assert!((60.0..60.6).contains(&(when - changed)), "{when} {changed}");
    assert_eq!((record.holder.as_str(), record.transitions), ("me", 1));
}

#[test]
fn the_records_own_lease_counts() {
    let mut agent = Agent::new(Mode::LeaseOnly);
    let lease = Some(Duration::from_secs(10));
    agent.read(Lock::Lease, View::Record(Record { holder: "other".into(), lease, ..Record::default() }));
    let (when, _) = agent.write(Lock::Lease, Outcome::Written);
    assert!((10.0..10.6).contains(&when), "{when}");
}

#[test]
fn nonsense_is_left_alone_for_60_seconds_and_written_over() {
    let mut agent = Agent::new(Mode::ConfigMapOnly);
    agent.read(Lock::ConfigMap, View::Unreadable("me".into()));
    assert_eq!(agent.elector.take_notices(), [Notice::Unreadable(Lock::ConfigMap)]);
    for _ in 0..3 {
        agent.read(Lock::ConfigMap, View::Unreadable("me".into()));
    }
    assert_eq!(agent.elector.take_notices(), []);
    let (when, _) = agent.write(Lock::ConfigMap, Outcome::Written);
    assert!((60.0..60.6).contains(&when), "{when}");
    assert!(agent.leads());
}

#[test]
fn a_missing_object_is_made_once_whoever_lost_it_has_noticed() {
    let mut agent = Agent::new(Mode::ConfigMapOnly);
    for _ in 0..3 {
        agent.read(Lock::ConfigMap, View::Absent);
    }
    let (when, record) = agent.write(Lock::ConfigMap, Outcome::Written);
    assert!((41.0..41.6).contains(&when), "{when}");
    assert_eq!(record.transitions, 0);
}

#[test]
fn a_leader_makes_its_deleted_object_again_at_once() {
    let mut agent = Agent::leading();
    let (when, _) = agent.write(Lock::ConfigMap, Outcome::Missing);
    let (again, _) = agent.write(Lock::ConfigMap, Outcome::Written);
    assert_eq!(when, again);
    agent.write(Lock::Lease, Outcome::Conflict);
    agent.read(Lock::Lease, View::Absent);
    agent.write(Lock::Lease, Outcome::Written);
    assert!(agent.leads());
}

#[test]
fn a_restarted_agent_goes_on_with_its_own_record() {
    let mut agent = Agent::new(Mode::ConfigMapOnly);
    let acquired = Some(Duration::from_secs(7));
    agent.read(
        Lock::ConfigMap,
        View::Record(Record { holder: "me".into(), acquired, transitions: 4, ..Record::default() }),
    );
    assert!(!agent.leads());
    let (when, record) = agent.write(Lock::ConfigMap, Outcome::Written);
    assert_eq!((when, record.acquired, record.transitions), (0.0, acquired, 4));
    assert!(agent.leads());
}

#[test]
fn a_twin_with_our_identity_is_left_alone() {
    let mut agent = Agent::leading();
    agent.write(Lock::ConfigMap, Outcome::Conflict);
    agent.read(Lock::ConfigMap, record("me", 9));
    assert!(!agent.leads());
    assert_eq!(agent.elector.take_notices(), [Notice::IdentityConflict(Lock::ConfigMap)]);
    // Who has the ConfigMap may be waiting for our Lease.
    let (_, released) = agent.write(Lock::Lease, Outcome::Written);
    assert_eq!(released.holder, "");
}

#[test]
fn a_write_whose_answer_was_lost_is_known_again() {
    let mut agent = Agent::new(Mode::ConfigMapOnly);
    agent.read(Lock::ConfigMap, record("", 1));
    let (_, record) = agent.write(Lock::ConfigMap, Outcome::Failed { retry_after: None });
    agent.write(Lock::ConfigMap, Outcome::Conflict);
    agent.read(Lock::ConfigMap, View::Record(record));
    assert!(agent.leads());
    let (when, _) = agent.write(Lock::ConfigMap, Outcome::Written);
    assert!((15.0..16.0).contains(&when), "{when}");
}

#[test]
fn a_leader_whose_write_came_too_late_soon_knows_why_or_stops() {
    let mut agent = Agent::leading();
    let (conflict, _) = agent.write(Lock::ConfigMap, Outcome::Conflict);
    assert!(agent.leads());
    while agent.now < conflict + 2.0 {
        let (_, action) = agent.next();
        let outcome =
            if action.lock() == Lock::Lease { Outcome::Written } else { Outcome::Failed { retry_after: None } };
        agent.answer(&action, outcome);
    }
    assert!(agent.now < conflict + 5.0 && !agent.leads(), "{}", agent.now - conflict);
}

#[test]
fn a_change_of_something_else_does_not_renew_anothers_lock() {
    let mut agent = Agent::new(Mode::ConfigMapOnly);
    for _ in 0..4 {
        agent.read(Lock::ConfigMap, record("other", 1));
    }
    agent.write(Lock::ConfigMap, Outcome::Conflict);
    agent.read(Lock::ConfigMap, record("other", 1));
    let (when, _) = agent.write(Lock::ConfigMap, Outcome::Written);
    assert!(when < 63.0, "{when}");
}

#[test]
fn a_configmap_held_while_the_lease_is_anothers_is_renewed_and_leads_nothing() {
    let mut agent = Agent::new(Mode::Both);
    agent.read(Lock::ConfigMap, record("", 1));
    agent.read(Lock::Lease, record("go", 1));
    let (mut writes, mut reads) = (Vec::new(), Vec::new());
    while agent.now < 300.0 {
        let (when, action) = agent.next();
        match &action {
            Action::Read(Lock::Lease) => {
                reads.push(when);
                agent.answer(&action, Outcome::Seen(record("go", when as u64)));
            }
            Action::Write { lock: Lock::ConfigMap, .. } => {
                writes.push(when);
                agent.answer(&action, Outcome::Written);
            }
            other => panic!("{other:?}"),
        }
        assert!(!agent.leads());
    }
    assert!((19..=21).contains(&writes.len()) && (14..=17).contains(&reads.len()), "{writes:?} {reads:?}");
}

#[test]
fn a_candidate_without_watches_reads_one_lock_and_the_other_once_the_holder_seems_gone() {
    let mut agent = Agent::new(Mode::Both);
    agent.read(Lock::ConfigMap, record("other", 0));
    agent.read(Lock::Lease, record("other", 0));
    let mut reads = 0;
    while agent.now < 600.0 {
        let when = agent.next().0;
        agent.read(Lock::ConfigMap, record("other", when as u64 + 1));
        reads += 1;
    }
    assert!(reads <= 33, "{reads}");
    let gone = 600;
    agent.read(Lock::ConfigMap, record("other", gone));
    let changed = agent.now;
    agent.read(Lock::ConfigMap, record("other", gone));
    agent.read(Lock::Lease, record("other", gone));
    let mut last = None;
    while last.is_none() {
        let (when, action) = agent.next();
        match &action {
            Action::Read(_) => agent.answer(&action, Outcome::Seen(record("other", gone))),
            Action::Write { lock, .. } => {
                agent.answer(&action, Outcome::Written);
                last = Some(when).filter(|_| *lock == Lock::Lease);
            }
        }
    }
    assert!(agent.leads() && agent.now - changed < 82.0, "{}", agent.now - changed);
}

#[test]
fn a_watched_lock_is_never_read() {
    let mut agent = Agent::new(Mode::ConfigMapOnly);
    agent.read(Lock::ConfigMap, record("other", 1));
    agent.elector.watching(at(0.0), Lock::ConfigMap, true);
    agent.elector.notice(at(30.0), Lock::ConfigMap, record("other", 2));
    let (when, _) = agent.write(Lock::ConfigMap, Outcome::Written);
    assert!((90.0..92.1).contains(&when), "{when}");
}

#[test]
fn a_refused_lease_leaves_the_configmap_to_decide_and_is_said_once() {
    let mut agent = Agent::new(Mode::Both);
    agent.read(Lock::ConfigMap, record("", 1));
    let (_, action) = agent.next();
    assert_eq!(action, Action::Read(Lock::Lease));
    agent.answer(&action, Outcome::Forbidden);
    agent.write(Lock::ConfigMap, Outcome::Written);
    assert!(agent.leads());
    let mut asked = Vec::new();
    while agent.now < 2000.0 {
        let (when, action) = agent.next();
        let outcome = if action.lock() == Lock::Lease { Outcome::Forbidden } else { Outcome::Written };
        asked.extend((action.lock() == Lock::Lease).then_some(when));
        agent.answer(&action, outcome);
        assert!(agent.leads());
    }
    assert!((3..=4).contains(&asked.len()) && asked[0] < 36.1, "{asked:?}");
    assert_eq!(agent.elector.take_notices(), [Notice::Refused(Lock::Lease)]);
}

#[test]
fn a_right_that_is_gone_for_a_moment_costs_nothing() {
    let mut agent = Agent::leading();
    for outcome in [Outcome::Forbidden, Outcome::Written] {
        for _ in 0..6 {
            let (_, action) = agent.next();
            agent.answer(&action, outcome.clone());
            assert!(agent.leads());
        }
    }
    assert_eq!(agent.elector.take_notices(), []);
}

#[test]
fn a_right_that_stays_away_ends_the_term_and_then_leaves_the_other_to_decide() {
    let mut agent = Agent::leading();
    let (mut led, mut ended) = (agent.now, false);
    while agent.now < 200.0 {
        let (_, action) = agent.next();
        let outcome = if action.lock() == Lock::Lease { Outcome::Forbidden } else { Outcome::Written };
        if agent.leads() && !ended {
            led = agent.now;
        }
        ended |= !agent.leads();
        agent.answer(&action, outcome);
    }
    assert!(ended && led < 40.0 && agent.leads(), "{led}");
}

/// A leader by the ConfigMap alone, whose right to the Lease comes and shows `view`.
fn granted(view: View) -> Agent {
    let mut agent = Agent::new(Mode::Both);
    agent.read(Lock::ConfigMap, record("", 1));
    let (_, action) = agent.next();
    agent.answer(&action, Outcome::Forbidden);
    loop {
        let (_, action) = agent.next();
        if action == Action::Read(Lock::Lease) {
            agent.answer(&action, Outcome::Seen(view));
            return agent;
        }
        agent.answer(&action, Outcome::Written);
        assert!(agent.leads());
    }
}

#[test]
fn a_lease_that_becomes_writable_and_is_anothers_ends_the_term() {
    let mut agent = granted(record("go", 1));
    assert!(!agent.leads());
    agent.write(Lock::ConfigMap, Outcome::Written);
    assert!(!agent.leads());
}

#[test]
fn a_lease_that_becomes_writable_and_is_free_is_taken_besides() {
    let mut agent = granted(record("", 1));
    loop {
        let (_, action) = agent.next();
        agent.answer(&action, Outcome::Written);
        assert!(agent.leads());
        if action.lock() == Lock::Lease {
            break;
        }
    }
    assert_eq!(agent.elector.take_notices(), [Notice::Refused(Lock::Lease), Notice::Granted(Lock::Lease)]);
    assert!(agent.elector.sides.iter().all(|side| side.required));
}

#[test]
fn a_wish_to_be_left_alone_is_followed() {
    let mut agent = Agent::new(Mode::ConfigMapOnly);
    let (_, action) = agent.next();
    agent.answer(&action, Outcome::Failed { retry_after: Some(Duration::from_secs(25)) });
    assert!((25.0..25.1).contains(&agent.next().0));
}

#[test]
fn all_is_given_back_in_reverse_order() {
    let mut agent = Agent::leading();
    agent.elector.release(at(agent.now));
    assert!(!agent.leads() && !agent.elector.is_released());
    for lock in [Lock::Lease, Lock::ConfigMap] {
        let (_, record) = agent.write(lock, Outcome::Written);
        assert_eq!((record.holder.as_str(), record.lease), ("", Some(Duration::from_secs(1))));
    }
    assert!(agent.elector.is_released());
}

#[test]
fn giving_back_comes_to_an_end_whatever_is_answered() {
    for outcome in [Outcome::Conflict, Outcome::Failed { retry_after: None }, Outcome::Missing, Outcome::Forbidden] {
        let mut agent = Agent::leading();
        agent.elector.release(at(agent.now));
        for _ in 0..10 {
            if !agent.elector.is_released() {
                let (_, action) = agent.next();
                agent.answer(&action, outcome.clone());
            }
        }
        assert!(agent.elector.is_released(), "{outcome:?}");
    }
}

#[test]
fn a_candidate_gives_nothing_back() {
    let mut agent = Agent::new(Mode::Both);
    agent.read(Lock::ConfigMap, record("other", 1));
    agent.elector.release(at(agent.now));
    assert!(agent.elector.is_released());
}
