//! Time from the start of the process to its first events.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use super::Verdict;

/// On a machine by itself, without any configuration.
pub(crate) fn run(binary: &Path, verdict: &mut Verdict) -> Result<()> {
    #[expect(clippy::disallowed_methods, reason = "a bench measures time")]
    let began = std::time::Instant::now();
    let mut child = Command::new(binary)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .context("start the agent")?;
    let mut line = String::new();
    BufReader::new(child.stdout.take().context("the agent has no output")?).read_line(&mut line)?;
    let seconds = began.elapsed().as_secs_f64();
    child.kill()?;
    child.wait()?;
    let rates = line.contains("node_cpu_usage_total");
    verdict.at_most("first events of a machine by itself, seconds", if rates { seconds } else { f64::INFINITY }, 2.0);
    Ok(())
}
