//! Made-up worlds in which tenants misbehave: what is said of all others is what is said without them.
//!
//! A world is a node with pods, disks and interfaces, and a kubelet; all of it follows from a number. It is sampled twice,
//! with its tenants and without. The events of all others must be the same to the byte, and the numbers in them those that
//! the world was made of. `WORLDS=1000 TICKS=100` makes more and longer ones, `WORLD=17` that one alone.

mod agent;
mod expected;
mod files;
mod kernel;
mod kubelet;
mod numbers;
#[path = "../support/mod.rs"]
mod support;
mod tenants;
mod verdict;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use agent::Agent;
use tenants::{ALL, Mischief, Tenant};
use world::World;

/// The events of a tick.
type Events = Vec<Vec<u8>>;

/// Worlds in a run that names no number.
const WORLDS: u64 = 50;
/// Ticks of each, the first of which gives no round.
const TICKS: u64 = 4;

/// A number from the environment.
fn variable(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}

/// What the tenants of a world do: each way to misbehave in turn, and some others beside it.
fn mischiefs(world: &World, number: u64) -> Vec<Mischief> {
    let at = |place: u64| ALL[usize::try_from(place % ALL.len() as u64).expect("a place in a list")];
    let mut chosen = vec![at(number)];
    for more in 0..world.numbers.pick("tenants", 0..4) {
        let other = at(world.numbers.pick(&format!("mischief {more}"), 0..1000));
        if !other.is_heavy() {
            chosen.push(other);
        }
    }
    chosen
}

/// The events of each tick.
fn run(world: &World, tenants: &mut [Tenant], ticks: u64) -> Vec<Events> {
    let mut agent = Agent::new(world, tenants);
    (1..ticks).map(|tick| agent.tick(world, tenants, tick)).collect()
}

/// What is wrong with a world in which these misbehave, beside the events without them.
fn fault(world: &World, mischiefs: &[Mischief], alone: &[Events]) -> Option<String> {
    let new = |(place, mischief): (usize, &Mischief)| Tenant::new(world, place as u64, *mischief);
    let mut tenants: Vec<Tenant> = mischiefs.iter().enumerate().map(new).collect();
    let ticks = alone.len() as u64 + 1;
    let together = catch_unwind(AssertUnwindSafe(|| run(world, &mut tenants, ticks)));
    let Ok(together) = together else { return Some("a panic".into()) };
    (0..alone.len()).find_map(|at| {
        let fault = verdict::compare(&alone[at], &together[at], &tenants)?;
        Some(format!("at tick {}: {fault}", at + 1))
    })
}

/// Checks the world of a number; says what is wrong, with as few tenants as it takes.
fn check(number: u64, ticks: u64) -> Option<String> {
    let world = World::new(number);
    let mut mischiefs = mischiefs(&world, number);
    // An agent keeps up to half of the files that this process may open: one with so many cgroups at a time.
    static HEAVY: Mutex<()> = Mutex::new(());
    let is_heavy = mischiefs.iter().any(|mischief| mischief.is_heavy());
    let _alone = is_heavy.then(|| HEAVY.lock().unwrap_or_else(PoisonError::into_inner));
    let alone = run(&world, &mut [], ticks);
    for (tick, events) in alone.iter().enumerate() {
        if let Some(fault) = verdict::check(events, &expected::of(&world, tick as u64 + 1)) {
            return Some(format!("world {number} without tenants, at tick {}: {fault}", tick + 1));
        }
    }
    let mut fault = fault(&world, &mischiefs, &alone)?;
    let mut place = 0;
    while place < mischiefs.len() && mischiefs.len() > 1 {
        let mut fewer = mischiefs.clone();
        fewer.remove(place);
        match self::fault(&world, &fewer, &alone) {
            Some(still) => (mischiefs, fault) = (fewer, still),
            None => place += 1,
        }
    }
    Some(format!("world {number} ({:?}, {:?}), {mischiefs:?}, {fault}", world.layout, world.driver))
}

#[test]
fn a_tenant_that_misbehaves_hurts_itself_only() {
    let ticks = variable("TICKS").unwrap_or(TICKS).max(2);
    let numbers = match variable("WORLD") {
        Some(one) => one..one + 1,
        None => 0..variable("WORLDS").unwrap_or(WORLDS),
    };
    let next = AtomicU64::new(numbers.start);
    let faults = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, |count| count.get().min(8)) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= numbers.end {
                        return;
                    }
                    #[expect(clippy::disallowed_methods, reason = "how long a world takes is for people")]
                    let began = std::time::Instant::now();
                    let checked = catch_unwind(|| check(number, ticks));
                    println!("world {number}: {:?}", began.elapsed());
                    let fault = checked.unwrap_or_else(|_| Some(format!("world {number}: a panic")));
                    if let Some(fault) = fault {
                        println!("{fault}\n");
                        faults.lock().expect("no thread panics with it").push(fault);
                    }
                }
            });
        }
    });
    let faults = faults.into_inner().expect("no thread panics with it");
    assert!(faults.is_empty(), "{} worlds; WORLD=number runs one again:\n{}", faults.len(), faults.join("\n\n"));
}
