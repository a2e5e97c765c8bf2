//! The server's thread: a port that can be closed and opened again, over the agent's own HTTP server.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::pin::Pin;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use hyper::Response;
use net::server::{Answering, Answers, Content, Limits};
use rustls::ServerConfig;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::mpsc::UnboundedReceiver;

use super::body::Faulty;
use super::{Command, End, Handler, Request};

/// As much as any test takes.
const LIMITS: Limits = Limits {
    headers: Duration::from_secs(3600),
    body: Duration::from_secs(3600),
    connection: Duration::from_secs(3600),
    connections: 1 << 14,
    head_bytes: 1 << 20,
    body_bytes: 1 << 30,
    keep_alive: true,
};

/// A certificate for 127.0.0.1, localhost and other names, and the CA that signed it.
pub(super) struct Identity {
    pub(super) ca_pem: String,
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

impl Identity {
    pub(super) fn generate(names: &[&str]) -> Identity {
        let ca_key = rcgen::KeyPair::generate().expect("a key can be made");
        let mut ca = rcgen::CertificateParams::new(Vec::new()).expect("no names are no bad names");
        ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        ca.distinguished_name.push(rcgen::DnType::CommonName, "testkit");
        let ca_pem = ca.self_signed(&ca_key).expect("a CA signs itself").pem();
        let issuer = rcgen::Issuer::new(ca, ca_key);
        let key = rcgen::KeyPair::generate().expect("a key can be made");
        let names = ["127.0.0.1", "localhost"].iter().chain(names).map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let leaf = rcgen::CertificateParams::new(names).expect("a test's names are good");
        let certificate = leaf.signed_by(&key, &issuer).expect("the CA signs").der().clone();
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key of our own is well formed");
        Identity { ca_pem, certificate, key }
    }

    fn config(self) -> Arc<ServerConfig> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring knows the default versions")
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate], self.key)
            .expect("the key belongs to the certificate");
        Arc::new(config)
    }
}

pub(super) fn run(
    listener: StdListener,
    identity: Option<Identity>,
    handler: Arc<impl Handler>,
    commands: UnboundedReceiver<(Command, mpsc::Sender<()>)>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made");
    let server = net::server::Server::new(LIMITS, Arc::new(Adapted(handler)));
    let server = match identity {
        None => server,
        Some(identity) => server.with_tls(identity.config()),
    };
    runtime.block_on(listen(listener, &server, commands));
}

async fn listen(
    listener: StdListener,
    server: &net::server::Server,
    mut commands: UnboundedReceiver<(Command, mpsc::Sender<()>)>,
) {
    let address = listener.local_addr().expect("a bound listener has an address");
    listener.set_nonblocking(true).expect("a listener can be non-blocking");
    let listener = TcpListener::from_std(listener).expect("a listener joins the runtime");
    let refuse = || -> Pin<Box<dyn Future<Output = ()> + '_>> { Box::pin(std::future::pending()) };
    let mut accepts = true;
    let mut serving: Pin<Box<dyn Future<Output = ()> + '_>> = Box::pin(server.serve(listener));
    loop {
        tokio::select! {
            command = commands.recv() => {
                let Some((command, done)) = command else { return };
                match command {
                    Command::Stop => return,
                    Command::Accept if accepts => {}
                    Command::Accept => serving = Box::pin(server.serve(bind(address))),
                    Command::Refuse => {
                        serving = refuse();
                        // Connections end when they have their turn next.
                        tokio::task::yield_now().await;
                    }
                }
                accepts = command == Command::Accept;
                // Who gave the command may have stopped waiting.
                let _ = done.send(());
            }
            () = &mut serving => {}
        }
    }
}

fn bind(address: SocketAddr) -> TcpListener {
    let socket = TcpSocket::new_v4().expect("a socket can be made");
    // Connections of before may still linger on the port.
    socket.set_reuseaddr(true).expect("a socket takes options");
    socket.bind(address).expect("the port is still free");
    socket.listen(128).expect("a bound socket listens")
}

/// A fake, as the server takes one.
struct Adapted<H>(Arc<H>);

impl<H> fmt::Debug for Adapted<H> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a fake")
    }
}

impl<H: Handler> Answers for Adapted<H> {
    fn name(&self) -> &'static str {
        "a fake"
    }

    fn answer(&self, request: net::server::Request) -> Answering<'_> {
        let net::server::Request { method, uri, headers, body, connection } = request;
        let path = uri.path_and_query().map_or_else(String::new, ToString::to_string);
        let reply = self.0.answer(Request { method, path, headers, body, connection });
        Box::pin(async move {
            tokio::time::sleep(reply.delay).await;
            match reply.end {
                End::Hang => std::future::pending().await,
                End::Close => return Err(io::Error::other("a fault on demand")),
                End::Whole | End::Half | End::Stall => {}
            }
            let mut builder = Response::builder().status(reply.status);
            for (name, value) in reply.headers {
                builder = builder.header(name, value);
            }
            let content = Content::of(Faulty::new(reply.body, reply.blanks, reply.end));
            builder.body(content).map_err(io::Error::other)
        })
    }
}
