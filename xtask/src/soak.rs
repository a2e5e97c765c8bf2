//! `cargo xtask soak`: an agent at a short interval while everything fails around it. Nothing may be lost.
//!
//! Each case has an agent and a CloudWatch Logs of its own, and all run at the same time: most of it is waiting. Nothing else
//! should make or remove pods and interfaces on the machine meanwhile, since their events would come and go.

mod account;
pub(crate) mod bed;
mod cases;
mod full;
mod outcome;
pub(crate) mod page;
mod peer;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use self::bed::{Bed, Setup, Waits};
use self::outcome::{Allowed, HEAD, Lost, Outcome};
use crate::dist;

/// Something that goes wrong, and for how long.
struct Case {
    name: &'static str,
    waits: &'static [Waits],
    run: fn(&Lab, Waits) -> Result<Outcome>,
}

/// What cases are run with.
struct Lab {
    binary: PathBuf,
    /// The case's own.
    folder: PathBuf,
}

const BOTH: &[Waits] = &[Waits::OnDisk, Waits::InMemory];
const DISK: &[Waits] = &[Waits::OnDisk];

const CASES: [Case; 10] = [
    Case { name: "calm", waits: BOTH, run: cases::calm },
    Case { name: "away", waits: BOTH, run: cases::away },
    Case { name: "throttled", waits: BOTH, run: cases::throttled },
    Case { name: "slow", waits: BOTH, run: cases::slow },
    Case { name: "lost-answers", waits: BOTH, run: cases::lost_answers },
    Case { name: "killed", waits: DISK, run: cases::killed },
    Case { name: "killed-away", waits: DISK, run: cases::killed_away },
    Case { name: "full", waits: DISK, run: full::heals },
    Case { name: "full-killed", waits: DISK, run: full::killed },
    Case { name: "over-budget", waits: BOTH, run: full::over_budget },
];

/// Runs the cases that `names` name, or all; fails where one loses anything.
pub(crate) fn run(names: &[&str]) -> Result<()> {
    let table: Vec<&Case> = peer::ROWS.iter().collect();
    let known = || CASES.iter().map(|case| case.name).chain(["peer"]);
    if let Some(unknown) = names.iter().find(|name| !known().any(|known| known == **name)) {
        bail!("no case is called {unknown}: {}", known().collect::<Vec<_>>().join(", "));
    }
    let mut chosen: Vec<&Case> = CASES.iter().filter(|case| names.is_empty() || names.contains(&case.name)).collect();
    if names.contains(&"peer") {
        chosen.extend(table);
    }
    // Another build may be soaked beside the one that is shipped.
    let binary = std::env::var_os("AGENT").map_or_else(dist::build, |agent| Ok(agent.into()))?;
    let binary = std::path::absolute(binary)?;
    let scratch = tempfile::Builder::new().prefix("soak-").tempdir()?;
    let rows = run_all(&chosen, &binary, scratch.path());
    println!("{HEAD}");
    let mut missed = Vec::new();
    for (name, outcome) in rows {
        match outcome {
            Ok(outcome) => {
                println!("{}", outcome.row(&name));
                missed.extend(outcome.missed().into_iter().map(|words| format!("{name}: {words}")));
            }
            Err(error) => missed.push(format!("{name}: {error:#}")),
        }
    }
    if !missed.is_empty() {
        let kept = scratch.keep();
        bail!("bounds missed, logs are in {}:\n  {}", kept.display(), missed.join("\n  "));
    }
    Ok(())
}

/// Runs cases at the same time; their outcomes in their order.
fn run_all(cases: &[&Case], binary: &Path, scratch: &Path) -> Vec<(String, Result<Outcome>)> {
    std::thread::scope(|scope| {
        let mut running = Vec::new();
        for case in cases {
            for waits in case.waits {
                let name = format!("{}, {}", case.name, waits.words());
                let lab = Lab { binary: binary.to_owned(), folder: scratch.join(name.replace([',', ' '], "-")) };
                running.push((name, scope.spawn(move || (case.run)(&lab, *waits))));
            }
        }
        let join = |thread: std::thread::ScopedJoinHandle<'_, Result<Outcome>>| {
            thread.join().unwrap_or_else(|_| bail!("its thread panicked"))
        };
        running.into_iter().map(|(name, thread)| (name, join(thread))).collect()
    })
}

impl Waits {
    const fn words(self) -> &'static str {
        match self {
            Self::OnDisk => "on disk",
            Self::InMemory => "in memory",
        }
    }
}

impl Lab {
    /// An agent with a tick each second.
    fn bed(&self, waits: Waits) -> Result<Bed> {
        Bed::start(self.setup(waits, Duration::from_secs(1)))
    }

    fn setup(&self, waits: Waits, interval: Duration) -> Setup {
        let (binary, folder) = (self.binary.clone(), self.folder.clone());
        Setup { binary, interval, waits, queue_bytes: None, folder, mounts_of: None }
    }
}

/// Ends a case in which no process was killed: nothing is lost, and twice is stored at most what the agent is unsure of.
fn settle(bed: Bed, patience: Duration) -> Result<Outcome> {
    let ended = bed.finish(patience).context("end the case")?;
    let duplicates = ended.page.count("container_insights_uncertain_events");
    Ok(Outcome { ended, allowed: Allowed { lost: Lost::None, duplicates, delays_ms: None } })
}

fn seconds(seconds: u64) {
    std::thread::sleep(Duration::from_secs(seconds));
}
