use super::*;

const CAPACITY: Capacity = Capacity { cpu_millicores: Some(4000), memory_bytes: Some(400 << 20) };
const UNKNOWN: Capacity = Capacity { cpu_millicores: None, memory_bytes: None };

fn amounts(cpu: u64, mib: u64) -> Resources {
    Resources { cpu_millicores: Some(cpu), memory_bytes: Some(mib << 20) }
}

fn container(requests: Resources, limits: Resources) -> ContainerSpec {
    ContainerSpec { name: "c".into(), requests, limits, restart_always: false }
}

fn pod(phase: Phase, containers: Vec<ContainerSpec>) -> Pod {
    Pod { phase, containers, ..Pod::default() }
}

#[test]
fn the_totals_are_those_of_the_reference() {
    let one = || pod(Phase::Running, vec![container(amounts(10, 50), Resources::default())]);
    let ended = || Pod { phase: Phase::Succeeded, ..one() };
    let totals = totals(&[one(), one(), ended()], PodRequests::Containers, CAPACITY);
    assert_eq!((totals.cpu_request_millicores, totals.memory_request_bytes, totals.running_pods), (20, 104_857_600, 2));
}

#[test]
fn a_limit_of_the_pod_needs_a_limit_of_every_container() {
    let limited = container(Resources::default(), amounts(10, 50));
    let half = container(Resources::default(), Resources { cpu_millicores: Some(5), memory_bytes: None });
    let of = |containers| of_pod(&pod(Phase::Running, containers), PodRequests::Containers, UNKNOWN).limits;
    assert_eq!(of(vec![limited.clone(), limited.clone()]), amounts(20, 100));
    assert_eq!(of(vec![limited, half]), Resources { cpu_millicores: Some(15), memory_bytes: None });
    assert_eq!(of(vec![]), Resources::default());
}

#[test]
fn amounts_beyond_what_can_be_counted_are_the_most_there_is() {
    let most = Resources { cpu_millicores: Some(u64::MAX), memory_bytes: Some(u64::MAX) };
    let large = pod(Phase::Running, vec![container(most, most), container(most, most)]);
    let of = of_pod(&large, PodRequests::Containers, UNKNOWN);
    assert_eq!((of.requests, of.limits), (most, most));
}

#[test]
fn sums_are_capped_at_the_node_where_it_is_known() {
    let large = pod(Phase::Running, vec![container(amounts(9000, 500), amounts(9000, 500))]);
    let capped = of_pod(&large, PodRequests::Containers, CAPACITY);
    assert_eq!((capped.requests, capped.limits), (amounts(4000, 400), amounts(4000, 400)));
    assert_eq!(of_pod(&large, PodRequests::Containers, UNKNOWN).requests, amounts(9000, 500));
}

#[test]
fn the_scheduler_counts_sidecars_the_largest_start_and_the_overhead() {
    let sidecar = ContainerSpec { restart_always: true, ..container(amounts(100, 10), Resources::default()) };
    let init = container(amounts(500, 10), Resources::default());
    let main = container(amounts(200, 30), Resources::default());
    let with = |containers, init_containers| Pod { init_containers, ..pod(Phase::Running, containers) };
    let scheduler = |pod: &Pod| of_pod(pod, PodRequests::Scheduler, UNKNOWN).requests;

    assert_eq!(scheduler(&with(vec![main.clone()], vec![sidecar.clone()])), amounts(300, 40));
    assert_eq!(scheduler(&with(vec![main.clone()], vec![sidecar.clone(), init.clone()])), amounts(600, 40));
    let whole = Pod { overhead: amounts(7, 1), ..with(vec![main.clone()], vec![init.clone()]) };
    assert_eq!(scheduler(&whole), amounts(507, 31));
    let mut pod_level = whole;
    pod_level.pod_resources.requests.cpu_millicores = Some(1000);
    assert_eq!(scheduler(&pod_level), amounts(1007, 31));

    let published = of_pod(&with(vec![main], vec![sidecar, init]), PodRequests::Containers, UNKNOWN).requests;
    assert_eq!(published, amounts(200, 30));
}
