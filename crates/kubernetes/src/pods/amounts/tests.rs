use serde_json::{Value, json};

use super::*;
use crate::parse_pods;

/// Pods, and what `PodRequests` and `PodLimits` of `k8s.io/component-helpers` 0.35 say of each; a limit is null where the
/// kubelet's `ResourceConfigForPod` gives the pod's cgroup none.
const TABLE: &str = include_str!("../../../testdata/pod_amounts.json");

fn of(spec: &Value) -> crate::Pod {
    let item = json!({"metadata": {"uid": "1", "name": "a", "namespace": "b"}, "spec": spec});
    let list = json!({"kind": "PodList", "items": [item]}).to_string();
    parse_pods(list.as_bytes()).expect("a good list").pods[0].as_ref().clone()
}

fn amounts(cpu: u64, mib: u64) -> Resources {
    Resources { cpu_millicores: Some(cpu), memory_bytes: Some(mib << 20) }
}

fn container(requests: Resources, limits: Resources) -> Part {
    Part { amounts: Amounts { requests, limits }, is_sidecar: false }
}

#[test]
fn requests_and_limits_are_those_of_the_scheduler_and_of_the_pods_cgroup() {
    let rows: Vec<Value> = serde_json::from_str(TABLE).expect("the table is JSON");
    assert_eq!(rows.len(), 63);
    for row in rows {
        let read =
            |of: &str| Resources { cpu_millicores: row[of]["cpu"].as_u64(), memory_bytes: row[of]["memory"].as_u64() };
        let expected = Amounts { requests: read("requests"), limits: read("limits") };
        assert_eq!(of(&row["spec"]).scheduled, expected, "{}", row["spec"]);
    }
}

#[test]
fn a_limit_of_the_pod_needs_a_limit_of_every_container() {
    let limited = container(Resources::default(), amounts(10, 50));
    let half = container(Resources::default(), Resources { cpu_millicores: Some(5), memory_bytes: None });
    let of = |containers| Parts { containers, ..Parts::default() }.of_containers().limits;
    assert_eq!(of(vec![limited, limited]), amounts(20, 100));
    assert_eq!(of(vec![limited, half]), Resources { cpu_millicores: Some(15), memory_bytes: None });
    assert_eq!(of(vec![half, limited]), Resources { cpu_millicores: Some(15), memory_bytes: None });
    assert_eq!(of(vec![]), Resources::default());
}

#[test]
fn amounts_beyond_what_can_be_counted_are_the_most_there_is() {
    let most = Resources { cpu_millicores: Some(u64::MAX), memory_bytes: Some(u64::MAX) };
    let parts = Parts {
        containers: vec![container(most, most); 2],
        init_containers: vec![Part { is_sidecar: true, ..container(most, most) }],
        overhead: most,
        pod_level: Amounts::default(),
    };
    let expected = Amounts { requests: most, limits: most };
    assert_eq!((parts.of_containers(), parts.scheduled()), (expected, expected));
}

#[test]
fn the_scheduler_counts_sidecars_the_largest_start_and_the_overhead() {
    let sidecar = Part { is_sidecar: true, ..container(amounts(100, 10), Resources::default()) };
    let init = container(amounts(500, 10), Resources::default());
    let main = container(amounts(200, 30), Resources::default());
    let with = |init_containers| Parts { containers: vec![main], init_containers, ..Parts::default() };

    assert_eq!(with(vec![sidecar]).scheduled().requests, amounts(300, 40));
    assert_eq!(with(vec![sidecar, init]).scheduled().requests, amounts(600, 40));
    let whole = Parts { overhead: amounts(7, 1), ..with(vec![init]) };
    assert_eq!(whole.scheduled().requests, amounts(507, 31));
    let requests = Resources { cpu_millicores: Some(1000), memory_bytes: None };
    let pod_level = Parts { pod_level: Amounts { requests, ..Amounts::default() }, ..whole };
    assert_eq!(pod_level.scheduled().requests, amounts(1007, 31));
    assert_eq!(with(vec![sidecar, init]).of_containers().requests, amounts(200, 30), "as published");
}

#[test]
fn containers_that_are_not_kept_count_in_the_sums() {
    let one = |n: usize| json!({"name": format!("c{n}"), "resources": {"requests": {"cpu": "10m"}, "limits": {"cpu": "20m"}}});
    let many: Vec<Value> = (0..200).map(one).collect();
    let pod = of(&json!({"containers": many}));
    assert_eq!((pod.containers.len(), pod.containers_cut), (crate::MOST_CONTAINERS, 200 - 128));
    assert_eq!(pod.of_containers.requests.cpu_millicores, Some(2000));
    assert_eq!(pod.scheduled.limits.cpu_millicores, Some(4000));
}
