//! Answers in many very small pieces, which must not starve other tasks of the runtime.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::server::Then;
use super::*;
use crate::ApiServer;

/// Pieces of one byte each.
const PIECES: usize = 30_000;
/// The runtime's budget of a turn.
const BUDGET: usize = 128;

/// An answer in chunks of one byte.
fn one_by_one(text: &str, then: Then) -> Reply {
    let mut answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned();
    for byte in text.chars() {
        answer.push_str("1\r\n");
        answer.push(byte);
        answer.push_str("\r\n");
    }
    Reply::begin(&(answer + if then == Then::Keep { "0\r\n\r\n" } else { "" }), then)
}

fn padded() -> String {
    EMPTY.replace(r#""metadata""#, &format!(r#"{}"metadata""#, " ".repeat(PIECES)))
}

#[tokio::test]
async fn a_list_in_pieces_of_one_byte_takes_many_turns() {
    let text = padded();
    let (_server, mut kubelet) = plain(move |_| one_by_one(&text, Then::Keep)).await;
    let mut polls = 0;
    let mut fetch = pin!(kubelet.fetch_pods());
    let list = poll_fn(|context| {
        polls += 1;
        fetch.as_mut().poll(context)
    });
    assert!(list.await.expect("a good list").pods.is_empty());
    assert!(polls >= PIECES / BUDGET, "{polls} turns");
}

#[tokio::test]
async fn others_have_their_turn_between_the_pieces_of_a_stream() {
    let (server, _) = plain(|_| one_by_one(&" ".repeat(PIECES), Then::Close)).await;
    let settings =
        Settings { endpoint: format!("http://127.0.0.1:{}", server.port), auth: Auth::None, ..Settings::default() };
    let mut api = ApiServer::new(settings).expect("good settings");
    let mut stream = api.stream("/api/v1/pods?watch=1", Duration::from_secs(20)).await.expect("an answer");
    let pieces = Arc::new(AtomicUsize::new(0));
    let seen = pieces.clone();
    let other = tokio::spawn(async move {
        let (mut last, mut longest) = (0, 0);
        loop {
            let now = seen.load(Ordering::Relaxed);
            longest = longest.max(now - last);
            last = now;
            if now >= PIECES {
                return longest;
            }
            tokio::task::yield_now().await;
        }
    });
    while let Some(Ok(piece)) = stream.next().await {
        pieces.fetch_add(piece.len(), Ordering::Relaxed);
    }
    let longest = other.await.expect("it does not panic");
    assert!(longest <= 2 * BUDGET, "{longest} pieces without a turn for others");
}

#[tokio::test]
async fn pieces_without_end_cost_the_deadline() {
    let authority = Authority::new("cluster");
    let server =
        Server::start(Some(authority.server("127.0.0.1")), |_| one_by_one(&" ".repeat(5000), Then::Hang)).await;
    let account = Account::new("secret-1", &authority);
    let settings = Settings { deadline: Duration::from_millis(300), ..account.settings(&server) };
    let error = Kubelet::new(settings).expect("good settings").fetch_pods().await.expect_err("it never ends");
    assert!(matches!(error, Error::Deadline { .. }), "{error:?}");
}

#[tokio::test]
async fn a_refusal_with_nothing_behind_it_says_so() {
    let (_server, mut kubelet) = plain(|_| Reply::begin("HTTP/1.1 204 No Content\r\n\r\n", Then::Keep)).await;
    let error = kubelet.fetch_pods().await.expect_err("no list");
    assert!(error.to_string().ends_with("/pods answered 204 with an empty body"), "{error}");
}

#[tokio::test]
async fn json_that_is_too_deep_is_called_so() {
    let deep = format!(r#"{{"items":{}"#, "[".repeat(1000));
    let (_server, mut kubelet) = plain(move |_| Reply::ok(&deep)).await;
    let error = kubelet.fetch_pods().await.expect_err("no list");
    assert!(chain(&error).ends_with("JSON is nested deeper than 128"), "{}", chain(&error));
    let (_server, mut kubelet) = plain(|_| Reply::ok(r#"{"items":[]}"#)).await;
    let error = kubelet.fetch_pods().await.expect_err("no list");
    assert!(chain(&error).ends_with("answer has no kind instead of PodList"), "{}", chain(&error));
}
