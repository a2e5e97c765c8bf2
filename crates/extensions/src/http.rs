//! An HTTP server that no client can hold up: a bound on connections, a deadline on each, one request on each.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HOST, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use telemetry::Episode;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{sleep, timeout};
use tracing::{Instrument, info, warn};

/// The type of plain text.
pub(crate) const TEXT: &str = "text/plain; charset=utf-8";

/// Bytes of a request's body that are read and thrown away; a longer one ends with the connection.
const MAX_IGNORED_BODY: usize = 64 * 1024;
/// Rest after a failure to accept, which is a lack of file descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// What an answer may depend on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// The path, without its query.
    pub(crate) path: &'a str,
    /// The host that the client meant, with its port if it has one; `None` where it names none, or more than one.
    pub(crate) host: Option<&'a str>,
}

/// What answers requests of any method.
pub(crate) trait Answers: fmt::Debug + Send + Sync {
    /// The server's name in the log.
    fn name(&self) -> &'static str;

    /// The answer to a request.
    fn answer(&self, asked: Asked<'_>) -> Answer;
}

/// A status, its text and the text's type.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) content_type: &'static str,
    pub(crate) body: String,
}

/// What a client may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Time for the request line and headers.
    pub(crate) headers: Duration,
    /// Time for a connection as a whole.
    pub(crate) connection: Duration,
    /// Connections at one time; one more closes the oldest, so that idle clients can't keep others out.
    pub(crate) connections: usize,
}

impl Answer {
    /// No such page.
    pub(crate) fn not_found() -> Self {
        Self { status: StatusCode::NOT_FOUND, content_type: TEXT, body: "404 page not found\n".to_owned() }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { headers: Duration::from_secs(5), connection: Duration::from_secs(10), connections: 64 }
    }
}

/// Answers until dropped; what is still open then is closed.
pub(crate) async fn serve(listener: TcpListener, limits: Limits, answers: Arc<dyn Answers>) {
    let server = answers.name();
    let mut connections = JoinSet::new();
    let mut oldest_first: VecDeque<AbortHandle> = VecDeque::new();
    let mut accepting = Episode::default();
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                if accepting.failing() {
                    warn!(server, %error, "cannot accept connections; retrying every 200 ms");
                }
                sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        if let Some(failures) = accepting.recovered() {
            info!(server, failures, "accepting connections again");
        }
        while connections.try_join_next().is_some() {}
        oldest_first.retain(|connection| !connection.is_finished());
        if oldest_first.len() >= limits.connections
            && let Some(oldest) = oldest_first.pop_front()
        {
            oldest.abort();
        }
        oldest_first.push_back(connections.spawn(connection(stream, limits, answers.clone()).in_current_span()));
    }
}

/// One connection, which carries one request.
async fn connection(stream: TcpStream, limits: Limits, answers: Arc<dyn Answers>) {
    let service = service_fn(|request| respond(request, &*answers));
    let served = hyper::server::conn::http1::Builder::new()
        .keep_alive(false)
        .timer(TokioTimer::new())
        .header_read_timeout(limits.headers)
        .max_buf_size(16 * 1024)
        .serve_connection(TokioIo::new(stream), service);
    // A client that speaks no HTTP, is too slow or goes away costs nothing but its own answer.
    let _ = timeout(limits.connection, served).await;
}

async fn respond(request: Request<Incoming>, answers: &dyn Answers) -> Result<Response<Full<Bytes>>, Infallible> {
    let answer = answers.answer(Asked { path: request.uri().path(), host: host(&request) });
    ignore_body(request.into_body()).await;
    let mut response = Response::new(Full::new(Bytes::from(answer.body)));
    *response.status_mut() = answer.status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
    Ok(response)
}

/// The host in the request's target, which counts before the header, or in its only header `Host`.
fn host(request: &Request<Incoming>) -> Option<&str> {
    if let Some(authority) = request.uri().authority() {
        return Some(authority.as_str());
    }
    let mut hosts = request.headers().get_all(HOST).iter();
    let host = hosts.next().filter(|_| hosts.next().is_none())?;
    host.to_str().ok()
}

/// Reads a small body to its end: closing on unread bytes would reset the connection and lose the answer.
async fn ignore_body(mut body: Incoming) {
    let mut left = MAX_IGNORED_BODY;
    while let Some(Ok(frame)) = body.frame().await {
        let length = frame.data_ref().map_or(0, Bytes::len);
        if length > left {
            return;
        }
        left -= length;
    }
}
