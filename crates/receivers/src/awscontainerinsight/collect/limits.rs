//! What limits cut of the kubelet's answers, in words.

use kubernetes::{LARGEST_OBJECT, MOST_CONTAINERS, MOST_PODS, PodList, Summary};
use telemetry::Limits;

use crate::awscontainerinsight::stores::inventory::{Cut, Cuts};
use crate::awscontainerinsight::stores::pod::LABELS_OF_A_POD;

/// Pods that are not in the list any more.
pub(super) fn of_list(list: &PodList, limits: &Limits) {
    let words = format!(
        "the kubelet lists more than {MOST_PODS} pods: {} are left out, those that have ended first; delete pods that have ended",
        list.passed_over
    );
    tell("pods", list.passed_over, &words, limits);
    let words = format!(
        "{} pods are left out, more than {LARGEST_OBJECT} bytes of each are needed; shorten their lists of containers",
        list.too_large
    );
    tell("pod size", list.too_large, &words, limits);
}

/// Pods that are left out of the statistics.
pub(super) fn of_summary(summary: &Summary, limits: &Limits) {
    let words = format!(
        "the kubelet's summary has more or larger pods than are read: {} are left out, and with them ContainerFS records",
        summary.passed_over
    );
    tell("summary pods", summary.passed_over, &words, limits);
}

/// Parts of pods.
pub(super) fn of_pods(cuts: &Cuts, limits: &Limits) {
    let Cuts { labels, containers } = cuts;
    let words = format!(
        "{} labels of {} are left out of its records: {LABELS_OF_A_POD} bytes of labels fit in a pod's records of a round; \
         name the labels that are needed in pod_labels",
        labels.count,
        of(labels)
    );
    tell("pod labels", labels.count, &words, limits);
    let words = format!(
        "{} containers, owners or ports of {} have no records: at most {MOST_CONTAINERS} of each kind have records in a pod",
        containers.count,
        of(containers)
    );
    tell("pod containers", containers.count, &words, limits);
}

fn of(cut: &Cut) -> String {
    let example = cut.example.as_deref().unwrap_or_default();
    match cut.pods {
        0 | 1 => format!("pod {example}"),
        more => format!("pod {example} and {} others", more - 1),
    }
}

fn tell(limit: &'static str, count: impl TryInto<u64>, words: &str, limits: &Limits) {
    match count.try_into().unwrap_or(u64::MAX) {
        0 => limits.within(limit),
        count => limits.cut(limit, count, &words),
    }
}
