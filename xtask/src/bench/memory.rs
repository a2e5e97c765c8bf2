//! Memory with pods that come and go.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use testkit::kubelet::FakeKubelet;

use super::Verdict;
use super::agent::Agent;
use super::kubelet::Answers;
use super::node::Node;

const PODS: usize = 110;
const REPLACED: usize = 11;
const INTERVAL: Duration = Duration::from_millis(200);
const EARLY: u32 = 50;
const LATE: u32 = 500;

/// 110 pods, one in ten replaced every tick, a new answer of the kubelet every tick.
pub(crate) fn run(binary: &Path, scratch: &Path, verdict: &mut Verdict) -> Result<()> {
    let mut node = Node::with(PODS, scratch)?;
    let kubelet = FakeKubelet::https();
    let mut answers = Answers::recorded()?;
    answers.give(&kubelet, &node.pods);
    let agent = Agent::start(binary, &kubelet, scratch, INTERVAL)?;
    let (mut early, mut late) = (0, 0);
    #[expect(clippy::disallowed_methods, reason = "a bench paces itself")]
    let began = std::time::Instant::now();
    for tick in 1..=LATE {
        node.replace(REPLACED)?;
        answers.give(&kubelet, &node.pods);
        std::thread::sleep((INTERVAL * tick).saturating_sub(began.elapsed()));
        if tick == EARLY {
            early = agent.status_kib("VmRSS")?;
        }
        late = agent.status_kib("VmRSS")?;
        if tick % EARLY == 0 {
            let (anonymous, file) = (agent.status_kib("RssAnon")?, agent.status_kib("RssFile")?);
            println!("     tick {tick}: VmRSS {late} KiB, of it anonymous {anonymous} KiB and of files {file} KiB");
        }
    }
    println!("     VmRSS at tick {EARLY}: {early} KiB, at tick {LATE}: {late} KiB");
    verdict.at_most("VmHWM at 110 pods, MiB", agent.status_kib("VmHWM")? as f64 / 1024.0, 16.0);
    verdict.at_most("growth of VmRSS from tick 50 to tick 500, KiB", late as f64 - early as f64, 512.0);
    Ok(())
}
