//! The agent under measurement: a process of the shipped binary, and what the kernel says of it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use testkit::cloudwatch_logs::{KEYS, REGION};
use testkit::kubelet::FakeKubelet;

use crate::project as workspace;

/// A running agent; it ends with this.
pub(crate) struct Agent(Child);

impl Agent {
    /// Starts the agent with the sample configuration against a fake kubelet; events go nowhere.
    pub(crate) fn start(binary: &Path, kubelet: &FakeKubelet, scratch: &Path, interval: Duration) -> Result<Self> {
        Self::start_with(binary, kubelet, scratch, interval, &["exporters.awsemf.output_destination=stdout".to_owned()])
    }

    /// The same with more settings, such as where events go instead; the fake service's keys are in its environment.
    pub(crate) fn start_with(
        binary: &Path,
        kubelet: &FakeKubelet,
        scratch: &Path,
        interval: Duration,
        more: &[String],
    ) -> Result<Self> {
        let mut command = Command::new(binary);
        command.arg("--config").arg(super::project("examples/eks.yaml"));
        let receiver = "receivers.awscontainerinsightreceiver";
        let mut sets = vec![
            "extensions.health_check.endpoint=localhost:0".to_owned(),
            format!("{receiver}.cluster_name=bench"),
            format!("{receiver}.collection_interval={}ms", interval.as_millis()),
            format!("{receiver}.kubelet.endpoint={}", kubelet.endpoint()),
            format!("{receiver}.kubelet.auth_type=none"),
            format!("{receiver}.root_path=/"),
        ];
        if let Some(pem) = kubelet.ca_pem() {
            let file = scratch.join("ca.pem");
            fs::write(&file, pem).context("write the kubelet's authority")?;
            sets.push(format!("{receiver}.kubelet.ca_file={}", file.display()));
        }
        sets.iter().chain(more).for_each(|set| {
            command.args(["--set", set]);
        });
        command.env("HOST_NAME", "bench").env("K8S_NAMESPACE", "agents").env_remove("AOT_CONFIG_CONTENT");
        command.env("AWS_ACCESS_KEY_ID", KEYS.0).env("AWS_SECRET_ACCESS_KEY", KEYS.1);
        command.env("AWS_REGION", REGION).env("AWS_EC2_METADATA_DISABLED", "true");
        Self::spawn(&mut command, &scratch.join("agent.log"))
    }

    /// Starts the agent by a command; its log is appended to a file.
    pub(crate) fn spawn(command: &mut Command, log: &Path) -> Result<Self> {
        let log = fs::File::options().create(true).append(true).open(log).context("open the agent's log")?;
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        Ok(Self(command.spawn().context("start the agent")?))
    }

    /// Ends it at once.
    pub(crate) fn kill(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }

    /// Ends it as a pod is ended: asks, and waits until it has.
    pub(crate) fn terminate(&mut self) -> Result<()> {
        workspace::succeed(Command::new("kill").arg(self.0.id().to_string()))?;
        let status = self.0.wait().context("wait for the agent")?;
        if !status.success() {
            bail!("the agent ended with {status}");
        }
        Ok(())
    }

    /// Whether it still runs.
    pub(crate) fn is_running(&mut self) -> bool {
        matches!(self.0.try_wait(), Ok(None))
    }

    /// CPU time of all threads so far, in milliseconds.
    pub(crate) fn cpu_ms(&self) -> Result<f64> {
        Ok(self.cpu_of_threads()?.values().sum::<u64>() as f64 / 1e6)
    }

    /// CPU time of each thread so far, in nanoseconds. What a thread had that has ended is not among it.
    pub(crate) fn cpu_of_threads(&self) -> Result<BTreeMap<OsString, u64>> {
        let mut threads = BTreeMap::new();
        for task in fs::read_dir(format!("/proc/{}/task", self.0.id())).context("list the agent's threads")? {
            let task = task?;
            let text = fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
            if let Some(nanoseconds) = text.split(' ').next().and_then(|first| first.parse().ok()) {
                threads.insert(task.file_name(), nanoseconds);
            }
        }
        Ok(threads)
    }

    /// CPU time of `ticks` ticks, per tick, in milliseconds.
    pub(crate) fn cpu_of_ticks(&self, ticks: u32, interval: Duration) -> Result<f64> {
        let before = self.cpu_ms()?;
        std::thread::sleep(interval * ticks);
        Ok((self.cpu_ms()? - before) / f64::from(ticks))
    }

    /// A line of `/proc/<pid>/status`, in KiB.
    pub(crate) fn status_kib(&self, key: &str) -> Result<u64> {
        let text = fs::read_to_string(format!("/proc/{}/status", self.0.id())).context("read the agent's status")?;
        let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
        line.and_then(|line| line.trim().split(' ').next()?.parse().ok()).with_context(|| format!("no {key}"))
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.kill();
    }
}
