//! The page over real sockets, and every line of it against the format's grammar.

mod format;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use model::{Clock, Stamp};
use proptest::prelude::*;
use telemetry::Registry;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::server::bind_with;
use super::{Config, Error, Source, bind};
use format::{Page, read};
use formats::prometheus::{Amount, Series, Suffixes, render};
use net::server::Limits;

/// Time a test waits for what should come at once; far below [`ENDLESS`].
const PATIENCE: Duration = Duration::from_secs(8);
/// A deadline that no test reaches, for those of another deadline.
const ENDLESS: Duration = Duration::from_secs(600);

const PLAIN: Suffixes = Suffixes { of_type: false, of_unit: false };
const FULL: Suffixes = Suffixes { of_type: true, of_unit: true };

/// A clock that stands still 62.345 s after the start.
#[derive(Debug)]
struct Still;

impl Clock for Still {
    fn stamp(&self) -> Stamp {
        Stamp { monotonic: Duration::from_millis(62_345), wall: Duration::from_secs(1_767_323_045) }
    }
}

fn source(registry: &Registry) -> Source {
    let resource = vec![("service.name".to_owned(), "container-insights".to_owned())];
    Source { registry: registry.clone(), clock: Arc::new(Still), resource }
}

fn at(port: u16) -> Config {
    Config { host: "127.0.0.1".into(), port, without_type_suffix: true, without_units: true, ..Config::default() }
}

async fn run(limits: Limits, registry: &Registry) -> u16 {
    let server = bind_with(limits, &at(0), source(registry)).await.unwrap();
    let port = server.address().port();
    tokio::spawn(server.serve());
    port
}

/// Everything the server sends until it closes.
async fn say(port: u16, request: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    read_all(&mut stream).await
}

async fn read_all(stream: &mut TcpStream) -> String {
    let mut response = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut response)).await.expect("no end").unwrap();
    response
}

async fn get(port: u16, path: &str) -> (String, String) {
    let response = say(port, &format!("GET {path} HTTP/1.1\r\nHost: node\r\n\r\n")).await;
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

fn series(name: &'static str, labels: &[(&str, &str)], amount: Amount) -> Series {
    let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Series { name, help: "Some words.", unit: "", labels, amount }
}

#[tokio::test]
async fn a_scrape_shows_counters_gauges_and_the_process() {
    let registry = Registry::default();
    let port = run(Limits::default(), &registry).await;
    registry.counter("otelcol_exporter_sent_metric_points", "Points sent.", &[("exporter", "awsemf")]).add(u64::MAX);
    registry.gauge("otelcol_exporter_queue_size", "Batches that wait.", &[("exporter", "awsemf")]).set(2.5);
    let (head, body) = get(port, "/metrics").await;
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(head.contains("\r\ncontent-type: text/plain; version=0.0.4; charset=utf-8\r\n"), "{head}");
    let page = read(&body).unwrap();
    let names: Vec<_> = page.families.keys().map(String::as_str).collect();
    let expected = [
        "otelcol_exporter_queue_size",
        "otelcol_exporter_sent_metric_points",
        "otelcol_process_cpu_seconds",
        "otelcol_process_memory_rss",
        "otelcol_process_uptime",
        "target_info",
    ];
    assert_eq!(names, expected);
    assert!(body.contains("otelcol_exporter_sent_metric_points{exporter=\"awsemf\"} 18446744073709551615\n"), "{body}");
    let value = |name: &str| page.families[name].series.values().copied().next().unwrap();
    assert_eq!(value("otelcol_exporter_queue_size"), 2.5);
    assert_eq!(value("otelcol_process_uptime"), 62.345);
    assert!(value("otelcol_process_memory_rss") > 100_000.0);
    assert_eq!(page.families["otelcol_process_cpu_seconds"].kind, "counter");
    assert_eq!(page.families["otelcol_process_memory_rss"].kind, "gauge");
    assert!(body.ends_with("target_info{service_name=\"container-insights\"} 1\n"), "{body}");
    assert!(get(port, "/").await.0.starts_with("HTTP/1.1 404 "), "there is one page");
}

#[tokio::test]
async fn the_next_free_port_is_taken_where_one_is_in_use() {
    // Ten ports in a row below the ephemeral ones, so that no other test's connection comes between.
    let (first, taken) = ten_taken().await;
    let error = bind(&at(first), source(&Registry::default())).await.unwrap_err();
    let Error::Listen { endpoint, source: cause } = error;
    assert_eq!((endpoint.port, cause.kind()), (first + 9, std::io::ErrorKind::AddrInUse));
    let mut taken = taken;
    drop(taken.remove(4));
    let server = bind(&at(first), source(&Registry::default())).await.unwrap();
    assert_eq!(server.address().port(), first + 4);
}

async fn ten_taken() -> (u16, Vec<TcpListener>) {
    for first in (20_000..30_000).step_by(10) {
        let mut taken = Vec::new();
        for port in first..first + 10 {
            taken.extend(TcpListener::bind(("127.0.0.1", port)).await.ok());
        }
        if taken.len() == 10 {
            return (first, taken);
        }
    }
    panic!("no ten free ports in a row");
}

#[tokio::test]
async fn a_host_without_an_address_is_an_error_at_once() {
    let config = Config { host: "192.0.2.1".into(), ..at(8888) };
    let error = bind(&config, source(&Registry::default())).await.unwrap_err();
    assert_eq!(error.to_string(), "listen on 192.0.2.1:8888");
}

#[tokio::test]
async fn an_address_may_stand_in_brackets() {
    let config = Config { host: "[::1]".into(), ..at(0) };
    match bind(&config, source(&Registry::default())).await {
        Ok(server) => assert!(server.address().is_ipv6()),
        Err(Error::Listen { source, .. }) => assert_ne!(source.kind(), std::io::ErrorKind::InvalidInput),
    }
}

#[tokio::test]
async fn a_slow_scraper_is_cut_off() {
    let limits =
        Limits { headers: Duration::from_millis(50), connection: ENDLESS, connections: 4, ..Limits::default() };
    let port = run(limits, &Registry::default()).await;
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nX-Slow: ").await.unwrap();
    let response = read_all(&mut stream).await;
    assert!(!response.contains("200"), "{response}");
}

#[tokio::test]
async fn many_idle_connections_keep_no_scraper_out() {
    let limits = Limits { headers: ENDLESS, connection: ENDLESS, connections: 4, ..Limits::default() };
    let port = run(limits, &Registry::default()).await;
    let mut idle = Vec::new();
    for _ in 0..100 {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        stream.write_all(b"GET /met").await.unwrap();
        idle.push(stream);
    }
    read(&get(port, "/metrics").await.1).unwrap();
    let mut byte = [0];
    let first = timeout(PATIENCE, idle[0].read(&mut byte)).await.expect("the oldest is still open");
    assert!(matches!(first, Ok(0) | Err(_)), "{first:?}");
}

#[test]
fn suffixes_are_the_collectors() {
    let mut all = super::process::series(&Still);
    all.push(series("kept_total", &[], Amount::Count(7)));
    let names = |suffixes| read(&render(&all, suffixes, &[])).unwrap().families.into_keys().collect::<Vec<_>>();
    let full = [
        "kept_total",
        "otelcol_process_cpu_seconds_total",
        "otelcol_process_memory_rss_bytes",
        "otelcol_process_uptime_seconds_total",
        "target_info",
    ];
    assert_eq!(names(FULL), full);
    let plain = [
        "kept_total",
        "otelcol_process_cpu_seconds",
        "otelcol_process_memory_rss",
        "otelcol_process_uptime",
        "target_info",
    ];
    assert_eq!(names(PLAIN), plain);
}

#[test]
fn one_name_is_one_kind_and_one_label_set_one_series() {
    let all = [
        series("x", &[("a.b", "1")], Amount::Count(1)),
        series("x", &[("a b", "1")], Amount::Count(2)),
        series("x", &[("a.b", "2"), ("a_b", "3")], Amount::Count(3)),
        series("x", &[], Amount::Gauge(4.0)),
    ];
    let page = read(&render(&all, PLAIN, &[])).unwrap();
    let found: Vec<_> = page.families["x"].series.values().copied().collect();
    assert_eq!((page.families["x"].kind.as_str(), found), ("counter", vec![1.0, 3.0]));
}

#[test]
fn numbers_that_are_none_are_written_as_prometheus_reads_them() {
    let gauge = |name, value| series(name, &[], Amount::Gauge(value));
    let all = [gauge("a", f64::INFINITY), gauge("b", f64::NEG_INFINITY), gauge("c", f64::NAN), gauge("d", 1e300)];
    let text = render(&all, PLAIN, &[]);
    for line in ["a +Inf\n", "b -Inf\n", "c NaN\n"] {
        assert!(text.contains(line), "{text}");
    }
    assert_eq!(read(&text).unwrap().families["d"].series.values().copied().next(), Some(1e300));
}

proptest! {
    #[test]
    fn whatever_a_label_says_it_is_read_back(value in any::<String>(), help_end in "[\\\\\n\"a]{0,4}", name in any::<String>()) {
        let labels = [("first", value.as_str()), (name.as_str(), "x"), ("last", "größe\u{2028}\\n\r\n\"")];
        let mut all = vec![series("some_metric", &labels, Amount::Count(5))];
        all[0].help = Box::leak(help_end.clone().into_boxed_str());
        let text = render(&all, FULL, &[("service.name".to_owned(), value.clone())]);
        let Page { families } = read(&text).map_err(TestCaseError::fail)?;
        let family = &families["some_metric_total"];
        prop_assert_eq!(&family.help, &help_end);
        let labels: &BTreeMap<String, String> = family.series.keys().next().unwrap();
        prop_assert_eq!(labels.get("first"), Some(&value));
        prop_assert_eq!(labels.get("last").map(String::as_str), Some("größe\u{2028}\\n\r\n\""));
        prop_assert_eq!(families["target_info"].series.keys().next().unwrap().get("service_name"), Some(&value));
    }
}
