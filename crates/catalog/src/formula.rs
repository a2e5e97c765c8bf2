//! Formulas: how a metric's value comes from readings, as an expression that can be shown and evaluated.

mod text;

use crate::measurements::Measurement;

/// Where a reading comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// A file of the thing's own cgroup.
    Cgroup(&'static str),
    /// A file of procfs; `<pid>/…` is that of a process in the pod.
    Proc(&'static str),
    /// statfs(2) of the mount point.
    Statfs,
    /// The kubelet's answer to a GET of this path.
    Kubelet(&'static str),
    /// The API server's answer to a list and a watch of this path.
    ApiServer(&'static str),
    /// The ECS agent's answer to a GET of this path.
    EcsAgent(&'static str),
}

/// Things that are counted, or over which a formula sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Things {
    /// What they are, in the plural.
    pub what: &'static str,
    /// What names them.
    pub source: Source,
}

/// An expression over readings. It has no value where a part that it needs has none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Formula {
    /// A number.
    Number(f64),
    /// What a source says under a key; of a file with one number the key is empty.
    Reading(Source, &'static str),
    /// Another metric of the same record; within a sum, of the thing's own record.
    Metric(Measurement),
    /// The number of things.
    Count(Things),
    /// The difference of two readings for each second between them; none where it is below zero.
    Rate(&'static Formula),
    /// The difference of two readings; 0 where it is below zero.
    Delta(&'static Formula),
    /// Both added.
    Plus(&'static Formula, &'static Formula),
    /// The second taken from the first.
    Minus(&'static Formula, &'static Formula),
    /// Both multiplied.
    Times(&'static Formula, &'static Formula),
    /// The first divided by the second; none where that is zero.
    Divided(&'static Formula, &'static Formula),
    /// The larger one.
    Max(&'static Formula, &'static Formula),
    /// The smaller one.
    Min(&'static Formula, &'static Formula),
    /// The sum over the things that have a value; none where none has.
    Sum(Things, &'static Formula),
    /// The first of the two that has a value.
    Or(&'static Formula, &'static Formula),
    /// What differs between the versions of cgroups.
    Versions {
        /// On cgroup v1.
        v1: &'static Formula,
        /// On cgroup v2.
        v2: &'static Formula,
    },
}

impl Formula {
    /// The formulas this one is made of.
    #[must_use]
    pub fn parts(&self) -> Vec<&'static Self> {
        match *self {
            Self::Number(_) | Self::Reading(..) | Self::Metric(_) | Self::Count(_) => Vec::new(),
            Self::Rate(part) | Self::Delta(part) | Self::Sum(_, part) => vec![part],
            Self::Plus(one, two)
            | Self::Minus(one, two)
            | Self::Times(one, two)
            | Self::Divided(one, two)
            | Self::Max(one, two)
            | Self::Min(one, two)
            | Self::Or(one, two) => vec![one, two],
            Self::Versions { v1, v2 } => vec![v1, v2],
        }
    }
}
