//! Answers of every kind, most of them bad, and what each costs.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::server::Then;
use super::*;
use crate::ParseError;

const ONE: &str = r#"{"kind":"PodList","items":[{"metadata":{"uid":"1","name":"a","namespace":"b"}}]}"#;
const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

/// The first request is answered with `first`, all others with a good list.
fn once(first: impl Fn() -> Reply + Send + Sync + 'static) -> impl Fn(&Heard) -> Reply + Send + Sync {
    let count = AtomicUsize::new(0);
    move |_| if count.fetch_add(1, Ordering::Relaxed) == 0 { first() } else { Reply::ok(ONE) }
}

/// What the first answer costs; the second request must go well on a fresh connection.
async fn fails_once(first: impl Fn() -> Reply + Send + Sync + 'static, deadline: Duration) -> Error {
    let authority = Authority::new("cluster");
    let server = Server::start(Some(authority.server("127.0.0.1")), once(first)).await;
    let account = Account::new("secret-1", &authority);
    let settings = Settings { deadline, body_limit: 1 << 20, ..account.settings(&server) };
    let mut kubelet = Kubelet::new(settings).expect("good settings");
    let error = kubelet.fetch_pods().await.expect_err("a bad answer");
    assert_eq!(kubelet.fetch_pods().await.expect("a good answer").pods.len(), 1);
    let connections: Vec<_> = server.heard().iter().map(|heard| heard.connection).collect();
    assert_eq!(connections, [0, 1]);
    error
}

const LONG: Duration = Duration::from_secs(5);
const SHORT: Duration = Duration::from_millis(300);

#[tokio::test]
async fn one_connection_serves_all_requests() {
    let (server, _account, mut kubelet) =
        ready(|heard| Reply::ok(if heard.head.contains("/stats/summary ") { r#"{"node":{},"pods":[]}"# } else { ONE }))
            .await;
    for _ in 0..3 {
        kubelet.fetch_pods().await.expect("an answer");
        kubelet.fetch_summary().await.expect("an answer");
    }
    assert_eq!(server.heard().len(), 6);
    assert!(server.heard().iter().all(|heard| heard.connection == 0));
}

#[tokio::test]
async fn an_unchanged_answer_is_the_same_list() {
    let count = AtomicUsize::new(0);
    let (_server, mut kubelet) = plain(move |_| match count.fetch_add(1, Ordering::Relaxed) {
        0 | 1 | 4 => Reply::ok(ONE),
        2 => Reply::begin("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"kind\"", Then::Close),
        3 => Reply::status("503 Busy", ""),
        5 => Reply::ok("{\"kind\":7}"),
        _ => Reply::ok(&format!("{ONE} ")),
    })
    .await;
    let first = kubelet.fetch_pods().await.expect("an answer");
    let second = kubelet.fetch_pods().await.expect("an answer");
    kubelet.fetch_pods().await.expect_err("it broke off");
    kubelet.fetch_pods().await.expect_err("it is busy");
    let third = kubelet.fetch_pods().await.expect("an answer");
    assert!(Arc::ptr_eq(&first, &second) && Arc::ptr_eq(&first, &third));
    kubelet.fetch_pods().await.expect_err("it can't be read");
    let fourth = kubelet.fetch_pods().await.expect("an answer");
    assert!(Arc::ptr_eq(&first, &fourth), "a blank more is no change");
}

#[tokio::test]
async fn an_answer_in_chunks_with_trailers_is_read() {
    let (_server, mut kubelet) = plain(|_| {
        let (one, two) = ONE.split_at(20);
        let text =
            format!("{CHUNKED}{:x}\r\n{one}\r\n{:x}\r\n{two}\r\n0\r\nX-Trailer: a\r\n\r\n", one.len(), two.len());
        Reply::begin(&text, Then::Keep)
    })
    .await;
    for _ in 0..2 {
        assert_eq!(kubelet.fetch_pods().await.expect("an answer").pods.len(), 1);
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (elsewhere, _) = plain(|_| Reply::ok(ONE)).await;
    for status in ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"] {
        let port = elsewhere.port;
        let error = fails_once(
            move || {
                let head = format!("HTTP/1.1 {status}\r\nLocation: http://127.0.0.1:{port}/pods\r\n");
                Reply::begin(&format!("{head}Content-Length: 0\r\n\r\n"), Then::Keep)
            },
            LONG,
        )
        .await;
        assert!(matches!(error, Error::Redirect { .. }), "{error:?}");
    }
    assert!(elsewhere.heard().is_empty());
}

#[tokio::test]
async fn a_refusal_is_told_in_one_line() {
    let error = fails_once(|| Reply::status("500 Internal", "no\u{7} luck\nat all\n"), LONG).await;
    assert!(error.to_string().ends_with("/pods answered 500: no luck"), "{error}");
    let status = "{\n \"kind\": \"Status\",\n \"message\": \"node is away\"\n}";
    let error = fails_once(move || Reply::status("502 Bad", status), LONG).await;
    assert!(error.to_string().ends_with("/pods answered 502: node is away"), "{error}");
}

#[tokio::test]
async fn a_refusal_whose_body_never_comes_is_still_a_refusal() {
    let head = "HTTP/1.1 503 Busy\r\nContent-Length: 50\r\n\r\nnot now";
    let error = fails_once(move || Reply::begin(head, Then::Hang), LONG).await;
    assert!(error.to_string().ends_with("answered 503: not now"), "{error}");
    let error =
        fails_once(|| Reply::begin("HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n", Then::Flood), LONG);
    assert!(matches!(error.await, Error::Status { status: 503, .. }));
}

#[tokio::test]
async fn a_hung_server_costs_the_deadline_and_no_more() {
    for beginning in ["", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"kind\""] {
        let error = fails_once(move || Reply::begin(beginning, Then::Hang), SHORT).await;
        assert!(matches!(error, Error::Deadline { after: SHORT, .. }), "{beginning:?}: {error:?}");
    }
}

#[tokio::test]
async fn a_handshake_that_hangs_ends_at_the_deadline() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
    let account = Account::new("secret-1", &Authority::new("cluster"));
    let settings = Settings {
        endpoint: format!("https://{}", listener.local_addr().expect("it is bound")),
        auth: Auth::ServiceAccount { token_file: account.path("token") },
        deadline: SHORT,
        ..Settings::default()
    };
    let result = Kubelet::new(settings).expect("good settings").fetch_pods().await;
    assert!(matches!(result, Err(Error::Deadline { .. })), "{result:?}");
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_truncated() {
    let sized = "HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{\"kind\":";
    let chunked = format!("{CHUNKED}8\r\n{{\"kind\":\r\n");
    for then in [Then::Close, Then::Reset] {
        for text in [sized, &chunked] {
            let text = text.to_owned();
            let error = fails_once(move || Reply::begin(&text, then), LONG).await;
            assert!(matches!(error, Error::Truncated { bytes: 0..=8, .. }), "{error:?}");
            assert_eq!(error.reason(), "truncated");
        }
    }
}

#[tokio::test]
async fn an_answer_without_length_that_breaks_off_is_truncated() {
    let (_server, mut kubelet) =
        plain(|_| Reply::begin(&format!("HTTP/1.1 200 OK\r\n\r\n{}", &ONE[..30]), Then::Close)).await;
    let error = kubelet.fetch_pods().await.expect_err("it broke off");
    assert_eq!(error.reason(), "truncated", "{error:?}");
}

#[tokio::test]
async fn a_huge_answer_is_not_read_to_its_end() {
    let error =
        fails_once(|| Reply::begin("HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n", Then::Hang), LONG).await;
    assert!(matches!(error, Error::TooLarge { limit: 0x10_0000, .. }), "{error:?}");

    let (server, account, _) = ready(|_| Reply::begin(CHUNKED, Then::Flood)).await;
    let settings = Settings { body_limit: 1 << 20, insecure_skip_verify: true, ..account.settings(&server) };
    let mut kubelet = Kubelet::new(settings).expect("good settings");
    let error = kubelet.fetch_pods().await.expect_err("it is too large");
    assert!(matches!(error, Error::TooLarge { .. }), "{error:?}");
    tokio::time::sleep(Duration::from_millis(100)).await;
    // What was read, and what the sockets' buffers took.
    assert!(server.sent.load(Ordering::Relaxed) < 16 << 20);
}

#[tokio::test]
async fn an_endless_head_is_no_answer() {
    let error =
        fails_once(|| Reply::begin(&format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(200_000)), Then::Hang), LONG).await;
    assert!(matches!(error, Error::NoAnswer { .. }), "{error:?}");
}

#[tokio::test]
async fn bad_json_and_other_objects_are_told_apart() {
    for (text, expected) in [("<html>", "JSON"), (r#"{"kind":"Status"}"#, "kind"), ("", "cut"), (&ONE[..40], "cut")] {
        let (_server, mut kubelet) = plain(move |_| Reply::ok(text)).await;
        let result = kubelet.fetch_pods().await;
        let Err(Error::Parse { source, url }) = &result else { panic!("{text}: {result:?}") };
        assert!(url.ends_with("/pods"));
        let found = match source {
            ParseError::Json(_) => "JSON",
            ParseError::Kind { .. } => "kind",
            ParseError::Truncated { .. } => "cut",
            ParseError::Depth | ParseError::Limit { .. } => "limit",
        };
        assert_eq!(found, expected, "{text}");
    }
}

#[tokio::test]
async fn a_kept_connection_that_was_closed_is_replaced() {
    for then in [Then::Close, Then::Reset] {
        let (server, _account, mut kubelet) = ready(move |_| Reply(Reply::ok(ONE).0, then)).await;
        for _ in 0..3 {
            kubelet.fetch_pods().await.expect("an answer");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(server.heard().len(), 3);
    }
}

#[tokio::test]
async fn a_kept_connection_that_dies_under_a_request_is_replaced_once() {
    let count = AtomicUsize::new(0);
    let (server, _account, mut kubelet) = ready(move |_| match count.fetch_add(1, Ordering::Relaxed) {
        1 => Reply::begin("", Then::Close),
        3 => Reply::begin("HTTP/1.1 2", Then::Reset),
        _ => Reply::ok(ONE),
    })
    .await;
    for _ in 0..3 {
        kubelet.fetch_pods().await.expect("an answer");
    }
    let connections: Vec<_> = server.heard().iter().map(|heard| heard.connection).collect();
    assert_eq!(connections, [0, 0, 1, 1, 2]);
}

#[tokio::test]
async fn a_fresh_connection_that_dies_is_not_tried_again() {
    let error = fails_once(|| Reply::begin("", Then::Close), LONG).await;
    assert!(matches!(error, Error::NoAnswer { .. }), "{error:?}");
    let error = fails_once(|| Reply::begin("SSH-2.0-x\r\n\r\n", Then::Hang), LONG).await;
    assert!(matches!(error, Error::NoAnswer { .. }), "{error:?}");
}

#[tokio::test]
async fn a_dropped_request_takes_its_connection_along() {
    let (server, _account, mut kubelet) =
        ready(once(|| Reply::begin("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"ki", Then::Hang))).await;
    tokio::time::timeout(SHORT, kubelet.fetch_pods()).await.expect_err("it hangs");
    assert_eq!(kubelet.fetch_pods().await.expect("an answer").pods.len(), 1);
    assert_eq!(server.heard()[1].connection, 1);
}

#[tokio::test]
async fn a_closed_port_is_no_connection() {
    let (server, account, _) = ready(|_| Reply::ok(ONE)).await;
    let mut settings = account.settings(&server);
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    settings.endpoint = format!("https://{}", free.local_addr().expect("it is bound"));
    drop(free);
    let result = Kubelet::new(settings).expect("good settings").fetch_pods().await;
    assert!(matches!(result, Err(Error::Connect { .. })), "{result:?}");
}

#[tokio::test]
async fn a_server_without_tls_is_no_tls_server() {
    let (server, _) = plain(|_| Reply::ok(ONE)).await;
    let account = Account::new("secret-1", &Authority::new("cluster"));
    let settings = Settings { deadline: SHORT, ..account.settings(&server) };
    let result = Kubelet::new(settings).expect("good settings").fetch_pods().await;
    assert!(matches!(result, Err(Error::Handshake { .. } | Error::Deadline { .. })), "{result:?}");
    assert!(server.heard().is_empty());
}
