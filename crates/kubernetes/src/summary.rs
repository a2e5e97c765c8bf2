//! The statistics summary: file systems of the node and of its containers.
//!
//! Follows `Summary` of `k8s.io/kubelet/pkg/apis/stats/v1alpha1`, as the kubelet serves it at `/stats/summary`.

mod raw;
#[cfg(test)]
mod tests;

use crate::error::ParseError;
use crate::json::{Answer, Careful, Items, Quick, read};

/// What a kubelet says about file systems.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// File systems of the node.
    pub node: NodeSummary,
    /// The pods, in the kubelet's order.
    pub pods: Vec<PodSummary>,
    /// Pods left out: of a wrong shape, or without UID, name or namespace.
    pub skipped: usize,
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

/// Reads a kubelet's `Summary`.
///
/// A pod of a wrong shape is counted in [`Summary::skipped`] and costs no other.
pub fn parse_summary(bytes: &[u8]) -> Result<Summary, ParseError> {
    match read::<raw::RawSummary<Quick<PodSummary>>, raw::RawSummary<Careful<PodSummary>>>(bytes)? {
        Answer::Quick(summary) => finish(summary),
        Answer::Careful(summary) => finish(summary),
    }
}

fn finish<'a, I: Items<'a, PodSummary>>(raw: raw::RawSummary<'a, I>) -> Result<Summary, ParseError> {
    // A summary has no kind; anything that has one, or has neither part, is another object.
    if raw.kind.is_some() || raw.node.is_none() && raw.pods.is_none() {
        let found = raw.kind.map(|kind| kind.0.chars().take(64).collect()).unwrap_or_default();
        return Err(ParseError::Kind { expected: "a summary", found });
    }
    let (mut pods, skipped) = raw.pods.map(I::into_parts).unwrap_or_default();
    pods.shrink_to_fit();
    Ok(Summary { node: raw.node.map(raw::node).unwrap_or_default(), pods, skipped })
}
