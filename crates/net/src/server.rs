//! One HTTP/1.1 server that no client can hold up: bounds on connections, heads, bodies and time.
//!
//! A request is read whole before it is answered; an answer may be whole or come piece by piece. Whether a connection is kept
//! for further requests is the caller's choice, as every bound is.

mod content;
mod request;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::Response;
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{CONNECTION, HeaderValue};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tracing::{Instrument, info, warn};

pub use content::{Content, Pieces, TEXT, reply};
pub use request::Request;

/// Rest after a failure to accept, which is a lack of file descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// What a client may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Time for a TLS handshake, and for the request line and headers; on a kept connection also for the pause before the
    /// next request.
    pub headers: Duration,
    /// Time for a request's body.
    pub body: Duration,
    /// Time for a connection as a whole, answers included.
    pub connection: Duration,
    /// Connections at one time; one more closes the oldest, so that idle clients can't keep others out.
    pub connections: usize,
    /// Length of the request line and headers, in bytes; 8 KiB at least.
    pub head_bytes: usize,
    /// Length of a request's body, in bytes. A longer one is refused (413), and its connection ends.
    pub body_bytes: usize,
    /// Whether a connection carries more than one request.
    pub keep_alive: bool,
}

impl Default for Limits {
    /// Those of a page that probes and scrapers ask for: one request on each connection.
    fn default() -> Self {
        Self {
            headers: Duration::from_secs(5),
            body: Duration::from_secs(10),
            connection: Duration::from_secs(10),
            connections: 64,
            head_bytes: 16 << 10,
            body_bytes: 64 << 10,
            keep_alive: false,
        }
    }
}

/// An answer to come; an error closes the connection without one.
pub type Answering<'a> = Pin<Box<dyn Future<Output = io::Result<Response<Content>>> + Send + 'a>>;

/// What answers requests of any method.
pub trait Answers: fmt::Debug + Send + Sync {
    /// The server's name in the log.
    fn name(&self) -> &'static str;

    /// The answer to a request. It is dropped where the client goes away or its time is over.
    fn answer(&self, request: Request) -> Answering<'_>;
}

/// A server without a socket.
pub struct Server {
    limits: Limits,
    answers: Arc<dyn Answers>,
    tls: Option<TlsAcceptor>,
    /// Connections so far.
    accepted: AtomicU64,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("limits", &self.limits).field("answers", &self.answers).finish_non_exhaustive()
    }
}

impl Server {
    /// A server in clear text.
    #[must_use]
    pub fn new(limits: Limits, answers: Arc<dyn Answers>) -> Self {
        Self { limits, answers, tls: None, accepted: AtomicU64::new(0) }
    }

    /// The same with TLS.
    #[must_use]
    pub fn with_tls(mut self, config: Arc<ServerConfig>) -> Self {
        self.tls = Some(TlsAcceptor::from(config));
        self
    }

    /// Answers until dropped; what is still open then is closed.
    pub async fn serve(&self, listener: TcpListener) {
        let server = self.answers.name();
        let mut connections = JoinSet::new();
        let mut oldest_first: VecDeque<AbortHandle> = VecDeque::new();
        let mut failures = 0_u64;
        loop {
            let stream = match listener.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    if failures == 0 {
                        warn!(server, %error, "cannot accept connections; retrying every 200 ms");
                    }
                    failures += 1;
                    sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            if failures > 0 {
                info!(server, failures, "accepting connections again");
                failures = 0;
            }
            while connections.try_join_next().is_some() {}
            oldest_first.retain(|connection| !connection.is_finished());
            if oldest_first.len() >= self.limits.connections
                && let Some(oldest) = oldest_first.pop_front()
            {
                oldest.abort();
            }
            let number = self.accepted.fetch_add(1, Ordering::Relaxed) + 1;
            let connection = connection(stream, self.tls.clone(), number, self.limits, Arc::clone(&self.answers));
            oldest_first.push_back(connections.spawn(connection.in_current_span()));
        }
    }
}

/// A client that speaks no HTTP, refuses the certificate, is too slow or goes away costs nothing but its own answer.
async fn connection(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    number: u64,
    limits: Limits,
    answers: Arc<dyn Answers>,
) {
    match tls {
        None => requests(stream, number, limits, answers).await,
        Some(tls) => {
            if let Ok(Ok(stream)) = timeout(limits.headers, tls.accept(stream)).await {
                requests(stream, number, limits, answers).await;
            }
        }
    }
}

async fn requests(stream: impl AsyncRead + AsyncWrite + Unpin, number: u64, limits: Limits, answers: Arc<dyn Answers>) {
    let service = service_fn(|request| respond(request, number, limits, &*answers));
    let served = hyper::server::conn::http1::Builder::new()
        .keep_alive(limits.keep_alive)
        .timer(TokioTimer::new())
        .header_read_timeout(limits.headers)
        .max_buf_size(limits.head_bytes)
        .serve_connection(TokioIo::new(stream), service);
    let mut served = pin!(served);
    if timeout(limits.connection, served.as_mut()).await.is_err() && limits.keep_alive {
        // Who was told that the connection is kept gets the answer to what is on its way.
        served.as_mut().graceful_shutdown();
        let _ = timeout(limits.body, served).await;
    }
}

async fn respond(
    request: hyper::Request<Incoming>,
    connection: u64,
    limits: Limits,
    answers: &dyn Answers,
) -> io::Result<Response<Content>> {
    let (head, body) = request.into_parts();
    let body = match timeout(limits.body, read_body(body, limits.body_bytes)).await {
        Ok(Ok(Some(body))) => body,
        Ok(Ok(None)) => return Ok(refused(413, "413 request body too large\n")),
        Ok(Err(error)) => return Err(io::Error::other(error)),
        Err(_) => return Ok(refused(408, "408 request body too slow\n")),
    };
    answers.answer(Request { method: head.method, uri: head.uri, headers: head.headers, body, connection }).await
}

/// The answer to a request whose body was not read to its end, which is why no other can follow it.
fn refused(status: u16, words: &'static str) -> Response<Content> {
    let mut response = reply(status, TEXT, words);
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// The whole body; `None` where it is longer than the limit, of which no more is read.
async fn read_body(mut body: Incoming, limit: usize) -> hyper::Result<Option<Bytes>> {
    if body.size_hint().lower() > limit as u64 {
        return Ok(None);
    }
    let mut whole = Vec::new();
    while let Some(frame) = body.frame().await {
        if let Some(piece) = frame?.data_ref() {
            if piece.len() > limit - whole.len() {
                return Ok(None);
            }
            whole.extend_from_slice(piece);
        }
        tokio::task::coop::consume_budget().await;
    }
    Ok(Some(whole.into()))
}
