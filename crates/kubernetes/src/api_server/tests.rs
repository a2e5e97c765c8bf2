//! The client against a server that is strict about what it hears and free in what it says.

use std::fs;
use std::time::Duration;

use hyper::Method;

use crate::kubelet::tests::Account;
use crate::kubelet::tests::server::{Authority, Heard, Reply, Server, Then};
use crate::{ApiServer, Error, Settings};

const PATH: &str = "/api/v1/namespaces/a/configmaps/b";
const IDLE: Duration = Duration::from_secs(5);

/// A server with a good certificate, a pod that may ask it, and the client.
async fn ready(answer: impl Fn(&Heard) -> Reply + Send + Sync + 'static) -> (Server, Account, ApiServer) {
    let authority = Authority::new("cluster");
    let server = Server::start(Some(authority.server("127.0.0.1")), answer).await;
    let account = Account::new("secret-1", &authority);
    let api_server = ApiServer::new(account.settings(&server)).expect("good settings");
    (server, account, api_server)
}

async fn get(api_server: &mut ApiServer) -> Result<crate::Answer, Error> {
    api_server.request(Method::GET, PATH, "", None).await
}

#[tokio::test]
async fn an_object_is_written_with_its_type_and_length() {
    let (server, _account, mut api_server) = ready(|heard| match heard.head.split(' ').next() {
        Some("POST") => Reply::status("201 Created", "made"),
        _ => Reply::ok("put"),
    })
    .await;
    for (method, status, body) in [(Method::POST, 201, "made"), (Method::PUT, 200, "put"), (Method::PATCH, 200, "put")]
    {
        let answer = api_server.request(method.clone(), PATH, "application/json", Some("{\"a\":1}".into())).await;
        let answer = answer.expect("an answer");
        assert_eq!((answer.status, &*answer.body), (status, body.as_bytes()));
        let heard = server.heard().pop().expect("it was heard");
        assert!(heard.head.starts_with(&format!("{method} {PATH} HTTP/1.1\r\n")), "{}", heard.head);
        assert!(heard.head.contains("\r\ncontent-type: application/json\r\n"), "{}", heard.head);
        assert_eq!((heard.body.as_str(), heard.connection), ("{\"a\":1}", 0));
    }
    get(&mut api_server).await.expect("an answer");
    assert!(!server.heard()[3].head.contains("content-type"));
}

#[tokio::test]
async fn a_refusal_keeps_the_connection_and_says_when_to_come_again() {
    let (server, _account, mut api_server) = ready(|_| {
        let body = r#"{"kind":"Status","message":"too many requests"}"#;
        let head = format!("HTTP/1.1 429 Too Many\r\nRetry-After: 7\r\nContent-Length: {}\r\n\r\n", body.len());
        Reply::begin(&(head + body), Then::Keep)
    })
    .await;
    for _ in 0..2 {
        let error = get(&mut api_server).await.expect_err("it is refused");
        assert_eq!((error.status(), error.retry_after()), (Some(429), Some(Duration::from_secs(7))));
        assert!(matches!(&error, Error::Status { line, .. } if &**line == "too many requests"), "{error:?}");
    }
    assert_eq!(server.heard()[1].connection, 0);
}

#[tokio::test]
async fn a_token_renewed_on_disk_is_used_by_requests_and_streams() {
    let authority = Authority::new("cluster");
    let account = Account::new("secret-1", &authority);
    let folder = account.folder.path().to_owned();
    let server = Server::start(Some(authority.server("127.0.0.1")), move |heard| {
        if heard.token() == Some("secret-2") {
            return Reply::ok("{}");
        }
        // The token is replaced after the client looked at its file.
        fs::write(folder.join("token"), "secret-2").expect("it can be written");
        Reply::status("401 Unauthorized", "Unauthorized")
    })
    .await;
    let mut api_server = ApiServer::new(account.settings(&server)).expect("good settings");
    let mut stream = api_server.stream(PATH, IDLE).await.expect("an answer");
    assert_eq!(stream.next().await.expect("a piece").expect("good").as_ref(), b"{}");
    account.write("token", "secret-1");
    get(&mut api_server).await.expect("an answer");
    let connections: Vec<_> = server.heard().iter().map(|heard| heard.connection).collect();
    assert_eq!(connections, [0, 1, 2, 3]);
}

#[tokio::test]
async fn pieces_come_as_they_are_sent_beside_the_requests() {
    let (server, _account, mut api_server) = ready(|heard| match heard.head.contains("watch=1") {
        true => Reply::begin("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n", Then::Hang),
        false => Reply::ok("{}"),
    })
    .await;
    get(&mut api_server).await.expect("an answer");
    let mut stream = api_server.stream("/api/v1/nodes?watch=1", Duration::from_millis(200)).await.expect("an answer");
    assert_eq!(stream.next().await.expect("a piece").expect("good").as_ref(), b"one");
    get(&mut api_server).await.expect("an answer");
    let error = stream.next().await.expect("an error").expect_err("nothing comes");
    assert!(matches!(error, Error::Deadline { .. }), "{error:?}");
    assert!(stream.next().await.is_none());
    let connections: Vec<_> = server.heard().iter().map(|heard| heard.connection).collect();
    assert_eq!(connections, [0, 1, 0]);
}

#[tokio::test]
async fn a_stream_ends_well_or_breaks_off() {
    let (_server, _account, mut api_server) = ready(|heard| {
        let begin = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n";
        match heard.connection {
            0 => Reply::begin(&format!("{begin}0\r\n\r\n"), Then::Close),
            _ => Reply::begin(begin, Then::Reset),
        }
    })
    .await;
    let mut good = api_server.stream(PATH, IDLE).await.expect("an answer");
    assert_eq!(good.next().await.expect("a piece").expect("good").len(), 3);
    assert!(good.next().await.is_none());
    let mut broken = api_server.stream(PATH, IDLE).await.expect("an answer");
    assert_eq!(broken.next().await.expect("a piece").expect("good").len(), 3);
    let error = broken.next().await.expect("an error").expect_err("it broke off");
    assert!(matches!(error, Error::Truncated { bytes: 3, .. }), "{error:?}");
}

#[tokio::test]
async fn a_dropped_stream_closes_its_connection() {
    let (server, _account, mut api_server) =
        ready(|_| Reply::begin("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", Then::Flood)).await;
    let mut stream = api_server.stream(PATH, IDLE).await.expect("an answer");
    stream.next().await.expect("a piece").expect("good");
    drop(stream);
    let sent = || server.sent.load(std::sync::atomic::Ordering::Relaxed);
    tokio::time::sleep(Duration::from_millis(200)).await;
    let before = sent();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(sent(), before);
}

#[tokio::test]
async fn an_answer_without_a_head_is_given_up() {
    let (_server, account, _) = ready(|_| Reply::begin("HTTP/1.1 200 OK\r\n", Then::Hang)).await;
    let deadline = Duration::from_millis(200);
    let mut api_server = ApiServer::new(Settings { deadline, ..account.settings(&_server) }).expect("good settings");
    assert!(matches!(api_server.stream(PATH, IDLE).await, Err(Error::Deadline { .. })));
    assert!(matches!(get(&mut api_server).await, Err(Error::Deadline { .. })));
}

#[tokio::test]
async fn an_object_beyond_the_limit_is_refused() {
    let (_server, _account, mut api_server) =
        ready(|_| Reply::begin("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", Then::Flood)).await;
    assert!(matches!(get(&mut api_server).await, Err(Error::TooLarge { .. })));
}

#[test]
fn a_pod_knows_its_api_server() {
    let check = |host: &str, port: &str, expected: Option<&str>| {
        let found = Settings::in_cluster(|name| match name {
            "KUBERNETES_SERVICE_HOST" => Some(host.to_owned()),
            "KUBERNETES_SERVICE_PORT" => Some(port.to_owned()),
            _ => None,
        });
        assert_eq!(found.as_ref().map(|settings| settings.endpoint.as_str()), expected);
    };
    check("10.96.0.1", "6443", Some("https://10.96.0.1:6443"));
    check("fd00::1", "443", Some("https://[fd00::1]:443"));
    check("10.96.0.1", "", Some("https://10.96.0.1:443"));
    check("", "443", None);
}
