//! Pods without a Kubernetes: real cgroups, real processes, a network namespace for each pod.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

/// Files that a tick needs of each pod and container, by hierarchy.
const V1_FILES: [(&str, &[&str]); 2] = [
    ("cpuacct", &["cpuacct.usage", "cpuacct.stat"]),
    ("memory", &["memory.usage_in_bytes", "memory.stat", "memory.max_usage_in_bytes", "memory.failcnt"]),
];
const V2_FILES: &[&str] = &["cpu.stat", "memory.current", "memory.stat", "memory.peak", "memory.swap.current"];
const MOUNT: &str = "/sys/fs/cgroup";
/// Where the pods are: not where a kubelet of this machine would look, which would take them away.
const PARENT: &str = "bench/kubepods/besteffort";

/// One pod: a sandbox and one container, each with a process.
pub(crate) struct Pod {
    pub(crate) uid: String,
    pub(crate) container_id: String,
    groups: Vec<PathBuf>,
    processes: Vec<Child>,
}

/// Pods on the machine; they end with it.
pub(crate) struct Node {
    pub(crate) pods: Vec<Pod>,
    hierarchies: Vec<PathBuf>,
    pause: PathBuf,
    made: usize,
}

impl Node {
    /// A machine with `count` pods; `scratch` holds the program that they run.
    pub(crate) fn with(count: usize, scratch: &Path) -> Result<Self> {
        let pause = super::compile(&super::project("beds/images/pause.c"), &scratch.join("pause"), &["-static"])?;
        let v2 = Path::new(MOUNT).join("cgroup.controllers").exists();
        if let Some(foreign) = foreign_pods(v2) {
            bail!("there are other pods on this machine, which would be measured too: {}", foreign.display());
        }
        let hierarchies = if v2 { vec![PathBuf::from(MOUNT)] } else { v1_hierarchies()? };
        let mut node = Self { pods: Vec::new(), hierarchies, pause, made: 0 };
        for _ in 0..count {
            node.add()?;
        }
        Ok(node)
    }

    /// Takes the oldest pods away and makes as many new ones.
    pub(crate) fn replace(&mut self, count: usize) -> Result<()> {
        for pod in self.pods.drain(..count) {
            pod.end();
        }
        for _ in 0..count {
            self.add()?;
        }
        Ok(())
    }

    /// The files that a tick needs of the pods.
    pub(crate) fn files(&self) -> Vec<String> {
        let mut files = Vec::new();
        for pod in &self.pods {
            for group in [String::new(), format!("/{}", pod.container_id)] {
                for hierarchy in &self.hierarchies {
                    let name = hierarchy.file_name().unwrap_or_default().to_string_lossy();
                    let wanted = V1_FILES.iter().find(|(of, _)| name.split(',').any(|part| part == *of));
                    let wanted =
                        if self.hierarchies.len() == 1 { V2_FILES } else { wanted.map_or(&[][..], |(_, files)| files) };
                    let directory = pod_path(hierarchy, &pod.uid);
                    files.extend(wanted.iter().map(|file| format!("{}{group}/{file}", directory.display())));
                }
            }
            files.extend(pod.processes.first().map(|sandbox| format!("/proc/{}/net/dev", sandbox.id())));
        }
        files
    }

    fn add(&mut self) -> Result<()> {
        self.made += 1;
        let mut pod = Pod::numbered(self.made);
        let sandbox_id = format!("{:064x}", self.made);
        for hierarchy in &self.hierarchies {
            let directory = pod_path(hierarchy, &pod.uid);
            for id in [&sandbox_id, &pod.container_id] {
                let group = directory.join(id);
                fs::create_dir_all(&group).with_context(|| format!("make the cgroup {}", group.display()))?;
                pod.groups.push(group);
            }
            pod.groups.push(directory);
        }
        let sandbox = start(Command::new("unshare").arg("--net").arg(&self.pause))?;
        let container =
            start(Command::new("nsenter").arg(format!("--net=/proc/{}/ns/net", sandbox.id())).arg(&self.pause))?;
        pod.processes = vec![sandbox, container];
        for (process, id) in pod.processes.iter().zip([&sandbox_id, &pod.container_id]) {
            for hierarchy in &self.hierarchies {
                let procs = pod_path(hierarchy, &pod.uid).join(id).join("cgroup.procs");
                fs::write(&procs, process.id().to_string()).with_context(|| format!("write {}", procs.display()))?;
            }
        }
        self.pods.push(pod);
        Ok(())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.pods.drain(..).for_each(Pod::end);
        for hierarchy in &self.hierarchies {
            // Only what is empty goes: a Kubernetes that is really there keeps its own.
            let _ = fs::remove_dir(hierarchy.join(PARENT));
            let _ = fs::remove_dir(hierarchy.join("bench/kubepods"));
            let _ = fs::remove_dir(hierarchy.join("bench"));
        }
    }
}

impl Pod {
    /// A pod by its name only, without cgroups and processes.
    pub(crate) fn numbered(number: usize) -> Self {
        let uid = format!("{number:08x}-bbbb-4ccc-8ddd-{number:012x}");
        Self { uid, container_id: format!("c{number:063x}"), groups: Vec::new(), processes: Vec::new() }
    }

    fn end(mut self) {
        for process in &mut self.processes {
            let _ = process.kill();
            let _ = process.wait();
        }
        for group in &self.groups {
            let _ = fs::remove_dir(group);
        }
    }
}

/// A folder of another kubelet's pods.
fn foreign_pods(v2: bool) -> Option<PathBuf> {
    let memory = Path::new(MOUNT).join(if v2 { "" } else { "memory" });
    ["kubepods", "kubepods.slice"].iter().map(|name| memory.join(name)).find(|folder| folder.exists())
}

fn pod_path(hierarchy: &Path, uid: &str) -> PathBuf {
    hierarchy.join(PARENT).join(format!("pod{uid}"))
}

fn v1_hierarchies() -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(MOUNT).with_context(|| format!("list {MOUNT}"))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let wanted = name.split(',').any(|part| ["cpu", "cpuacct", "memory", "blkio"].contains(&part));
        if wanted && entry.file_type()?.is_dir() {
            found.push(entry.path());
        }
    }
    Ok(found)
}

fn start(command: &mut Command) -> Result<Child> {
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().context("start a process of a pod")?;
    let own = fs::read_link("/proc/self/ns/net").context("read the own network namespace")?;
    let program =
        |name: &str| fs::read_to_string(format!("/proc/{}/comm", child.id())).is_ok_and(|comm| comm.trim() == name);
    // The wrapper has done its work once it has become the program.
    while !program("pause") || fs::read_link(format!("/proc/{}/ns/net", child.id())).is_ok_and(|its| its == own) {
        std::thread::sleep(std::time::Duration::from_micros(300));
    }
    Ok(child)
}
