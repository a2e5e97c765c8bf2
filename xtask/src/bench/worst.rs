//! `cargo xtask bench worst`: the most memory that tenants, the cluster and an outage can make the agent take at once.
//!
//! 110 pods of 1.5 MB each, one third labels, one third annotations, one third environment, every label wanted; the agent
//! leads, lists the same pods at the API server and watches Services; CloudWatch Logs is unavailable until the queue in memory
//! is full, and then recovers.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail};
use serde_json::{Map, Value, json};
use testkit::api_server::FakeApiServer;
use testkit::cloudwatch_logs::{FakeCloudWatchLogs, Fault};
use testkit::kubelet::{FakeKubelet, Route};

use super::Verdict;
use super::agent::Agent;
use super::kubelet::Answers;
use super::node::Node;
use crate::soak::page::Page;

const PODS: usize = 110;
/// Bytes of the labels of a pod, of its annotations, and of its environment.
const THIRD: usize = 500_000;
const INTERVAL: Duration = Duration::from_secs(5);
const GROUP: &str = "/aws/containerinsights/bench/performance";
const STREAM: &str = "bench";
/// VmHWM at the most, MiB: half of what the chart allows.
const MOST_MIB: f64 = 64.0;

/// Runs the outage and judges memory and completeness.
pub(crate) fn run(binary: &Path, scratch: &Path, verdict: &mut Verdict) -> Result<()> {
    let node = Node::with(PODS, scratch)?;
    let answers = Answers::recorded()?;
    let items: Vec<Value> =
        node.pods.iter().enumerate().map(|(number, pod)| large(answers.item(pod), number)).collect();
    let kubelet = FakeKubelet::https();
    let list = json!({"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": items}).to_string();
    println!("     the list of {PODS} pods has {:.0} MB", list.len() as f64 / 1e6);
    kubelet.set_answer(Route::Pods, list);
    let server = cluster(items);
    let kubeconfig = scratch.join("kubeconfig");
    server.write_kubeconfig(&kubeconfig);
    let fake = FakeCloudWatchLogs::http();
    fake.set_fault(Some(Fault::Unavailable));

    let receiver = "receivers.awscontainerinsightreceiver";
    let sets = [
        format!("exporters.awsemf.endpoint={}", fake.endpoint()),
        format!("exporters.awsemf.log_group_name={GROUP}"),
        format!("exporters.awsemf.log_stream_name={STREAM}"),
        format!("{receiver}.pod_labels=['*']"),
        format!("{receiver}.kube_config_path={}", kubeconfig.display()),
        "service.telemetry.metrics={readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: 0}}}}]}"
            .to_owned(),
    ];
    let agent = Agent::start_with(binary, &kubelet, scratch, INTERVAL, &sets)?;
    let page = || Page::fetch(&scratch.join("agent.log")).unwrap_or_default();
    for waited in 0.. {
        if page().count("container_insights_dropped_events") > 0 {
            break;
        }
        if waited > 300 {
            bail!("the queue isn't full after five minutes: {} bytes", page().count("otelcol_exporter_queue_size"));
        }
        std::thread::sleep(Duration::from_secs(1));
    }
    std::thread::sleep(INTERVAL * 3);
    println!(
        "     queue full: {} bytes wait, VmHWM {} KiB",
        page().count("otelcol_exporter_queue_size"),
        agent.status_kib("VmHWM")?
    );
    fake.set_fault(None);
    std::thread::sleep(INTERVAL * 6);

    let mut pods: BTreeMap<i64, BTreeSet<String>> = BTreeMap::new();
    let mut leads = false;
    for event in fake.events(GROUP, STREAM) {
        let body: Value = serde_json::from_str(&event.message)?;
        leads |= body["Type"] == "Cluster";
        if body["Type"] == "Pod" {
            let names = pods.entry(event.time_ms).or_default();
            names.insert(
                body["kubernetes"]["pod_id"].as_str().or(body["PodId"].as_str()).unwrap_or_default().to_owned(),
            );
        }
    }
    // The full queue dropped parts of the oldest rounds, which is counted; the newest may be on its way.
    let whole: Vec<usize> = pods.values().map(BTreeSet::len).collect();
    println!("     pods of each round that arrived: {whole:?}");
    let complete = whole.iter().position(|pods| *pods == PODS).unwrap_or(whole.len());
    let inner = whole.get(complete..whole.len().saturating_sub(1)).unwrap_or_default();
    if !leads || inner.len() < 5 {
        bail!("{} whole rounds arrived, and cluster records: {leads}", inner.len());
    }
    verdict.at_most("pods missing in a round", inner.iter().map(|pods| PODS - pods).max().unwrap_or(PODS) as f64, 0.0);
    verdict.at_most("VmHWM at its worst, MiB", agent.status_kib("VmHWM")? as f64 / 1024.0, MOST_MIB);
    Ok(())
}

/// A pod as large as an API server takes it.
fn large(mut item: Value, number: usize) -> Value {
    let mut random = fastrand::Rng::with_seed(number as u64);
    let mut word = |length: usize| -> String { (0..length).map(|_| random.alphanumeric()).collect() };
    let mut labels: Map<String, Value> = item["metadata"]["labels"].as_object().cloned().unwrap_or_default();
    for _ in 0..THIRD / 132 {
        labels.insert(format!("l{}", word(62)), word(63).into());
    }
    item["metadata"]["labels"] = labels.into();
    item["metadata"]["annotations"] = json!({"notes": word(THIRD)});
    let variables: Vec<Value> =
        (0..THIRD / 100).map(|number| json!({"name": format!("VARIABLE_{number}"), "value": word(64)})).collect();
    item["spec"]["containers"][0]["env"] = variables.into();
    item
}

/// An API server with these pods, some Services, and the lock in the agent's own hands.
fn cluster(pods: Vec<Value>) -> FakeApiServer {
    let server = FakeApiServer::start();
    let node = json!({"metadata": {"name": "bench", "uid": "bench"}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}});
    server.set_collection("/api/v1/nodes", vec![node]);
    server.set_collection("/api/v1/pods", pods);
    let service = |number: usize| {
        json!({"metadata": {"namespace": "default", "name": format!("web-{number}"), "uid": format!("web-{number}")},
            "spec": {"clusterIP": "10.96.0.9", "selector": {"app": format!("web-{number}")}, "ports": [{"protocol": "TCP", "port": 80}]}})
    };
    server.set_collection("/api/v1/services", (0..100).map(service).collect());
    let slice = json!({"metadata": {"namespace": "default", "name": "web-0-x", "uid": "web-0-x",
        "labels": {"kubernetes.io/service-name": "web-0"}}, "addressType": "IPv4", "endpoints": []});
    server.set_collection("/apis/discovery.k8s.io/v1/endpointslices", vec![slice]);
    for kind in ["deployments", "daemonsets", "statefulsets", "replicasets"] {
        server.set_collection(&format!("/apis/apps/v1/{kind}"), Vec::new());
    }
    let record = json!({"holderIdentity": "bench", "leaseDurationSeconds": 60, "acquireTime": "2026-01-01T00:00:00Z",
        "renewTime": "2026-01-01T00:00:00Z", "leaderTransitions": 1});
    let name = "otel-container-insight-clusterleader";
    server.set_object(
        &format!("/api/v1/namespaces/agents/configmaps/{name}"),
        json!({"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": name, "namespace": "agents",
            "annotations": {"control-plane.alpha.kubernetes.io/leader": record.to_string()}}}),
    );
    server
}
