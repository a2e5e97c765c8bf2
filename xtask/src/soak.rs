//! `cargo xtask soak`: an agent at a short interval while everything fails around it. Nothing may be lost.
//!
//! Each case has an agent and a CloudWatch Logs of its own, and all run at the same time: most of it is waiting. Nothing else
//! should make or remove pods and interfaces on the machine meanwhile, since their events would come and go.

mod account;
pub(crate) mod bed;
mod cases;
mod full;
pub(crate) mod page;
mod peer;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use self::bed::{Bed, Ended, Setup, Waits};
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

/// How a case ended, and what it may have cost.
struct Outcome {
    ended: Ended,
    allowed: Allowed,
}

/// The bounds of a case.
#[derive(Default)]
struct Allowed {
    /// Events that may be missing.
    lost: Lost,
    /// Events that may be stored twice.
    duplicates: usize,
    /// Milliseconds from a tick to its acceptance, at the median and at the 99th hundredth.
    delays_ms: Option<(i64, i64)>,
}

/// How many events may be missing.
#[derive(Default)]
enum Lost {
    /// As many as the agent's own counter says: none unless it says so.
    #[default]
    Told,
    /// None, and the agent's own counter says so too.
    None,
    /// What memory alone held between these moments, when the agent was killed.
    Between(i64, i64),
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

const HEAD: &str = "\
case                              ticks  excused  events   lost  dropped  twice  allowed  p50 ms  p99 ms  max ms";

impl Outcome {
    fn row(&self, name: &str) -> String {
        let account = &self.ended.account;
        let [p50, p99, most] = [50, 99, 100].map(|hundredths| account.delay_ms(hundredths));
        format!(
            "{name:33} {:5} {:8} {:7} {:6} {:8} {:6} {:8} {p50:7} {p99:7} {most:7}",
            account.ticks,
            account.excused,
            account.stored - account.duplicates.len(),
            account.lost.len(),
            self.dropped(),
            account.duplicates.len(),
            self.allowed.duplicates,
        )
    }

    /// Events that the agent says it dropped.
    fn dropped(&self) -> usize {
        self.ended.page.count("container_insights_dropped_events")
    }

    /// The bounds that were missed, in words.
    fn missed(&self) -> Vec<String> {
        let (account, mut missed) = (&self.ended.account, self.ended.violations.clone());
        let (lost, dropped, twice) = (account.lost.len(), self.dropped(), account.duplicates.len());
        let moments = || account.lost.first().zip(account.lost.last());
        if account.ticks == 0 {
            missed.push("nothing arrived".to_owned());
        }
        match self.allowed.lost {
            Lost::Told if lost != dropped => {
                missed.push(format!("{lost} events lost, {dropped} told, from and to {:?}", moments()))
            }
            Lost::None if lost + dropped > 0 => {
                missed.push(format!("{lost} events lost, {dropped} told, from and to {:?}", moments()));
            }
            Lost::Between(from, to) if !account.lost.iter().all(|moment| (from..=to).contains(moment)) => {
                missed.push(format!("events lost outside {from}..{to}, from and to {:?}", moments()));
            }
            _ => {}
        }
        if twice > self.allowed.duplicates {
            missed.push(format!("{twice} events stored twice, at most {}", self.allowed.duplicates));
        }
        if let Some((p50, p99)) = self.allowed.delays_ms
            && (account.delay_ms(50) > p50 || account.delay_ms(99) > p99)
        {
            missed.push(format!("from tick to acceptance more than {p50} ms at p50 or {p99} ms at p99"));
        }
        missed
    }
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
