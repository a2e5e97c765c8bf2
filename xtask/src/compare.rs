//! `cargo xtask compare`: the Go collector and the agent on the same nodes at the same time, and what `container-insights
//! compare` says of their events.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::outcome::{Outcome, report};
use crate::project::{BED_CAN_NOT_RUN, program, root};
use crate::{dist, setup};

/// The beds: names, and scripts of `beds/compare`.
const BEDS: [(&str, &str); 3] =
    [("kubernetes-v1", "kubernetes_v1.sh"), ("kubernetes-v2", "kubernetes_v2.sh"), ("ecs", "ecs.sh")];
/// Intervals that are compared, after those in which one of the two doesn't say everything yet.
const INTERVALS: &str = "10";

/// Runs the beds of these names, or all; an error where anything is unexplained. Events stay in the folder that is printed.
pub(crate) fn run(names: &[&str]) -> Result<()> {
    if let Some(unknown) = names.iter().find(|name| BEDS.iter().all(|(bed, _)| bed != *name)) {
        bail!("no bed is called {unknown}: {}", BEDS.map(|(name, _)| name).join(", "));
    }
    setup::beds()?;
    let agent = dist::build_for_tests()?;
    let folder = std::env::temp_dir().join(format!("container-insights-compare-{}", std::process::id()));
    println!("events and logs: {}", folder.display());
    let wanted = BEDS.iter().filter(|(name, _)| names.is_empty() || names.contains(name));
    report(wanted.map(|(name, script)| (*name, bed(script, &agent, folder.join(name)))).collect::<Vec<_>>())
}

/// Brings up a bed, lets both run, and compares.
fn bed(script: &str, agent: &Path, folder: PathBuf) -> Result<Outcome> {
    println!("== {script}");
    std::fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
    let mut command = program(root().join("beds/compare").join(script), [agent, &folder]);
    let status = command.arg(INTERVALS).status().with_context(|| format!("run {script}"))?;
    match status.code() {
        Some(0) => {}
        Some(BED_CAN_NOT_RUN) => return Ok(Outcome::NotRun("it can't run on this machine".to_owned())),
        _ => bail!("{script} failed ({status})"),
    }
    let sides = ["left", "right"].map(|side| folder.join(side).join("events.ndjson"));
    let words = [
        "compare".as_ref(),
        "--names".as_ref(),
        "collector,agent".as_ref(),
        sides[0].as_os_str(),
        sides[1].as_os_str(),
    ];
    let status = program(agent, words).status().context("run the comparison")?;
    if !status.success() {
        bail!("the comparison ended with {status}");
    }
    Ok(Outcome::Passed)
}
