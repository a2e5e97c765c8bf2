//! What delivery to CloudWatch Logs costs at 110 pods: of the processor, of the disk, of memory.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use testkit::cloudwatch_logs::{FakeCloudWatchLogs, Stored};
use testkit::kubelet::FakeKubelet;

use super::Verdict;
use super::agent::Agent;
use super::kubelet::Answers;
use super::node::Node;
use crate::soak::bed::now_ms;
use crate::soak::page::Page;

const PODS: usize = 110;
const GROUP: &str = "/aws/containerinsights/bench/performance";
const STREAM: &str = "bench";
/// Between rounds that stand for minutes.
const FAST: Duration = Duration::from_millis(200);
/// Between rounds that only fill memory: the pods of a bench do nothing, so that their rounds are small.
const FASTEST: Duration = Duration::from_millis(100);
/// Rounds of an hour.
const HOUR: usize = 60;
const SIX_HOURS: usize = 6 * HOUR;
const ROUNDS_A_DAY: f64 = 1440.0;

/// A node, and the service it delivers to.
struct Lab<'a> {
    binary: &'a Path,
    scratch: PathBuf,
    kubelet: FakeKubelet,
    fake: FakeCloudWatchLogs,
}

/// All figures.
pub(crate) fn run(binary: &Path, scratch: &Path, verdict: &mut Verdict) -> Result<()> {
    let node = Node::with(PODS, scratch)?;
    let kubelet = FakeKubelet::https();
    Answers::recorded()?.give(&kubelet, &node.pods);
    let mut lab = Lab { binary, scratch: scratch.join("delivery"), kubelet, fake: FakeCloudWatchLogs::http() };
    fs::create_dir_all(&lab.scratch).context("make a folder")?;
    lab.backlog(verdict)?;
    lab.fake = FakeCloudWatchLogs::http();
    lab.outage(verdict)?;
    lab.overflow(verdict)?;
    lab.fake = FakeCloudWatchLogs::http();
    lab.minute()
}

impl Lab<'_> {
    /// An agent whose events wait in a folder on disk, or in memory.
    fn agent(&self, interval: Duration, folder: Option<&str>) -> Result<Agent> {
        let mut sets = vec![
            format!("exporters.awsemf.endpoint={}", self.fake.endpoint()),
            format!("exporters.awsemf.log_group_name={GROUP}"),
            format!("exporters.awsemf.log_stream_name={STREAM}"),
            "service.telemetry.metrics={readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: 0}}}}]}"
                .to_owned(),
        ];
        if let Some(folder) = folder {
            sets.push(format!("extensions.file_storage.directory={}", self.scratch.join(folder).display()));
            sets.push("service.extensions=[file_storage]".to_owned());
            sets.push("exporters.awsemf.sending_queue={storage: file_storage}".to_owned());
        }
        Agent::start_with(self.binary, &self.kubelet, &self.scratch, interval, &sets)
    }

    fn page(&self) -> Page {
        Page::fetch(&self.scratch.join("agent.log")).unwrap_or_default()
    }

    /// Events that the agent found on disk when it started, as its log says.
    fn left_on_disk(&self) -> Result<usize> {
        let log = fs::read_to_string(self.scratch.join("agent.log")).context("read the agent's log")?;
        let mut lines = log.lines().filter(|line| line.contains("events of the last run wait for delivery"));
        let words = lines.next_back().unwrap_or_default().split_whitespace();
        Ok(words.filter_map(|word| word.strip_prefix("events=")?.parse().ok()).next().unwrap_or(0))
    }

    fn stored(&self) -> Vec<Stored> {
        self.fake.events(GROUP, STREAM)
    }

    /// An hour's rounds pile up on disk; then the service is there, and a round comes each second.
    fn backlog(&self, verdict: &mut Verdict) -> Result<()> {
        self.fake.refuse();
        let agent = self.agent(FAST, Some("backlog"))?;
        std::thread::sleep(FAST * u32::try_from(HOUR + 2)?);
        drop(agent);
        let (bytes, ended) = (bytes_below(&self.scratch.join("backlog"))?, now_ms());
        self.fake.accept();
        let agent = self.agent(Duration::from_secs(1), Some("backlog"))?;
        let began = now_ms();
        let is_old = |event: &Stored| event.time_ms <= ended;
        wait_for("the backlog", || {
            // Counting is cheap; looking at every event would hold up the service.
            let waited = self.left_on_disk()?;
            Ok(waited > 0
                && self.fake.event_count() >= waited
                && self.stored().into_iter().filter(is_old).count() >= waited)
        })?;
        let (cpu, wall) = (agent.cpu_ms()?, now_ms() - began);
        std::thread::sleep(Duration::from_secs(5));
        drop(agent);
        let (old, live): (Vec<_>, Vec<_>) = self.stored().into_iter().partition(is_old);
        let rounds = old.iter().map(|event| event.time_ms).collect::<std::collections::BTreeSet<_>>().len();
        let age = live.iter().map(|event| event.stored_at_ms - event.time_ms).max().context("no live event came")?;
        println!("     backlog: {rounds} rounds, {} events, {bytes} bytes on disk, {wall} ms by the clock", old.len());
        let seconds = cpu / 1000.0 * HOUR as f64 / rounds as f64;
        verdict.at_most("CPU of an hour's backlog with the live rounds beside it, seconds", seconds, 10.0);
        verdict.at_most("age of live events beside a backlog, seconds", age as f64 / 1000.0, 2.0);
        verdict.at_most("disk of a day's outage, MB", bytes as f64 / rounds as f64 * ROUNDS_A_DAY / 1e6, 150.0);
        Ok(())
    }

    /// Six hours without the service, on disk.
    fn outage(&self, verdict: &mut Verdict) -> Result<()> {
        self.fake.refuse();
        let agent = self.agent(FAST, Some("outage"))?;
        let mut resident = 0;
        for _ in 0..SIX_HOURS {
            std::thread::sleep(FAST);
            resident = resident.max(agent.status_kib("VmRSS")?);
        }
        let bytes = bytes_below(&self.scratch.join("outage"))?;
        println!("     six hours without the service: {bytes} bytes on disk, {}", memory(&agent)?);
        verdict.at_most("most VmRSS in six hours without the service, on disk, MiB", resident as f64 / 1024.0, 32.0);
        Ok(())
    }

    /// Without the service until memory's queue is full.
    fn overflow(&self, verdict: &mut Verdict) -> Result<()> {
        let agent = self.agent(FASTEST, None)?;
        let mut resident = 0;
        wait_for("a full queue", || {
            resident = resident.max(agent.status_kib("VmRSS")?);
            Ok(self.page().count("container_insights_dropped_events") > 0)
        })?;
        // Some more rounds, which take the place of the oldest.
        for _ in 0..50 {
            std::thread::sleep(FAST);
            resident = resident.max(agent.status_kib("VmRSS")?);
        }
        let held = self.page().count("otelcol_exporter_queue_size");
        println!("     memory's queue is full: {held} bytes wait, {}", memory(&agent)?);
        verdict.at_most("most VmRSS with memory's queue full, MiB", resident as f64 / 1024.0, 44.0);
        Ok(())
    }

    /// A tick a minute, delivered: what a minute costs.
    fn minute(&self) -> Result<()> {
        let agent = self.agent(Duration::from_secs(60), Some("minute"))?;
        wait_for("the first tick", || Ok(!self.stored().is_empty()))?;
        std::thread::sleep(Duration::from_secs(10));
        let (before, sent) = (agent.cpu_of_threads()?, self.page());
        let mut threads: BTreeMap<_, _> = before.clone();
        for _ in 0..600 {
            std::thread::sleep(Duration::from_millis(100));
            // A thread that ends keeps what it had last.
            threads.extend(agent.cpu_of_threads()?);
        }
        let nanoseconds = threads.values().sum::<u64>() - before.values().sum::<u64>();
        let page = self.page();
        let more = |name| page.count(name) - sent.count(name);
        println!(
            "     a minute at {PODS} pods: {:.1} ms of CPU, {} events, {} bytes raw, {} on the wire, {}",
            nanoseconds as f64 / 1e6,
            more("container_insights_sent_events"),
            more("container_insights_request_raw_bytes"),
            more("container_insights_request_wire_bytes"),
            memory(&agent)?
        );
        Ok(())
    }
}

fn memory(agent: &Agent) -> Result<String> {
    let [resident, anonymous, high] = ["VmRSS", "RssAnon", "VmHWM"].map(|key| agent.status_kib(key));
    Ok(format!("VmRSS {} KiB, of it anonymous {} KiB, at most {} KiB", resident?, anonymous?, high?))
}

/// Waits at most four minutes.
fn wait_for(what: &str, mut reached: impl FnMut() -> Result<bool>) -> Result<()> {
    for _ in 0..2400 {
        if reached()? {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    bail!("{what} did not come")
}

fn bytes_below(folder: &Path) -> Result<u64> {
    Ok(files_below(folder)?.iter().map(|(_, bytes)| bytes).sum())
}

fn files_below(folder: &Path) -> Result<Vec<(PathBuf, u64)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("list {}", folder.display()))? {
        let entry = entry?;
        // A file may go between the list and the look.
        let Ok(metadata) = entry.metadata() else { continue };
        if metadata.is_dir() {
            files.extend(files_below(&entry.path())?);
        } else {
            files.push((entry.path(), metadata.len()));
        }
    }
    Ok(files)
}
