//! A server on loopback with a thread of its own, for the fakes: TLS, a port that closes and opens again, broken answers.

mod body;
mod run;

use std::fmt;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use hyper::body::Bytes;
use hyper::{HeaderMap, Method};
use tokio::sync::mpsc::UnboundedSender;

/// A request, read whole.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    /// The path and the query.
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// The number of its connection, from 1.
    pub(crate) connection: u64,
}

/// What a request gets.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Bytes,
    /// Blanks behind the body.
    pub(crate) blanks: u64,
    pub(crate) delay: Duration,
    pub(crate) end: End,
}

/// How much of an answer arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// All of it.
    Whole,
    /// Half of the body, and then the connection closes.
    Half,
    /// Half of the body, and then nothing more, ever.
    Stall,
    /// Nothing, and the connection stays open.
    Hang,
    /// Nothing, and the connection closes.
    Close,
}

impl Reply {
    pub(crate) fn new(status: u16, body: impl Into<Bytes>) -> Reply {
        Reply { status, headers: Vec::new(), body: body.into(), blanks: 0, delay: Duration::ZERO, end: End::Whole }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Reply {
        self.headers.push((name, value.into()));
        self
    }
}

/// Answers requests; it must not block.
pub(crate) trait Handler: Send + Sync + 'static {
    fn answer(&self, request: Request) -> Reply;
}

/// The running server. It stops when it is dropped.
pub(crate) struct Server {
    endpoint: String,
    ca_pem: Option<String>,
    commands: UnboundedSender<(Command, mpsc::Sender<()>)>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Command {
    Refuse,
    Accept,
    Stop,
}

impl Server {
    /// Starts one on a free port, with TLS for `names` (and 127.0.0.1) where there are any.
    pub(crate) fn start(handler: Arc<impl Handler>, tls_names: Option<&[&str]>) -> Server {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let scheme = if tls_names.is_some() { "https" } else { "http" };
        let identity = tls_names.map(run::Identity::generate);
        let ca_pem = identity.as_ref().map(|identity| identity.ca_pem.clone());
        let (commands, received) = tokio::sync::mpsc::unbounded_channel();
        let thread = std::thread::spawn(move || run::run(listener, identity, handler, received));
        Server { endpoint: format!("{scheme}://{address}"), ca_pem, commands, thread: Some(thread) }
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    pub(crate) fn ca_pem(&self) -> Option<&str> {
        self.ca_pem.as_deref()
    }

    /// Closes every connection and the port.
    pub(crate) fn refuse(&self) {
        self.command(Command::Refuse);
    }

    /// Opens the same port again.
    pub(crate) fn accept(&self) {
        self.command(Command::Accept);
    }

    fn command(&self, command: Command) {
        let (done, wait) = mpsc::channel();
        self.commands.send((command, done)).expect("the server's thread is there");
        wait.recv().expect("the server's thread answers");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A thread that has already ended needs no stopping, and its panic has been printed.
        let (done, _wait) = mpsc::channel();
        let _ = self.commands.send((Command::Stop, done));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Server").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}
