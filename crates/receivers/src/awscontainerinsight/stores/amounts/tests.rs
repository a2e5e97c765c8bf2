use kubernetes::Amounts;

use super::*;

const CAPACITY: Capacity = Capacity { cpu_millicores: Some(4000), memory_bytes: Some(400 << 20) };
const UNKNOWN: Capacity = Capacity { cpu_millicores: None, memory_bytes: None };

fn amounts(cpu: u64, mib: u64) -> Resources {
    Resources { cpu_millicores: Some(cpu), memory_bytes: Some(mib << 20) }
}

fn pod(phase: Phase, requests: Resources, limits: Resources) -> Pod {
    let of_containers = Amounts { requests, limits };
    Pod { phase, of_containers, scheduled: Amounts::default(), ..Pod::default() }
}

#[test]
fn the_totals_are_those_of_the_reference() {
    let one = || pod(Phase::Running, amounts(10, 50), Resources::default());
    let ended = || Pod { phase: Phase::Succeeded, ..one() };
    let pods = [one(), one(), ended()].map(Arc::new);
    let totals = totals(&pods, PodRequests::Containers, CAPACITY);
    assert_eq!((totals.cpu_request_millicores, totals.memory_request_bytes, totals.running_pods), (20, 104_857_600, 2));
}

#[test]
fn the_mode_says_which_amounts_are_meant() {
    let scheduled = Amounts { requests: amounts(2, 2), limits: amounts(3, 0) };
    let pod = Pod { scheduled, ..pod(Phase::Running, amounts(1, 1), Resources::default()) };
    let expected = PodAmounts { requests: amounts(1, 1), limits: Resources::default() };
    assert_eq!(of_pod(&pod, PodRequests::Containers, UNKNOWN), expected);
    let limits = Resources { cpu_millicores: Some(3), memory_bytes: None };
    assert_eq!(of_pod(&pod, PodRequests::Scheduler, UNKNOWN), PodAmounts { requests: amounts(2, 2), limits });
}

#[test]
fn sums_are_capped_at_the_node_where_it_is_known() {
    let large = pod(Phase::Running, amounts(9000, 500), amounts(9000, 500));
    let capped = of_pod(&large, PodRequests::Containers, CAPACITY);
    assert_eq!((capped.requests, capped.limits), (amounts(4000, 400), amounts(4000, 400)));
    assert_eq!(of_pod(&large, PodRequests::Containers, UNKNOWN).requests, amounts(9000, 500));
}
