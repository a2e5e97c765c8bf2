//! The tests on real kernels: every script in `beds/tests/`, and those in `beds/tests/cluster/` where asked for.
//!
//! A script gets the path of the static agent and ends with 0 where all held. 77 says that it can't run here, and the last
//! line of its stderr why. The scripts run one after the other, in the order of their names, since beds share the machine.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::dist;
use crate::project::{program, root, shown};
use crate::test::Outcome;

/// What a script says by its exit code when it can't run here.
const CAN_NOT_RUN: i32 = 77;

/// Runs the scripts; `cluster` adds those that need the real Kubernetes.
pub(crate) fn run(cluster: bool) -> Result<Outcome> {
    let mut scripts = scripts(&root().join("beds/tests"))?;
    if cluster {
        scripts.extend(self::scripts(&root().join("beds/tests/cluster"))?);
    }
    if scripts.is_empty() {
        return Ok(Outcome::NotRun("there is no script in beds/tests".to_owned()));
    }
    let agent = dist::build_for_tests()?;
    let (mut failed, mut not_run) = (Vec::new(), Vec::new());
    for script in scripts {
        let name = script.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        println!("-- {name}");
        match run_one(&script, &agent) {
            Ok(Outcome::Passed) => {}
            Ok(Outcome::NotRun(reason)) => not_run.push(format!("{name}: {reason}")),
            Err(error) => failed.push(format!("{name}: {error:#}")),
        }
    }
    if !failed.is_empty() {
        bail!("{}", failed.join("; "));
    }
    Ok(if not_run.is_empty() { Outcome::Passed } else { Outcome::NotRun(not_run.join("; ")) })
}

fn scripts(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut scripts = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("list {}", folder.display()))? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        if metadata.is_file() && metadata.permissions().mode() & 0o111 != 0 {
            scripts.push(entry.path());
        }
    }
    scripts.sort();
    Ok(scripts)
}

fn run_one(script: &Path, agent: &Path) -> Result<Outcome> {
    let mut command = program(script, [agent]);
    command.stderr(std::process::Stdio::piped());
    let child = command.spawn().with_context(|| format!("run {}", shown(&command)))?;
    let output = child.wait_with_output()?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    eprint!("{stderr}");
    match output.status.code() {
        Some(0) => Ok(Outcome::Passed),
        Some(CAN_NOT_RUN) => Ok(Outcome::NotRun(stderr.lines().last().unwrap_or("no reason given").to_owned())),
        _ => bail!("{}", output.status),
    }
}
