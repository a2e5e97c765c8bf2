//! What the whole agent finds out of its surroundings, and says where it doesn't.

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{ChildStdout, Command, Stdio};
use std::sync::mpsc;

use support::agent::Agent;
use testkit::instance_metadata::FakeInstanceMetadata;

/// A node whose cluster nobody has named, and whose kubelet is away.
const NODE: &str = r#"
receivers:
  awscontainerinsightreceiver:
    collection_interval: 1s
    kubelet: {endpoint: "http://127.0.0.1:9", auth_type: none}
exporters:
  awsemf: {output_destination: stdout, resource_to_telemetry_conversion: {enabled: true}}
extensions:
  health_check: {endpoint: "127.0.0.1:0"}
service:
  telemetry: {metrics: {level: none}}
  extensions: [health_check]
  pipelines:
    metrics: {receivers: [awscontainerinsightreceiver], exporters: [awsemf]}
"#;

/// The agent with these variables and no others of its own.
fn start(variables: &[(&str, &str)]) -> (Agent, ChildStdout) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_container-insights"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"AWS_")) {
        command.env_remove(name);
    }
    for name in ["AOT_CONFIG_CONTENT", "HOST_IP", "K8S_NODE_NAME", "KUBERNETES_SERVICE_HOST"] {
        command.env_remove(name);
    }
    let mut agent = Agent::spawn(command.envs(variables.iter().copied()).stdout(Stdio::piped()));
    let events = agent.child.stdout.take().expect("stdout is piped");
    (agent, events)
}

fn node(metadata: &str) -> (Agent, ChildStdout) {
    start(&[
        ("AOT_CONFIG_CONTENT", NODE),
        ("HOST_NAME", "node-1.example"),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata),
    ])
}

fn address(log: &str) -> String {
    support::agent::address(log, "health check listening")
}

/// The receiver at `/status`.
fn receiver(address: &str) -> serde_json::Value {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.write_all(b"GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("it takes a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    let body = answer.split_once("\r\n\r\n").expect("an answer has a body").1;
    let status: serde_json::Value = serde_json::from_str(body).expect("the page is JSON");
    status["components"]["receiver/awscontainerinsightreceiver"].clone()
}

#[test]
fn the_cluster_is_unknown_until_somebody_says_it() {
    let metadata = FakeInstanceMetadata::start();
    metadata.set_tags(Some(&[("Name", "x")]));
    let (mut agent, mut stdout) = node(metadata.endpoint());
    let mut log = agent.log_until("nothing is emitted");
    let address = address(&log);
    // The state is told before the line is.
    let receiver = receiver(&address);
    assert_eq!(receiver["state"], "failed", "{receiver}");
    assert!(receiver["message"].as_str().is_some_and(|message| message.contains("cluster_name")), "{receiver}");
    // Some more rounds are dropped, and no other line says so.
    std::thread::sleep(std::time::Duration::from_secs(3));
    agent.child.kill().expect("it runs");
    agent.log.read_to_string(&mut log).expect("the log is text");
    assert_eq!(log.matches("nothing is emitted").count(), 1, "{log}");
    let mut events = String::new();
    stdout.read_to_string(&mut events).expect("events are text");
    assert_eq!(events, "");
}

#[test]
fn what_is_known_and_who_said_it_stands_at_the_status_page() {
    let metadata = FakeInstanceMetadata::start();
    metadata.set_tags(Some(&[("eks:cluster-name", "demo"), ("aws:autoscaling:groupName", "workers")]));
    let (mut agent, stdout) = node(metadata.endpoint());
    let (first, event) = mpsc::channel();
    let mut events = BufReader::new(stdout);
    std::thread::spawn(move || {
        let mut line = String::new();
        let _ = events.read_line(&mut line);
        let _ = first.send(line);
        // An agent whose reader is gone ends.
        let _ = std::io::copy(&mut events, &mut std::io::sink());
    });
    let log = agent.log_until("all components started");
    let event = event.recv_timeout(std::time::Duration::from_secs(30)).expect("an event comes");
    assert!(event.contains(r#""ClusterName":"demo""#) && event.contains(r#""InstanceId":"i-"#), "{event}");
    let facts = receiver(&address(&log))["facts"].clone();
    assert_eq!(
        facts["ClusterName"],
        serde_json::json!({"value": "demo", "origin": "tags in instance metadata"}),
        "{facts}"
    );
    assert_eq!(facts["AutoScalingGroupName"]["value"], "workers", "{facts}");
    assert_eq!(facts["InstanceId"]["origin"], "instance metadata", "{facts}");
}

#[test]
fn a_platform_found_out_is_told_in_one_line() {
    let (mut agent, _stdout) = start(&[]);
    let log = agent.log_until("all components started");
    let told: Vec<&str> = log.lines().filter(|line| line.contains("no configuration")).collect();
    assert!(told.len() == 1 && told[0].contains("host") && told[0].contains("no variable of Kubernetes"), "{log}");
}
