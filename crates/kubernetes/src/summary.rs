//! The statistics summary: file systems of the node and of its containers.
//!
//! Follows `Summary` of `k8s.io/kubelet/pkg/apis/stats/v1alpha1`, as the kubelet serves it at `/stats/summary`.

mod raw;
/// A summary is the same in pieces of any size.
#[cfg(fuzzing)]
pub fn fuzz(bytes: &[u8], piece: usize) {
    let mut reader = Reader::new();
    let pushed = bytes.chunks(piece.max(1)).try_for_each(|piece| reader.push(piece));
    assert_eq!(pushed.and_then(|()| reader.finish()).ok(), parse_summary(bytes).ok());
}

#[cfg(test)]
mod tests;

use serde::de::Error as _;

use crate::error::ParseError;
use crate::json::FromRaw as _;
use crate::pods::MOST_PODS;
use crate::stream::{Filter, Item, LONGEST_HEAD, LabelRules};

/// What a kubelet says about file systems.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// File systems of the node.
    pub node: NodeSummary,
    /// The pods, in the kubelet's order.
    pub pods: Vec<PodSummary>,
    /// Pods left out: of a wrong shape, or without UID, name or namespace.
    pub skipped: usize,
    /// Pods left out because there are more than [`MOST_PODS`], or because more than [`crate::LARGEST_OBJECT`] bytes of them
    /// would have to be kept.
    pub passed_over: usize,
}

/// File systems of a node.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NodeSummary {
    /// `node.fs`: where the kubelet keeps its files.
    pub fs: Option<FsUse>,
    /// `node.runtime.imageFs`: where the runtime keeps images.
    pub image_fs: Option<FsUse>,
    /// `node.runtime.containerFs`: where it keeps the containers' writable layers; often the same.
    pub container_fs: Option<FsUse>,
}

/// File systems of one pod.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PodSummary {
    /// `podRef.uid`, never empty.
    pub uid: Box<str>,
    /// `podRef.namespace`, never empty.
    pub namespace: Box<str>,
    /// `podRef.name`, never empty.
    pub name: Box<str>,
    /// The containers the kubelet has statistics of.
    pub containers: Vec<ContainerSummary>,
}

/// File systems of one container.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContainerSummary {
    /// The container's name, never empty.
    pub name: Box<str>,
    /// The writable layer, and the file system that holds it.
    pub rootfs: Option<FsUse>,
    /// The logs, and the file system that holds them.
    pub logs: Option<FsUse>,
}

/// Bytes of a file system; each `None` where the kubelet does not know.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FsUse {
    /// Size of the whole file system.
    pub capacity_bytes: Option<u64>,
    /// What is free for an unprivileged writer.
    pub available_bytes: Option<u64>,
    /// What the thing itself uses; less than capacity less available, where others share the file system.
    pub used_bytes: Option<u64>,
}

/// Reads a kubelet's `Summary` that has arrived.
///
/// A pod of a wrong shape is counted in [`Summary::skipped`] and costs no other.
pub fn parse_summary(bytes: &[u8]) -> Result<Summary, ParseError> {
    let mut reader = Reader::new();
    reader.push(bytes)?;
    reader.finish()
}

/// Reads a summary while it arrives.
#[derive(Debug)]
pub(crate) struct Reader {
    filter: Filter,
    summary: Summary,
}

impl Reader {
    pub(crate) fn new() -> Self {
        let filter = Filter::new(&raw::SUMMARY, LabelRules::default(), LONGEST_HEAD);
        Self { filter, summary: Summary::default() }
    }

    /// Takes the next bytes of the answer.
    pub(crate) fn push(&mut self, chunk: &[u8]) -> Result<(), ParseError> {
        let Self { filter, summary } = self;
        filter.push(chunk, &mut |item| take(summary, &item))
    }

    /// The answer is complete.
    pub(crate) fn finish(mut self) -> Result<Summary, ParseError> {
        let (head, is_too_large) = self.filter.finish()?;
        if is_too_large {
            return Err(serde_json::Error::custom("what stands beside the pods is too large").into());
        }
        let head: raw::Head<'_> = serde_json::from_slice(head)?;
        // A summary has no kind; anything that has one, or has neither part, is another object.
        if head.kind.is_some() || head.node.is_none() && head.pods.is_none() {
            let found = head.kind.map(|kind| kind.0.chars().take(64).collect()).unwrap_or_default();
            return Err(ParseError::Kind { expected: "a summary", found });
        }
        self.summary.node = head.node.map(raw::node).unwrap_or_default();
        self.summary.pods.shrink_to_fit();
        Ok(self.summary)
    }
}

fn take(summary: &mut Summary, item: &Item<'_>) {
    if item.is_too_large || summary.pods.len() == MOST_PODS {
        summary.passed_over += 1;
        return;
    }
    match serde_json::from_slice(item.json).ok().and_then(PodSummary::slim) {
        Some(pod) => summary.pods.push(pod),
        None => summary.skipped += 1,
    }
}
