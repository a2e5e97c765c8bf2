//! The tests on real kernels, container runtimes and a real Kubernetes: the ignored tests of the workspace.
//!
//! They find the path of a static agent in the variable `AGENT`. They run one at a time, since beds share the machine. Those
//! in a module `cluster` need the Kubernetes and run only where asked for.

use std::os::unix::fs::MetadataExt;

use anyhow::Result;

use crate::project::{cargo, succeed};
use crate::test::Outcome;
use crate::{dist, setup};

/// Runs them; `cluster` adds those that need the real Kubernetes.
pub(crate) fn run(cluster: bool) -> Result<Outcome> {
    if !is_root() {
        return Ok(Outcome::NotRun("containers and guests need root".to_owned()));
    }
    if let Err(error) = setup::beds() {
        return Ok(Outcome::NotRun(format!("{error:#}")));
    }
    let agent = dist::build_for_tests()?;
    let mut command = cargo(["test", "--workspace", "--tests", "--no-fail-fast", "--quiet"]);
    command.args(["--", "--ignored", "--test-threads", "1"]).env("AGENT", agent);
    if !cluster {
        command.args(["--skip", "cluster::"]);
    }
    succeed(&mut command)?;
    Ok(if cluster { Outcome::Passed } else { Outcome::NotRun("Kubernetes, which --cluster adds".to_owned()) })
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}
