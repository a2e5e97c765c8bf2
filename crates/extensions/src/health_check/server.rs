//! The HTTP server of the health check, which no client can hold up: a bound on connections, a deadline on each.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use model::{Clock, Stamp};
use telemetry::{Board, Episode};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

use super::Config;
use super::answer::{self, Answer};
use crate::Endpoint;

/// Bytes of a request's body that are read and thrown away; a longer one ends with the connection.
const MAX_IGNORED_BODY: usize = 64 * 1024;
/// Rest after a failure to accept, which is a lack of file descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Why the health check can't start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The endpoint's host has no address, or the address can't be listened on.
    #[error("listen on {endpoint}")]
    Listen {
        /// The endpoint as configured.
        endpoint: Endpoint,
        /// What the system says.
        source: io::Error,
    },
}

/// Tells the server whether the agent is up; a clone tells the same server.
#[derive(Debug, Clone, Default)]
pub struct Health(Arc<Mutex<Option<Stamp>>>);

/// The server, bound and not yet answering.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    shared: Arc<Shared>,
}

/// What a client may take.
#[derive(Debug)]
pub(super) struct Limits {
    /// Time for the request line and headers.
    pub(super) headers: Duration,
    /// Time for a connection as a whole.
    pub(super) connection: Duration,
    /// Connections at one time; one more closes the oldest, so that idle clients can't keep a probe out.
    pub(super) connections: usize,
}

#[derive(Debug)]
struct Shared {
    config: Config,
    limits: Limits,
    health: Health,
    board: Board,
    clock: Arc<dyn Clock>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { headers: Duration::from_secs(5), connection: Duration::from_secs(10), connections: 64 }
    }
}

/// Opens the endpoint; it answers 503 until told otherwise, once [`Server::serve`] runs.
pub async fn bind(config: Config, board: Board, clock: Arc<dyn Clock>) -> Result<Server, Error> {
    bind_with(Limits::default(), config, board, clock).await
}

pub(super) async fn bind_with(
    limits: Limits,
    config: Config,
    board: Board,
    clock: Arc<dyn Clock>,
) -> Result<Server, Error> {
    let failed = |source| Error::Listen { endpoint: config.endpoint.clone(), source };
    let listener = config.endpoint.bind().await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    info!(%address, path = %config.path, "health check listening");
    let shared = Arc::new(Shared { config, limits, health: Health::default(), board, clock });
    Ok(Server { listener, address, shared })
}

impl Health {
    /// Every pipeline has started, at this moment.
    pub fn ready(&self, now: Stamp) {
        self.set(Some(now));
    }

    /// The shutdown begins.
    pub fn stopping(&self) {
        self.set(None);
    }

    fn set(&self, up_since: Option<Stamp>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = up_since;
    }

    fn up_since(&self) -> Option<Stamp> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Server {
    /// The handle by which readiness is told.
    #[must_use]
    pub fn health(&self) -> Health {
        self.shared.health.clone()
    }

    /// Where it really listens: with the port that was free.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until dropped; what is still open then is closed.
    pub async fn serve(self) {
        let mut connections = JoinSet::new();
        let mut oldest_first: VecDeque<AbortHandle> = VecDeque::new();
        let mut accepting = Episode::default();
        loop {
            let stream = match self.listener.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    if accepting.failing() {
                        warn!(%error, "health check can't accept connections");
                    }
                    sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            if let Some(failures) = accepting.recovered() {
                info!(failures, "health check accepts connections again");
            }
            while connections.try_join_next().is_some() {}
            oldest_first.retain(|connection| !connection.is_finished());
            if oldest_first.len() >= self.shared.limits.connections
                && let Some(oldest) = oldest_first.pop_front()
            {
                oldest.abort();
            }
            oldest_first.push_back(connections.spawn(connection(stream, self.shared.clone())));
        }
    }
}

/// One connection, which carries one request.
async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    let service = service_fn(|request| respond(request, &shared));
    let served = hyper::server::conn::http1::Builder::new()
        .keep_alive(false)
        .timer(TokioTimer::new())
        .header_read_timeout(shared.limits.headers)
        .max_buf_size(16 * 1024)
        .serve_connection(TokioIo::new(stream), service);
    // A client that speaks no HTTP, is too slow or goes away costs nothing but its own answer.
    let _ = timeout(shared.limits.connection, served).await;
}

async fn respond(request: Request<Incoming>, shared: &Shared) -> Result<Response<Full<Bytes>>, Infallible> {
    let answer = shared.answer(request.uri().path());
    ignore_body(request.into_body()).await;
    let mut response = Response::new(Full::new(Bytes::from(answer.body)));
    *response.status_mut() = answer.status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
    Ok(response)
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

impl Shared {
    fn answer(&self, path: &str) -> Answer {
        let (up_since, now) = (self.health.up_since(), self.clock.stamp());
        match path {
            // A path of that name that was asked for is the health itself.
            "/status" if !self.config.path.is(path) => answer::status_page(up_since, now, &self.board.snapshot()),
            path if path == "/ready" || self.config.path.answers(path) => {
                answer::health(up_since, now, self.config.response_body.as_ref())
            }
            _ => answer::not_found(),
        }
    }
}
