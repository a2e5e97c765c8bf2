//! The table of what both cost, as the README has it.

use super::{Figures, Servers, Side};

/// A row of the table: what it says of a side, and of the servers beside it when neither runs.
type Of = fn(&Side, &Servers) -> f64;

/// What is told of both: the words, the decimal places, and where the figure is.
const ROWS: [(&str, usize, Of); 18] = [
    ("CPU, ms", 0, |side, _| side.cpu_ms),
    ("system calls", 0, |side, _| side.system_calls),
    ("memory at its highest (VmHWM), MB", 1, |side, _| megabytes(side.peak_kb)),
    ("memory at the end (VmRSS), MB", 1, |side, _| megabytes(side.rss_kb)),
    ("its own part of it (Pss), MB", 1, |side, _| megabytes(side.pss_kb)),
    ("the kubelet's CPU, above what it uses by itself, ms", 0, |side, idle| {
        side.servers.kubelet_cpu_ms - idle.kubelet_cpu_ms
    }),
    ("the API server's, ms", 0, |side, idle| side.servers.api_server_cpu_ms - idle.api_server_cpu_ms),
    ("requests to the kubelet", 1, |side, _| side.kubelet_requests),
    ("requests to the API server, as the leader", 1, |side, _| side.api_requests),
    ("requests to CloudWatch Logs", 1, |side, _| side.logs_requests),
    ("bytes of them, kB", 1, |side, _| side.wire_bytes / 1e3),
    ("events", 0, |side, _| side.events),
    ("bytes of events, kB", 0, |side, _| side.event_bytes / 1e3),
    ("from an event's time to its being accepted, mean, s", 2, |side, _| side.lag_mean_s),
    ("the same, most, s", 2, |side, _| side.lag_most_s),
    ("start to the first event, s", 0, |side, _| side.first_s),
    ("start to the first complete event, s", 0, |side, _| side.complete_s),
    ("binary, MB", 1, |side, _| side.binary_bytes / 1e6),
];

fn megabytes(kibibytes: f64) -> f64 {
    kibibytes * 1024.0 / 1e6
}

/// Three columns for each number of pods: the agent, the Go collector, and the agent's part of what that costs.
pub(super) fn print(all: &[Figures]) {
    let heads: String = all.iter().map(|node| format!(" agent, {} pods | Go collector | part |", node.pods)).collect();
    println!("\n| a minute |{heads}\n|---|{}", "--:|--:|--:|".repeat(all.len()));
    for (what, digits, of) in ROWS {
        let cells: String = all
            .iter()
            .map(|node| {
                let (ours, theirs) = (of(&node.right, &node.idle), of(&node.left, &node.idle));
                // Of what is below the noise of the servers' own work no part can be told.
                let part = if ours > 0.0 && theirs > 0.0 { part(ours / theirs) } else { "–".to_owned() };
                format!(" {ours:.digits$} | {theirs:.digits$} | {part} |")
            })
            .collect();
        println!("| {what} |{cells}");
    }
    println!();
    for Figures { pods, idle, floor, .. } in all {
        println!(
            "{pods} pods: the floor, opening, reading and closing the agent's {} kernel files once, takes {:.1} ms; alone the \
             kubelet uses {:.0} ms and the API server {:.0} ms a minute",
            floor.files, floor.cpu_ms, idle.kubelet_cpu_ms, idle.api_server_cpu_ms
        );
    }
}

fn part(of: f64) -> String {
    if of < 1.0 { format!("1/{:.1}", 1.0 / of) } else { format!("{of:.1}") }
}
