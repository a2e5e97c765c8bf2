//! A recorded node that speaks for its cluster: what the API server says stands in the events.

mod support;

use catalog::RecordType;
use serde_json::{Value, json};
use support::{Node, Replayed, example, of_type, replay_around};
use testkit::api_server::FakeApiServer;

const NODE: &str = "node-1.example";
const LOCK: &str = "/api/v1/namespaces/agents/configmaps/otel-container-insight-clusterleader";
const RECEIVER: &str = "receivers.awscontainerinsightreceiver";

fn metadata(namespace: &str, name: &str) -> Value {
    json!({"namespace": namespace, "name": name, "uid": format!("{namespace}-{name}")})
}

fn node(name: &str, ready: &str, pressure: &str) -> Value {
    let condition = |kind: &str, status: &str| json!({"type": kind, "status": status});
    json!({"metadata": {"name": name, "uid": name}, "status": {"conditions": [
        condition("MemoryPressure", pressure), condition("DiskPressure", "False"), condition("Ready", ready),
    ]}})
}

fn pod(namespace: &str, name: &str, phase: &str) -> Value {
    json!({"metadata": metadata(namespace, name), "status": {"phase": phase}})
}

fn address(namespace: &str, pod: &str, node: &str) -> Value {
    json!({"ip": "10.0.0.1", "nodeName": node, "targetRef": {"kind": "Pod", "namespace": namespace, "name": pod}})
}

/// A cluster of three nodes, seen with these rights.
fn cluster(workloads: bool) -> FakeApiServer {
    let server = FakeApiServer::start();
    server.set_collection(
        "/api/v1/nodes",
        // A node that is away counts by its pressures alone, as it always did.
        vec![node(NODE, "True", "False"), node("n2", "Unknown", "Unknown"), node("n3", "False", "False")],
    );
    server.set_collection(
        "/api/v1/pods",
        vec![
            pod("shop", "web-1", "Running"),
            pod("shop", "web-2", "Running"),
            pod("shop", "job-1", "Succeeded"),
            pod("kube-system", "dns-1", "Running"),
            pod("idle", "waits", "Pending"),
        ],
    );
    let target = |pod: &str| json!({"kind": "Pod", "namespace": "shop", "name": pod});
    if workloads {
        let slice = |name: &str, service: &str, endpoints: Value| {
            let mut metadata = metadata("shop", name);
            metadata["labels"] = json!({"kubernetes.io/service-name": service});
            json!({"metadata": metadata, "addressType": "IPv4", "endpoints": endpoints})
        };
        let endpoint = |pod: &str, ready: bool| json!({"conditions": {"ready": ready}, "targetRef": target(pod)});
        server.set_collection(
            "/apis/discovery.k8s.io/v1/endpointslices",
            vec![
                slice("web-x", "web", json!([endpoint("web-1", true), endpoint("web-3", false)])),
                slice("web-y", "web", json!([endpoint("web-2", true), endpoint("web-1", true)])),
                slice("empty-x", "empty", Value::Null),
            ],
        );
    } else {
        server.set_collection(
            "/api/v1/endpoints",
            vec![
                json!({"metadata": metadata("shop", "web"), "subsets": [
                    {"addresses": [address("shop", "web-1", NODE), address("shop", "web-2", "n2")]},
                    {"notReadyAddresses": [address("shop", "web-3", "n2")]},
                ]}),
                json!({"metadata": metadata("shop", "empty"), "subsets": []}),
            ],
        );
    }
    let service = |name: &str, selector: Value| {
        json!({"metadata": metadata("apps", name), "spec": {
            "clusterIP": "10.96.0.9", "selector": selector, "ports": [{"protocol": "TCP", "port": 80, "targetPort": 80}]}})
    };
    if workloads {
        server.set_collection(
            "/api/v1/services",
            vec![
                service("web", json!({"app": "web"})),
                service("front", json!({"app": "web", "tier": "front"})),
                service("manual", Value::Null),
                service("other", json!({"app": "web", "tier": "back"})),
            ],
        );
        let replicas = |desired: u64, ready: u64| {
            json!({"spec": {"replicas": desired}, "status": {
            "readyReplicas": ready, "availableReplicas": ready, "unavailableReplicas": desired - ready}})
        };
        let named = |mut object: Value, name: &str| {
            object["metadata"] = metadata("shop", name);
            object
        };
        server.set_collection("/apis/apps/v1/deployments", vec![named(replicas(3, 2), "web")]);
        server.set_collection("/apis/apps/v1/statefulsets", vec![named(replicas(1, 1), "db")]);
        let mut owned = named(replicas(3, 2), "web-6d4b75cb6d");
        owned["metadata"]["ownerReferences"] = json!([{"kind": "Deployment", "name": "web"}]);
        server.set_collection("/apis/apps/v1/replicasets", vec![owned, named(replicas(2, 0), "alone")]);
        let status = json!({"desiredNumberScheduled": 3, "currentNumberScheduled": 3, "numberReady": 2,
            "numberAvailable": 2, "numberUnavailable": 1});
        server.set_collection(
            "/apis/apps/v1/daemonsets",
            vec![json!({"metadata": metadata("shop", "log"), "status": status})],
        );
    }
    // Its own record: an agent that was started anew goes on with it.
    let record = json!({"holderIdentity": NODE, "leaseDurationSeconds": 60, "acquireTime": "2026-01-01T00:00:00Z",
        "renewTime": "2026-01-01T00:00:00Z", "leaderTransitions": 1});
    server.set_object(
        LOCK,
        json!({"kind": "ConfigMap", "apiVersion": "v1", "metadata": {
        "name": "otel-container-insight-clusterleader", "namespace": "agents",
        "annotations": {"control-plane.alpha.kubernetes.io/leader": record.to_string()}}}),
    );
    server
}

fn leader(server: &FakeApiServer, recording: &str, watched: &[&str], sets: &[&str]) -> Replayed {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let file = folder.path().join("kubeconfig");
    server.write_kubeconfig(&file);
    let kubeconfig = format!("{RECEIVER}.kube_config_path={}", file.display());
    let fixed = [
        "receivers.awscontainerinsightreceiver.local_mode=true",
        "receivers.awscontainerinsightreceiver.cluster_name=demo",
        "exporters.awsemf.output_destination=stdout",
        &kubeconfig,
    ];
    let configuration = example("eks.yaml", &[&fixed, sets].concat());
    let is_watched = || watched.iter().all(|path| server.watched().contains(*path));
    let around = Node {
        variables: vec![("HOST_NAME", NODE.to_owned()), ("K8S_NAMESPACE", "agents".to_owned())],
        until: &is_watched,
        // A term is shorter than the time between two samples, and this clock stands still between them.
        elapsed: Some(std::time::Duration::from_secs(20)),
        ..Node::default()
    };
    let replayed = replay_around(recording, &configuration, &around);
    assert_eq!(server.violations(), Vec::<String>::new());
    replayed
}

const BASE: [&str; 2] = ["/api/v1/nodes", "/api/v1/pods"];
const SAMPLE: [&str; 3] = ["/api/v1/nodes", "/api/v1/pods", "/api/v1/endpoints"];
const WORKLOADS: [&str; 6] = [
    "/apis/discovery.k8s.io/v1/endpointslices",
    "/api/v1/services",
    "/apis/apps/v1/deployments",
    "/apis/apps/v1/daemonsets",
    "/apis/apps/v1/statefulsets",
    "/apis/apps/v1/replicasets",
];
const TYPES: [RecordType; 7] = [
    RecordType::Cluster,
    RecordType::ClusterNamespace,
    RecordType::ClusterService,
    RecordType::ClusterDeployment,
    RecordType::ClusterDaemonSet,
    RecordType::ClusterStatefulSet,
    RecordType::ClusterReplicaSet,
];

#[test]
fn the_agent_that_leads_speaks_for_the_cluster() {
    let server = cluster(true);
    let replayed = leader(&server, "v1-kubernetes", &[&BASE[..], &WORKLOADS[..]].concat(), &[]);
    let of = |record_type| of_type(&replayed.events, record_type);
    let lines: Vec<u8> = replayed.events.iter().flat_map(|event| [event.as_slice(), b"\n"].concat()).collect();
    testkit::golden::check("golden/v1-kubernetes-leader.jsonl", lines);

    let cluster = &of(RecordType::Cluster)[0];
    assert_eq!((&cluster["cluster_node_count"], &cluster["cluster_failed_node_count"]), (&json!(3), &json!(1)));
    assert_eq!(cluster["cluster_number_of_running_pods"], 3);
    let namespaces: Vec<_> = of(RecordType::ClusterNamespace)
        .iter()
        .map(|event| (event["Namespace"].clone(), event["namespace_number_of_running_pods"].clone()))
        .collect();
    assert_eq!(namespaces, [(json!("kube-system"), json!(1)), (json!("shop"), json!(2))]);
    let services = of(RecordType::ClusterService);
    assert_eq!((services.len(), &services[0]["service_number_of_running_pods"]), (1, &json!(2)));
    assert_eq!(services[0]["kubernetes"], json!({"namespace_name": "shop", "service_name": "web"}));
    let replica_sets = of(RecordType::ClusterReplicaSet);
    assert_eq!((replica_sets.len(), &replica_sets[0]["PodName"]), (1, &json!("alone")));
}

#[test]
fn a_pod_names_the_smallest_of_its_services() {
    let replayed = leader(&cluster(true), "v1-kubernetes", &WORKLOADS[..1], &[]);
    for record_type in [RecordType::Pod, RecordType::PodNet, RecordType::Container, RecordType::ContainerFS] {
        let services: Vec<_> = of_type(&replayed.events, record_type)
            .into_iter()
            .filter(|event| event["kubernetes"]["labels"]["app"] == "web")
            .map(|event| (event["Service"].clone(), event["kubernetes"]["service_name"].clone()))
            .collect();
        assert!(
            !services.is_empty() && services.iter().all(|of| *of == (json!("front"), json!("front"))),
            "{services:?}"
        );
    }
    let without = of_type(&replayed.events, RecordType::Pod).into_iter().filter(|event| event.get("Service").is_none());
    assert!(without.count() > 3);
    let set = format!("{RECEIVER}.add_service_as_attribute=false");
    let replayed = leader(&cluster(true), "v1-kubernetes", &BASE, &[&set]);
    assert!(of_type(&replayed.events, RecordType::Pod).iter().all(|event| event.get("Service").is_none()));
}

#[test]
fn without_the_right_to_services_endpoints_name_them() {
    let server = cluster(false);
    let recorded = of_type(&leader(&cluster(false), "v1-kubernetes", &SAMPLE, &[]).events, RecordType::Pod);
    let pod = &recorded.iter().find(|event| event["kubernetes"]["labels"]["app"] == "web").expect("it was recorded")["kubernetes"];
    let name = pod["pod_name"].as_str().expect("it has a name");
    let endpoints = |service: &str| json!({"metadata": metadata("apps", service), "subsets": [{"addresses": [address("apps", name, NODE)]}]});
    server.set_collection("/api/v1/endpoints", vec![endpoints("web"), endpoints("front")]);
    let replayed = leader(&server, "v1-kubernetes", &SAMPLE, &[]);
    let named: Vec<_> =
        of_type(&replayed.events, RecordType::Pod).into_iter().filter(|event| event["Service"] == "front").collect();
    assert!(named.len() == 1 && named[0]["kubernetes"]["pod_name"] == name, "{named:?}");
}

#[test]
fn with_the_samples_rights_workloads_are_silently_absent() {
    let server = cluster(false);
    let replayed = leader(&server, "v1-kubernetes", &SAMPLE, &[]);
    assert_eq!(of_type(&replayed.events, RecordType::Cluster).len(), 1);
    assert!(TYPES[3..].iter().all(|record_type| of_type(&replayed.events, *record_type).is_empty()));
}

#[test]
fn the_json_of_workloads_is_a_matter_of_choice() {
    let set = format!("{RECEIVER}.workload_document=none");
    let replayed = leader(&cluster(true), "v1-kubernetes", &[&BASE[..], &WORKLOADS[..]].concat(), &[&set]);
    let deployments = of_type(&replayed.events, RecordType::ClusterDeployment);
    assert!(deployments[0].get("kubernetes").is_none() && deployments[0]["Namespace"] == "shop", "{deployments:?}");
}

#[test]
fn an_agents_role_says_what_it_speaks_of() {
    let set = |role: &str| format!("{RECEIVER}.collection_role={role}");
    let replayed = leader(&cluster(false), "v1-kubernetes", &["/api/v1/endpoints"], &[&set("NODE")]);
    assert!(of_type(&replayed.events, RecordType::Cluster).is_empty());
    assert!(!of_type(&replayed.events, RecordType::Node).is_empty());
    let replayed = leader(&cluster(false), "v1-kubernetes", &SAMPLE, &[&set("LEADER")]);
    assert_eq!(of_type(&replayed.events, RecordType::Cluster).len(), 1);
    assert!(of_type(&replayed.events, RecordType::Node).is_empty());
}

#[test]
fn what_is_said_of_the_cluster_names_no_instance() {
    let sets = ["instance_id=i-0123456789abcdef0", "instance_type=m5.large"].map(|set| format!("{RECEIVER}.{set}"));
    let replayed = leader(&cluster(false), "v1-kubernetes", &SAMPLE, &[&sets[0], &sets[1]]);
    let instances = |record_type| {
        let events = of_type(&replayed.events, record_type);
        assert!(!events.is_empty(), "{record_type:?}");
        events.iter().filter(|event| event.get("InstanceId").or(event.get("InstanceType")).is_some()).count()
    };
    assert_eq!(instances(RecordType::Node), 1);
    assert_eq!(TYPES[..3].iter().map(|record_type| instances(*record_type)).sum::<usize>(), 0);
}
