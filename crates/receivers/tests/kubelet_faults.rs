//! A kubelet that fails costs what only it can tell, and nothing else.

mod support;

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use catalog::RecordType;
use support::{Rig, config, find, metric, one, recording};
use testkit::kubelet::{Fault, Route};

const PODS: [(&str, &str); 1] = [("source", "kubelet pods")];

#[test]
fn before_the_first_list_a_node_says_nothing_of_its_pods() {
    let recording = recording();
    let mut rig = Rig::new(&recording, config());
    rig.kubelet.refuse();
    rig.collector.prime();
    rig.scratch.show(&recording.second.root);
    rig.pass(Duration::from_secs(10));
    let round = rig.collector.collect();
    let node = one(&round, RecordType::Node, "", "");
    for name in ["node_number_of_running_pods", "node_number_of_running_containers", "node_cpu_request"] {
        assert_eq!(metric(node, name), None, "{name}");
    }
    assert!(metric(node, "node_cpu_usage_total").is_some_and(|usage| usage > 0.0));
    assert!(
        find(&round, RecordType::NodeFS, "", "").len() == 1 && !find(&round, RecordType::NodeNet, "", "").is_empty()
    );
}

/// What a kubelet that has just started may answer.
const EMPTY: [&str; 2] =
    [r#"{"kind":"PodList","apiVersion":"v1","items":null}"#, r#"{"kind":"PodList","apiVersion":"v1","items":[]}"#];

#[test]
fn an_empty_list_while_there_are_pods_is_no_count_of_zero() {
    let recording = recording();
    let mut rig = Rig::primed(&recording, config());
    let before = rig.collector.collect();
    let counts = |round: &model::Batch| {
        let node = one(round, RecordType::Node, "", "");
        ["node_number_of_running_pods", "node_number_of_running_containers"].map(|name| metric(node, name))
    };
    assert!(counts(&before)[0].is_some_and(|count| count > 0.0));
    let told = log(|| {
        for empty in EMPTY {
            rig.kubelet.set_answer(Route::Pods, empty);
            rig.pass(Duration::from_secs(2));
            let round = rig.collector.collect();
            assert_eq!(counts(&round), counts(&before));
            let pods = |round: &model::Batch| find(round, RecordType::Pod, "", "").len();
            assert_eq!(pods(&round), pods(&before));
        }
    });
    assert_eq!(told.matches("source fails").count(), 1, "{told}");
    // A pod that isn't known is asked for once more.
    assert!(rig.counted("container_insights_source_failures", &[("source", "kubelet pod list")]) >= 2);
    rig.show(&recording.second);
    let told = log(|| drop(rig.collector.collect()));
    assert_eq!(told.matches("source recovered").count(), 1, "{told}");
}

#[test]
fn before_the_first_list_that_names_a_pod_there_is_no_count() {
    let recording = recording();
    for empty in EMPTY {
        let mut rig = Rig::new(&recording, config());
        rig.show(&recording.first);
        rig.kubelet.set_answer(Route::Pods, empty);
        rig.collector.prime();
        rig.pass(Duration::from_secs(2));
        let round = rig.collector.collect();
        let node = one(&round, RecordType::Node, "", "");
        for name in ["node_number_of_running_pods", "node_number_of_running_containers", "node_cpu_request"] {
            assert_eq!(metric(node, name), None, "{name}");
        }
    }
}

#[test]
fn a_node_without_pods_has_none() {
    let recording = recording();
    let mut rig = Rig::primed(&recording, config());
    rig.kubelet.set_answer(Route::Pods, EMPTY[0]);
    for hierarchy in std::fs::read_dir(rig.scratch.root().join("sys/fs/cgroup")).expect("there are cgroups") {
        let _ = std::fs::remove_dir_all(hierarchy.expect("the folder can be read").path().join("kubepods"));
    }
    rig.pass(Duration::from_secs(2));
    let round = rig.collector.collect();
    assert_eq!(metric(one(&round, RecordType::Node, "", ""), "node_number_of_running_pods"), Some(0.0));
}

#[test]
fn two_receivers_count_apart() {
    let mut rig = Rig::primed(&recording(), config());
    rig.kubelet.set_fault(Route::Pods, Fault::Status(500));
    rig.collector.collect();
    assert!(rig.counted("container_insights_source_failures", &PODS) >= 1);
    let labels: Vec<_> = rig.registry.snapshot().into_iter().map(|reading| format!("{reading:?}")).collect();
    assert!(!labels.is_empty() && labels.iter().all(|label| label.contains(support::RECEIVER)), "{labels:?}");
}

#[test]
fn the_last_good_list_stays_in_use_whatever_the_kubelet_does() {
    let faults = [
        Fault::Truncated,
        Fault::Status(500),
        Fault::Status(401),
        Fault::Redirect("http://127.0.0.1:1/".into()),
        Fault::Huge(2_000_000_000),
    ];
    let recording = recording();
    let mut rig = Rig::primed(&recording, config());
    let before = rig.collector.collect();
    for (number, fault) in faults.into_iter().enumerate() {
        rig.kubelet.set_fault(Route::Pods, fault.clone());
        rig.pass(Duration::from_secs(2));
        let round = rig.collector.collect();
        let (node, good) = (one(&round, RecordType::Node, "", ""), one(&before, RecordType::Node, "", ""));
        for name in ["node_number_of_running_pods", "node_number_of_running_containers", "node_cpu_request"] {
            assert!(metric(node, name).is_some_and(|count| count > 0.0), "{fault:?}: {name}");
            assert_eq!(metric(node, name), metric(good, name), "{fault:?}: {name}");
        }
        let pods = find(&before, RecordType::Pod, "", "").len();
        assert_eq!(find(&round, RecordType::Pod, "", "").len(), pods, "{fault:?}");
        assert_eq!(rig.counted("container_insights_source_failures", &PODS), number as u64 + 1, "{fault:?}");
        assert!(!find(&round, RecordType::ContainerFS, "", "").is_empty(), "{fault:?}: the summary is another answer");
    }
    rig.kubelet.set_fault(Route::Pods, Fault::None);
    rig.collector.collect();
    assert_eq!(rig.counted("container_insights_source_failures", &PODS), 5);
}

#[test]
fn a_slow_kubelet_holds_a_round_up_for_half_an_interval_at_most_and_its_answer_serves_later() {
    let recording = recording();
    let mut rig = Rig::primed(&recording, config());
    rig.collector.collect();
    rig.kubelet.set_fault(Route::Summary, Fault::Stall);
    #[expect(clippy::disallowed_methods, reason = "the wait is what is tested")]
    let began = std::time::Instant::now();
    let round = rig.collector.collect();
    assert!(began.elapsed() < Duration::from_millis(1900), "{:?}", began.elapsed());
    assert!(find(&round, RecordType::ContainerFS, "", "").is_empty());
    assert!(!find(&round, RecordType::Pod, "", "").is_empty());
}

#[test]
fn a_kubelet_that_hangs_is_told_once_until_it_answers() {
    let recording = recording();
    let mut rig = Rig::primed(&recording, config());
    rig.collector.collect();
    rig.kubelet.set_fault(Route::Pods, Fault::Stall);
    rig.kubelet.set_fault(Route::Summary, Fault::Stall);
    // Long enough for both requests to come to their own deadlines.
    let while_it_hangs = log(|| (0..5).for_each(|_| drop(rig.collector.collect())));
    assert_eq!(while_it_hangs.matches("source fails").count(), 3, "{while_it_hangs}");
    assert!(!while_it_hangs.contains("recovered"), "{while_it_hangs}");
    rig.kubelet.set_fault(Route::Pods, Fault::None);
    rig.kubelet.set_fault(Route::Summary, Fault::None);
    let afterwards = log(|| (0..5).for_each(|_| drop(rig.collector.collect())));
    assert_eq!(afterwards.matches("source recovered").count(), 3, "{afterwards}");
}

#[test]
fn a_kubelet_that_is_always_slow_is_told_once() {
    let recording = recording();
    let mut rig = Rig::primed(&recording, config());
    // Later than a round waits, earlier than a request ends.
    rig.kubelet.set_fault(Route::Summary, Fault::Slow(Duration::from_millis(1300)));
    let told = log(|| (0..4).for_each(|_| drop(rig.collector.collect())));
    assert_eq!(told.matches("no answer in time").count(), 1, "{told}");
    assert!(!told.contains("recovered"), "{told}");
}

/// What is logged meanwhile.
fn log(work: impl FnOnce()) -> String {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || Lines(writer.clone())).finish();
    tracing::subscriber::with_default(subscriber, work);
    let bytes = lines.lock().expect("nobody panics with the log").clone();
    String::from_utf8(bytes).expect("a log is text")
}

struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("nobody panics with the log").extend(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_round_asks_for_each_answer_once() {
    let mut rig = Rig::primed(&recording(), config());
    let before = rig.kubelet.requests().len();
    rig.collector.collect();
    let asked: Vec<_> = rig.kubelet.requests()[before..].iter().map(|request| request.path.clone()).collect();
    assert_eq!(asked, ["/pods", "/stats/summary"]);
    assert!(rig.kubelet.violations().is_empty());
}
