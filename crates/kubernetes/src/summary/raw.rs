//! The summary as the kubelet spells it, borrowed from the answer, and what is kept of it.

use serde::Deserialize;

use super::{ContainerSummary, FsUse, NodeSummary, PodSummary};
use crate::json::{FromRaw, Number, Text, lenient, said};
use crate::pods::MOST_CONTAINERS;
use crate::stream::Shape;

const FS: Shape =
    Shape::Members(&[("capacityBytes", Shape::Whole), ("availableBytes", Shape::Whole), ("usedBytes", Shape::Whole)]);
const NODE: Shape = Shape::Members(&[("fs", FS), ("runtime", Shape::Members(&[("imageFs", FS), ("containerFs", FS)]))]);
const CONTAINERS: Shape =
    Shape::Items(&Shape::Members(&[("name", Shape::Whole), ("startTime", Shape::Whole), ("rootfs", FS), ("logs", FS)]));
const POD: Shape = Shape::Members(&[
    ("podRef", Shape::Members(&[("name", Shape::Whole), ("namespace", Shape::Whole), ("uid", Shape::Whole)])),
    ("containers", CONTAINERS),
]);
/// What is kept of a summary.
pub(super) static SUMMARY: Shape =
    Shape::Members(&[("kind", Shape::Whole), ("node", NODE), ("pods", Shape::Each(&POD))]);

/// A summary whose pods have been taken out.
#[derive(Deserialize)]
pub(super) struct Head<'a> {
    #[serde(borrow)]
    pub(super) kind: Option<Text<'a>>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) node: Option<RawNode>,
    pub(super) pods: Option<[(); 0]>,
}

#[derive(Deserialize)]
pub(super) struct RawNode {
    fs: Option<RawFs>,
    runtime: Option<Runtime>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Runtime {
    image_fs: Option<RawFs>,
    container_fs: Option<RawFs>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RawPod<'a> {
    #[serde(borrow)]
    pod_ref: Option<PodRef<'a>>,
    #[serde(borrow)]
    containers: Option<Vec<RawContainer<'a>>>,
}

#[derive(Deserialize)]
struct PodRef<'a> {
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    namespace: Option<Text<'a>>,
    #[serde(borrow)]
    uid: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawContainer<'a> {
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "lenient")]
    start_time: Option<Text<'a>>,
    rootfs: Option<RawFs>,
    logs: Option<RawFs>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "camelCase")]
struct RawFs {
    #[serde(default)]
    capacity_bytes: Number,
    #[serde(default)]
    available_bytes: Number,
    #[serde(default)]
    used_bytes: Number,
}

impl From<RawFs> for FsUse {
    fn from(raw: RawFs) -> Self {
        Self {
            capacity_bytes: raw.capacity_bytes.0,
            available_bytes: raw.available_bytes.0,
            used_bytes: raw.used_bytes.0,
        }
    }
}

pub(super) fn node(raw: RawNode) -> NodeSummary {
    let (image_fs, container_fs) = match raw.runtime {
        Some(runtime) => (runtime.image_fs, runtime.container_fs),
        None => (None, None),
    };
    NodeSummary {
        fs: raw.fs.map(Into::into),
        image_fs: image_fs.map(Into::into),
        container_fs: container_fs.map(Into::into),
    }
}

impl<'de> FromRaw<'de> for PodSummary {
    type Raw = RawPod<'de>;

    fn slim(raw: RawPod<'de>) -> Option<Self> {
        let pod = raw.pod_ref?;
        let mut containers = raw.containers.unwrap_or_default();
        containers.truncate(MOST_CONTAINERS);
        keep_last_runs(&mut containers);
        let containers = containers.into_iter().filter_map(container).collect();
        Some(Self { uid: said(pod.uid)?, namespace: said(pod.namespace)?, name: said(pod.name)?, containers })
    }
}

/// Of a container that is named more than once, as where its last run stands beside the present one, keeps the run that
/// began last, and the first of two that began together or don't say when; sorts by name.
fn keep_last_runs(containers: &mut Vec<RawContainer>) {
    fn name<'c>(container: &'c RawContainer) -> Option<&'c str> {
        container.name.as_ref().map(|name| &*name.0)
    }
    containers.sort_by(|left, right| name(left).cmp(&name(right)).then_with(|| began(right).cmp(&began(left))));
    containers.dedup_by(|later, earlier| name(later) == name(earlier));
}

/// When a run began: times of the API are RFC 3339 in UTC, whose order is that of their text, but for parts of a second.
fn began<'c>(container: &'c RawContainer) -> Option<(&'c str, &'c str)> {
    let time = container.start_time.as_ref()?.0.trim_end_matches('Z');
    Some(time.split_once('.').unwrap_or((time, "")))
}

fn container(raw: RawContainer) -> Option<ContainerSummary> {
    Some(ContainerSummary { name: said(raw.name)?, rootfs: raw.rootfs.map(Into::into), logs: raw.logs.map(Into::into) })
}
