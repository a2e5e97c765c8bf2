//! The Go collector beside the agent on a node of a real Kubernetes: what both cost, and what the kernel's files alone do.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::Verdict;
use crate::project::{program, root};

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

/// Prints a table for each number of pods, for the README; half an hour.
pub(crate) fn run(binary: &Path, verdict: &mut Verdict) -> Result<()> {
    let mut command = program(root().join("beds/peer/bench.sh"), [binary]);
    let output = command.stderr(Stdio::inherit()).output().context("run beds/peer/bench.sh")?;
    if !output.status.success() {
        bail!("beds/peer/bench.sh failed ({})", output.status);
    }
    for line in output.stdout.split(|&byte| byte == b'\n').filter(|line| line.starts_with(b"{")) {
        let figures: Figures = serde_json::from_slice(line).context("read what beds/peer/bench.py says")?;
        print_table(&figures);
        if figures.pods == BOUNDED_AT {
            bound(&figures, verdict);
        }
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

fn print_table(figures: &Figures) {
    let Figures { pods, idle, left, right, floor } = figures;
    println!("\n| {pods} pods, a minute | agent | Go collector | ratio |\n|---|--:|--:|--:|");
    let row = |what: &str, unit: &str, digits: usize, of: &dyn Fn(&Side) -> f64| {
        let (ours, theirs) = (of(right), of(left));
        let ratio = if ours > 0.0 && theirs > 0.0 { format!("1/{:.1}", theirs / ours) } else { "–".to_owned() };
        println!("| {what} | {ours:.digits$}{unit} | {theirs:.digits$}{unit} | {ratio} |");
    };
    row("CPU", " ms", 0, &|side| side.cpu_ms);
    row("system calls", "", 0, &|side| side.system_calls);
    row("memory at its highest (VmHWM)", " MB", 1, &|side| side.peak_kb * 1024.0 / 1e6);
    row("memory at the end (VmRSS)", " MB", 1, &|side| side.rss_kb * 1024.0 / 1e6);
    row("its own part of it (Pss)", " MB", 1, &|side| side.pss_kb * 1024.0 / 1e6);
    row("the kubelet's CPU, above what it uses by itself", " ms", 0, &|side| {
        side.servers.kubelet_cpu_ms - idle.kubelet_cpu_ms
    });
    row("the API server's", " ms", 0, &|side| side.servers.api_server_cpu_ms - idle.api_server_cpu_ms);
    row("requests to the kubelet", "", 1, &|side| side.kubelet_requests);
    row("requests to the API server, as the leader", "", 1, &|side| side.api_requests);
    row("requests to CloudWatch Logs", "", 1, &|side| side.logs_requests);
    row("bytes of them", " kB", 1, &|side| side.wire_bytes / 1e3);
    row("events", "", 0, &|side| side.events);
    row("bytes of events", " kB", 0, &|side| side.event_bytes / 1e3);
    row("from an event's time to its being accepted, mean", " s", 2, &|side| side.lag_mean_s);
    row("the same, most", " s", 2, &|side| side.lag_most_s);
    row("start to the first event", " s", 0, &|side| side.first_s);
    row("start to the first complete event", " s", 0, &|side| side.complete_s);
    row("binary", " MB", 1, &|side| side.binary_bytes / 1e6);
    println!(
        "\nfloor: {:.1} ms for opening, reading and closing the agent's {} kernel files once; alone the kubelet uses {:.0} ms and \
         the API server {:.0} ms a minute",
        floor.cpu_ms, floor.files, idle.kubelet_cpu_ms, idle.api_server_cpu_ms
    );
}
