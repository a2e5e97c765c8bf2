//! Every limit on what the kubelet says: one input just over it, what still comes out, and what is told of the rest.

mod support;

use std::time::Duration;

use catalog::RecordType;
use model::{Batch, Record};
use receivers::awscontainerinsight::Config;
use serde_json::{Value, json};
use support::{Rig, config, find, metric, one, pod, pods, recording, text};
use testkit::kubelet::Route;

const WEB: &str = "web-768d77f46b-78bnl";

/// A round with another list of pods; the rig's clock goes on.
fn with(rig: &mut Rig, list: &Value) -> Batch {
    rig.kubelet.set_answer(Route::Pods, list.to_string());
    collect(rig)
}

/// A round in which the kubelet's answers came in time: large ones take theirs in a debug build.
fn collect(rig: &mut Rig) -> Batch {
    let late = |rig: &Rig| rig.counted("container_insights_source_failures", &[("source", "kubelet")]);
    loop {
        let before = late(rig);
        rig.pass(Duration::from_secs(2));
        let round = rig.collector.collect();
        if late(rig) == before {
            return round;
        }
    }
}

/// Options with time for a large answer.
fn patient() -> Config {
    Config { collection_interval: Duration::from_secs(60), ..config() }
}

fn cut(rig: &Rig, limit: &str) -> u64 {
    rig.counted("container_insights_cut_by_limits", &[("limit", limit)])
}

fn message(rig: &mut Rig) -> String {
    rig.collector.failures().limits().message().unwrap_or_default()
}

/// The labels in a record's document.
fn labels(record: &Record) -> serde_json::Map<String, Value> {
    let document: Value = serde_json::from_str(text(record, "kubernetes").expect("it has one")).expect("it is JSON");
    document["labels"].as_object().cloned().unwrap_or_default()
}

fn records(round: &Batch) -> Vec<&Record> {
    let types = [RecordType::Pod, RecordType::PodNet, RecordType::Container, RecordType::ContainerFS];
    types.iter().flat_map(|kind| find(round, *kind, "K8sPodName", WEB)).collect()
}

/// Labels of 100 bytes each.
fn many_labels(count: usize) -> Value {
    (0..count)
        .map(|n| (format!("example.org/label-{n:06}"), json!("v".repeat(76))))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

#[test]
fn labels_take_their_room_in_a_round_and_no_more() {
    let recording = recording();
    let mut rig = Rig::primed(&recording, patient());
    let good = pods(&recording.second);
    let before = with(&mut rig, &good);
    assert_eq!(message(&mut rig), "");
    let mut list = good.clone();
    pod(&mut list, WEB)["metadata"]["labels"] = many_labels(14_000);
    let round = with(&mut rig, &list);

    let (all, whole) = (records(&round), records(&before));
    assert_eq!(all.len(), whole.len(), "every record is there");
    for (record, other) in all.iter().zip(&whole) {
        assert_eq!(record.points.len(), other.points.len(), "with every metric");
    }
    let added: usize = all.iter().map(|record| serde_json::to_string(&labels(record)).expect("it is JSON").len()).sum();
    assert!((28 << 10..=33 << 10).contains(&added), "{added} bytes of labels");
    // The first by name, the same in each record.
    let kept = labels(all[0]);
    assert!((0..kept.len()).all(|n| kept.contains_key(&format!("example.org/label-{n:06}"))), "{kept:?}");
    assert!(all.iter().all(|record| labels(record) == kept));
    assert_eq!(cut(&rig, "pod labels"), (14_000 - kept.len()) as u64);
    let words = message(&mut rig);
    assert!(
        words.contains(&format!("labels of pod apps/{WEB} are left out")) && words.contains("pod_labels"),
        "{words}"
    );

    // The records of other pods are unchanged, and the limit is left once the labels are gone.
    let other = |round: &Batch| {
        text(one(round, RecordType::Pod, "K8sPodName", "qos-burstable"), "kubernetes").map(str::to_owned)
    };
    assert_eq!(other(&round), other(&before));
    with(&mut rig, &good);
    assert_eq!(message(&mut rig), "");
}

#[test]
fn labels_that_are_not_wanted_cost_nothing() {
    let recording = recording();
    let mut rig = Rig::primed(&recording, Config { pod_labels: vec!["app".into()], ..patient() });
    let mut list = pods(&recording.second);
    let mut many = many_labels(14_000);
    many["app"] = "web".into();
    pod(&mut list, WEB)["metadata"]["labels"] = many;
    let round = with(&mut rig, &list);
    let record = one(&round, RecordType::Pod, "K8sPodName", WEB);
    assert_eq!(Value::Object(labels(record)), json!({"app": "web"}));
    assert_eq!((message(&mut rig), cut(&rig, "pod labels")), (String::new(), 0));
}

#[test]
fn a_list_of_any_length_is_read() {
    let recording = recording();
    let mut rig = Rig::primed(&recording, patient());
    let mut list = pods(&recording.second);
    let good = with(&mut rig, &list);
    // 33 MB of environment and annotations.
    let web = pod(&mut list, WEB);
    web["spec"]["containers"][0]["env"] = json!([{"name": "LARGE", "value": "x".repeat(17 << 20)}]);
    web["metadata"]["annotations"] = json!({"large": "\"\\".repeat(4 << 20)});
    let round = with(&mut rig, &list);
    assert_eq!(round.records.len(), good.records.len());
    assert_eq!(message(&mut rig), "");
    assert_eq!(rig.counted("container_insights_source_failures", &[("source", "kubelet pods")]), 0);
}

#[test]
fn pods_that_have_ended_make_room_for_those_that_run() {
    let recording = recording();
    let mut rig = Rig::primed(&recording, patient());
    let mut list = pods(&recording.second);
    let good = with(&mut rig, &list);
    let ended = |n: usize| {
        json!({"metadata": {"name": format!("job-{n}"), "namespace": "batch", "uid": format!("ended-{n}")},
               "spec": {"containers": [{"name": "c"}]}, "status": {"phase": "Succeeded"}})
    };
    let own = list["items"].as_array().expect("a list has items").clone();
    let over = 21;
    let mut items: Vec<Value> = (0..20_000 + over).map(ended).collect();
    items.extend(own.clone());
    list["items"] = items.into();
    let round = with(&mut rig, &list);
    assert_eq!(round.records.len(), good.records.len());
    let node = |round: &Batch| metric(one(round, RecordType::Node, "", ""), "node_number_of_running_pods");
    assert_eq!(node(&round), node(&good));
    assert_eq!(cut(&rig, "pods"), (over + own.len()) as u64);
    assert!(message(&mut rig).contains("more than 20000 pods"), "{}", message(&mut rig));
}

#[test]
fn a_pod_that_needs_too_much_costs_itself() {
    let recording = recording();
    let mut rig = Rig::primed(&recording, patient());
    let mut list = pods(&recording.second);
    let good = with(&mut rig, &list);
    let container = |n: usize| json!({"name": format!("container-{n:06}"), "resources": {"requests": {"cpu": "1m"}}});
    pod(&mut list, WEB)["spec"]["containers"] = (0..30_000).map(container).collect();
    let round = with(&mut rig, &list);
    let others = |round: &Batch| {
        let others = round.records.iter().filter(|record| text(record, "K8sPodName") != Some(WEB));
        others.map(|record| (record.record_type, record.points.len())).collect::<Vec<_>>()
    };
    assert_eq!(others(&round), others(&good));
    assert_eq!(cut(&rig, "pod size"), 1);
    assert!(message(&mut rig).contains("1 pods are left out"), "{}", message(&mut rig));
}

#[test]
fn a_pod_of_very_many_containers_has_records_of_the_first() {
    let recording = recording();
    let mut rig = Rig::primed(&recording, patient());
    let mut list = pods(&recording.second);
    let web = pod(&mut list, WEB);
    let name = web["spec"]["containers"][0]["name"].clone();
    let requests = json!({"requests": {"cpu": "1m"}});
    let waiting = |n: usize| json!({"name": format!("w{n}"), "state": {"waiting": {"reason": "ImagePullBackOff"}}});
    let mut containers = vec![json!({"name": name, "resources": requests})];
    containers.extend((0..200).map(|n| json!({"name": format!("w{n}"), "resources": requests})));
    web["spec"]["containers"] = containers.into();
    let own = web["status"]["containerStatuses"][0].clone();
    web["status"]["containerStatuses"] = std::iter::once(own).chain((0..200).map(waiting)).collect();
    let round = with(&mut rig, &list);
    assert_eq!(find(&round, RecordType::Container, "K8sPodName", WEB).len(), 128);
    let pod = one(&round, RecordType::Pod, "K8sPodName", WEB);
    assert_eq!(metric(pod, "pod_number_of_containers"), Some(201.0), "the sums are those of all");
    assert_eq!(metric(pod, "pod_cpu_request"), Some(201.0));
    assert_eq!(cut(&rig, "pod containers"), 2 * (201 - 128));
    assert!(message(&mut rig).contains(&format!("of pod apps/{WEB} have no records")), "{}", message(&mut rig));
}

#[test]
fn a_summary_that_is_too_long_keeps_its_first_pods() {
    let recording = recording();
    let mut rig = Rig::primed(&recording, patient());
    let mut summary: Value =
        serde_json::from_slice(recording.second.summary.as_deref().expect("the node has a kubelet")).expect("JSON");
    let good = with(&mut rig, &pods(&recording.second));
    let items = summary["pods"].as_array_mut().expect("a list");
    items.extend((0..20_000).map(|n| json!({"podRef": {"name": "a", "namespace": "b", "uid": n.to_string()}})));
    let over = items.len() - 20_000;
    rig.kubelet.set_answer(Route::Summary, summary.to_string());
    let round = collect(&mut rig);
    let file_systems = |round: &Batch| find(round, RecordType::ContainerFS, "", "").len();
    assert_eq!(file_systems(&round), file_systems(&good));
    assert_eq!(cut(&rig, "summary pods"), over as u64);
}
