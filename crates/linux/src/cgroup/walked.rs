//! What a walk left out of the tree, and why.

use crate::Error;

/// Cuts that are named; more of them are cut all the same.
const MOST_NAMED: usize = 64;

/// What the last refresh of a [`super::Hierarchy`] left out.
#[derive(Debug, Default)]
pub struct Walked {
    /// Directories that could not be listed: what was known below them is kept.
    pub unreadable: usize,
    /// Why the first one could not.
    pub first_unreadable: Option<Error>,
    /// Subtrees of which more was found than is walked or kept; 64 at the most are named.
    pub cuts: Vec<Cut>,
    /// Cgroups that bear the uid or id of another one, nearer to the kubelet or the runtime, and are left out.
    pub doubles: usize,
    /// The path of the first of them.
    pub first_double: Option<Box<str>>,
    /// The walk ended early because it was asked to; everything known before is kept.
    pub is_stopped: bool,
}

/// What was cut of one subtree.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Cut {
    /// The subtree: a name right below the root cgroup.
    pub subtree: Box<str>,
    /// Directories that were seen and not searched for pods and containers.
    pub directories: usize,
    /// How many are searched.
    pub most_directories: usize,
    /// Pods and containers that were seen and left out.
    pub groups: usize,
    /// How many are kept.
    pub most_groups: usize,
    /// Directories that lie deeper than is walked.
    pub deep: usize,
}

impl Walked {
    pub(super) fn clear(&mut self) {
        self.unreadable = 0;
        self.first_unreadable = None;
        self.cuts.clear();
        self.doubles = 0;
        self.first_double = None;
        self.is_stopped = false;
    }

    pub(super) fn unreadable(&mut self, error: impl FnOnce() -> Error) {
        self.unreadable += 1;
        self.first_unreadable.get_or_insert_with(error);
    }

    pub(super) fn double(&mut self, path: &str) {
        self.doubles += 1;
        self.first_double.get_or_insert_with(|| path.into());
    }

    pub(super) fn cut(&mut self, cut: Cut, subtree: &str) {
        if (cut.directories > 0 || cut.groups > 0 || cut.deep > 0) && self.cuts.len() < MOST_NAMED {
            self.cuts.push(Cut { subtree: subtree.into(), ..cut });
        }
    }
}
