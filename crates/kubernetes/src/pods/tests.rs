use super::*;
use proptest::prelude::*;
use serde_json::json;

/// Pods in the shapes that a kubelet 1.37 serves, one of each kind.
const PODS: &str = include_str!("../../testdata/pods.json");

fn pod(name: &str) -> Pod {
    let list = parse_pods(PODS.as_bytes()).expect("the example is good");
    assert_eq!((list.pods.len(), list.skipped), (5, 0));
    let found = list.pods.into_iter().find(|pod| &*pod.name == name).expect("the list has it");
    Arc::unwrap_or_clone(found)
}

/// The only pod of a list whose one item is `item`.
fn only(item: serde_json::Value) -> Pod {
    let text = json!({"kind": "PodList", "items": [item]}).to_string();
    let mut list = parse_pods(text.as_bytes()).expect("a good list");
    assert_eq!(list.skipped, 0);
    Arc::unwrap_or_clone(list.pods.remove(0))
}

fn with_status(status: serde_json::Value) -> Pod {
    only(json!({"metadata": {"uid": "1", "name": "a", "namespace": "b"}, "status": status}))
}

fn amounts(cpu_millicores: Option<u64>, memory_bytes: Option<u64>) -> Resources {
    Resources { cpu_millicores, memory_bytes }
}

#[test]
fn a_deployments_pod_is_read() {
    let pod = pod("web-6d4b75cb6d-x7x2p");
    let label = |key: &str, value: &str| (key.into(), value.into());
    assert_eq!(&*pod.uid, "764d01e1-8f4b-4f0e-9e0a-3b1c0f6d2a11");
    assert_eq!(&*pod.namespace, "apps");
    assert_eq!(pod.phase, Phase::Running);
    assert_eq!(pod.labels, [label("app", "web"), label("pod-template-hash", "6d4b75cb6d"), label("tier", "front")]);
    assert_eq!(pod.owners, [Owner { kind: "ReplicaSet".into(), name: "web-6d4b75cb6d".into() }]);
    assert_eq!(pod.ready, Some(true));
    assert_eq!((pod.host_network, pod.config_hash, pod.runtime_class), (false, None, None));
    let httpd = ContainerSpec {
        name: "httpd".into(),
        requests: amounts(Some(20), Some(16 << 20)),
        limits: amounts(Some(200), Some(64 << 20)),
    };
    assert_eq!(pod.containers, [httpd]);
    let status = &pod.statuses[0];
    let (runtime, id) = status.container_id.as_ref().expect("it has started");
    assert_eq!((&**runtime, id.len()), ("containerd", 64));
    assert_eq!((&status.state, status.restart_count), (&State::Running, 0));
}

#[test]
fn a_crashing_container_tells_why_it_waits_and_how_it_ended() {
    let pod = pod("crash");
    let status = &pod.statuses[0];
    assert_eq!(status.state, State::Waiting { reason: Some("CrashLoopBackOff".into()) });
    assert_eq!(status.last_termination_reason.as_deref(), Some("Error"));
    assert_eq!((status.restart_count, pod.ready), (4, Some(false)));
}

#[test]
fn a_finished_job_is_read() {
    let pod = pod("once-4k2xq");
    assert_eq!(pod.phase, Phase::Succeeded);
    assert_eq!(pod.statuses[0].state, State::Terminated { reason: Some("Completed".into()) });
    assert_eq!((pod.ready, pod.statuses[0].last_termination_reason.as_deref()), (None, None));
}

#[test]
fn a_static_pod_bears_its_hash() {
    let pod = pod("static-node-1");
    assert_eq!(pod.config_hash.as_deref(), Some("c2ad1a1e5d90ea9d1c49b1c8e0f3a7b4"));
    assert!(pod.host_network && pod.owners.is_empty());
    assert_eq!(pod.statuses[0].container_id, Some(("cri-o".into(), "5f1c".into())));
}

#[test]
fn the_annotation_of_a_static_pod_counts_on_no_other() {
    let hash = |annotations: &str| {
        let text = format!(
            r#"{{"kind":"PodList","items":[{{"metadata":{{"name":"p","namespace":"n","uid":"u","annotations":{{"kubernetes.io/config.hash":"h",{annotations}}}}}}}]}}"#
        );
        parse_pods(text.as_bytes()).expect("it is a list").pods[0].config_hash.clone()
    };
    for of_a_static_pod in [
        r#""kubernetes.io/config.source":"file""#,
        r#""kubernetes.io/config.source":"http""#,
        r#""kubernetes.io/config.mirror":"h""#,
        r#""kubernetes.io/config.mirror":"h","kubernetes.io/config.source":"file""#,
    ] {
        assert_eq!(hash(of_a_static_pod).as_deref(), Some("h"), "{of_a_static_pod}");
    }
    for of_any_other in [
        r#""kubernetes.io/config.source":"api""#,
        r#""kubernetes.io/config.source":"api","kubernetes.io/config.mirror":"h""#,
        r#""kubernetes.io/config.source":"""#,
        r#""kubernetes.io/config.source":null"#,
        r#""other":"x""#,
    ] {
        assert_eq!(hash(of_any_other), None, "{of_any_other}");
    }
}

#[test]
fn sidecars_overhead_and_pod_level_resources_are_read() {
    let pod = pod("db-0");
    assert_eq!(pod.scheduled.requests, amounts(Some(750), Some(208 << 20)));
    assert_eq!(pod.scheduled.limits, amounts(Some(1250), Some(1184 << 20)));
    assert_eq!(pod.of_containers.requests, amounts(Some(10), Some(16 << 20)));
    assert_eq!(pod.of_containers.limits, amounts(None, None), "the second has none");
    assert_eq!(pod.runtime_class.as_deref(), Some("kata"));
    assert_eq!(pod.containers.len(), 2);
    assert_eq!(pod.statuses.len(), 2, "init containers' statuses stand apart");
    let others: Vec<_> = pod.other_statuses.iter().map(|it| (&*it.name, it.restart_count, &it.state)).collect();
    assert_eq!(others, [("init", 9, &State::Running), ("debugger", 0, &State::Running)]);
    assert_eq!(pod.statuses[0].state, State::Waiting { reason: Some("PodInitializing".into()) });
    assert_eq!((&pod.statuses[0].container_id, &pod.statuses[0].raw_container_id), (&None, &None));
    assert_eq!(pod.statuses[1].state, State::Unknown);
}

#[test]
fn nulls_count_as_missing() {
    let bare = only(json!({"metadata": {"uid": "1", "name": "a", "namespace": "b"}}));
    let nulls = only(json!({
        "metadata": {"uid": "1", "name": "a", "namespace": "b", "labels": null, "annotations": null,
                     "ownerReferences": null},
        "spec": {"containers": null, "initContainers": null, "hostNetwork": null, "runtimeClassName": null,
                 "overhead": null, "resources": null},
        "status": {"phase": null, "conditions": null, "containerStatuses": null},
    }));
    assert_eq!(bare, nulls);
    let pod = with_status(json!({"containerStatuses": [
        {"name": "a", "state": null, "lastState": null, "restartCount": null, "containerID": null},
        {"name": "b", "lastState": {"terminated": null}},
        {"name": "c", "state": {"waiting": {}}},
        {"state": {"running": {}}},
    ]}));
    let states: Vec<_> = pod.statuses.iter().map(|status| (&*status.name, &status.state)).collect();
    let waiting = State::Waiting { reason: None };
    assert_eq!(states, [("a", &State::Unknown), ("b", &State::Unknown), ("c", &waiting)]);
}

#[test]
fn a_container_id_splits_into_exactly_two_parts() {
    let check = |id: &str, pair: Option<(&str, &str)>, raw: Option<&str>| {
        let pod = with_status(json!({"containerStatuses": [{"name": "a", "containerID": id}]}));
        let status = &pod.statuses[0];
        let found = status.container_id.as_ref().map(|(runtime, id)| (&**runtime, &**id));
        assert_eq!((found, status.raw_container_id.as_deref()), (pair, raw), "{id}");
    };
    check("docker://abc", Some(("docker", "abc")), None);
    check("abc", None, Some("abc"));
    check("a://b://c", None, Some("a://b://c"));
    check("://abc", None, Some("://abc"));
    check("docker://", None, Some("docker://"));
    check("", None, None);
}

#[test]
fn absurd_numbers_cost_no_pod() {
    for (count, expected) in [(json!(3), 3), (json!(-1), 0), (json!(2.0), 2), (json!(2.5), 0), (json!(1e300), 0)] {
        let pod = with_status(json!({"containerStatuses": [{"name": "a", "restartCount": count}]}));
        assert_eq!(pod.statuses[0].restart_count, expected);
    }
    let pod = only(json!({"metadata": {"uid": "1", "name": "a", "namespace": "b"}, "spec": {"containers": [
        {"name": "a", "resources": {"requests": {"cpu": 2, "memory": 1.5}, "limits": {"cpu": "-1", "memory": "much"}}},
    ]}}));
    assert_eq!(pod.containers[0].requests, amounts(Some(2000), Some(2)));
    assert_eq!(pod.containers[0].limits, amounts(None, None));
}

#[test]
fn phases_keep_the_apis_word() {
    for word in ["Pending", "Running", "Succeeded", "Failed", "Unknown", "Dreaming"] {
        assert_eq!(with_status(json!({"phase": word})).phase.as_str(), Some(word));
    }
    assert_eq!(with_status(json!({"phase": ""})).phase, Phase::Absent);
    let unknown = json!({"conditions": [{"type": "Ready", "status": "Unknown"}]});
    assert_eq!(with_status(unknown).ready, None);
}

#[test]
fn of_a_label_given_twice_the_last_counts() {
    let text = r#"{"kind":"PodList","items":[{"metadata":{"uid":"1","name":"a","namespace":"b",
        "labels":{"x":"1","a":"\u0041","x":"2"}}}]}"#;
    let list = parse_pods(text.as_bytes()).expect("a good list");
    assert_eq!(list.pods[0].labels, [("a".into(), "A".into()), ("x".into(), "2".into())]);
}

#[test]
fn a_broken_pod_costs_only_itself() {
    let good = json!({"metadata": {"uid": "1", "name": "a", "namespace": "b"}});
    let items = json!([
        good, null, 7, "text", [], {"metadata": null}, {"metadata": {"uid": 5, "name": "a", "namespace": "b"}},
        {"metadata": {"uid": "2", "name": "", "namespace": "b"}}, {"metadata": {"uid": "3", "name": "c", "namespace": "b"}},
    ]);
    let list = parse_pods(json!({"kind": "PodList", "items": items}).to_string().as_bytes()).expect("a good list");
    let uids: Vec<_> = list.pods.iter().map(|pod| &*pod.uid).collect();
    assert_eq!((uids, list.skipped), (vec!["1", "3"], 7));
}

#[test]
fn a_text_longer_than_kubernetes_writes_is_none() {
    let (most, over) = ("x".repeat(1024), "x".repeat(1025));
    let of = |text: &str| {
        only(json!({
            "metadata": {"uid": "1", "name": "a", "namespace": "b", "ownerReferences": [{"kind": "K", "name": text}]},
            "spec": {"containers": [{"name": text}], "runtimeClassName": text},
            "status": {"phase": text, "containerStatuses": [{"name": "c", "containerID": format!("r://{}", &text[4..]),
                "state": {"waiting": {"reason": text}}, "lastState": {"terminated": {"reason": text}}}]},
        }))
    };
    let pod = of(&most);
    assert_eq!((pod.owners.len(), pod.containers.len(), pod.phase.as_str()), (1, 1, Some(&*most)));
    assert!(pod.runtime_class.is_some() && pod.statuses[0].container_id.is_some());
    let pod = of(&over);
    assert_eq!((pod.owners.len(), pod.containers.len(), pod.phase), (0, 0, Phase::Absent));
    let expected =
        ContainerStatus { name: "c".into(), state: State::Waiting { reason: None }, ..ContainerStatus::default() };
    assert_eq!((pod.runtime_class, &pod.statuses[0]), (None, &expected));
    let list = json!({"kind": "PodList", "items": [{"metadata": {"uid": "1", "name": over, "namespace": "b"}}]});
    assert_eq!(parse_pods(list.to_string().as_bytes()).expect("a good list").skipped, 1);
}

#[test]
fn a_pod_without_identity_is_counted() {
    let items = json!([{"metadata": {"name": "a", "namespace": "b"}}, {}, {"metadata": {"uid": "1", "name": "a"}}]);
    let list = parse_pods(json!({"kind": "PodList", "items": items}).to_string().as_bytes()).expect("a good list");
    assert_eq!((list.pods.len(), list.skipped), (0, 3));
}

#[test]
fn an_empty_node_has_an_empty_list() {
    for items in ["null", "[]"] {
        let text = format!(r#"{{"kind":"PodList","apiVersion":"v1","metadata":{{}},"items":{items}}}"#);
        assert_eq!(parse_pods(text.as_bytes()).expect("a good list"), PodList::default());
    }
}

#[test]
fn another_object_is_not_a_list() {
    for text in ["{}", r#"{"kind":"Status","items":[]}"#, r#"{"kind":"PodList"}"#, r#"{"kind":"Status","items":7}"#] {
        let result = parse_pods(text.as_bytes());
        assert!(matches!(result, Err(ParseError::Kind { .. } | ParseError::Json(_))), "{text}: {result:?}");
    }
    for text in ["<html>", "[]", "null", "7", r#"{"kind":"PodList","items":[}"#, r#"{"kind":"PodList","items":[]} x"#] {
        let result = parse_pods(text.as_bytes());
        assert!(matches!(result, Err(ParseError::Json(_))), "{text}: {result:?}");
    }
}

#[test]
fn every_beginning_of_a_list_is_truncated() {
    let text = PODS.trim_end();
    for end in (0..text.len()).step_by(7) {
        let result = parse_pods(&text.as_bytes()[..end]);
        assert!(matches!(result, Err(ParseError::Truncated { bytes }) if bytes == end), "{end}: {result:?}");
    }
}

#[test]
fn a_cut_list_with_a_broken_pod_is_truncated() {
    let result = parse_pods(br#"{"kind":"PodList","items":[7,{"meta"#);
    assert!(matches!(result, Err(ParseError::Truncated { .. })), "{result:?}");
}

#[test]
fn deep_nesting_is_an_error() {
    let text = format!(r#"{{"kind":"PodList","items":[{}"#, "[".repeat(100_000));
    assert!(parse_pods(text.as_bytes()).is_err());
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse_pods(&bytes);
    }

    #[test]
    fn a_list_with_bytes_changed_is_read_without_a_panic(
        changes in proptest::collection::vec((0..PODS.len(), any::<u8>()), 1..8),
    ) {
        let mut bytes = PODS.as_bytes().to_vec();
        changes.into_iter().for_each(|(place, byte)| bytes[place] = byte);
        if let Ok(list) = parse_pods(&bytes) {
            prop_assert!(list.pods.len() + list.skipped <= 5);
        }
    }

    #[test]
    fn a_pod_comes_back_as_it_was(
        uid in "[a-f0-9-]{1,36}", name in "\\PC{1,20}", reason in ".{0,20}", restarts in any::<u32>(), cpu in 0_u64..1 << 40,
        labels in proptest::collection::btree_map(".{0,10}", ".{0,10}", 0..5),
    ) {
        let pod = only(json!({
            "metadata": {"uid": uid, "name": name, "namespace": "b", "labels": labels},
            "spec": {"containers": [{"name": name, "resources": {"limits": {"cpu": format!("{cpu}m")}}}]},
            "status": {"containerStatuses": [
                {"name": name, "restartCount": restarts, "state": {"waiting": {"reason": reason}}},
            ]},
        }));
        prop_assert_eq!((&*pod.uid, &*pod.name), (&*uid, &*name));
        let expected: Vec<_> = labels.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
        prop_assert_eq!(pod.labels, expected);
        prop_assert_eq!(pod.containers[0].limits.cpu_millicores, Some(cpu));
        prop_assert_eq!(pod.statuses[0].restart_count, u64::from(restarts));
        let reason = (!reason.is_empty()).then(|| reason.into());
        prop_assert_eq!(&pod.statuses[0].state, &State::Waiting { reason });
    }
}
