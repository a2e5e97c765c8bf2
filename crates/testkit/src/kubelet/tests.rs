use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use super::*;

/// Sends raw text and reads until the server closes, or for `patience`; what arrived, headers included.
fn exchange(fake: &FakeKubelet, request: &str, patience: Duration) -> String {
    let address = fake.endpoint().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(patience)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8(answer).unwrap()
}

fn get(fake: &FakeKubelet, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n");
    exchange(fake, &request, Duration::from_secs(5))
}

#[test]
fn both_routes_answer_what_was_set() {
    let fake = FakeKubelet::http();
    assert!(get(&fake, "/pods").ends_with(r#""items":[]}"#));
    fake.set_answer(Route::Pods, r#"{"items":[1]}"#);
    fake.set_answer(Route::Summary, r#"{"pods":[2]}"#);
    let pods = get(&fake, "/pods");
    assert!(pods.starts_with("HTTP/1.1 200 OK\r\n") && pods.ends_with("\r\n\r\n{\"items\":[1]}"), "{pods}");
    assert!(get(&fake, "/stats/summary").ends_with(r#"{"pods":[2]}"#));
    assert_eq!(fake.violations(), Vec::<String>::new());
    assert_eq!(fake.requests().len(), 3);
}

#[test]
fn what_a_client_must_never_do_is_written_down() {
    let fake = FakeKubelet::http();
    assert!(get(&fake, "/redirected").starts_with("HTTP/1.1 404"));
    let post = "POST /pods HTTP/1.1\r\nHost: node\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    assert!(exchange(&fake, post, Duration::from_secs(5)).starts_with("HTTP/1.1 405"));
    let clear = "GET /pods HTTP/1.1\r\nHost: node\r\nAuthorization: Bearer secret\r\nConnection: close\r\n\r\n";
    exchange(&fake, clear, Duration::from_secs(5));
    let violations = fake.violations();
    assert_eq!(violations, ["GET /redirected", "POST /pods", "credentials in clear text for /pods"]);
}

#[test]
fn a_wrong_token_gets_401_and_the_right_one_an_answer() {
    let fake = FakeKubelet::http();
    fake.require_token("right");
    assert!(get(&fake, "/pods").starts_with("HTTP/1.1 401"));
    let right = "GET /pods HTTP/1.1\r\nHost: node\r\nAuthorization: Bearer right\r\nConnection: close\r\n\r\n";
    assert!(exchange(&fake, right, Duration::from_secs(5)).starts_with("HTTP/1.1 200"));
    assert_eq!(fake.requests()[1].token.as_deref(), Some("right"));
}

#[test]
fn a_truncated_answer_promises_more_than_it_sends() {
    let fake = FakeKubelet::http();
    fake.set_answer(Route::Pods, "x".repeat(1000));
    fake.set_fault(Route::Pods, Fault::Truncated);
    let answer = get(&fake, "/pods");
    assert!(answer.contains("content-length: 1000\r\n"), "{answer}");
    assert_eq!(answer.split("\r\n\r\n").nth(1).unwrap().len(), 500);
    assert!(get(&fake, "/stats/summary").starts_with("HTTP/1.1 200"), "the other route has no fault");
}

#[test]
fn a_stalled_answer_ends_only_with_the_clients_patience() {
    let fake = FakeKubelet::http();
    fake.set_answer(Route::Pods, "x".repeat(1000));
    fake.set_fault(Route::Pods, Fault::Stall);
    let answer = exchange(&fake, "GET /pods HTTP/1.1\r\nHost: node\r\n\r\n", Duration::from_millis(200));
    assert_eq!(answer.split("\r\n\r\n").nth(1).unwrap().len(), 500);
}

#[test]
fn a_huge_answer_has_all_of_its_bytes() {
    let fake = FakeKubelet::http();
    fake.set_fault(Route::Summary, Fault::Huge(1_000_000));
    let answer = get(&fake, "/stats/summary");
    let body = answer.split("\r\n\r\n").nth(1).unwrap();
    assert!(body.len() == 1_000_000 && body.starts_with(r#"{"items":["#));
}

#[test]
fn redirects_and_other_statuses_come_as_asked() {
    let fake = FakeKubelet::http();
    fake.set_fault(Route::Pods, Fault::Redirect("/redirected".to_owned()));
    let answer = get(&fake, "/pods");
    assert!(answer.starts_with("HTTP/1.1 302") && answer.contains("location: /redirected\r\n"), "{answer}");
    fake.set_fault(Route::Pods, Fault::Status(503));
    assert!(get(&fake, "/pods").starts_with("HTTP/1.1 503"));
    fake.set_fault(Route::Pods, Fault::None);
    assert!(get(&fake, "/pods").starts_with("HTTP/1.1 200"));
}

#[test]
fn a_slow_answer_comes_after_its_delay() {
    let fake = FakeKubelet::http();
    fake.set_fault(Route::Pods, Fault::Slow(Duration::from_millis(400)));
    let request = "GET /pods HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n";
    assert_eq!(exchange(&fake, request, Duration::from_millis(50)), "");
    assert!(get(&fake, "/pods").starts_with("HTTP/1.1 200"));
}

#[test]
fn a_refusing_kubelet_closes_its_port_and_its_connections_and_comes_back_on_the_same_one() {
    let fake = FakeKubelet::http();
    let address = fake.endpoint().strip_prefix("http://").unwrap().to_owned();
    let mut kept = TcpStream::connect(&address).unwrap();
    kept.write_all(b"GET /pods HTTP/1.1\r\nHost: node\r\n\r\n").unwrap();
    let mut byte = [0];
    kept.read_exact(&mut byte).unwrap();
    fake.refuse();
    assert!(TcpStream::connect(&address).is_err());
    let mut rest = Vec::new();
    let _ = kept.read_to_end(&mut rest);
    fake.accept();
    assert!(get(&fake, "/pods").starts_with("HTTP/1.1 200"));
    assert_eq!(fake.requests().iter().map(|request| request.connection).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn its_certificate_holds_against_its_ca() {
    use rustls_pki_types::pem::PemObject;
    let fake = FakeKubelet::https();
    let ca = rustls_pki_types::CertificateDer::from_pem_slice(fake.ca_pem().unwrap().as_bytes()).unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(ca).unwrap();
    let config = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut session = rustls::ClientConnection::new(Arc::new(config), "127.0.0.1".try_into().unwrap()).unwrap();
    let mut stream = TcpStream::connect(fake.endpoint().strip_prefix("https://").unwrap()).unwrap();
    let mut tls = rustls::Stream::new(&mut session, &mut stream);
    let request = "GET /pods HTTP/1.1\r\nHost: node\r\nAuthorization: Bearer t\r\nConnection: close\r\n\r\n";
    tls.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    tls.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(fake.violations(), Vec::<String>::new());
}
