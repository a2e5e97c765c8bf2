//! The way to a server: a socket to one of its addresses, and TLS over it.

use std::io;
use std::net::Ipv6Addr;
use std::time::Duration;

use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::origin::Origin;
use crate::tls::Trust;
use crate::transport::Transport;

/// What an address that doesn't answer may cost before the name's next one is tried.
const ADDRESS_LIMIT: Duration = Duration::from_secs(3);

/// Instance metadata's address, and the one it has where there is no IPv4 (EC2 user guide, "Access instance metadata"). What
/// the credential chain asks there finds its way by it too.
const METADATA_V4: &str = "169.254.169.254";
const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x254);

/// Bytes to a server and back: a socket, a tunnel through a proxy, or TLS over either.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A socket to the first of the host's addresses that answers.
pub(super) async fn dial(origin: &Origin) -> Result<Box<dyn Stream>, Transport> {
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

/// TLS over the stream; the certificate must bear `name`, or the host's where that is `None`.
pub(super) async fn encrypt(
    stream: Box<dyn Stream>,
    origin: &Origin,
    name: Option<&ServerName<'static>>,
    trust: &Trust,
) -> Result<Box<dyn Stream>, Transport> {
    let server = origin.to_string();
    let name = match name {
        Some(name) => name.clone(),
        None => ServerName::try_from(origin.host.clone()).map_err(|_| Transport::Address { url: server.clone() })?,
    };
    let handshake = TlsConnector::from(trust.config().await?).connect(name, stream).await;
    Ok(Box::new(handshake.map_err(|source| Transport::Handshake { server, source })?))
}
