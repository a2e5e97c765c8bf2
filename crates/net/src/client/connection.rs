//! One connection: opened straight or through a proxy, driven only while somebody waits for it.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{HOST, HeaderValue, PROXY_AUTHORIZATION};
use hyper::{Request, Response, Uri};
use hyper_util::rt::TokioIo;

use super::dial::{Stream, dial, encrypt};
use super::proxy::tunnel;
use super::route::Route;
use crate::origin::Origin;
use crate::transport::Transport;

/// Bounds the head of an answer, and what is read of its body at a time.
const READ_BUFFER: usize = 64 << 10;
/// Bytes that weigh as much as one more piece: a turn has 128 such units, and so ends after half a mebibyte.
const TURN: usize = 4 << 10;

type Driver = http1::Connection<TokioIo<Box<dyn Stream>>, Full<Bytes>>;

/// A connection to one server.
pub(super) struct Connection {
    sender: http1::SendRequest<Full<Bytes>>,
    /// Moves bytes between the socket and `sender`; `None` once it has ended.
    driver: Option<Driver>,
    /// What a proxy that passes on requests in clear text wants on each of them.
    forward: Option<Option<HeaderValue>>,
    /// What the last piece weighs beyond an ordinary one, in the runtime's budget of a turn.
    debt: usize,
}

/// Why no answer began.
pub(super) enum Failure {
    /// Nothing of the request was sent; here it is again.
    Unsent(Box<Request<Full<Bytes>>>),
    Broken(hyper::Error),
}

impl Failure {
    pub(super) fn into_transport(self, origin: &Origin) -> Transport {
        let server = origin.to_string();
        match self {
            Failure::Unsent(_) => {
                let source = io::Error::new(io::ErrorKind::ConnectionReset, "closed as soon as it was open");
                Transport::Connect { server, source }
            }
            Failure::Broken(source) => Transport::Broken { server, source },
        }
    }
}

impl Connection {
    /// Connects, through a proxy if the route has one, with TLS where the server wants it.
    pub(super) async fn open(origin: &Origin, route: &Route) -> Result<Connection, Transport> {
        let mut forward = None;
        let stream = match route.proxies.for_origin(origin) {
            None => dial(origin).await?,
            Some(proxy) => {
                let mut stream = dial(proxy.origin()).await?;
                if proxy.origin().encrypted {
                    stream = encrypt(stream, proxy.origin(), None, &route.trust).await?;
                }
                if origin.encrypted {
                    tunnel(stream, proxy, origin).await?
                } else {
                    forward = Some(proxy.authorization().cloned());
                    stream
                }
            }
        };
        let stream = match origin.encrypted {
            true => encrypt(stream, origin, route.server_name.as_ref(), &route.trust).await?,
            false => stream,
        };
        let (sender, driver) = http1::Builder::new()
            .max_buf_size(READ_BUFFER)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|source| Transport::Broken { server: origin.to_string(), source })?;
        Ok(Connection { sender, driver: Some(driver), forward, debt: 0 })
    }

    /// Sends a request and waits for the answer's head.
    pub(super) async fn send(
        &mut self,
        mut request: Request<Full<Bytes>>,
        origin: &Origin,
    ) -> Result<Response<Incoming>, Failure> {
        let absolute = request.uri().clone();
        if drive(&mut self.driver, self.sender.ready()).await.is_err() {
            return Err(Failure::Unsent(Box::new(request)));
        }
        self.address(&mut request, origin);
        let sent = drive(&mut self.driver, self.sender.try_send_request(request)).await;
        sent.map_err(|mut error| match error.take_message() {
            Some(mut request) => {
                *request.uri_mut() = absolute;
                Failure::Unsent(Box::new(request))
            }
            None => Failure::Broken(error.into_error()),
        })
    }

    /// The next piece of a body; `None` at its end.
    ///
    /// However small and many the pieces that have come already are, others on the runtime have their turn between them.
    pub(super) async fn next(&mut self, body: &mut Incoming) -> Option<hyper::Result<Bytes>> {
        loop {
            // Before the piece, so that a future that is dropped here has taken none; a large one costs its reader more.
            for _ in 0..=std::mem::take(&mut self.debt) {
                tokio::task::coop::consume_budget().await;
            }
            match drive(&mut self.driver, body.frame()).await?.map(|frame| frame.into_data()) {
                Ok(Ok(bytes)) => {
                    self.debt = bytes.len() / TURN;
                    return Some(Ok(bytes));
                }
                // Trailers say nothing to us.
                Ok(Err(_)) => {}
                Err(error) => return Some(Err(error)),
            }
        }
    }

    /// Gives the request the form its way wants, and its `Host`.
    fn address(&self, request: &mut Request<Full<Bytes>>, origin: &Origin) {
        if !request.headers().contains_key(HOST)
            && let Ok(host) = HeaderValue::from_str(&origin.host_header())
        {
            request.headers_mut().insert(HOST, host);
        }
        match &self.forward {
            Some(authorization) => {
                if let Some(value) = authorization {
                    request.headers_mut().insert(PROXY_AUTHORIZATION, value.clone());
                }
            }
            None => {
                let path = request.uri().path_and_query().cloned();
                *request.uri_mut() = path.map_or_else(|| Uri::from_static("/"), Uri::from);
            }
        }
    }

    /// Whether the server has not hung up since the last answer.
    ///
    /// The runtime gets to look at its sockets first: a hang-up it has not seen yet would only show when the request is
    /// already on its way, and then nobody could say whether it arrived.
    pub(super) async fn is_open(&mut self) -> bool {
        tokio::task::yield_now().await;
        drive(&mut self.driver, std::future::ready(())).await;
        self.is_reusable()
    }

    pub(super) fn is_reusable(&self) -> bool {
        self.driver.is_some() && !self.sender.is_closed()
    }
}

/// Waits for `future` while the connection is kept moving.
async fn drive<F: Future>(driver: &mut Option<Driver>, future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|context| {
        if let Some(connection) = driver
            && Pin::new(connection).poll(context).is_ready()
        {
            // Its end, good or bad, reaches `future` by itself.
            *driver = None;
        }
        future.as_mut().poll(context)
    })
    .await
}
