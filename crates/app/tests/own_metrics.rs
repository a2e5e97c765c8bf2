//! The agent's own metrics, scraped from the whole agent.

#[path = "../../extensions/src/own_metrics/tests/format.rs"]
mod format;
mod support;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;

use format::{Page, read};
use support::agent::Agent;
use support::project;

/// An agent on this machine by itself.
fn start(metrics: &str) -> Agent {
    Agent::spawn(
        Command::new(env!("CARGO_BIN_EXE_container-insights"))
            .args(["--config=host.yaml", "--config=yaml:service::extensions: []"])
            .arg(format!("--config=yaml:service::telemetry::metrics: {metrics}"))
            .current_dir(project().join("examples"))
            .env_remove("AOT_CONFIG_CONTENT")
            .stdout(Stdio::null()),
    )
}

fn address(log: &str) -> String {
    support::agent::address(log, "own metrics listening")
}

fn ask(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").expect("it takes a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer
}

fn scrape(address: &str) -> Page {
    let answer = ask(address, "/metrics");
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a body");
    assert!(head.contains("content-type: text/plain; version=0.0.4"), "{head}");
    read(body).expect("the page is right")
}

fn value(page: &Page, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
    let labels: BTreeMap<_, _> = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    page.families.get(name)?.series.get(&labels).copied()
}

#[test]
fn a_running_agent_shows_its_receiver_its_exporter_and_itself() {
    let mut agent = start("{readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: 0}}}}]}");
    let address = address(&agent.log_until("all components started"));
    let mut page = scrape(&address);
    let sent = |page: &Page| value(page, "otelcol_exporter_sent_metric_points_total", &[("exporter", "awsemf")]);
    for _ in 0..100 {
        if sent(&page).is_some_and(|points| points > 0.0) {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
        page = scrape(&address);
    }
    assert!(sent(&page).is_some_and(|points| points > 0.0), "{page:?}");
    let receiver = [("receiver", "awscontainerinsightreceiver")];
    let accepted = value(&page, "otelcol_receiver_accepted_metric_points_total", &receiver);
    assert!(accepted >= sent(&page), "{page:?}");
    assert_eq!(value(&page, "otelcol_receiver_refused_metric_points_total", &receiver), Some(0.0));
    assert!(value(&page, "otelcol_process_uptime_seconds_total", &[]).is_some_and(|seconds| seconds > 0.0));
    assert!(value(&page, "otelcol_process_memory_rss_bytes", &[]).is_some_and(|bytes| bytes > 1e6));
    assert!(value(&page, "otelcol_process_cpu_seconds_total", &[]).is_some());
    let target = [("service_name", "container-insights"), ("service_version", env!("CARGO_PKG_VERSION"))];
    assert_eq!(value(&page, "target_info", &target), Some(1.0));
    assert!(page.families.values().all(|family| !family.help.is_empty() && !family.series.is_empty()), "{page:?}");
    assert!(ask(&address, "/").starts_with("HTTP/1.1 404 "));
}

/// Holds ten ports in a row, outside those that connections get.
fn ten_ports() -> (u16, Vec<TcpListener>) {
    for first in (10_000..20_000).step_by(10) {
        let taken: Vec<_> =
            (first..first + 10).filter_map(|port| TcpListener::bind(("127.0.0.1", port)).ok()).collect();
        if taken.len() == 10 {
            return (first, taken);
        }
    }
    panic!("no ten free ports in a row");
}

#[test]
fn own_metrics_move_to_the_next_port_and_never_stop_the_start() {
    let (first, mut taken) = ten_ports();
    let metrics = format!("{{address: 'localhost:{first}'}}");
    let mut without = start(&metrics);
    let log = without.log_until("all components started");
    let told = log.lines().find(|line| line.contains("own metrics are not served")).expect("it is told");
    assert!(told.contains("WARN") && told.contains("service::telemetry::metrics"), "{told}");
    assert!(!log.contains("own metrics listening"), "{log}");

    drop(taken.remove(1));
    let mut moved = start(&metrics);
    let log = moved.log_until("all components started");
    assert_eq!(address(&log), format!("127.0.0.1:{}", first + 1));
    assert!(log.contains("WARN") && log.contains("service::telemetry::metrics"), "{log}");
    let page = scrape(&address(&log));
    assert!(page.families.contains_key("otelcol_process_uptime"), "an address has the bare names: {page:?}");
}

#[test]
fn without_a_level_nothing_is_served() {
    let mut agent = start("{level: none}");
    let log = agent.log_until("all components started");
    assert!(!log.contains("own metrics"), "{log}");
}
