//! A large cluster in bounded memory: its events are made as they are read.

use std::fmt::Write;
use std::io;

use compare::{Feed, Next, Options};

const INTERVAL_MS: i64 = 60_000;
/// Pods of a node; each has a Pod, a PodNet and a Container: 330 things with those of the node itself.
const PODS: usize = 110;

/// A cluster's events: nodes one after the other, tick after tick.
struct Cluster {
    nodes: usize,
    ticks: i64,
    /// How far timers wander, in milliseconds.
    wander: i64,
    /// The node, the pod and which of its events come next, and at which tick.
    at: (usize, usize, usize, i64),
    bytes: u64,
    text: String,
}

impl Cluster {
    fn new(nodes: usize, ticks: i64, wander: i64) -> Cluster {
        Cluster { nodes, ticks, wander, at: (0, 0, 0, 0), bytes: 0, text: String::new() }
    }

    fn event(&mut self) {
        let (node, pod, which, tick) = self.at;
        let (kind, prefix) = [("Pod", "pod"), ("PodNet", "pod_interface"), ("Container", "container")][which];
        let moved =
            |by: usize| (node * 31 + pod * 7 + by) as f64 * (1.0 + 0.001 * ((tick * 7 + by as i64) % 11) as f64);
        let text = &mut self.text;
        text.clear();
        let _ = write!(
            text,
            r#"{{"AutoScalingGroupName":"g","ClusterName":"c","InstanceId":"i-{node:017}","InstanceType":"m5.large","NodeName":"node-{node}","Namespace":"apps","PodName":"pod-{pod}","Type":"{kind}","interface":"eth0","container_status":"Running","Sources":["cadvisor","pod","calculated"],"kubernetes":{{"host":"node-{node}","pod_id":"00000000-0000-4000-{node:04}-{pod:012}","pod_name":"pod-{pod}-{node}","namespace_name":"apps","container_name":"main","labels":{{"app":"a{pod}","pod-template-hash":"{pod:010}"}},"containerd":{{"container_id":"{node:032}{pod:032}"}}}}"#
        );
        let fields = [
            "cpu_usage_total",
            "cpu_usage_user",
            "cpu_usage_system",
            "cpu_utilization",
            "memory_usage",
            "memory_cache",
            "memory_rss",
            "memory_max_usage",
            "memory_swap",
            "memory_mapped_file",
            "memory_working_set",
            "memory_pgfault",
            "memory_hierarchical_pgfault",
            "memory_pgmajfault",
            "memory_hierarchical_pgmajfault",
            "memory_utilization",
            "network_rx_bytes",
            "network_rx_packets",
            "network_rx_errors",
            "network_rx_dropped",
            "network_tx_bytes",
            "network_tx_packets",
            "network_tx_errors",
            "network_tx_dropped",
            "network_total_bytes",
        ];
        for (index, field) in fields.iter().enumerate() {
            let _ = write!(text, r#","{prefix}_{field}":{}"#, moved(index));
        }
        for field in
            ["cpu_limit", "cpu_request", "memory_limit", "memory_request", "memory_failcnt", "number_of_containers"]
        {
            let _ = write!(text, r#","{prefix}_{field}":{}"#, pod * 1024);
        }
        for index in 0..9 {
            let _ = write!(text, r#","{prefix}_more_{index}":{}"#, moved(index));
        }
        let _ = write!(
            text,
            r#","_aws":{{"CloudWatchMetrics":[{{"Namespace":"ContainerInsights","Dimensions":[["ClusterName","Namespace","PodName"],["ClusterName"]],"Metrics":[{{"Name":"{prefix}_cpu_utilization","Unit":"Percent"}},{{"Name":"{prefix}_memory_utilization","Unit":"Percent"}}]}}]}}}}"#
        );
    }
}

impl Feed for Cluster {
    fn next(&mut self, text: &mut Vec<u8>) -> io::Result<Next> {
        let (node, pod, which, tick) = self.at;
        if tick == self.ticks {
            return Ok(Next::End);
        }
        self.event();
        text.clear();
        text.extend_from_slice(self.text.as_bytes());
        self.bytes += text.len() as u64;
        let place = (node * PODS + pod) as i64;
        let wander = if self.wander == 0 { 0 } else { (place * 7919 + tick * 104_729) % self.wander };
        self.at = match (node + 1 < self.nodes, pod + 1 < PODS, which + 1 < 3) {
            (_, _, true) => (node, pod, which + 1, tick),
            (_, true, _) => (node, pod + 1, 0, tick),
            (true, ..) => (node + 1, 0, 0, tick),
            _ => (0, 0, 0, tick + 1),
        };
        Ok(Next::Message(1_800_000_000_000 + tick * INTERVAL_MS + wander))
    }

    fn bytes(&self) -> u64 {
        self.bytes
    }
}

/// This process's memory at its highest, in MiB.
fn high_water_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells it");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux tells it");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("it is a number") / 1024
}

#[expect(clippy::print_stdout, reason = "what was measured is worth seeing")]
fn check(nodes: usize, ticks: i64, limit_mib: u64) {
    let (mut left, mut right) = (Cluster::new(nodes, ticks, 15_000), Cluster::new(nodes, ticks, 0));
    let report = compare::compare(&mut left, &mut right, &Options::default(), &mut |_| {})
        .expect("there is something to compare");
    assert_eq!(report.unexplained(), 0, "{}", report.text());
    assert!(report.windows >= 2);
    let high = high_water_mib();
    println!("{nodes} nodes, {ticks} ticks: {} MB read, {high} MiB at most", (left.bytes + right.bytes) / 1_000_000);
    assert!(high <= limit_mib, "{high} MiB");
}

#[test]
fn memory_is_that_of_a_window_however_long_the_input_is() {
    check(2, 46, 64);
}

// Built only with optimisation: without it takes many minutes.
#[cfg(not(debug_assertions))]
#[test]
#[ignore = "reads gigabytes: cargo test --release -p container-insights-compare --test memory -- --ignored"]
fn a_cluster_of_a_hundred_nodes_takes_less_than_300_mib() {
    check(100, 23, 300);
}
