//! One HTTP/1.1 client for every request of this crate: kept-alive connections, proxies, trust, deadlines.
//!
//! There is no task beside it: a connection moves only while somebody waits for its answer, and whoever stops waiting
//! drops it. An answer is read whole, and no further than a bound.

mod connection;
mod error;
mod origin;
mod proxy;
mod smithy;
mod stream;
mod tls;

#[cfg(test)]
mod tests;

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Request, Response};
use tokio::time::{Instant, timeout};

use crate::environment::Environment;
use connection::Connection;
pub use error::Transport;
pub(crate) use origin::Origin;
pub(crate) use proxy::Proxies;
#[cfg(fuzzing)]
pub use proxy::fuzz as fuzz_proxy;
use tls::Trust;

/// More than any answer of these services has; a server that sends without end is cut off here.
pub(crate) const MAX_ANSWER_BYTES: usize = 1 << 20;
/// Connections kept for one server between requests.
const MAX_IDLE: usize = 8;
/// How long a connection is kept: longer than the usual minute between rounds.
const MAX_IDLE_TIME: Duration = Duration::from_secs(90);

/// How a client travels and whom it trusts.
#[derive(Debug, Default)]
pub(crate) struct Route {
    pub(crate) proxies: Proxies,
    /// Authorities to trust instead of the system's.
    pub(crate) certificate_file: Option<PathBuf>,
    /// Take any certificate.
    pub(crate) insecure: bool,
}

/// How long one request may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadlines {
    /// Name resolution, connecting, a proxy's answer and the TLS handshake together.
    pub(crate) connect: Duration,
    /// From the first byte sent to the last byte of the answer.
    pub(crate) answer: Duration,
}

/// The client; clones share connections.
#[derive(Clone)]
pub(crate) struct Client(Arc<Shared>);

struct Shared {
    proxies: Proxies,
    trust: Trust,
    idle: Mutex<Vec<Idle>>,
}

struct Idle {
    origin: Origin,
    since: Instant,
    connection: Connection,
}

impl Client {
    pub(crate) fn new(route: Route, environment: Environment) -> Client {
        let trust = Trust::new(route.certificate_file, route.insecure, environment);
        Client(Arc::new(Shared { proxies: route.proxies, trust, idle: Mutex::default() }))
    }

    /// Sends a request with an absolute URI and reads the whole answer.
    pub(crate) async fn send(
        &self,
        request: Request<Full<Bytes>>,
        deadlines: Deadlines,
    ) -> Result<Response<Bytes>, Transport> {
        self.send_bounded(request, deadlines, MAX_ANSWER_BYTES).await
    }

    /// As [`Client::send`], with a bound of its own for the answer's body, in bytes.
    pub(crate) async fn send_bounded(
        &self,
        request: Request<Full<Bytes>>,
        deadlines: Deadlines,
        limit: usize,
    ) -> Result<Response<Bytes>, Transport> {
        let origin = Origin::of(request.uri())?;
        let mut request = request;
        loop {
            let kept = self.take(&origin).await;
            let was_kept = kept.is_some();
            let mut connection = match kept {
                Some(connection) => connection,
                None => self.connect(&origin, deadlines.connect).await?,
            };
            match timeout(deadlines.answer, connection.exchange(request, &origin, limit)).await {
                Err(_) => return Err(Transport::NoAnswer { server: origin.to_string(), after: deadlines.answer }),
                Ok(Ok(response)) => {
                    self.keep(origin, connection);
                    return Ok(response);
                }
                // The server had hung up before anything was sent; the next connection may be new.
                Ok(Err(connection::Failure::Unsent(unsent))) if was_kept => request = *unsent,
                Ok(Err(failure)) => return Err(failure.into_transport(&origin)),
            }
        }
    }

    async fn connect(&self, origin: &Origin, limit: Duration) -> Result<Connection, Transport> {
        let proxy = self.0.proxies.for_origin(origin);
        match timeout(limit, Connection::open(origin, proxy, &self.0.trust)).await {
            Ok(result) => result,
            Err(_) => {
                let server = proxy.map_or_else(|| origin.to_string(), |proxy| proxy.origin().to_string());
                Err(Transport::ConnectTimeout { server, after: limit })
            }
        }
    }

    /// A connection kept from before that is still open.
    async fn take(&self, origin: &Origin) -> Option<Connection> {
        loop {
            let mut connection = {
                let mut idle = self.0.idle.lock().unwrap_or_else(PoisonError::into_inner);
                idle.retain(|kept| kept.since.elapsed() < MAX_IDLE_TIME);
                // The one used last is the likeliest to be open.
                let index = idle.iter().rposition(|kept| kept.origin == *origin)?;
                idle.remove(index).connection
            };
            if connection.is_open().await {
                return Some(connection);
            }
        }
    }

    fn keep(&self, origin: Origin, connection: Connection) {
        if !connection.is_reusable() {
            return;
        }
        let mut idle = self.0.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.iter().filter(|kept| kept.origin == origin).count() < MAX_IDLE {
            idle.push(Idle { origin, since: Instant::now(), connection });
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Client").field("proxies", &self.0.proxies).finish_non_exhaustive()
    }
}
