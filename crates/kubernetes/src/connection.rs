//! One kept-alive HTTP/1.1 connection, driven only while somebody waits for it.
//!
//! There is no task beside it: whoever drops a request's future drops the connection with it.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::credentials::Credentials;
use crate::error::Error;

/// Bounds the head of an answer, and what is read of its body at a time.
const READ_BUFFER: usize = 64 << 10;
/// Bytes that weigh as much as one more piece: a turn has 128 such units, and so ends after half a mebibyte.
const TURN: usize = 4 << 10;

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

type Driver = http1::Connection<TokioIo<Box<dyn Stream>>, Full<Bytes>>;

/// A connection to the one server we ask.
pub(crate) struct Connection {
    sender: http1::SendRequest<Full<Bytes>>,
    /// Moves bytes between the socket and `sender`; `None` once it has ended.
    driver: Option<Driver>,
    /// What the last piece weighs beyond an ordinary one, in the runtime's budget of a turn.
    debt: usize,
}

impl Connection {
    /// Connects, with TLS where the target wants it.
    pub(crate) async fn open(credentials: &Credentials, url: &str) -> Result<Self, Error> {
        let target = &credentials.target;
        let connect = |source| Error::Connect { url: url.into(), source };
        let socket = TcpStream::connect((target.host.as_str(), target.port)).await.map_err(connect)?;
        socket.set_nodelay(true).map_err(connect)?;
        let stream: Box<dyn Stream> = match (&target.server_name, &credentials.tls) {
            (Some(name), Some(config)) => {
                let handshake = TlsConnector::from(config.clone()).connect(name.clone(), socket);
                Box::new(handshake.await.map_err(|source| Error::Handshake { url: url.into(), source })?)
            }
            (None, None) => Box::new(socket),
            _ => return Err(connect(io::Error::other("address and TLS settings do not belong together"))),
        };
        let (sender, driver) = http1::Builder::new()
            .max_buf_size(READ_BUFFER)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|source| Error::NoAnswer { url: url.into(), source })?;
        Ok(Self { sender, driver: Some(driver), debt: 0 })
    }

    /// Sends a request and waits for the answer's head; an error means that no answer began.
    pub(crate) async fn send(&mut self, request: Request<Full<Bytes>>) -> hyper::Result<Response<Incoming>> {
        drive(&mut self.driver, self.sender.ready()).await?;
        drive(&mut self.driver, self.sender.send_request(request)).await
    }

    /// The next piece of the body; `None` at its end.
    ///
    /// However small and many the pieces that have come already are, others on the runtime have their turn between them.
    pub(crate) async fn next(&mut self, body: &mut Incoming) -> Option<hyper::Result<Bytes>> {
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
