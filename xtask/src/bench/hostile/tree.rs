//! A machine made of files in memory: a recorded node with pods of its own and the cgroups of its tenants.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

use super::tenants;
use crate::bench::node::Pod;
use crate::project as workspace;

/// The recorded node below everything else.
const RECORDING: &str = "v2-kubernetes-systemd/first";
/// Where files take no disk: making a million of them takes seconds.
const MEMORY: &str = "/dev/shm";
const CGROUPS: &str = "sys/fs/cgroup";
/// Files of a tenant's cgroup, as far as the agent reads them.
const FILES: [&str; 5] = ["cpu.stat", "memory.current", "memory.stat", "memory.peak", "memory.swap.current"];

/// A machine below a root; its files are removed when the bench ends, however it ends.
pub(super) struct Machine {
    root: PathBuf,
    keeper: Child,
}

impl Machine {
    /// The recorded node with these pods instead of its own.
    pub(super) fn with(pods: &[Pod]) -> Result<Self> {
        let root = tempfile::Builder::new().prefix("bench-hostile-").tempdir_in(MEMORY);
        let root = root.with_context(|| format!("make a folder in {MEMORY}"))?.keep();
        // Its input ends with this process, also where that is killed; a terminal's signals don't reach it.
        let mut keeper = Command::new("sh");
        keeper.args(["-c", "cat > /dev/null; exec rm -rf \"$0\""]).arg(&root).stdin(Stdio::piped()).process_group(0);
        let machine = Self { keeper: keeper.spawn().context("start the shell that removes the files")?, root };
        let recording = testkit::hosts::path(RECORDING);
        workspace::succeed(Command::new("cp").arg("-r").arg(recording.join(".")).arg(&machine.root))?;
        machine.forget_pods()?;
        for (number, pod) in pods.iter().enumerate() {
            machine.add_pod(pod, number)?;
        }
        Ok(machine)
    }

    /// The machine's `/`.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Makes a tenant's cgroup. Its files are links to those of one cgroup: a fifth of the memory.
    pub(super) fn add_foreign(&self, path: &str, user: u32) -> Result<()> {
        let folder = self.root.join(CGROUPS).join(path);
        fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
        for file in FILES {
            let model = self.root.join(CGROUPS).join("kubepods.slice").join(file);
            fs::hard_link(model, folder.join(file)).with_context(|| format!("link {file} in {}", folder.display()))?;
        }
        chown(&folder, Some(user), Some(user)).with_context(|| format!("give {} away", folder.display()))
    }

    fn forget_pods(&self) -> Result<()> {
        let slice = self.root.join(CGROUPS).join("kubepods.slice");
        let is_number = |name: &str| name.bytes().all(|byte| byte.is_ascii_digit());
        for folder in [&slice, &self.root.join("proc")] {
            for entry in fs::read_dir(folder).with_context(|| format!("list {}", folder.display()))? {
                let (entry, is_process) = (entry?, folder != &slice);
                let name = entry.file_name().to_string_lossy().into_owned();
                let goes = if is_process { is_number(&name) && name != "1" } else { entry.file_type()?.is_dir() };
                if goes {
                    fs::remove_dir_all(entry.path()).with_context(|| format!("remove {}", entry.path().display()))?;
                }
            }
        }
        Ok(())
    }

    /// A pod with a sandbox and a container, each with a process.
    fn add_pod(&self, pod: &Pod, number: usize) -> Result<()> {
        let slice = tenants::pod_slice(&pod.uid);
        self.copy_files(&slice)?;
        for (which, id) in [format!("{number:064x}"), pod.container_id.clone()].iter().enumerate() {
            let scope = format!("{slice}/cri-containerd-{id}.scope");
            self.copy_files(&scope)?;
            let pid = 1000 + number * 2 + which;
            let process = self.root.join("proc").join(pid.to_string());
            fs::create_dir_all(process.join("net")).context("make a process")?;
            fs::write(process.join("cgroup"), format!("0::/{scope}\n")).context("write a process's cgroup")?;
            let stat = format!("{pid} (pause) S 1 {pid} {pid} 0 -1 4194304 100 0 0 0 1 1 0 0 20 0 1 0 {pid} 0 0\n");
            fs::write(process.join("stat"), stat).context("write a process's state")?;
            fs::copy(self.root.join("proc/1/net/dev"), process.join("net/dev")).context("write a pod's network")?;
        }
        Ok(())
    }

    fn copy_files(&self, path: &str) -> Result<()> {
        let (model, folder) = (self.root.join(CGROUPS).join("kubepods.slice"), self.root.join(CGROUPS).join(path));
        fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
        let mut copied = 0;
        for entry in fs::read_dir(&model).with_context(|| format!("list {}", model.display()))? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                fs::copy(entry.path(), folder.join(entry.file_name())).context("copy a cgroup's file")?;
                copied += 1;
            }
        }
        if copied < FILES.len() {
            bail!("{} has {copied} files", model.display());
        }
        Ok(())
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}
