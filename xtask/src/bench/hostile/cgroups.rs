//! A machine on which tenants and leaks have made 200 000 cgroups: what a round costs, and whether the pods are complete.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail};
use serde_json::Value;
use testkit::cloudwatch_logs::{FakeCloudWatchLogs, Stored};
use testkit::kubelet::FakeKubelet;

use super::tenants;
use super::tree::Machine;
use crate::bench::Verdict;
use crate::bench::agent::Agent;
use crate::bench::kubelet::Answers;
use crate::bench::node::Pod;

const PODS: usize = 20;
/// Cgroups with names of containers in subtrees of users, and scopes left over in `system.slice`.
const CONTAINERS: usize = 200_000;
const LEAKED: usize = 20_000;
const INTERVAL: Duration = Duration::from_secs(10);
const ROUNDS: u32 = 6;
const GROUP: &str = "/aws/containerinsights/bench/performance";
const STREAM: &str = "bench";
/// The interval of a real node.
const MOST_SECONDS: f64 = 60.0;
/// VmHWM at the most: half of what the chart allows.
const MOST_MIB: f64 = 64.0;

/// What arrived of a round.
#[derive(Default)]
struct Round {
    containers: BTreeSet<String>,
    /// Milliseconds from its stamp until its last event was stored.
    took_ms: i64,
}

/// Makes the machine, and judges time, memory and completeness.
pub(super) fn run(binary: &Path, scratch: &Path, verdict: &mut Verdict) -> Result<()> {
    let pods: Vec<Pod> = (1..=PODS).map(Pod::numbered).collect();
    let machine = Machine::with(&pods)?;
    for number in 0..CONTAINERS {
        machine.add_foreign(&tenants::container(number), 1000)?;
    }
    for number in 0..LEAKED {
        machine.add_foreign(&tenants::leaked(number), 0)?;
    }
    println!(
        "     {CONTAINERS} cgroups named like containers in user.slice, {LEAKED} leaked in system.slice, {PODS} pods"
    );
    let kubelet = FakeKubelet::https();
    Answers::recorded()?.give(&kubelet, &pods);
    let fake = FakeCloudWatchLogs::http();
    let sets = [
        format!("exporters.awsemf.endpoint={}", fake.endpoint()),
        format!("exporters.awsemf.log_group_name={GROUP}"),
        format!("exporters.awsemf.log_stream_name={STREAM}"),
        format!("receivers.awscontainerinsightreceiver.root_path={}", machine.root().display()),
    ];
    let agent = Agent::start_with(binary, &kubelet, scratch, INTERVAL, &sets)?;
    std::thread::sleep(INTERVAL * 2);
    let cpu_ms = agent.cpu_of_ticks(ROUNDS, INTERVAL)?;
    let rounds = rounds(&fake.events(GROUP, STREAM))?;
    // The newest may be on its way.
    let whole: Vec<&Round> = rounds.values().take(rounds.len().saturating_sub(1)).collect();
    if whole.len() < ROUNDS as usize {
        bail!("{} rounds arrived instead of {ROUNDS}", whole.len());
    }
    let counts: Vec<usize> = whole.iter().map(|round| round.containers.len()).collect();
    println!("     complete containers of each round: {counts:?}");
    let missing = |round: &&Round| pods.iter().filter(|pod| !round.containers.contains(&pod.container_id)).count();
    let foreign = |round: &&Round| round.containers.len() + missing(round) - PODS;
    let most = |count: &dyn Fn(&&Round) -> usize| whole.iter().map(count).max().unwrap_or_default() as f64;
    let longest_ms = whole.iter().map(|round| round.took_ms).max().unwrap_or_default();
    verdict.at_most("containers of pods missing in a round", most(&missing), 0.0);
    verdict.at_most("containers that no pod has in a round", most(&foreign), 0.0);
    verdict.at_most("CPU of a round with 200 000 cgroups, seconds", cpu_ms / 1000.0, MOST_SECONDS);
    verdict.at_most("such a round from its stamp to its delivery, seconds", longest_ms as f64 / 1000.0, MOST_SECONDS);
    verdict.at_most("VmHWM with 200 000 cgroups, MiB", agent.status_kib("VmHWM")? as f64 / 1024.0, MOST_MIB);
    Ok(())
}

/// The rounds by their time, with the containers that have both CPU and memory.
fn rounds(events: &[Stored]) -> Result<BTreeMap<i64, Round>> {
    let mut rounds: BTreeMap<i64, Round> = BTreeMap::new();
    for event in events {
        let body: Value = serde_json::from_str(&event.message)?;
        let round = rounds.entry(event.time_ms).or_default();
        round.took_ms = round.took_ms.max(event.stored_at_ms - event.time_ms);
        let has = |metric: &str| body[metric].is_number();
        if body["Type"] == "Container" && has("container_cpu_usage_total") && has("container_memory_working_set") {
            let id = body["kubernetes"]["containerd"]["container_id"].as_str().unwrap_or("unnamed");
            round.containers.insert(id.to_owned());
        }
    }
    Ok(rounds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_is_complete_with_cpu_and_memory() {
        let stored = |time_ms: i64, stored_at_ms: i64, message: &str| Stored {
            time_ms,
            stored_at_ms,
            message: message.to_owned(),
        };
        let whole = r#"{"Type":"Container","kubernetes":{"containerd":{"container_id":"a"}},"container_cpu_usage_total":0,"container_memory_working_set":1}"#;
        let half =
            r#"{"Type":"Container","kubernetes":{"containerd":{"container_id":"b"}},"container_memory_working_set":1}"#;
        let rounds = rounds(&[stored(5, 7, whole), stored(5, 9, half), stored(8, 9, half)]).unwrap();
        let outline: Vec<(i64, usize, i64)> =
            rounds.iter().map(|(time, round)| (*time, round.containers.len(), round.took_ms)).collect();
        assert_eq!(outline, [(5, 1, 4), (8, 0, 1)]);
    }
}
