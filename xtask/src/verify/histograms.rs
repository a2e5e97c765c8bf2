//! The Go exporter's events of distributions beside the agent's.

use std::process::Stdio;

use anyhow::{Context, Result, bail};

use crate::project::{cargo, program, root, succeed};

/// Builds the wide Go collector and runs the test that starts it.
pub(super) fn run() -> Result<()> {
    let build = program(root().join("beds/peer-wide/build.sh"), [""; 0]).stderr(Stdio::inherit()).output();
    let build = build.context("run beds/peer-wide/build.sh")?;
    if !build.status.success() {
        bail!("beds/peer-wide/build.sh failed ({})", build.status);
    }
    let binary = String::from_utf8(build.stdout).context("read the collector's path")?;
    let arguments =
        ["test", "--package", "container-insights-exporters", "--test", "histograms", "--", "--ignored", "--nocapture"];
    succeed(cargo(arguments).env("PEER_WIDE", binary.trim_end()))
}
