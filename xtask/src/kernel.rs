//! The tests on real kernels, container runtimes and a real Kubernetes: the ignored tests of the workspace.
//!
//! They find the path of a static agent in the variable `AGENT`. They run one at a time, since beds share the machine. Those
//! in a module `cluster` need the Kubernetes and run only where asked for. A test that finds that it can't run here adds a line
//! to the file that `TESTS_NOT_RUN` names (`testkit::trials`), and so stands in the summary.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::Stdio;

use anyhow::{Context, Result};

use crate::outcome::Outcome;
use crate::project::{cargo, program, root, succeed};
use crate::{dist, setup};

/// As in `testkit::trials`, which this program is built without.
const NOT_RUN: &str = "TESTS_NOT_RUN";

/// Runs them; `cluster` adds those that need the real Kubernetes.
pub(crate) fn run(cluster: bool) -> Result<Outcome> {
    if !is_root() {
        return Ok(Outcome::NotRun("containers and guests need root".to_owned()));
    }
    if let Err(error) = setup::beds() {
        return Ok(Outcome::NotRun(format!("{error:#}")));
    }
    println!("guests: {}", guests()?);
    let agent = dist::build_for_tests()?;
    let notes = std::env::temp_dir().join(format!("tests-not-run-{}", std::process::id()));
    fs::write(&notes, "").with_context(|| format!("empty {}", notes.display()))?;
    let mut command = cargo(["test", "--workspace", "--tests", "--no-fail-fast", "--quiet"]);
    command.args(["--", "--ignored", "--test-threads", "1"]).env("AGENT", agent).env(NOT_RUN, &notes);
    // It needs a Go build: `cargo xtask verify histograms`.
    command.args(["--skip", "the_go_exporters_events"]);
    if !cluster {
        command.args(["--skip", "cluster::"]);
    }
    let result = succeed(&mut command);
    let mut missing: Vec<String> = fs::read_to_string(&notes)?.lines().map(str::to_owned).collect();
    fs::remove_file(&notes).with_context(|| format!("remove {}", notes.display()))?;
    if let Err(error) = result {
        // The summary has one line for what failed; what did not run stands here.
        missing.iter().for_each(|line| println!("not run: {line}"));
        return Err(error);
    }
    if !cluster {
        missing.push("cluster::*: the tests on a real Kubernetes, which --cluster adds".to_owned());
    }
    Ok(if missing.is_empty() { Outcome::Passed } else { Outcome::Partly(missing) })
}

/// The kind of guest that runs here, or why none does.
fn guests() -> Result<String> {
    let mut command = program(root().join("beds/guest/kind.sh"), [""; 0]);
    let output = command.stderr(Stdio::inherit()).output().context("run beds/guest/kind.sh")?;
    let kind = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    Ok(if kind.is_empty() { "none".to_owned() } else { kind })
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}
