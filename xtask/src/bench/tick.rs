//! CPU of one tick against the floor: a C loop that opens by path, reads and closes the same pods' files.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use testkit::kubelet::FakeKubelet;

use super::Verdict;
use super::agent::Agent;
use super::kubelet::Answers;
use super::node::Node;

const INTERVAL: Duration = Duration::from_secs(1);
const TICKS: u32 = 20;

/// What a tick costs, in milliseconds of CPU.
struct Cost {
    /// Of the C loop.
    floor: f64,
    /// Of the agent, with a list of pods that no longer changes.
    kernel: f64,
    /// Of the agent, with a new answer fetched and parsed every tick.
    whole: f64,
}

/// At 110 pods.
pub(crate) fn run(binary: &Path, scratch: &Path, verdict: &mut Verdict) -> Result<()> {
    let cost = measure(110, binary, scratch, true)?;
    println!(
        "     a tick at 110 pods: floor {:.2} ms, agent {:.2} ms, with the kubelet's answer {:.2} ms",
        cost.floor, cost.kernel, cost.whole
    );
    verdict.at_most("CPU of a tick to the floor", cost.kernel / cost.floor, 2.0);
    verdict.at_most("CPU of a tick with the kubelet's answer to the floor", cost.whole / cost.floor, 3.0);
    Ok(())
}

/// The ratio of a tick to the floor at other sizes, against that at 110 pods.
///
/// The whole tick, with the kubelet's answer, is shown beside it: at 10 pods what a request costs, however small its answer,
/// weighs more than anything else in it.
pub(crate) fn scale(binary: &Path, scratch: &Path, verdict: &mut Verdict) -> Result<()> {
    let ratio = |pods| -> Result<f64> {
        let cost = measure(pods, binary, scratch, false)?;
        println!(
            "     {pods} pods: floor {:.2} ms, whole tick {:.2} ms, ratio {:.3}; the kernel's part {:.2} ms, ratio {:.3}",
            cost.floor,
            cost.whole,
            cost.whole / cost.floor,
            cost.kernel,
            cost.kernel / cost.floor
        );
        Ok(cost.kernel / cost.floor)
    };
    let at_110 = ratio(110)?;
    for pods in [10, 250, 1000] {
        let difference = ratio(pods)? / at_110 - 1.0;
        verdict.at_most(&format!("ratio at {pods} pods above that at 110, in hundredths"), difference * 100.0, 15.0);
    }
    Ok(())
}

fn measure(pods: usize, binary: &Path, scratch: &Path, list_files: bool) -> Result<Cost> {
    let node = Node::with(pods, scratch)?;
    let files = node.files();
    if list_files {
        println!("     files of one pod, read by the floor:");
        files.iter().take(files.len() / pods).for_each(|file| println!("       {file}"));
    }
    let program = super::compile(&super::project("xtask/src/bench/floor.c"), &scratch.join("floor"), &[])?;
    let before = floor(&program, &files, TICKS / 2)?;

    let kubelet = FakeKubelet::https();
    let mut answers = Answers::recorded()?;
    let size = answers.give(&kubelet, &node.pods);
    let agent = Agent::start(binary, &kubelet, scratch, INTERVAL)?;
    std::thread::sleep(INTERVAL * 3);
    let mut whole = 0.0;
    for _ in 0..TICKS {
        answers.give(&kubelet, &node.pods);
        whole += agent.cpu_of_ticks(1, INTERVAL)? / f64::from(TICKS);
    }
    println!("     the kubelet's list of pods: {:.2} MB", size as f64 / 1e6);
    // From here on the kubelet is away and the last good list is used: what is left is the kernel's part and the output.
    kubelet.refuse();
    std::thread::sleep(INTERVAL * 2);
    let kernel = agent.cpu_of_ticks(TICKS, INTERVAL)?;
    drop(agent);
    let after = floor(&program, &files, TICKS / 2)?;
    Ok(Cost { floor: (before + after) / 2.0, kernel, whole })
}

/// Milliseconds of CPU that one pass over the files takes, at the same pace as the agent's.
fn floor(program: &Path, files: &[String], passes: u32) -> Result<f64> {
    let arguments = [passes.to_string(), INTERVAL.as_millis().to_string()];
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("start the floor")?;
    child.stdin.take().context("the floor has no input")?.write_all(files.join("\n").as_bytes())?;
    let output = child.wait_with_output().context("run the floor")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let words: Vec<&str> = text.split_whitespace().collect();
    let [count, bytes, unread, microseconds] = words[..] else { bail!("the floor says {text:?}") };
    if unread != "0" {
        bail!("the floor could not read {unread} of {count} files");
    }
    println!("     floor: {count} files, {bytes} bytes, {microseconds} us a pass");
    Ok(microseconds.parse::<f64>()? / 1000.0)
}
