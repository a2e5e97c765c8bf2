//! Samples joined with what the kubelet says of pods and containers.

mod support;

use std::fs;
use std::time::Duration;

use catalog::RecordType;
use receivers::awscontainerinsight::Config;
use receivers::awscontainerinsight::config::{HostNetworkPods, LastTerminationReason};
use serde_json::json;
use support::{Rig, config, find, metric, one, pod, pods, recording, text};
use testkit::kubelet::Route;

#[test]
fn a_container_that_waits_or_has_ended_has_a_record_without_usage() {
    let recording = recording();
    let mut rig = Rig::primed(&recording, config());
    let mut list = pods(&recording.second);
    let web = pod(&mut list, "qos-burstable");
    web["status"]["containerStatuses"][0]["state"] = json!({"waiting": {"reason": "CrashLoopBackOff"}});
    web["status"]["containerStatuses"][0]["lastState"] = json!({"terminated": {"reason": "OOMKilled"}});
    web["status"]["containerStatuses"][0]["containerID"] = json!("containerd://00");
    rig.kubelet.set_answer(Route::Pods, list.to_string());
    let round = rig.collector.collect();
    let waiting = one(&round, RecordType::Container, "K8sPodName", "qos-burstable");
    assert_eq!(text(waiting, "container_status"), Some("Waiting"));
    assert_eq!(text(waiting, "container_status_reason"), Some("CrashLoopBackOff"));
    assert_eq!(text(waiting, "container_last_termination_reason"), None, "it isn't terminated now");
    assert_eq!(metric(waiting, "container_cpu_limit"), Some(20.0));
    assert_eq!(metric(waiting, "container_memory_usage"), None);
    assert_eq!(metric(waiting, "number_of_container_restarts"), Some(0.0));

    let ended = one(&round, RecordType::Container, "K8sPodName", "crash");
    assert_eq!(text(ended, "container_status"), Some("Terminated"));
    assert_eq!(text(ended, "container_last_termination_reason"), Some("Error"));
}

#[test]
fn the_last_termination_reason_is_a_matter_of_choice() {
    let recording = recording();
    let always = Config { last_termination_reason: LastTerminationReason::Always, ..config() };
    let mut rig = Rig::primed(&recording, always);
    let mut list = pods(&recording.second);
    pod(&mut list, "db-0")["status"]["containerStatuses"][0]["lastState"] =
        json!({"terminated": {"reason": "Completed"}});
    rig.kubelet.set_answer(Route::Pods, list.to_string());
    let round = rig.collector.collect();
    let found = find(&round, RecordType::Container, "container_last_termination_reason", "Completed");
    assert_eq!(found.len(), 1);
    assert_eq!(text(found[0], "container_status"), Some("Running"));
}

#[test]
fn a_container_before_its_first_start_has_no_id_and_a_pod_that_ended_has_no_containers() {
    let recording = recording();
    let mut rig = Rig::primed(&recording, config());
    let mut list = pods(&recording.second);
    let status = &mut pod(&mut list, "ds-pqrvf")["status"];
    status["containerStatuses"][0] =
        json!({"name": "main", "restartCount": 0, "state": {"waiting": {"reason": "ContainerCreating"}}});
    rig.kubelet.set_answer(Route::Pods, list.to_string());
    let round = rig.collector.collect();
    let waiting = one(&round, RecordType::Container, "K8sPodName", "ds-pqrvf");
    assert_eq!(text(waiting, "ContainerId"), None);
    assert!(!text(waiting, "kubernetes").is_some_and(|document| document.contains("container_id")));
    assert!(find(&round, RecordType::Container, "K8sPodName", "once-bcvb4").is_empty(), "it has succeeded");
}

#[test]
fn restarts_are_those_since_the_last_round() {
    let recording = recording();
    let mut rig = Rig::primed(&recording, config());
    let mut list = pods(&recording.second);
    let restart = |list: &mut serde_json::Value, count: u64| {
        pod(list, "db-0")["status"]["containerStatuses"][0]["restartCount"] = json!(count);
        list.to_string()
    };
    let deltas: Vec<_> = [0, 3, 3, 1]
        .map(|count| {
            rig.kubelet.set_answer(Route::Pods, restart(&mut list, count));
            rig.pass(Duration::from_secs(2));
            let round = rig.collector.collect();
            metric(one(&round, RecordType::Pod, "K8sPodName", "db-0"), "pod_number_of_container_restarts")
        })
        .into();
    assert_eq!(deltas, [Some(0.0), Some(3.0), Some(0.0), Some(0.0)]);
}

#[test]
fn a_pod_that_the_kubelet_has_not_named_is_asked_for_once_more_then_named_by_its_logs_or_held_back() {
    let recording = recording();
    let mut rig = Rig::primed(&recording, config());
    let mut list = pods(&recording.second);
    let uids: Vec<String> = ["web-768d77f46b-78bnl", "qos-besteffort"]
        .iter()
        .map(|name| pod(&mut list, name)["metadata"]["uid"].as_str().expect("a pod has a uid").to_owned())
        .collect();
    let items = list["items"].as_array_mut().expect("a list has items");
    items.retain(|item| !uids.iter().any(|uid| item["metadata"]["uid"] == uid.as_str()));
    let mut fresh = Rig::new(&recording, config());
    fresh.show(&recording.first);
    fresh.kubelet.set_answer(Route::Pods, list.to_string());
    fresh.collector.prime();
    let logs = fresh.scratch.root().join("var/log/pods");
    for entry in fs::read_dir(&logs).expect("the node has logs") {
        let entry = entry.expect("the folder can be read");
        if entry.file_name().to_string_lossy().ends_with(&uids[1]) {
            fs::remove_dir_all(entry.path()).expect("it can be removed");
        }
    }
    // The second tick lists the logs anew: one of the two pods has none any more, and is a pod of no name.
    fresh.pass(Duration::from_secs(400));
    let before = fresh.kubelet.requests().len();
    let round = fresh.collector.collect();
    let named = one(&round, RecordType::Pod, "PodId", &uids[0]);
    assert_eq!((text(named, "Namespace"), text(named, "PodName")), (Some("apps"), Some("web-768d77f46b-78bnl")));
    assert_eq!(text(named, "pod_status"), None);
    assert!(metric(named, "pod_memory_usage").is_some() && metric(named, "pod_number_of_containers").is_none());
    assert!(find(&round, RecordType::Pod, "PodId", &uids[1]).is_empty());
    let asked = fresh.kubelet.requests()[before..].iter().filter(|request| request.path == "/pods").count();
    assert!(asked <= 2, "{asked}");
    let held_back = fresh.counted("container_insights_held_back_pods", &[]);
    assert!(held_back >= 1);

    // The same pods are missing again: they are no news, and the kubelet is asked as always.
    let before = fresh.kubelet.requests().len();
    fresh.pass(Duration::from_secs(2));
    fresh.collector.collect();
    let asked = fresh.kubelet.requests()[before..].iter().filter(|request| request.path == "/pods").count();
    assert_eq!(asked, 1);
    let _ = rig.collector.collect();
}

#[test]
fn the_network_of_a_pod_on_the_hosts_is_a_matter_of_choice() {
    let recording = recording();
    let net = |choice| {
        let round = Rig::primed(&recording, Config { host_network_pods: choice, ..config() }).collector.collect();
        let pod = one(&round, RecordType::Pod, "K8sPodName", "hostnet");
        let records = find(&round, RecordType::PodNet, "K8sPodName", "hostnet").len();
        (records, metric(pod, "pod_network_rx_bytes").is_some(), metric(pod, "pod_memory_usage").is_some())
    };
    let (records, traffic, memory) = net(HostNetworkPods::Report);
    assert!(records > 0 && traffic && memory);
    assert_eq!(net(HostNetworkPods::Omit), (0, false, true));
}

#[test]
fn labels_are_repeated_as_far_as_one_likes() {
    let recording = recording();
    let labels = |kept: &[&str]| {
        let kept = kept.iter().map(|name| (*name).to_owned()).collect();
        let round = Rig::primed(&recording, Config { pod_labels: kept, ..config() }).collector.collect();
        let document = text(one(&round, RecordType::Pod, "K8sPodName", "db-0"), "kubernetes").map(str::to_owned);
        let document: serde_json::Value = serde_json::from_str(&document.expect("it has one")).expect("it is JSON");
        document["labels"].as_object().map_or(0, serde_json::Map::len)
    };
    assert!(labels(&["*"]) > 2);
    assert_eq!((labels(&["app"]), labels(&[])), (1, 0));
}
