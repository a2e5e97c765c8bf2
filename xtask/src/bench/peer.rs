//! The Go collector beside the agent on a node of a real Kubernetes: what both cost, and what the kernel's files alone do.

mod table;

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::Verdict;
use crate::project::{BED_CAN_NOT_RUN, program, root};
use crate::setup;

/// What `beds/peer/bench.py` says of a node with so many pods; amounts are those of a minute.
#[derive(Deserialize)]
struct Figures {
    pods: u32,
    idle: Servers,
    left: Side,
    right: Side,
    floor: Floor,
}

#[derive(Deserialize)]
struct Servers {
    kubelet_cpu_ms: f64,
    api_server_cpu_ms: f64,
}

#[derive(Deserialize)]
struct Side {
    cpu_ms: f64,
    system_calls: f64,
    rss_kb: f64,
    pss_kb: f64,
    peak_kb: f64,
    #[serde(flatten)]
    servers: Servers,
    kubelet_requests: f64,
    api_requests: f64,
    logs_requests: f64,
    wire_bytes: f64,
    events: f64,
    event_bytes: f64,
    lag_mean_s: f64,
    lag_most_s: f64,
    first_s: f64,
    complete_s: f64,
    binary_bytes: f64,
}

#[derive(Deserialize)]
struct Floor {
    files: u32,
    cpu_ms: f64,
}

/// What the agent may cost at 110 pods, as a part of what the Go collector does; and its first complete event, in seconds.
const BOUNDED_AT: u32 = 110;
const CPU: f64 = 1.0 / 15.0;
const PEAK: f64 = 1.0 / 8.0;
const SYSTEM_CALLS: f64 = 1.0 / 20.0;
const WIRE: f64 = 1.0 / 10.0;
const COMPLETE_S: f64 = 65.0;

/// Prints a table for the README; half an hour.
pub(crate) fn run(binary: &Path, verdict: &mut Verdict) -> Result<()> {
    setup::beds_with(&["linux-perf", "strace"])?;
    let mut command = program(root().join("beds/peer/bench.sh"), [binary]);
    let output = command.stderr(Stdio::inherit()).output().context("run beds/peer/bench.sh")?;
    match output.status.code() {
        Some(0) => {}
        Some(BED_CAN_NOT_RUN) => bail!("beds/peer/bench.sh can't run on this machine"),
        _ => bail!("beds/peer/bench.sh failed ({})", output.status),
    }
    let lines = output.stdout.split(|&byte| byte == b'\n').filter(|line| line.starts_with(b"{"));
    let all: Vec<Figures> = lines
        .map(|line| serde_json::from_slice(line).context("read what beds/peer/bench.py says"))
        .collect::<Result<_>>()?;
    table::print(&all);
    for figures in all.iter().filter(|figures| figures.pods == BOUNDED_AT) {
        bound(figures, verdict);
    }
    Ok(())
}

fn bound(Figures { left, right, .. }: &Figures, verdict: &mut Verdict) {
    verdict.at_most("CPU, part of the Go collector's", right.cpu_ms / left.cpu_ms, CPU);
    verdict.at_most("memory at its highest, part of the Go collector's", right.peak_kb / left.peak_kb, PEAK);
    verdict.at_most("system calls, part of the Go collector's", right.system_calls / left.system_calls, SYSTEM_CALLS);
    verdict.at_most("bytes on the wire, part of the Go collector's", right.wire_bytes / left.wire_bytes, WIRE);
    verdict.at_most("first complete event, seconds after the start", right.complete_s, COMPLETE_S);
}
