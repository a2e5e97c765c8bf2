//! The health check over real sockets.

mod bounds;

use std::sync::Arc;
use std::time::Duration;

use confmap::{Decode, Faults, Location, Map, Node, Value};
use model::{Clock, Stamp};
use telemetry::HealthBoard;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::server::bind_with;
use super::{Config, Error, Health, ResponseBody, bind};
use crate::Endpoint;
use net::server::Limits;

const UP: &str = r#"{"status":"Server available","upSince":"2026-01-02T03:04:05.678901234Z","uptime":"1m2.345s"}"#;
const DOWN: &str = r#"{"status":"Server not available","upSince":"0001-01-01T00:00:00Z","uptime":""}"#;

/// Time a test waits for what should come at once; far below [`ENDLESS`].
const PATIENCE: Duration = Duration::from_secs(8);
/// A deadline that no test reaches, for those of another deadline.
const ENDLESS: Duration = Duration::from_secs(600);

/// A clock that stands still at 1 m 2.345 s after [`started`].
#[derive(Debug)]
struct Still;

impl Clock for Still {
    fn stamp(&self) -> Stamp {
        let uptime = Duration::from_millis(62_345);
        // The wall clock was set back meanwhile, which an uptime must not show.
        Stamp { monotonic: started().monotonic + uptime, wall: started().wall - uptime }
    }
}

fn started() -> Stamp {
    Stamp { monotonic: Duration::from_secs(7), wall: Duration::new(1_767_323_045, 678_901_234) }
}

struct Running {
    health: Health,
    port: u16,
    board: HealthBoard,
}

async fn run(config: Config, limits: Limits) -> Running {
    let config = Config { endpoint: Endpoint::localhost(0), ..config };
    let board = HealthBoard::default();
    let server = bind_with(limits, config, board.clone(), Arc::new(Still)).await.unwrap();
    let running = Running { health: server.health(), port: server.address().port(), board };
    tokio::spawn(server.serve());
    running
}

impl Running {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.port)).await.unwrap()
    }

    /// Everything the server sends until it closes.
    async fn say(&self, request: &str) -> String {
        let mut stream = self.connect().await;
        stream.write_all(request.as_bytes()).await.unwrap();
        read_all(&mut stream).await
    }

    async fn get(&self, path: &str) -> (u16, String, String) {
        self.get_as("localhost", path).await
    }

    async fn get_as(&self, host: &str, path: &str) -> (u16, String, String) {
        let response = self.say(&format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n")).await;
        let (head, body) = response.split_once("\r\n\r\n").unwrap();
        let content_type = head.lines().find_map(|line| line.strip_prefix("content-type: ")).unwrap();
        (head[9..12].parse().unwrap(), content_type.to_owned(), body.to_owned())
    }
}

async fn read_all(stream: &mut TcpStream) -> String {
    let mut response = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut response)).await.expect("no end").unwrap();
    response
}

#[tokio::test]
async fn it_is_unavailable_until_ready_and_from_the_shutdown_on() {
    let running = run(Config::default(), Limits::default()).await;
    let json = |status, body: &str| (status, "application/json".to_owned(), body.to_owned());
    assert_eq!(running.get("/").await, json(503, DOWN));
    running.health.ready(started());
    assert_eq!(running.get("/").await, json(200, UP));
    assert_eq!(running.get("/anything?below=it").await, json(200, UP));
    assert_eq!(running.get("/ready").await, json(200, UP));
    running.health.stopping();
    assert_eq!(running.get("/").await, json(503, DOWN));
    assert_eq!(running.get("/ready").await, json(503, DOWN));
}

#[tokio::test]
async fn any_method_is_answered_and_a_body_ignored() {
    let running = run(Config::default(), Limits::default()).await;
    running.health.ready(started());
    for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"] {
        let request = format!("{method} / HTTP/1.1\r\nHost: node\r\nContent-Length: 5\r\n\r\nhello");
        let response = running.say(&request).await;
        assert!(response.starts_with("HTTP/1.1 200 OK\r\n") && response.ends_with(UP), "{method}: {response}");
    }
    let response = running.say("HEAD / HTTP/1.1\r\nHost: node\r\n\r\n").await;
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n") && response.ends_with("\r\n\r\n"), "{response}");
    let response = running.say("GET / HTTP/1.0\r\n\r\n").await;
    assert!(response.starts_with("HTTP/1.0 200 OK\r\n") && response.ends_with(UP), "{response}");
}

#[tokio::test]
async fn a_connection_carries_one_request() {
    let running = run(Config::default(), Limits::default()).await;
    running.health.ready(started());
    let twice = "GET / HTTP/1.1\r\nHost: node\r\nConnection: keep-alive\r\n\r\n".repeat(2);
    let response = running.say(&twice).await;
    assert_eq!(response.matches("Server available").count(), 1, "{response}");
    assert!(response.contains("\r\nconnection: close\r\n"), "{response}");
}

#[tokio::test]
async fn only_the_path_is_answered() {
    let path = "/healthz".parse().unwrap();
    let running = run(Config { path, ..Config::default() }, Limits::default()).await;
    running.health.ready(started());
    assert_eq!(running.get("/healthz").await.0, 200);
    assert_eq!(running.get("/ready").await.0, 200);
    for other in ["/", "/healthz/", "/health", "/ready/", "/status/", "/READY"] {
        assert_eq!(running.get(other).await.0, 404, "{other}");
    }
}

#[tokio::test]
async fn texts_replace_the_json() {
    let texts = ResponseBody { healthy: "fine".into(), unhealthy: "not yet".into() };
    let running = run(Config { response_body: Some(texts), ..Config::default() }, Limits::default()).await;
    let text = |status, body: &str| (status, "text/plain; charset=utf-8".to_owned(), body.to_owned());
    assert_eq!(running.get("/").await, text(503, "not yet"));
    running.health.ready(started());
    assert_eq!(running.get("/").await, text(200, "fine"));
}

#[tokio::test]
async fn the_status_page_adds_every_component() {
    let running = run(Config::default(), Limits::default()).await;
    running.health.ready(started());
    let receiver = running.board.component("receiver/awscontainerinsightreceiver");
    receiver.ok(Duration::from_secs(60));
    receiver.degraded(Duration::from_secs(120), "kubelet: \"refused\"");
    let (status, _, body) = running.get("/status").await;
    let components = concat!(
        r#","components":{"receiver/awscontainerinsightreceiver":{"state":"degraded","#,
        r#""since":"1970-01-01T00:02:00Z","lastSuccess":"1970-01-01T00:01:00Z","#,
        r#""message":"kubelet: \"refused\""}}}"#
    );
    assert_eq!((status, body), (200, UP.replace('}', components)));
}

#[tokio::test]
async fn readiness_is_of_what_leaves_and_health_is_not() {
    let running = run(Config::default(), Limits::default()).await;
    running.health.ready(started());
    let (receiver, exporter) = (running.board.component("receiver/x"), running.board.component("exporter/awsemf"));
    let not_ready = |reasons: &str| {
        let reasons = format!(r#","reasons":[{reasons}]}}"#);
        (503, "application/json".to_owned(), UP.replace("available", "not ready").replace('}', &reasons))
    };
    let expected =
        not_ready(r#""exporter/awsemf: nothing has been delivered yet","receiver/x: nothing has been made yet""#);
    assert_eq!(running.get("/ready").await, expected);
    receiver.failed(Duration::from_secs(60), "the region is unknown");
    exporter.output(started().monotonic);
    assert_eq!(running.get("/ready").await, not_ready(r#""receiver/x: the region is unknown""#));
    for path in ["/", "/healthz", "/ready/", "/readyz", "/status/"] {
        assert_eq!(running.get(path).await.2, UP, "{path}: a restart would mend nothing");
    }
    receiver.degraded(Duration::from_secs(70), "kubelet: refused");
    receiver.output(started().monotonic);
    assert_eq!(running.get("/ready").await.0, 200);
    // Nothing left for the 62 s since the start.
    exporter.output_waits(started().monotonic);
    assert_eq!(running.get("/ready").await.0, 200);
    let config = Config { ready_grace: Duration::from_secs(62), ..Config::default() };
    let running = run(config, Limits::default()).await;
    running.health.ready(started());
    let exporter = running.board.component("exporter/awsemf");
    exporter.output(started().monotonic);
    exporter.output_waits(started().monotonic);
    let expected = not_ready(r#""exporter/awsemf: nothing has been delivered for 62 s""#);
    assert_eq!(running.get("/ready").await, expected);
}

#[tokio::test]
async fn ready_and_status_are_exact_paths_that_texts_do_not_change() {
    let texts = ResponseBody { healthy: "fine".into(), unhealthy: "not yet".into() };
    for path in ["/", "/status/"] {
        let config = Config { path: path.parse().unwrap(), response_body: Some(texts.clone()), ..Config::default() };
        let running = run(config, Limits::default()).await;
        running.board.component("exporter/awsemf").ok(Duration::from_secs(60));
        let (status, content_type, body) = running.get("/status?verbose").await;
        assert_eq!((status, content_type.as_str()), (503, "application/json"), "{path}");
        assert!(body.contains("exporter/awsemf"), "{path}: {body}");
        running.health.ready(started());
        assert!(running.get("/ready").await.2.contains("nothing has been delivered yet"), "{path}");
        assert_eq!(running.get("/status/x").await.2, "fine", "{path}");
    }
    // A configured path is the health itself, so that nothing restarts an agent for an outage.
    for path in ["/status", "/ready"] {
        let config = Config { path: path.parse().unwrap(), response_body: Some(texts.clone()), ..Config::default() };
        let running = run(config, Limits::default()).await;
        let _starting = running.board.component("exporter/awsemf");
        assert_eq!(running.get(path).await.2, "not yet");
        running.health.ready(started());
        assert_eq!(running.get(path).await, (200, "text/plain; charset=utf-8".to_owned(), "fine".to_owned()));
    }
}

#[tokio::test]
async fn the_status_page_answers_only_those_who_name_this_machine() {
    let config = Config { allowed_hosts: vec!["agent.example".into()], ..Config::default() };
    let running = run(config, Limits::default()).await;
    running.health.ready(started());
    running.board.component("exporter/awsemf").output(started().monotonic);
    for host in ["127.0.0.1:13133", "[::1]:13133", "localhost", "Agent.Example:80"] {
        assert_eq!(running.get_as(host, "/status").await.0, 200, "{host}");
    }
    let (status, _, body) = running.get_as("rebound.evil.example:13133", "/status").await;
    assert!(status == 421 && body.contains("allowed_hosts") && !body.contains("awsemf"), "{body}");
    for path in ["/", "/ready"] {
        assert_eq!(running.get_as("rebound.evil.example", path).await.0, 200, "{path}: a probe may use any name");
    }
    for request in [
        "GET /status HTTP/1.0\r\n\r\n",
        "GET /status HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
        "GET http://evil.example/status HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ] {
        let response = running.say(request).await;
        assert!(response.contains(" 421 ") || response.contains(" 400 "), "{request}: {response}");
    }
}

#[tokio::test]
async fn what_is_starting_has_no_time() {
    let running = run(Config::default(), Limits::default()).await;
    running.board.component("exporter/awsemf").starting(Duration::from_secs(60));
    let _never_written = running.board.component("receiver/x");
    let body = running.get("/status").await.2;
    assert!(body.contains(r#""exporter/awsemf":{"state":"starting"},"receiver/x":{"state":"starting"}"#), "{body}");
}

#[tokio::test]
async fn no_secret_of_an_error_shows_on_the_status_page() {
    let running = run(Config::default(), Limits::default()).await;
    let exporter = running.board.component("exporter/awsemf");
    let planted = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY";
    for message in [
        format!("connect through http://user:{planted}@proxy:3128: refused"),
        format!("read credentials: line 2: aws_secret_access_key={planted}"),
        format!("answer 400: {{\"SessionToken\":\"{planted}\"}}"),
        format!("GET /?X-Amz-Security-Token={planted}&X-Amz-Signature={planted}: timed out"),
        format!("Authorization: Bearer {planted}"),
    ] {
        exporter.failed(Duration::from_secs(60), &message);
        let body = running.get("/status").await.2;
        assert!(body.contains("***") && !body.contains(planted), "{body}");
    }
}

#[tokio::test]
async fn idle_clients_keep_no_probe_out() {
    let running =
        run(Config::default(), Limits { headers: ENDLESS, connection: ENDLESS, connections: 4, ..Limits::default() })
            .await;
    running.health.ready(started());
    let mut idle = Vec::new();
    for _ in 0..12 {
        let mut stream = running.connect().await;
        stream.write_all(b"GET / HT").await.unwrap();
        idle.push(stream);
    }
    assert_eq!(running.get("/").await.0, 200);
    // The oldest made way.
    let mut byte = [0];
    let read = timeout(PATIENCE, idle[0].read(&mut byte)).await.expect("the oldest is still open");
    assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
}

#[tokio::test]
async fn a_client_that_dribbles_its_headers_is_cut_off() {
    let limits =
        Limits { headers: Duration::from_millis(50), connection: ENDLESS, connections: 4, ..Limits::default() };
    let running = run(Config::default(), limits).await;
    let mut stream = running.connect().await;
    stream.write_all(b"GET / HTTP/1.1\r\nX-Slow: ").await.unwrap();
    let response = read_all(&mut stream).await;
    assert!(!response.contains("200"), "{response}");
}

#[tokio::test]
async fn a_client_that_dribbles_its_body_is_cut_off() {
    let limits =
        Limits { headers: ENDLESS, connection: Duration::from_millis(50), connections: 4, ..Limits::default() };
    let running = run(Config::default(), limits).await;
    let response = running.say("POST / HTTP/1.1\r\nHost: node\r\nContent-Length: 9\r\n\r\n").await;
    assert_eq!(response, "");
}

#[tokio::test]
async fn noise_is_survived() {
    let running = run(Config::default(), Limits::default()).await;
    running.health.ready(started());
    let many_headers = format!("GET / HTTP/1.1\r\n{}\r\n", "X-Many: 1\r\n".repeat(10_000));
    for noise in ["\u{0}\u{1}\u{2}\r\n\r\n", "\r\n\r\n\r\n", "GET\r\n\r\n", many_headers.as_str()] {
        let mut stream = running.connect().await;
        let _ = stream.write_all(noise.as_bytes()).await;
        let _ = stream.shutdown().await;
        let mut rest = Vec::new();
        let _ = timeout(PATIENCE, stream.read_to_end(&mut rest)).await.expect("no end");
    }
    assert_eq!(running.get("/").await.0, 200);
}

#[tokio::test]
async fn an_endpoint_in_use_is_named() {
    let running = run(Config::default(), Limits::default()).await;
    let endpoint = Endpoint { host: "127.0.0.1".into(), port: running.port };
    let config = Config { endpoint: endpoint.clone(), ..Config::default() };
    let error = bind(config, HealthBoard::default(), Arc::new(Still)).await.unwrap_err();
    assert_eq!(error.to_string(), format!("listen on {endpoint}"));
    let Error::Listen { source, .. } = error;
    assert_eq!(source.kind(), std::io::ErrorKind::AddrInUse);
}

#[tokio::test]
async fn every_interface_includes_ipv4() {
    let config = Config { endpoint: Endpoint { host: String::new(), port: 0 }, ..Config::default() };
    let server = bind(config, HealthBoard::default(), Arc::new(Still)).await.unwrap();
    TcpStream::connect(("127.0.0.1", server.address().port())).await.unwrap();
}

fn decode(node: &Node) -> Result<Config, Faults> {
    let mut faults = Faults::new();
    let config = Config::decode(node, "extensions::health_check", &mut faults);
    config.ok_or(faults)
}

fn map(entries: &[(&str, Value)]) -> Node {
    let location = Location::of_source("test");
    let mut map = Map::new();
    for (key, value) in entries {
        let value = Node::new(value.clone(), location.clone());
        map.insert(confmap::Entry { key: (*key).into(), location: location.clone(), value });
    }
    Node::new(Value::Map(map), location)
}

#[test]
fn an_empty_body_is_all_defaults() {
    let config = decode(&Node::new(Value::Null, Location::of_source("test"))).unwrap();
    assert_eq!(config, Config::default());
    assert_eq!(config.endpoint.to_string(), "localhost:13133");
}

#[test]
fn an_endpoint_without_a_port_and_a_path_without_a_slash_are_faults() {
    let text = |text: &str| Value::String(text.into());
    let faults = decode(&map(&[("endpoint", text("localhost")), ("path", text("health"))])).unwrap_err();
    let paths: Vec<_> = faults.iter().map(|fault| fault.path.as_str()).collect();
    assert_eq!(paths, ["extensions::health_check::endpoint", "extensions::health_check::path"]);
}

#[test]
fn options_without_an_effect_are_accepted_and_told() {
    let node = map(&[("tls", map(&[("cert_file", Value::String("a.pem".into()))]).value), ("auth", Value::Int(1))]);
    assert_eq!(decode(&node).unwrap(), Config::default());
    let told: Vec<_> = Config::accepted_keys_written(&node).into_iter().map(|(path, _)| path).collect();
    assert_eq!(told, ["tls", "auth"]);
    assert!(decode(&map(&[("use_v2", Value::Bool(true))])).is_err(), "the second form is not ours");
}
