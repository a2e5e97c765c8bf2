//! The health check while the kubelet sends its answers in chunks of one byte, beside the same with whole answers.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail};
use serde_json::{Value, json};
use testkit::kubelet::FakeKubelet;

use super::drip::Drip;
use super::health::{self, Times};
use crate::bench::Verdict;
use crate::bench::agent::Agent;
use crate::bench::kubelet::Answers;
use crate::bench::node::Pod;

const PODS: usize = 110;
const INTERVAL: Duration = Duration::from_secs(10);
const OVER: Duration = Duration::from_secs(60);
const MOST_MS: f64 = 100.0;

/// Asks the health check over a minute of whole answers and a minute of single bytes.
///
/// An answer that takes the sender longer than the agent's deadline is given up by the agent; it asks again in the next round.
pub(super) fn run(binary: &Path, scratch: &Path, verdict: &mut Verdict) -> Result<()> {
    let answers = Answers::recorded()?;
    let items: Vec<Value> = (1..=PODS).map(|number| answers.item(&Pod::numbered(number))).collect();
    let list = json!({"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": items}).to_string();
    println!("     the list of {PODS} pods has {:.1} MB", list.len() as f64 / 1e6);
    let drip = Drip::start(list, json!({"node": {}, "pods": []}).to_string())?;
    let sets = [
        "exporters.awsemf.output_destination=stdout".to_owned(),
        format!("receivers.awscontainerinsightreceiver.kubelet.endpoint={}", drip.endpoint()),
    ];
    // The other kubelet is not asked: the last setting counts.
    let agent = Agent::start_with(binary, &FakeKubelet::http(), scratch, INTERVAL, &sets)?;
    let address = health::address(&scratch.join("agent.log"))?;
    std::thread::sleep(INTERVAL);
    // Nor should what else runs here count, the bytes' sender among it.
    let threads = agent.cpu_of_threads()?;
    if !threads.keys().all(|thread| health::prefer(thread)) {
        println!("     without root the agent's waiting for others counts too");
    }
    let measure = |what: &str| -> Result<Times> {
        let before = agent.cpu_ms()?;
        let times = Times::measure(&address, OVER)?;
        let cpu = (agent.cpu_ms()? - before) / OVER.as_millis() as f64 * 100.0;
        println!("     {what}: {}; the agent used {cpu:.1} % of a CPU", times.outline());
        Ok(times)
    };
    measure("whole answers")?;
    drip.drip();
    let times = measure("one byte a chunk")?;
    let (begun, finished) = drip.dripped();
    println!("     answers of single bytes: {begun} begun, {finished} sent to the end");
    if begun < 5 {
        bail!("the agent asked {begun} times only");
    }
    verdict.at_most("health check while the kubelet sends single bytes, longest ms", times.longest_ms(), MOST_MS);
    Ok(())
}
