//! A server that says exactly the bytes a test gives it, over TLS or plain, and writes down what it heard.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// What the server does once a reply's bytes are written.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Then {
    /// Waits for the next request.
    Keep,
    /// Ends the connection properly.
    Close,
    /// Resets the connection.
    Reset,
    /// Says nothing more.
    Hang,
    /// Sends chunks of blanks for ever.
    Flood,
}

/// Bytes as they go out.
pub(crate) struct Reply(pub(crate) Vec<u8>, pub(crate) Then);

impl Reply {
    /// 200 with a JSON body.
    pub(crate) fn ok(body: &str) -> Self {
        Self::status("200 OK", body)
    }

    /// An answer with its length.
    pub(crate) fn status(status: &str, body: &str) -> Self {
        let head = format!("HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n", body.len());
        Self([head.as_bytes(), body.as_bytes()].concat(), Then::Keep)
    }

    /// An answer's beginning, and what follows it.
    pub(crate) fn begin(text: &str, then: Then) -> Self {
        Self(text.as_bytes().to_vec(), then)
    }
}

/// One request as it was heard.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    /// Which connection it came on, from zero.
    pub(crate) connection: usize,
    /// Its head.
    pub(crate) head: String,
    /// Its body, of the length the head gives.
    pub(crate) body: String,
}

impl Heard {
    /// The bearer token.
    pub(crate) fn token(&self) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix("authorization: Bearer "))
    }
}

/// A running server; it ends with the test's runtime.
pub(crate) struct Server {
    pub(crate) port: u16,
    heard: Arc<Mutex<Vec<Heard>>>,
    tls: Arc<Mutex<Option<Arc<ServerConfig>>>>,
    pub(crate) sent: Arc<AtomicU64>,
}

impl Server {
    /// Answers each request with what `answer` makes of it.
    pub(crate) async fn start(
        tls: Option<Arc<ServerConfig>>,
        answer: impl Fn(&Heard) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let server = Self { port, heard: Arc::default(), tls: Arc::new(Mutex::new(tls)), sent: Arc::default() };
        let (heard, tls, sent) = (server.heard.clone(), server.tls.clone(), server.sent.clone());
        let answer = Arc::new(answer);
        tokio::spawn(async move {
            for connection in 0.. {
                let Ok((socket, _)) = listener.accept().await else { return };
                let config = lock(&tls).clone();
                let (heard, answer, sent) = (heard.clone(), answer.clone(), sent.clone());
                tokio::spawn(async move {
                    let talk = Talk { connection, heard, answer, sent };
                    match config {
                        None => talk.run(socket, |socket| socket.set_zero_linger().expect("it is open")).await,
                        Some(config) => {
                            if let Ok(stream) = TlsAcceptor::from(config).accept(socket).await {
                                let reset = |stream: &mut tokio_rustls::server::TlsStream<TcpStream>| {
                                    stream.get_ref().0.set_zero_linger().expect("it is open");
                                };
                                talk.run(stream, reset).await;
                            }
                        }
                    }
                });
            }
        });
        server
    }

    /// From the next connection on, another identity.
    pub(crate) fn become_(&self, tls: Arc<ServerConfig>) {
        *lock(&self.tls) = Some(tls);
    }

    /// All requests so far.
    pub(crate) fn heard(&self) -> Vec<Heard> {
        lock(&self.heard).clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Talk<A> {
    connection: usize,
    heard: Arc<Mutex<Vec<Heard>>>,
    answer: Arc<A>,
    sent: Arc<AtomicU64>,
}

impl<A: Fn(&Heard) -> Reply> Talk<A> {
    async fn run<S: AsyncRead + AsyncWrite + Unpin>(self, mut stream: S, reset: impl Fn(&mut S)) {
        while let Some(head) = read_head(&mut stream).await {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
            let mut body = vec![0; length.unwrap_or(0)];
            if stream.read_exact(&mut body).await.is_err() {
                return;
            }
            let body = String::from_utf8(body).expect("the client sends text");
            let heard = Heard { connection: self.connection, head, body };
            lock(&self.heard).push(heard.clone());
            let Reply(bytes, then) = (self.answer)(&heard);
            if stream.write_all(&bytes).await.is_err() || stream.flush().await.is_err() {
                return;
            }
            match then {
                Then::Keep => {}
                Then::Close => {
                    let _ = stream.shutdown().await;
                    return;
                }
                Then::Reset => {
                    // A reset takes away what the other side has not read yet.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    return reset(&mut stream);
                }
                Then::Hang => std::future::pending().await,
                Then::Flood => {
                    let chunk = [b"10000\r\n".as_slice(), &[b' '; 0x10000], b"\r\n"].concat();
                    while stream.write_all(&chunk).await.is_ok() {
                        self.sent.fetch_add(chunk.len() as u64, Ordering::Relaxed);
                    }
                    return;
                }
            }
        }
    }
}

async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}

/// An authority, and what it signs.
pub(crate) struct Authority {
    pub(crate) pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let key = KeyPair::generate().expect("a key can be made");
        let mut params = CertificateParams::new(Vec::new()).expect("no names are no bad names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let pem = params.self_signed(&key).expect("it signs itself").pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    /// Certificate and key for `name`, both in PEM.
    pub(crate) fn sign(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().expect("a key can be made");
        let params = CertificateParams::new(vec![name.to_owned()]).expect("a good name");
        (params.signed_by(&key, &self.issuer).expect("it signs").pem(), key.serialize_pem())
    }

    /// A server for `name`, signed by this authority.
    pub(crate) fn server(&self, name: &str) -> Arc<ServerConfig> {
        let (certificate, key) = self.sign(name);
        server_config(&certificate, &key, None)
    }
}

/// A server with this certificate; with `clients` it wants a certificate of that authority.
pub(crate) fn server_config(certificate: &str, key: &str, clients: Option<&Authority>) -> Arc<ServerConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .expect("ring knows the default versions");
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(der(&authority.pem)).expect("a good authority");
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.expect("it has a root"))
        }
    };
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("a good key");
    Arc::new(builder.with_single_cert(vec![der(certificate)], key).expect("they belong together"))
}

fn der(pem: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem.as_bytes()).expect("a good certificate")
}
