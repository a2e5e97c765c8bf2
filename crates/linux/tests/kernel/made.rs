//! Cgroups made for a test.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use linux::cgroup::{Hierarchy, Pod};

pub(crate) const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// A pod with one container made for a test, below a kubelet's root of its own in every hierarchy that counts; removed at
/// the end.
pub(crate) struct TestPod {
    /// The path of the pod's cgroup.
    pub(crate) path: String,
    /// Another one for each pod of each process: of two pods with one uid only one is listed.
    pub(crate) uid: String,
    pub(crate) tops: Vec<PathBuf>,
}

impl TestPod {
    /// The error says why this process can't make cgroups.
    pub(crate) fn make(test: &str) -> Result<TestPod, String> {
        let top = Path::new("/sys/fs/cgroup");
        let tops = if top.join("cgroup.controllers").exists() {
            vec![top.to_owned()]
        } else {
            ["cpuacct", "memory", "blkio"].map(|controller| top.join(controller)).to_vec()
        };
        let number = test.bytes().fold(0_u64, |number, byte| number * 31 % (1 << 40) + u64::from(byte));
        let uid = format!("{:08x}-3e4f-4a6b-8c7d-{number:012x}", std::process::id());
        let pod = TestPod { path: format!("/{test}-{}/kubepods/pod{uid}", std::process::id()), uid, tops };
        for directory in pod.directories() {
            if let Err(error) = fs::create_dir(&directory) {
                return Err(format!("the cgroup {} can't be made: {error}", directory.display()));
            }
            if !directory.ends_with(ID) && directory.join("cgroup.subtree_control").exists() {
                fs::write(directory.join("cgroup.subtree_control"), "+cpu +memory +io").unwrap();
            }
        }
        Ok(pod)
    }

    /// From the top down.
    fn directories(&self) -> Vec<PathBuf> {
        let below = |top: &PathBuf| {
            let pod = top.join(&self.path[1..]);
            let above: Vec<PathBuf> = pod.ancestors().take(3).map(Path::to_owned).collect();
            above.into_iter().rev().chain([pod.join(ID)])
        };
        self.tops.iter().flat_map(below).collect()
    }

    pub(crate) fn container(&self, top: usize) -> PathBuf {
        self.tops[top].join(&self.path[1..]).join(ID)
    }

    /// Starts a shell script in the container.
    pub(crate) fn start(&self, script: &str) -> Child {
        let joins: String = (0..self.tops.len())
            .map(|top| format!("echo $$ > {}/cgroup.procs && ", self.container(top).display()))
            .collect();
        Command::new("sh").arg("-c").arg(format!("{joins}{script}")).stdin(Stdio::null()).spawn().unwrap()
    }

    /// Runs a shell script in the container and waits for its end.
    pub(crate) fn run(&self, script: &str) {
        assert!(self.start(script).wait().unwrap().success());
    }

    /// A number from a file of the container: the file's only one, or the one after a key.
    pub(crate) fn number(&self, file: &str, key: &str) -> u64 {
        let path = (0..self.tops.len()).map(|top| self.container(top).join(file)).find(|path| path.exists()).unwrap();
        let text = fs::read_to_string(path).unwrap();
        let line = text.lines().find(|line| key.is_empty() || line.split(' ').next() == Some(key)).unwrap();
        line.rsplit(' ').next().unwrap().parse().unwrap()
    }

    pub(crate) fn find<'a>(&self, hierarchy: &'a Hierarchy) -> Option<&'a Pod> {
        hierarchy.pods().iter().find(|pod| pod.group.path() == self.path)
    }
}

impl Drop for TestPod {
    fn drop(&mut self) {
        for directory in self.directories().iter().rev() {
            let _ = fs::remove_dir(directory);
        }
    }
}
