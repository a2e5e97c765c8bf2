//! The directories of one subtree that a walk has yet to list, each level before the next one.
//!
//! Scopes and mounts come after everything else: systemd leaks them by the ten thousand, and they hold no containers but
//! those they are.

use std::ops::Range;

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
    nodes: Vec<Node>,
    next: usize,
    later: Vec<Node>,
    next_later: usize,
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
        self.later.clear();
        (self.next, self.next_later) = (0, 0);
    }

    /// Gives up memory beyond some bytes, once a large subtree is done.
    pub(super) fn shrink(&mut self, bytes: usize) {
        self.clear();
        self.names.shrink_to(bytes);
        self.nodes.shrink_to(bytes / size_of::<Node>());
        self.later.shrink_to(bytes / size_of::<Node>());
    }

    /// Puts a directory in, which `like` says everything of but depth and number; `false` where `most` are waiting.
    ///
    /// Its `number` is that of the directory above.
    pub(super) fn push(&mut self, like: Directory, name: &str, most: usize) -> bool {
        let is_late = like.pod.is_none() && (name.ends_with(".scope") || name.ends_with(".mount"));
        let waiting = if is_late { self.later.len() - self.next_later } else { self.nodes.len() - self.next };
        if waiting >= most {
            return false;
        }
        let start = self.names.len();
        self.names.push_str(name);
        let directory = Directory { depth: like.depth + 1, ..like };
        let node = Node { name: start..self.names.len(), above: like.number, directory };
        if is_late {
            self.later.push(node);
        } else {
            self.put(node);
        }
        true
    }

    /// The next directory to list.
    pub(super) fn next(&mut self) -> Option<Directory> {
        if self.next == self.nodes.len() {
            let Node { name, above, directory } = self.later.get_mut(self.next_later)?;
            let node = Node { name: name.clone(), above: *above, directory: *directory };
            self.next_later += 1;
            self.put(node);
        }
        self.next += 1;
        Some(self.nodes[self.next - 1].directory)
    }

    /// How many wait.
    pub(super) fn waiting(&self) -> usize {
        self.nodes.len() - self.next + self.later.len() - self.next_later
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

    fn put(&mut self, mut node: Node) {
        node.directory.number = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        self.nodes.push(node);
    }
}
