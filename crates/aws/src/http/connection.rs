//! One connection: opened straight or through a proxy, driven only while somebody waits for it.

use std::future::{Future, poll_fn};
use std::io;
use std::net::Ipv6Addr;
use std::pin::{Pin, pin};
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{HOST, HeaderValue};
use hyper::{Request, Response, Uri};
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::error::Transport;
use super::origin::Origin;
use super::proxy::{Proxy, tunnel};
use super::stream::Stream;
use super::tls::Trust;

/// Bounds the head of an answer, and what is read of its body at a time.
const READ_BUFFER: usize = 64 << 10;
/// What is set aside for a body whose length is promised, before any of it has come.
const FIRST_BYTES: usize = 64 << 10;
/// What an address that doesn't answer may cost before the name's next one is tried.
const ADDRESS_LIMIT: Duration = Duration::from_secs(3);

/// Instance metadata's address, and the one it has where there is no IPv4 (EC2 user guide, "Access instance metadata"). What
/// the credential chain asks there finds its way by it too.
const METADATA_V4: &str = "169.254.169.254";
const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x254);

type Driver = http1::Connection<TokioIo<Box<dyn Stream>>, Full<Bytes>>;

/// A connection to one server.
pub(super) struct Connection {
    sender: http1::SendRequest<Full<Bytes>>,
    /// Moves bytes between the socket and `sender`; `None` once it has ended.
    driver: Option<Driver>,
    /// What a proxy that passes on requests in clear text wants on each of them.
    forward: Option<Option<HeaderValue>>,
}

/// Why an exchange gave no answer.
pub(super) enum Failure {
    /// Nothing of the request was sent; here it is again.
    Unsent(Box<Request<Full<Bytes>>>),
    Broken(hyper::Error),
    TooLong(usize),
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
            Failure::TooLong(limit) => Transport::TooLong { server, limit },
        }
    }
}

impl Connection {
    /// Connects, through `proxy` if there is one, with TLS where the server wants it.
    pub(super) async fn open(origin: &Origin, proxy: Option<&Proxy>, trust: &Trust) -> Result<Connection, Transport> {
        let mut forward = None;
        let stream = match proxy {
            None => dial(origin).await?,
            Some(proxy) => {
                let mut stream = dial(proxy.origin()).await?;
                if proxy.origin().encrypted {
                    stream = encrypt(stream, proxy.origin(), trust).await?;
                }
                if origin.encrypted {
                    tunnel(stream, proxy, origin).await?
                } else {
                    forward = Some(proxy.authorization().cloned());
                    stream
                }
            }
        };
        let stream = if origin.encrypted { encrypt(stream, origin, trust).await? } else { stream };
        let (sender, driver) = http1::Builder::new()
            .max_buf_size(READ_BUFFER)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|source| Transport::Broken { server: origin.to_string(), source })?;
        Ok(Connection { sender, driver: Some(driver), forward })
    }

    /// Sends a request and reads the whole answer.
    pub(super) async fn exchange(
        &mut self,
        mut request: Request<Full<Bytes>>,
        origin: &Origin,
        limit: usize,
    ) -> Result<Response<Bytes>, Failure> {
        let absolute = request.uri().clone();
        if drive(&mut self.driver, self.sender.ready()).await.is_err() {
            return Err(Failure::Unsent(Box::new(request)));
        }
        self.address(&mut request, origin);
        let sent = drive(&mut self.driver, self.sender.try_send_request(request)).await;
        let response = sent.map_err(|mut error| match error.take_message() {
            Some(mut request) => {
                *request.uri_mut() = absolute;
                Failure::Unsent(Box::new(request))
            }
            None => Failure::Broken(error.into_error()),
        })?;
        let (head, body) = response.into_parts();
        let body = drive(&mut self.driver, read_body(body, limit)).await?;
        Ok(Response::from_parts(head, body))
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
                    request.headers_mut().insert(hyper::header::PROXY_AUTHORIZATION, value.clone());
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

/// Reads a body into one buffer, and no further than the limit.
///
/// A server chooses how it cuts its answer. Pieces of one byte must cost no more memory than the bytes, and those that are
/// there already must not keep the runtime from anything else, this request's own deadline least of all.
async fn read_body(mut body: Incoming, limit: usize) -> Result<Bytes, Failure> {
    let promised = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if promised > limit {
        return Err(Failure::TooLong(limit));
    }
    let mut whole = Vec::with_capacity(promised.min(FIRST_BYTES));
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(Failure::Broken)?;
        if let Some(piece) = frame.data_ref() {
            if piece.len() > limit - whole.len() {
                return Err(Failure::TooLong(limit));
            }
            whole.extend_from_slice(piece);
        }
        tokio::task::coop::consume_budget().await;
    }
    Ok(whole.into())
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

/// A socket to the first of the host's addresses that answers.
async fn dial(origin: &Origin) -> Result<Box<dyn Stream>, Transport> {
    let unresolved = |source| Transport::Resolve { host: origin.host.clone(), source };
    let addresses: Vec<_> =
        lookup_host((origin.host.as_str(), origin.port)).await.map_err(|source| unresolved(Some(source)))?.collect();
    let mut last = None;
    for (index, address) in addresses.iter().enumerate() {
        let connecting = TcpStream::connect(address);
        let connected = if index + 1 < addresses.len() {
            timeout(ADDRESS_LIMIT, connecting).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
        } else {
            connecting.await
        };
        match connected {
            Ok(socket) => {
                // Without it an answer may wait for a delayed acknowledgement; nothing breaks where it can't be set.
                let _ = socket.set_nodelay(true);
                return Ok(Box::new(socket));
            }
            Err(error) => last = Some(error),
        }
    }
    if let Some(error) = &last
        && origin.host == METADATA_V4
        && matches!(error.kind(), io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable)
        && let Ok(socket) = TcpStream::connect((METADATA_V6, origin.port)).await
    {
        return Ok(Box::new(socket));
    }
    Err(match last {
        Some(source) => Transport::Connect { server: origin.to_string(), source },
        None => unresolved(None),
    })
}

async fn encrypt(stream: Box<dyn Stream>, origin: &Origin, trust: &Trust) -> Result<Box<dyn Stream>, Transport> {
    let server = origin.to_string();
    let name = ServerName::try_from(origin.host.clone()).map_err(|_| Transport::Address { url: server.clone() })?;
    let config = trust.config().await?;
    let handshake = TlsConnector::from(config).connect(name, stream).await;
    Ok(Box::new(handshake.map_err(|source| Transport::Handshake { server, source })?))
}
