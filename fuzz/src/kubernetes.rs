//! What a kubelet and an API server say, and kubeconfig files.

use kubernetes::cluster::{EndpointSlices, Endpoints, Kind, Nodes, Objects, Pods, Services, Workloads};
use kubernetes::{election, parse_integer, parse_millis, watch};

use crate::{Seed, Target, on_text, steered};

/// A pod as an API server writes it.
const POD: &str = r#"{"metadata":{"uid":"764d01e1-1111-2222-3333-000000000001","name":"web","namespace":"shop","resourceVersion":"91","ownerReferences":[{"kind":"ReplicaSet"}],"labels":{"app":"web"}},"spec":{"replicas":3,"nodeName":"n","selector":{"app":"web"}},"status":{"phase":"Running","readyReplicas":2,"conditions":[{"type":"Ready","status":"True"}],"podIP":"10.0.0.7"},"subsets":[{"addresses":[{"nodeName":"n","targetRef":{"kind":"Pod","name":"web","namespace":"shop"}}]}],"endpoints":[{"nodeName":"n","conditions":{"ready":true},"targetRef":{"kind":"Pod","name":"web","namespace":"shop"}}]}"#;

pub(crate) const TARGETS: &[Target] = &[
    Target {
        name: "pod_list",
        run: pod_list,
        seeds: &[
            Seed::Behind(&[7, 0], "crates/testkit/hosts/*/*/kubelet/pods.json"),
            Seed::Behind(&[255, 3], "crates/testkit/hosts/*/*/kubelet/pods.json"),
            Seed::Text(
                "\x02\x05{\"kind\":\"PodList\",\"items\":[{\"metadata\":{\"uid\":\"1\",\"name\":\"a\",\"namespace\":\"n\"}},{\"metadata\":{\"uid\":\"2\",\"name\":\"b\",\"namespace\":\"n\",\"labels\":{\"a\":\"b\"}},\"spec\":{\"containers\":[{\"name\":\"c\",\"resources\":{\"requests\":{\"cpu\":\"5m\"}}}]},\"status\":{\"phase\":\"Running\"}}]}",
            ),
        ],
    },
    Target {
        name: "summary",
        run: summary,
        seeds: &[Seed::Behind(&[9], "crates/testkit/hosts/*/*/kubelet/summary.json")],
    },
    Target {
        name: "node",
        run: kubernetes::fuzz_node,
        seeds: &[
            Seed::Files("crates/kubernetes/tests/hybrid-node.json"),
            Seed::Text(
                r#"{"kind":"NodeList","items":[{"metadata":{"labels":{"a":"b"}},"spec":{"providerID":"aws:///eu-west-1a/i-0123456789abcdef0"}}]}"#,
            ),
        ],
    },
    Target {
        name: "quantities",
        run: quantities,
        seeds: &[
            Seed::Text("100m"),
            Seed::Text("1.5Gi"),
            Seed::Text("2e3"),
            Seed::Text("+0.0005E-2"),
            Seed::Text("9223372036854775807"),
        ],
    },
    Target {
        name: "watch",
        run: watch,
        seeds: &[
            Seed::Text(
                "\x05{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"uid\":\"1\",\"namespace\":\"n\",\"resourceVersion\":\"4\"},\"status\":{\"phase\":\"Running\"}}}\n{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"9\",\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}}}}\n{\"type\":\"DELETED\",\"object\":{\"metadata\":{\"uid\":\"1\"}}}\n{\"type\":\"ERROR\",\"object\":{\"code\":410,\"message\":\"too old\",\"details\":{\"retryAfterSeconds\":3}}}\n",
            ),
            Seed::Text(
                "\x05{\"metadata\":{\"resourceVersion\":\"7\",\"continue\":\"x\"},\"items\":[{\"metadata\":{\"uid\":\"1\",\"namespace\":\"n\"}}]}",
            ),
        ],
    },
    Target { name: "cluster_objects", run: cluster_objects, seeds: &[Seed::Text(POD)] },
    Target {
        name: "election",
        run: election,
        seeds: &[
            Seed::Text(
                r#"{"holderIdentity":"a","leaseDurationSeconds":60,"acquireTime":"2026-11-25T13:00:00Z","renewTime":"2026-11-25T15:14:58.5+02:00","leaderTransitions":3}"#,
            ),
            Seed::Text(
                r#"{"kind":"Lease","metadata":{"resourceVersion":"3"},"spec":{"holderIdentity":"a","leaseDurationSeconds":60,"renewTime":"2026-11-25T13:14:58.123456Z","leaseTransitions":2}}"#,
            ),
            Seed::Text(
                r#"{"kind":"ConfigMap","metadata":{"resourceVersion":"3","annotations":{"control-plane.alpha.kubernetes.io/leader":"{\"holderIdentity\":\"a\",\"renewTime\":\"2026-11-25T13:00:00Z\"}"}}}"#,
            ),
        ],
    },
    Target {
        name: "kubeconfig",
        run: kubernetes::fuzz_kubeconfig,
        seeds: &[
            Seed::Text(
                "current-context: a\ncontexts:\n- name: a\n  context: {cluster: b, user: c}\nclusters:\n- name: b\n  cluster:\n    server: https://x\n    certificate-authority-data: Zm9v\nusers:\n- name: c\n  user: {token: t, client-certificate: x.pem, client-key-data: Zm8=}\n",
            ),
            Seed::Text("Zm9v\n Ym\nFy\n"),
        ],
    },
];

/// A list comes to the same in pieces, and after itself or another that is nearly the same.
fn pod_list(data: &[u8]) {
    let (piece, data) = steered(data);
    let (change, list) = steered(data);
    let mut other = list.to_vec();
    // Somewhere a byte is another one: most of the items are as they were.
    if let Some(byte) = other.get_mut(change * list.len() / 256) {
        *byte ^= 1;
    }
    kubernetes::fuzz_pods(list, &other, piece);
}

fn summary(data: &[u8]) {
    let (piece, bytes) = steered(data);
    kubernetes::fuzz_summary(bytes, piece);
}

/// Whole numbers are themselves.
fn quantities(data: &[u8]) {
    on_text(data, |text| {
        let (millis, whole) = (parse_millis(text), parse_integer(text));
        assert_eq!(millis.is_some(), whole.is_some());
        if let Some(number) = text.parse::<u64>().ok().filter(|number| *number <= i64::MAX as u64 / 1000) {
            assert_eq!((millis, whole), (Some(number * 1000), Some(number)));
        }
    });
}

fn watch(data: &[u8]) {
    let (piece, bytes) = steered(data);
    watch::fuzz_lines(bytes, piece);
    watch::fuzz_page(bytes, piece);
}

/// The lines are objects, which come and, behind a `-`, go; what is counted stays true.
fn cluster_objects(data: &[u8]) {
    fn feed<S: Objects>(data: &str, mut store: S) -> S {
        for line in data.lines() {
            let _ = match line.strip_prefix('-') {
                Some(object) => store.delete(object),
                None => store.apply(line),
            };
        }
        store
    }
    on_text(data, |text| {
        let pods = feed(text, Pods::default());
        assert!(pods.running() <= pods.count() && pods.count() <= text.lines().count());
        assert_eq!(pods.running_by_namespace().iter().map(|(_, count)| count).sum::<usize>(), pods.running());
        let nodes = feed(text, Nodes::default());
        assert!(nodes.failed() <= nodes.count());
        let endpoints = feed(text, Endpoints::new("n"));
        assert!(endpoints.ready_pods().all(|(_, _, ready)| ready > 0));
        let _ = endpoints.services_of_pods();
        let slices = feed(text, EndpointSlices::new("n"));
        assert!(slices.ready_pods().all(|(_, _, ready)| ready > 0));
        let _ = slices.services_of_pods();
        let _ = feed(text, Services::default()).count();
        for kind in [Kind::Deployment, Kind::DaemonSet, Kind::ReplicaSet, Kind::StatefulSet] {
            let _ = feed(text, Workloads::new(kind)).sorted();
        }
    });
}

/// A record that is read is written as one that is the same to the second.
fn election(data: &[u8]) {
    election::fuzz_lock(data);
    on_text(data, |text| {
        let Ok(record) = election::Record::parse_annotation(text) else { return };
        let again = election::Record::parse_annotation(&record.annotation()).expect("what was written is a record");
        assert_eq!(
            (&again.holder, again.lease(), again.transitions),
            (&record.holder, record.lease(), record.transitions)
        );
    });
}
