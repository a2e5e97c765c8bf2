use super::*;
use proptest::prelude::*;

/// A summary in the shapes that a kubelet 1.37 serves.
const SUMMARY: &str = include_str!("../../testdata/summary.json");

fn usage(used_bytes: u64) -> Option<FsUse> {
    Some(FsUse {
        capacity_bytes: Some(82_041_634_816),
        available_bytes: Some(62_041_634_816),
        used_bytes: Some(used_bytes),
    })
}

#[test]
fn a_summary_is_read() {
    let summary = parse_summary(SUMMARY.as_bytes()).expect("the example is good");
    let node = summary.node;
    assert_eq!((node.fs, node.image_fs), (usage(20_000_000_000), usage(3_000_000_000)));
    assert_eq!(node.container_fs, usage(5_000_000));
    let names: Vec<_> = summary.pods.iter().map(|pod| (&*pod.namespace, &*pod.name)).collect();
    assert_eq!(names, [("apps", "web-6d4b75cb6d-x7x2p"), ("kube-system", "static-node-1"), ("apps", "toobig")]);
    let httpd = ContainerSummary { name: "httpd".into(), rootfs: usage(45_056), logs: usage(4096) };
    assert_eq!(summary.pods[0].containers, [httpd]);
}

#[test]
fn what_the_kubelet_does_not_know_is_none() {
    let summary = parse_summary(SUMMARY.as_bytes()).expect("the example is good");
    let [main, new] = &*summary.pods[1].containers else { panic!("two containers") };
    assert_eq!(main.rootfs, Some(FsUse { used_bytes: Some(8192), ..FsUse::default() }));
    assert_eq!((main.logs, new.rootfs), (None, None));
    assert!(summary.pods[2].containers.is_empty());
}

#[test]
fn of_a_container_that_is_named_twice_the_run_counts_that_began_last() {
    let run = |start: &str, used: u64| format!(r#"{{"name":"app",{start}"rootfs":{{"usedBytes":{used}}}}}"#);
    let (old, new) = (
        run(r#""startTime":"2026-11-01T00:00:00Z","#, 1_047_527_424),
        run(r#""startTime":"2026-11-20T00:00:00Z","#, 3_145_728),
    );
    let (later, unsaid) = (run(r#""startTime":"2026-11-20T00:00:00.5Z","#, 7), run("", 9));
    let other = r#"{"name":"sidecar","rootfs":{"usedBytes":1}}"#;
    let used = |containers: &[&str]| -> Vec<u64> {
        let pod =
            format!(r#"{{"podRef":{{"uid":"1","name":"a","namespace":"b"}},"containers":[{}]}}"#, containers.join(","));
        let summary = parse_summary(format!(r#"{{"pods":[{pod}]}}"#).as_bytes()).expect("a good summary");
        summary.pods[0].containers.iter().map(|container| container.rootfs.unwrap().used_bytes.unwrap()).collect()
    };
    for runs in [[&*old, other, &*new], [&*new, other, &*old], [&*unsaid, other, &*new]] {
        assert_eq!(used(&runs), [3_145_728, 1]);
    }
    assert_eq!(used(&[&*old, &*new, &*later, &*unsaid]), [7]);
    assert_eq!(used(&[&*unsaid, &*unsaid.replace('9', "8")]), [9]);
}

#[test]
fn a_broken_pod_costs_only_itself() {
    let text = r#"{"node":{"fs":7},"pods":[null,{"podRef":{"uid":"1","name":"a","namespace":"b"}},{"podRef":{"uid":"2"}},
        {"podRef":{"uid":"3","name":"a","namespace":"b"},"containers":[{"name":"x","rootfs":{"usedBytes":-5}}]}]}"#;
    let summary = parse_summary(text.as_bytes()).expect("a good summary");
    assert_eq!((summary.pods.len(), summary.skipped), (2, 2));
    assert_eq!(summary.pods[1].containers[0].rootfs, Some(FsUse::default()));
    assert_eq!(summary.node, NodeSummary::default());
}

#[test]
fn another_object_is_no_summary() {
    for text in ["{}", r#"{"kind":"PodList","items":[]}"#, r#"{"kind":"Status","pods":[]}"#] {
        assert!(matches!(parse_summary(text.as_bytes()), Err(ParseError::Kind { .. })), "{text}");
    }
    assert!(matches!(parse_summary(b"<html>"), Err(ParseError::Json(_))));
}

#[test]
fn every_beginning_of_a_summary_is_truncated() {
    for end in (0..SUMMARY.trim_end().len()).step_by(7) {
        let result = parse_summary(&SUMMARY.as_bytes()[..end]);
        assert!(matches!(result, Err(ParseError::Truncated { bytes }) if bytes == end), "{end}: {result:?}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse_summary(&bytes);
    }

    #[test]
    fn a_summary_with_bytes_changed_is_read_without_a_panic(
        changes in proptest::collection::vec((0..SUMMARY.len(), any::<u8>()), 1..8),
    ) {
        let mut bytes = SUMMARY.as_bytes().to_vec();
        changes.into_iter().for_each(|(place, byte)| bytes[place] = byte);
        let _ = parse_summary(&bytes);
    }
}
