//! One HTTP/1.1 client: kept-alive connections, proxies, trust, deadlines, answers whole or as they come.
//!
//! There is no task beside it: a connection moves only while somebody waits for its answer, and whoever stops waiting
//! drops it.

mod body;
mod connection;
mod dial;
mod pool;
mod proxy;
mod route;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{HeaderMap, RETRY_AFTER};
use hyper::{Method, Request, Response, Uri};
use tokio::time::{Instant, timeout, timeout_at};

use crate::origin::Origin;
use crate::transport::Transport;
pub use body::Body;
use connection::{Connection, Failure};
use pool::Pool;
#[cfg(fuzzing)]
pub use proxy::fuzz as fuzz_proxy;
pub use proxy::{Proxies, Proxy, ProxyFault};
pub use route::Route;

/// How long one request may take.
#[derive(Debug, Clone, Copy)]
pub struct Deadlines {
    /// Name resolution, connecting, a proxy's answer and the TLS handshake together.
    pub connect: Duration,
    /// From the first byte sent to the last byte of the answer; of an answer that is read as it comes, to its head.
    pub answer: Duration,
}

/// A request without headers and body; `uri` is absolute.
#[must_use]
pub fn request(method: Method, uri: Uri) -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::default());
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    request
}

/// The client; clones share connections.
#[derive(Clone)]
pub struct Client(Arc<Pool>);

impl Client {
    /// A client; opens nothing.
    #[must_use]
    pub fn new(route: Route) -> Client {
        Client(Arc::new(Pool::new(route)))
    }

    /// Sends a request with an absolute URI and reads the whole answer, of whose body at most `limit` bytes.
    pub async fn send(
        &self,
        request: Request<Full<Bytes>>,
        deadlines: Deadlines,
        limit: usize,
    ) -> Result<Response<Bytes>, Transport> {
        let origin = Origin::of(request.uri())?;
        let (answer, until) = self.begin(request, &origin, deadlines, true).await?;
        let (head, body) = answer.into_parts();
        match timeout_at(until, body.whole(limit)).await {
            Ok(body) => Ok(Response::from_parts(head, body?)),
            Err(_) => Err(Transport::NoAnswer { server: origin.to_string(), after: deadlines.answer }),
        }
    }

    /// Sends a request with an absolute URI and waits for the answer to begin. Reading its body has no deadline.
    pub async fn open(&self, request: Request<Full<Bytes>>, deadlines: Deadlines) -> Result<Response<Body>, Transport> {
        let origin = Origin::of(request.uri())?;
        Ok(self.begin(request, &origin, deadlines, true).await?.0)
    }

    /// As [`Client::open`], on a connection of its own that is not kept: for an answer that may never end.
    pub async fn open_alone(
        &self,
        request: Request<Full<Bytes>>,
        deadlines: Deadlines,
    ) -> Result<Response<Body>, Transport> {
        let origin = Origin::of(request.uri())?;
        Ok(self.begin(request, &origin, deadlines, false).await?.0)
    }

    /// The answer's head, and until when the rest of it must have come.
    async fn begin(
        &self,
        mut request: Request<Full<Bytes>>,
        origin: &Origin,
        deadlines: Deadlines,
        shared: bool,
    ) -> Result<(Response<Body>, Instant), Transport> {
        loop {
            let kept = if shared { self.0.take(origin).await } else { None };
            let was_kept = kept.is_some();
            let spare = (was_kept && self.0.route.repeats).then(|| request.clone());
            let mut connection = match kept {
                Some(connection) => connection,
                None => self.connect(origin, deadlines.connect).await?,
            };
            let until = Instant::now() + deadlines.answer;
            let failure = match timeout_at(until, connection.send(request, origin)).await {
                Err(_) => return Err(Transport::NoAnswer { server: origin.to_string(), after: deadlines.answer }),
                Ok(Ok(answer)) => {
                    let pool = shared.then(|| Arc::clone(&self.0));
                    return Ok((answer.map(|body| Body::new(body, connection, origin.clone(), pool)), until));
                }
                Ok(Err(failure)) => failure,
            };
            request = match (failure, spare) {
                // The server had hung up before anything was sent; the next connection may be new.
                (Failure::Unsent(unsent), _) if was_kept => *unsent,
                (_, Some(spare)) => spare,
                (failure, None) => return Err(failure.into_transport(origin)),
            };
        }
    }

    async fn connect(&self, origin: &Origin, limit: Duration) -> Result<Connection, Transport> {
        let route = &self.0.route;
        match timeout(limit, Connection::open(origin, route)).await {
            Ok(result) => result,
            Err(_) => {
                let asked = route.proxies.for_origin(origin).map_or(origin, Proxy::origin);
                Err(Transport::ConnectTimeout { server: asked.to_string(), after: limit })
            }
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Client").field("proxies", &self.0.route.proxies).finish_non_exhaustive()
    }
}

/// How long the server asks to be left alone, in whole seconds (RFC 9110, `Retry-After`); the form with a date isn't read.
#[must_use]
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // More digits than fit a number are a long time too.
    Some(Duration::from_secs(text.parse::<u32>().unwrap_or(u32::MAX).into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_whole_seconds_however_many() {
        let check = |text: &'static str, seconds: Option<u64>| {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, text.try_into().unwrap())]);
            assert_eq!(retry_after(&headers), seconds.map(Duration::from_secs), "{text}");
        };
        check(" 7 ", Some(7));
        check("99999999999999999999999", Some(u32::MAX.into()));
        for text in ["", "-1", "+1", "1.5", "Wed, 21 Oct 2026 07:28:00 GMT"] {
            check(text, None);
        }
    }
}
