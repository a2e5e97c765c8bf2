//! The directories of one subtree that a walk has yet to list, each level before the next one.
//!
//! Pods come first, and what the kubelet makes above them, so that no number of other directories costs a pod its containers.
//! Scopes and mounts come last: systemd leaks them by the ten thousand, and they hold no containers but those they are.

use std::ops::Range;

use super::names::is_kubelets;

/// What a walk knows of a directory it is going to list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Directory {
    /// Its number in the queue.
    pub(super) number: u32,
    /// How far below the root cgroup it is.
    pub(super) depth: u8,
    /// Which of the kubelet's roots it is below.
    pub(super) root: u16,
    /// The pod it is or lies in.
    pub(super) pod: Option<u32>,
    /// Whether it is that pod.
    pub(super) is_pod: bool,
}

/// Directories in the order in which they are listed.
#[derive(Default)]
pub(super) struct Queue {
    names: String,
    /// All that were put in, by number.
    nodes: Vec<Node>,
    lanes: [Lane; LANES],
}

/// The kubelet's own and pods; what lies in pods; everything else; scopes and mounts.
const LANES: usize = 4;

/// Numbers of directories that are listed one after the other.
#[derive(Default)]
struct Lane {
    numbers: Vec<u32>,
    next: usize,
}

struct Node {
    name: Range<usize>,
    above: u32,
    directory: Directory,
}

impl Directory {
    /// The root cgroup.
    pub(super) const ROOT: Directory = Directory { number: u32::MAX, depth: 0, root: 0, pod: None, is_pod: false };
}

impl Queue {
    pub(super) fn clear(&mut self) {
        self.names.clear();
        self.nodes.clear();
        for lane in &mut self.lanes {
            lane.numbers.clear();
            lane.next = 0;
        }
    }

    /// Gives up memory beyond some bytes, once a large subtree is done.
    pub(super) fn shrink(&mut self, bytes: usize) {
        self.clear();
        self.names.shrink_to(bytes);
        self.nodes.shrink_to(bytes / size_of::<Node>());
        for lane in &mut self.lanes {
            lane.numbers.shrink_to(bytes / size_of::<u32>());
        }
    }

    /// Puts a directory in, which `like` says everything of but depth and number; `false` where `most` of its kind are waiting.
    ///
    /// Its `number` is that of the directory above.
    pub(super) fn push(&mut self, like: Directory, name: &str, most: usize) -> bool {
        let lane = &mut self.lanes[lane_of(&like, name)];
        let (true, Ok(number)) = (lane.waiting() < most, u32::try_from(self.nodes.len())) else { return false };
        lane.numbers.push(number);
        let start = self.names.len();
        self.names.push_str(name);
        let directory = Directory { depth: like.depth + 1, number, ..like };
        self.nodes.push(Node { name: start..self.names.len(), above: like.number, directory });
        true
    }

    /// The next directory to list.
    pub(super) fn next(&mut self) -> Option<Directory> {
        let lane = self.lanes.iter_mut().find(|lane| lane.waiting() > 0)?;
        let number = lane.numbers[lane.next];
        lane.next += 1;
        Some(self.nodes[number as usize].directory)
    }

    /// How many wait.
    pub(super) fn waiting(&self) -> usize {
        self.lanes.iter().map(Lane::waiting).sum()
    }

    /// Writes the path of a directory, from `/`.
    pub(super) fn write_path(&self, directory: &Directory, path: &mut String) {
        path.clear();
        self.write_names(directory.number, path);
    }

    fn write_names(&self, number: u32, path: &mut String) {
        if let Some(node) = self.nodes.get(number as usize) {
            self.write_names(node.above, path);
            path.push('/');
            path.push_str(&self.names[node.name.clone()]);
        }
    }
}

impl Lane {
    fn waiting(&self) -> usize {
        self.numbers.len() - self.next
    }
}

fn lane_of(directory: &Directory, name: &str) -> usize {
    match directory.pod {
        Some(_) if directory.is_pod => 0,
        Some(_) => 1,
        // Below the kubelet's own root, or that root: elsewhere any user may have such names.
        None if directory.root != 0 && is_kubelets(name) => 0,
        None if name.ends_with(".scope") || name.ends_with(".mount") => 3,
        None => 2,
    }
}
