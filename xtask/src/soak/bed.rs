//! One agent in host mode on this machine, and the CloudWatch Logs it delivers to.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};
use testkit::cloudwatch_logs::{FakeCloudWatchLogs, KEYS, REGION, Stored};

use super::account::{Account, Runs};
use super::page::Page;
use crate::bench::agent::Agent;
use crate::project::root;

const GROUP: &str = "/aws/containerinsights/soak/performance";
const STREAM: &str = "soak";

/// Where events wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waits {
    OnDisk,
    InMemory,
}

/// How an agent is run.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    pub(crate) binary: PathBuf,
    pub(crate) interval: Duration,
    pub(crate) waits: Waits,
    /// The most bytes that may wait; `None` for the default.
    pub(crate) queue_bytes: Option<u64>,
    /// A folder of its own.
    pub(crate) folder: PathBuf,
    /// A process in whose mount namespace it runs; `None` for this one's.
    pub(crate) mounts_of: Option<u32>,
}

/// The agent and its service.
pub(crate) struct Bed {
    pub(crate) fake: FakeCloudWatchLogs,
    setup: Setup,
    agent: Agent,
    runs: Runs,
}

/// How it ended.
pub(crate) struct Ended {
    pub(crate) account: Account,
    /// Own metrics of the last process.
    pub(crate) page: Page,
    pub(crate) runs: Runs,
    /// What the agent did that a client must not do.
    pub(crate) violations: Vec<String>,
}

impl Bed {
    /// Starts both.
    pub(crate) fn start(setup: Setup) -> Result<Self> {
        std::fs::create_dir_all(&setup.folder).context("make a folder")?;
        let fake = FakeCloudWatchLogs::http();
        fake.expect_json();
        let runs = Runs { interval_ms: millis(setup.interval), started_ms: now_ms(), ..Runs::default() };
        let agent = run(&setup, fake.endpoint())?;
        Ok(Self { fake, setup, agent, runs })
    }

    /// Kills the agent and starts it again at once.
    pub(crate) fn kill(&mut self) -> Result<()> {
        let ended = now_ms();
        self.agent.kill();
        self.start_again(ended)
    }

    /// Ends the agent as a pod is ended and starts it again.
    pub(crate) fn restart(&mut self) -> Result<()> {
        let ended = now_ms();
        self.agent.terminate()?;
        self.start_again(ended)
    }

    fn start_again(&mut self, ended: i64) -> Result<()> {
        let started = now_ms();
        self.agent = run(&self.setup, self.fake.endpoint())?;
        self.runs.restarts.push((ended, started));
        Ok(())
    }

    /// Own metrics just now.
    pub(crate) fn page(&self) -> Result<Page> {
        Page::fetch(&log(&self.setup.folder))
    }

    /// The account so far; what came in the last moments is not looked at.
    pub(crate) fn account(&self) -> Account {
        let settled = Runs { ended_ms: now_ms() - self.runs.interval_ms.min(1000), ..self.runs.clone() };
        Account::of(&self.stored(), &settled)
    }

    /// Waits until nothing is missing but what the agent says it dropped, or this long; then ends the agent.
    pub(crate) fn finish(mut self, patience: Duration) -> Result<Ended> {
        let until = now_ms() + millis(patience);
        while now_ms() < until && self.account().lost.len() > self.page()?.count("container_insights_dropped_events") {
            std::thread::sleep(Duration::from_millis(500));
        }
        if !self.agent.is_running() {
            bail!("the agent is no longer there; its log is {}", log(&self.setup.folder).display());
        }
        let page = self.page()?;
        self.runs.ended_ms = now_ms();
        self.agent.terminate()?;
        let account = Account::of(&self.stored(), &self.runs);
        Ok(Ended { account, page, runs: self.runs, violations: self.fake.violations() })
    }

    fn stored(&self) -> Vec<Stored> {
        self.fake.events(GROUP, STREAM)
    }
}

/// Milliseconds since 1970.
#[expect(clippy::disallowed_methods, reason = "a soak compares what it did with the times of events")]
pub(crate) fn now_ms() -> i64 {
    millis(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default())
}

/// As times of events are counted.
pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn log(folder: &Path) -> PathBuf {
    folder.join("agent.log")
}

fn run(setup: &Setup, endpoint: &str) -> Result<Agent> {
    let mut command = match setup.mounts_of {
        None => Command::new(&setup.binary),
        Some(process) => {
            let mut command = Command::new("nsenter");
            command.arg(format!("--mount=/proc/{process}/ns/mnt")).arg(&setup.binary);
            command
        }
    };
    command.env_clear().env("AWS_ACCESS_KEY_ID", KEYS.0).env("AWS_SECRET_ACCESS_KEY", KEYS.1);
    command.env("AWS_REGION", REGION).env("AWS_EC2_METADATA_DISABLED", "true").env("HOST_NAME", STREAM);
    command.arg("--config").arg(root().join("examples/host.yaml"));
    let mut sets = vec![
        "exporters.awsemf.output_destination=cloudwatch".to_owned(),
        format!("exporters.awsemf.endpoint={endpoint}"),
        format!("exporters.awsemf.log_group_name={GROUP}"),
        format!("exporters.awsemf.log_stream_name={STREAM}"),
        format!("receivers.awscontainerinsightreceiver.collection_interval={}ms", setup.interval.as_millis()),
        "service.telemetry.metrics={readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: 0}}}}]}"
            .to_owned(),
    ];
    let mut queue = Vec::new();
    if setup.waits == Waits::OnDisk {
        sets.push(format!("extensions.file_storage.directory={}", setup.folder.join("waiting").display()));
        sets.push("service.extensions=[file_storage]".to_owned());
        queue.push("storage: file_storage".to_owned());
    }
    if let Some(bytes) = setup.queue_bytes {
        queue.push(format!("sizer: bytes, queue_size: {bytes}"));
    }
    sets.push(format!("exporters.awsemf.sending_queue={{{}}}", queue.join(", ")));
    sets.iter().for_each(|set| {
        command.args(["--set", set]);
    });
    Agent::spawn(&mut command, &log(&setup.folder))
}
