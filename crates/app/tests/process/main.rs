//! The agent as a process among others: its signals, its outputs, and whether it is ready.

mod outputs;
mod readiness;
mod signals;
#[path = "../support/mod.rs"]
mod support;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, ExitStatus};
use std::thread::sleep;
use std::time::Duration;

use support::agent::Agent;
use support::project;

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_container-insights");

/// A machine by itself, with a health check at a free port and without own metrics.
pub(crate) fn host(sets: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command.current_dir(project().join("examples")).args([
        "--config=host.yaml",
        "--config=yaml:extensions::health_check::endpoint: localhost:0",
        "--set=service.extensions=[health_check]",
        "--set=service.telemetry.metrics.level=none",
    ]);
    sets.iter().for_each(|set| _ = command.arg(format!("--set={set}")));
    for name in ["AOT_CONFIG_CONTENT", "HOST_IP", "HOST_NAME", "K8S_NODE_NAME"] {
        command.env_remove(name);
    }
    command
}

pub(crate) const EACH_SECOND: &str = "receivers.awscontainerinsightreceiver.collection_interval=1s";
pub(crate) const AT_ONCE: &str = "processors.batch/metrics.timeout=0s";

/// The same, delivering to an endpoint.
pub(crate) fn delivering(endpoint: &str) -> Command {
    let endpoint = format!("exporters.awsemf.endpoint={endpoint}");
    let mut command = host(&[
        EACH_SECOND,
        AT_ONCE,
        "exporters.awsemf.output_destination=cloudwatch",
        "exporters.awsemf.log_group_name=/group",
        "exporters.awsemf.log_stream_name=stream",
        &endpoint,
    ]);
    command.envs([("AWS_REGION", "eu-west-1"), ("AWS_ACCESS_KEY_ID", "AKID"), ("AWS_SECRET_ACCESS_KEY", "secret")]);
    command.env("AWS_EC2_METADATA_DISABLED", "true");
    command
}

pub(crate) fn signal(agent: &Agent, name: &str) {
    let kill = Command::new("kill").args([name, &agent.child.id().to_string()]).status();
    assert!(kill.expect("kill can be run").success(), "{name}");
}

/// How it ended, long before what waits could have been given up.
pub(crate) fn ends_soon(agent: &mut Agent) -> ExitStatus {
    for _ in 0..100 {
        if let Some(status) = agent.child.try_wait().expect("it is ours") {
            return status;
        }
        sleep(Duration::from_millis(50));
    }
    panic!("it goes on for five seconds");
}

pub(crate) fn rest(agent: &mut Agent) -> String {
    let mut log = String::new();
    agent.log.read_to_string(&mut log).expect("the log is text");
    log
}

pub(crate) fn get(address: &str, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).expect("it listens");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("it takes a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a body");
    (head[9..12].parse().expect("a status"), body.to_owned())
}

/// Waits until `/ready` has this status and its body these words.
pub(crate) fn wait_for_ready(address: &str, status: u16, words: &str) {
    let mut last = (0, String::new());
    let is_ready = || {
        last = get(address, "/ready");
        last.0 == status && last.1.contains(words)
    };
    testkit::eventually(Duration::from_secs(30), &format!("/ready says {status} with {words:?}"), is_ready);
}

/// An endpoint that refuses connections.
pub(crate) fn dead_endpoint() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    format!("http://{}", listener.local_addr().expect("it has an address"))
}
