//! The fake kubelet's thread: connections, TLS, and a port that can be closed and opened again.

use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::{Arc, Mutex, mpsc};

use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::answer::answer;
use super::{Command, State};

/// A certificate for 127.0.0.1 and localhost, and the CA that signed it.
pub(super) struct Identity {
    pub(super) ca_pem: String,
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

impl Identity {
    pub(super) fn generate() -> Identity {
        let ca_key = rcgen::KeyPair::generate().expect("a key can be made");
        let mut ca = rcgen::CertificateParams::new(Vec::new()).expect("no names are no bad names");
        ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        ca.distinguished_name.push(rcgen::DnType::CommonName, "testkit");
        let ca_pem = ca.self_signed(&ca_key).expect("a CA signs itself").pem();
        let issuer = rcgen::Issuer::new(ca, ca_key);
        let key = rcgen::KeyPair::generate().expect("a key can be made");
        let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
        let leaf = rcgen::CertificateParams::new(names).expect("both names are good");
        let certificate = leaf.signed_by(&key, &issuer).expect("the CA signs").der().clone();
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key of our own is well formed");
        Identity { ca_pem, certificate, key }
    }

    fn acceptor(self) -> TlsAcceptor {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring knows the default versions")
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate], self.key)
            .expect("the key belongs to the certificate");
        TlsAcceptor::from(Arc::new(config))
    }
}

pub(super) fn run(
    listener: StdListener,
    identity: Option<Identity>,
    state: &Arc<Mutex<State>>,
    commands: UnboundedReceiver<(Command, mpsc::Sender<()>)>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made");
    let acceptor = identity.map(Identity::acceptor);
    runtime.block_on(listen(listener, acceptor, state, commands));
}

async fn listen(
    listener: StdListener,
    acceptor: Option<TlsAcceptor>,
    state: &Arc<Mutex<State>>,
    mut commands: UnboundedReceiver<(Command, mpsc::Sender<()>)>,
) {
    let address = listener.local_addr().expect("a bound listener has an address");
    listener.set_nonblocking(true).expect("a listener can be non-blocking");
    let mut listener = Some(TcpListener::from_std(listener).expect("a listener joins the runtime"));
    let mut connections = JoinSet::new();
    let mut number = 0;
    loop {
        tokio::select! {
            command = commands.recv() => {
                let Some((command, done)) = command else { return };
                match command {
                    Command::Stop => return,
                    Command::Accept => listener = Some(listener.take().unwrap_or_else(|| bind(address))),
                    Command::Refuse => {
                        listener = None;
                        connections.shutdown().await;
                    }
                }
                // Who gave the command may have stopped waiting.
                let _ = done.send(());
            }
            accepted = accept(listener.as_ref()) => {
                let Ok((stream, _)) = accepted else { continue };
                number += 1;
                let (state, acceptor, number) = (Arc::clone(state), acceptor.clone(), number);
                connections.spawn(async move {
                    match acceptor {
                        None => connection(stream, number, state).await,
                        Some(acceptor) => {
                            // A client that refuses the certificate ends here, which is its right.
                            if let Ok(stream) = acceptor.accept(stream).await {
                                connection(stream, number, state).await;
                            }
                        }
                    }
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn accept(listener: Option<&TcpListener>) -> std::io::Result<(tokio::net::TcpStream, SocketAddr)> {
    match listener {
        Some(listener) => listener.accept().await,
        None => std::future::pending().await,
    }
}

fn bind(address: SocketAddr) -> TcpListener {
    let socket = TcpSocket::new_v4().expect("a socket can be made");
    // Connections of before may still linger on the port.
    socket.set_reuseaddr(true).expect("a socket takes options");
    socket.bind(address).expect("the port is still free");
    socket.listen(16).expect("a bound socket listens")
}

async fn connection(stream: impl AsyncRead + AsyncWrite + Unpin, number: u64, state: Arc<Mutex<State>>) {
    let service = service_fn(|request| {
        let (delay, response) = answer(&mut state.lock().expect("no test panics with the lock"), number, &request);
        async move {
            tokio::time::sleep(delay).await;
            response
        }
    });
    // An error is a client that went away or a fault on demand.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}
