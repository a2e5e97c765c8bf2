//! Many agents against one server that loses, delays and refuses, in simulated time: never two that lead.
//!
//! Beside ours run imitations of the client library, one that knows only the ConfigMap and one that knows only the Lease.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

/// Milliseconds of simulated time.
type Ms = u64;

fn at(ms: Ms) -> Duration {
    Duration::from_millis(ms)
}

/// What a request finds of an object: the version it was read at, if there was one.
type Version = Option<u64>;

#[derive(Debug, Clone)]
enum Event {
    /// An agent looks what is to be done.
    Wake(usize),
    /// A request reaches the server.
    Arrive { agent: usize, number: u64, action: Action, base: Version, back: Option<Ms> },
    /// An answer reaches its agent, or its patience ends.
    Answer { agent: usize, number: u64, outcome: Outcome, base: Version },
    /// A change reaches a watching agent.
    Notice { agent: usize, lock: Lock, epoch: u64, view: View, base: Version },
    /// A user changes an object.
    Meddle(Lock, View),
}

/// How a simulation goes.
#[derive(Debug, Clone)]
struct Plan {
    seed: u64,
    ours: usize,
    go: Vec<Lock>,
    /// Ours may not touch the Lease.
    sample: bool,
    watches: bool,
    /// In thousands: requests and answers that are lost, and that are slow.
    lost: u32,
    slow: u32,
    pauses: bool,
    meddles: bool,
    stops: bool,
}

#[derive(Debug)]
enum Mind {
    Ours(Box<Elector>),
    /// The client library: what it saw, since when, and when it wrote last with success.
    Go {
        lock: Lock,
        seen: Option<View>,
        since: Ms,
        success: Option<Ms>,
        leads: bool,
    },
}

#[derive(Debug)]
struct Agent {
    name: String,
    mind: Mind,
    /// How wrong its wall clock is.
    skew: u64,
    bases: BTreeMap<Lock, Version>,
    /// The request in flight.
    flight: Option<(u64, Ms, Action)>,
    epochs: BTreeMap<Lock, (bool, u64)>,
    told: Ms,
    paused: Ms,
    gone: bool,
}

struct World {
    plan: Plan,
    random: fastrand::Rng,
    now: Ms,
    /// From here on nothing goes wrong.
    calm: Ms,
    queue: BTreeMap<(Ms, u64), Event>,
    numbers: u64,
    objects: BTreeMap<Lock, (View, u64)>,
    agents: Vec<Agent>,
    led_until: Ms,
    terms: BTreeSet<usize>,
}

const CHAOS: Ms = 900_000;
/// How long after it an agent leads at the latest.
const SETTLED: Ms = 200_000;
const END: Ms = CHAOS + 400_000;

impl World {
    fn new(plan: Plan) -> Self {
        let mut random = fastrand::Rng::with_seed(plan.seed);
        let mind = |index: usize, random: &mut fastrand::Rng| match plan.go.get(index.wrapping_sub(plan.ours)) {
            None => Mind::Ours(Box::new(Elector::new(&format!("node-{index}"), Mode::Both, random.u64(..), at(0)))),
            Some(lock) => Mind::Go { lock: *lock, seen: None, since: 0, success: None, leads: false },
        };
        let agents = (0..plan.ours + plan.go.len()).map(|index| Agent {
            name: format!("node-{index}"),
            mind: mind(index, &mut random),
            skew: random.u64(0..600),
            bases: BTreeMap::new(),
            flight: None,
            epochs: Lock::ALL.into_iter().map(|lock| (lock, (false, 0))).collect(),
            told: 0,
            paused: 0,
            gone: false,
        });
        let agents: Vec<_> = agents.collect();
        let mut world = Self {
            plan,
            random,
            now: 0,
            calm: CHAOS,
            queue: BTreeMap::new(),
            numbers: 0,
            objects: Lock::ALL.into_iter().map(|lock| (lock, (View::Absent, 0))).collect(),
            agents,
            led_until: 0,
            terms: BTreeSet::new(),
        };
        for index in 0..world.agents.len() {
            let start = world.random.u64(0..120_000);
            world.add(start, Event::Wake(index));
        }
        if world.plan.meddles {
            for round in 1..5 {
                let lock = Lock::ALL[world.random.usize(0..2)];
                let view = [View::Absent, View::Bare, View::Unreadable("x".into())][world.random.usize(0..3)].clone();
                let when = round * 180_000 + world.random.u64(0..50_000);
                world.add(when, Event::Meddle(lock, view));
            }
        }
        world
    }

    fn add(&mut self, when: Ms, event: Event) {
        self.numbers += 1;
        self.queue.insert((when, self.numbers), event);
    }

    fn chance(&mut self, thousandths: u32) -> bool {
        self.now < self.calm && self.random.u32(0..1000) < thousandths
    }

    /// How long something travels; `None` where it never arrives.
    fn way(&mut self) -> Option<Ms> {
        if self.chance(self.plan.lost) {
            return None;
        }
        Some(if self.chance(self.plan.slow) { self.random.u64(0..30_000) } else { self.random.u64(1..400) })
    }

    fn run(&mut self) {
        while let Some(((when, _), event)) = self.queue.pop_first() {
            if when > END {
                return;
            }
            self.now = when;
            let agent = match &event {
                Event::Wake(agent) | Event::Answer { agent, .. } | Event::Notice { agent, .. } => Some(*agent),
                Event::Arrive { .. } | Event::Meddle(..) => None,
            };
            if let Some(agent) = agent {
                if self.agents[agent].gone {
                    continue;
                }
                // A paused agent hears and does everything later.
                if self.agents[agent].paused > when {
                    let later = self.agents[agent].paused;
                    self.add(later, event);
                    continue;
                }
                if matches!(event, Event::Wake(_)) {
                    self.disturb(agent);
                }
            }
            match event {
                Event::Wake(agent) => self.wake(agent),
                Event::Arrive { agent, number, action, base, back } => self.arrive(agent, number, &action, base, back),
                Event::Answer { agent, number, outcome, base } => self.answer(agent, number, outcome, base),
                Event::Notice { agent, lock, epoch, view, base } => {
                    if self.agents[agent].epochs[&lock] == (true, epoch)
                        && let Mind::Ours(elector) = &mut self.agents[agent].mind
                    {
                        elector.notice(at(self.now), lock, view);
                        self.agents[agent].bases.insert(lock, base);
                        self.wake(agent);
                    }
                }
                Event::Meddle(lock, view) => self.change(lock, view),
            }
            self.check();
        }
    }

    /// Stops or pauses an agent now and then; imitations only for as long as they notice themselves.
    fn disturb(&mut self, agent: usize) {
        let is_ours = matches!(self.agents[agent].mind, Mind::Ours(_));
        if self.plan.pauses && self.chance(10) {
            let length = if is_ours { self.random.u64(0..150_000) } else { self.random.u64(0..5_000) };
            self.agents[agent].paused = self.now + length;
        }
        if self.plan.stops && self.chance(3) {
            match &mut self.agents[agent].mind {
                Mind::Ours(elector) if self.random.bool() => elector.release(at(self.now)),
                _ => self.restart(agent),
            }
        }
    }

    /// Kills an agent and starts it again.
    fn restart(&mut self, agent: usize) {
        let (name, seed, now) = (self.agents[agent].name.clone(), self.random.u64(..), self.now);
        let agent = &mut self.agents[agent];
        match &mut agent.mind {
            Mind::Ours(elector) => **elector = Elector::new(&name, Mode::Both, seed, at(now)),
            Mind::Go { seen, success, leads, .. } => (*seen, *success, *leads) = (None, None, false),
        }
        agent.flight = None;
        agent.bases.clear();
        for (watched, epoch) in agent.epochs.values_mut() {
            (*watched, *epoch) = (false, *epoch + 1);
        }
    }

    fn wake(&mut self, index: usize) {
        if self.agents[index].flight.is_some() || self.agents[index].paused > self.now {
            let later = self.agents[index].paused;
            if later > self.now {
                self.add(later, Event::Wake(index));
            }
            return;
        }
        let now = self.now;
        let agent = &mut self.agents[index];
        let wall = Duration::from_secs(1_795_612_498 + agent.skew) + at(now);
        let action = match &mut agent.mind {
            Mind::Ours(elector) => {
                let step = elector.next(at(now), wall);
                if step.action.is_none() {
                    let released = elector.is_released();
                    if released {
                        let length = self.random.u64(0..60_000);
                        self.restart(index);
                        self.add(now + length, Event::Wake(index));
                        return;
                    }
                    let due = (step.due.as_millis() as u64).max(now + 1);
                    self.add(due, Event::Wake(index));
                    self.watch(index);
                    return;
                }
                step.action
            }
            Mind::Go { .. } => Some(self.go(index, wall)),
        };
        let Some(action) = action else { return };
        let base = self.agents[index].bases.get(&action.lock()).copied().flatten();
        self.numbers += 1;
        let number = self.numbers;
        self.agents[index].flight = Some((number, now, action.clone()));
        let (there, back) = (self.way(), self.way());
        if let Some(there) = there {
            self.add(now + there, Event::Arrive { agent: index, number, action, base, back });
        }
        let outcome = Outcome::Failed { retry_after: None };
        self.add(now + 10_000, Event::Answer { agent: index, number, outcome, base });
    }

    /// Opens and leaves watches.
    fn watch(&mut self, index: usize) {
        if !self.plan.watches {
            return;
        }
        for lock in Lock::ALL {
            let broken = self.chance(20);
            let known = self.agents[index].bases.get(&lock).copied();
            let agent = &mut self.agents[index];
            let Mind::Ours(elector) = &mut agent.mind else { return };
            let (watched, epoch) = agent.epochs[&lock];
            let wanted = elector.wants_watch(at(self.now), lock) && known.is_some() && !broken;
            if wanted != watched {
                agent.epochs.insert(lock, (wanted, epoch + 1));
                elector.watching(at(self.now), lock, wanted);
                // What happened since it was read is told first.
                let (view, version) = self.objects[&lock].clone();
                let base = Some(version).filter(|_| view != View::Absent);
                if wanted && known != Some(base) {
                    let event = Event::Notice { agent: index, lock, epoch: epoch + 1, view, base };
                    self.add(self.now + 1, event);
                }
            }
        }
    }

    /// What the client library does next: it reads and then writes, every 5 s.
    fn go(&mut self, index: usize, wall: Duration) -> Action {
        let agent = &mut self.agents[index];
        let Mind::Go { lock, seen, since, .. } = &agent.mind else { unreachable!("only asked of it") };
        let (transitions, acquired, may) = match seen {
            Some(View::Absent | View::Bare) => (0, wall, true),
            Some(View::Record(record)) if record.holder == agent.name => {
                (record.transitions, record.acquired.unwrap_or(wall), true)
            }
            Some(View::Record(record)) => {
                let over = record.holder.is_empty() || self.now >= since + record.lease().as_millis() as u64;
                (record.transitions + 1, wall, over)
            }
            Some(View::Unreadable(_)) | None => (0, wall, false),
        };
        let (lease, renewed, acquired) = (Some(LEASE), Some(wall), Some(acquired));
        let record = Record { holder: agent.name.clone(), lease, acquired, renewed, transitions };
        // `bases` holds the version only between its read and its write.
        match may && agent.bases.contains_key(lock) {
            true => Action::Write { lock: *lock, record, releases: false },
            false => Action::Read(*lock),
        }
    }

    fn arrive(&mut self, agent: usize, number: u64, action: &Action, base: Version, back: Option<Ms>) {
        let lock = action.lock();
        let (view, version) = self.objects[&lock].clone();
        let stands = Some(version).filter(|_| view != View::Absent);
        let is_ours = matches!(self.agents[agent].mind, Mind::Ours(_));
        let (outcome, base) = match action {
            _ if is_ours && self.plan.sample && lock == Lock::Lease => (Outcome::Forbidden, base),
            Action::Read(_) => (Outcome::Seen(view), stands),
            Action::Write { .. } if base != stands => match (base, stands) {
                (Some(_), None) => (Outcome::Missing, None),
                _ => (Outcome::Conflict, base),
            },
            Action::Write { record, .. } => {
                self.change(lock, View::Record(record.clone()));
                (Outcome::Written, Some(self.objects[&lock].1))
            }
        };
        if let Some(back) = back {
            self.add(self.now + back, Event::Answer { agent, number, outcome, base });
        }
    }

    fn change(&mut self, lock: Lock, view: View) {
        self.numbers += 1;
        let version = self.numbers;
        self.objects.insert(lock, (view.clone(), version));
        let base = Some(version).filter(|_| view != View::Absent);
        for index in 0..self.agents.len() {
            let (watched, epoch) = self.agents[index].epochs[&lock];
            if watched {
                let delay = self.random.u64(1..2_000);
                // In the order in which it happened.
                let when = (self.now + delay).max(self.agents[index].told + 1);
                self.agents[index].told = when;
                self.add(when, Event::Notice { agent: index, lock, epoch, view: view.clone(), base });
            }
        }
    }

    fn answer(&mut self, index: usize, number: u64, outcome: Outcome, base: Version) {
        let now = self.now;
        let agent = &mut self.agents[index];
        let Some((_, sent, action)) = agent.flight.take_if(|(flight, ..)| *flight == number) else { return };
        let lock = action.lock();
        if !matches!(outcome, Outcome::Failed { .. } | Outcome::Conflict | Outcome::Forbidden) {
            agent.bases.insert(lock, base);
        }
        match &mut agent.mind {
            Mind::Ours(elector) => {
                elector.answer(at(now), at(sent), &action, outcome);
                self.wake(index);
            }
            Mind::Go { seen, since, success, leads, .. } => {
                let mut wait = 5_000;
                match (&action, outcome) {
                    (Action::Write { record, .. }, Outcome::Written) => {
                        (*seen, *since) = (Some(View::Record(record.clone())), now);
                        (*success, *leads) = (Some(now), true);
                    }
                    (_, Outcome::Seen(view)) => {
                        if let View::Record(record) = &view
                            && record.holder != agent.name
                        {
                            *leads = false;
                        }
                        if seen.as_ref() != Some(&view) {
                            (*seen, *since) = (Some(view), now);
                        }
                        wait = 0;
                    }
                    _ => {}
                }
                if *leads && success.is_none_or(|success| now > success + 15_000) {
                    *leads = false;
                }
                if wait > 0 {
                    agent.bases.remove(&lock);
                } else if !matches!(self.go(index, Duration::ZERO), Action::Write { .. }) {
                    self.agents[index].bases.remove(&lock);
                    wait = 5_000;
                }
                self.add(now + wait, Event::Wake(index));
            }
        }
    }

    /// Never does one of ours lead while another does.
    fn check(&mut self) {
        let leads = |agent: &Agent| match &agent.mind {
            Mind::Ours(elector) => elector.leads_until().is_some_and(|until| at(self.now) < until),
            // What it can't know yet it ends by itself, which the simulation lets it do in time.
            Mind::Go { success, leads, .. } => *leads && success.is_some_and(|success| self.now <= success + 15_000),
        };
        let leaders: Vec<usize> = (0..self.agents.len()).filter(|index| leads(&self.agents[*index])).collect();
        let ours = leaders.iter().filter(|index| matches!(self.agents[**index].mind, Mind::Ours(_))).count();
        assert!(ours == 0 || leaders.len() == 1, "at {} ms: {leaders:?} of {:?}", self.now, self.plan);
        for index in &leaders {
            let until = match &self.agents[*index].mind {
                Mind::Ours(elector) => elector.leads_until().map_or(0, |until| until.as_millis() as u64),
                Mind::Go { success, .. } => success.unwrap_or(0) + 15_000,
            };
            self.led_until = self.led_until.max(until);
        }
        self.terms.extend(leaders);
        let settled = self.now > self.calm + SETTLED;
        assert!(!settled || self.led_until >= self.now, "no agent leads at {} ms of {:?}", self.now, self.plan);
    }
}

fn plans() -> impl Strategy<Value = Plan> {
    let go = prop_oneof![
        Just(vec![]),
        Just(vec![Lock::ConfigMap]),
        Just(vec![Lock::Lease]),
        Just(vec![Lock::ConfigMap, Lock::Lease]),
        Just(vec![Lock::Lease, Lock::Lease]),
    ];
    let flags = any::<(bool, bool, bool, bool, bool)>();
    (any::<u64>(), 1usize..5, go, flags, 0u32..200, 0u32..100).prop_map(|(seed, ours, go, flags, lost, slow)| {
        let (sample, watches, pauses, meddles, stops) = flags;
        // Who can't see the Lease can't respect it; and who deletes a lock lets an imitation in at once.
        let sample = sample && !go.contains(&Lock::Lease);
        let meddles = meddles && go.is_empty();
        Plan { seed, ours, go, sample, watches, lost, slow, pauses, meddles, stops }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, max_shrink_iters: 200, ..ProptestConfig::default() })]
    #[test]
    fn never_do_two_lead_and_soon_somebody_does(plan in plans()) {
        let mut world = World::new(plan);
        world.run();
    }
}

#[test]
fn the_simulation_sees_many_terms_of_both_kinds() {
    let (mut ours, mut go) = (0, 0);
    for seed in 0..20 {
        let (lost, slow, go_kinds) = (100, 50, vec![Lock::ALL[seed as usize % 2]]);
        let mut world = World::new(Plan {
            seed,
            ours: 3,
            go: go_kinds,
            sample: false,
            watches: seed % 3 == 0,
            lost,
            slow,
            pauses: true,
            meddles: false,
            stops: true,
        });
        world.run();
        ours += world.terms.iter().filter(|agent| **agent < 3).count();
        go += world.terms.iter().filter(|agent| **agent == 3).count();
    }
    assert!(ours >= 10 && go >= 5, "{ours} {go}");
}
