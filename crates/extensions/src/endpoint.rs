//! `host:port` as Go's `net.Listen` takes it, from the text of an option.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use confmap::{Decode, Faults, Node, decode_text};
use tokio::net::{TcpListener, lookup_host};

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// A name or an address, an IPv6 address without its brackets; empty means every interface.
    pub host: String,
    /// 0 takes a free port.
    pub port: u16,
}

/// Why a text is no endpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// No colon parts a host from a port.
    #[error("an endpoint is host:port, and {0:?} has no port")]
    MissingPort(String),
    /// What follows the colon is no number from 0 to 65535.
    #[error("{0:?} is not a port")]
    Port(String),
    /// An IPv6 address without brackets, unpaired brackets, a blank or a slash.
    #[error("{0:?} is not a host; an IPv6 address stands in brackets")]
    Host(String),
}

impl Endpoint {
    /// An endpoint of this machine only.
    #[must_use]
    pub fn localhost(port: u16) -> Self {
        Self { host: "localhost".to_owned(), port }
    }

    /// Opens the listening socket.
    ///
    /// A name with several addresses listens on the first that this machine has, IPv4 before IPv6. One that is in use
    /// is an error: on another address, clients of the name would find another service.
    pub async fn bind(&self) -> io::Result<TcpListener> {
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
        for address in self.addresses().await? {
            match TcpListener::bind(address).await {
                Ok(listener) => return Ok(listener),
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Err(error),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        let hosts = match self.host.as_str() {
            // Both families through one socket; IPv4 alone where the kernel has no IPv6.
            "" => vec![Ipv6Addr::UNSPECIFIED.into(), Ipv4Addr::UNSPECIFIED.into()],
            // An image made from scratch has no /etc/hosts to look the name up in.
            "localhost" => vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()],
            host => match host.parse::<IpAddr>() {
                Ok(address) => vec![address],
                Err(_) => {
                    let mut found: Vec<SocketAddr> = lookup_host((host, self.port)).await?.collect();
                    found.sort_by_key(SocketAddr::is_ipv6);
                    return Ok(found);
                }
            },
        };
        Ok(hosts.into_iter().map(|host| SocketAddr::new(host, self.port)).collect())
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let (host, port) = text.rsplit_once(':').ok_or_else(|| EndpointError::MissingPort(text.to_owned()))?;
        if host.starts_with('[') && !host.ends_with(']') {
            return Err(EndpointError::MissingPort(text.to_owned()));
        }
        let bad_host = || EndpointError::Host(host.to_owned());
        let host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            Some(inner) => inner.parse::<Ipv6Addr>().map_err(|_| bad_host())?.to_string(),
            None if host.contains(|c: char| c.is_whitespace() || c.is_control() || "[]:/".contains(c)) => {
                return Err(bad_host());
            }
            None => host.to_owned(),
        };
        if port.is_empty() || !port.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(EndpointError::Port(port.to_owned()));
        }
        let port = port.parse().map_err(|_| EndpointError::Port(port.to_owned()))?;
        Ok(Self { host, port })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

impl Decode for Endpoint {
    fn decode(node: &Node, path: &str, faults: &mut Faults) -> Option<Self> {
        decode_text(node, path, faults, "host:port")
    }

    fn type_name() -> String {
        "host:port".into()
    }

    fn show_default(&self) -> String {
        self.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::{Endpoint, EndpointError};
    use proptest::prelude::*;

    fn check(text: &str, expected: Option<(&str, u16)>) {
        let expected = expected.map(|(host, port)| Endpoint { host: host.into(), port });
        assert_eq!(text.parse::<Endpoint>().ok(), expected, "{text:?}");
    }

    #[test]
    fn an_endpoint_is_host_and_port() {
        check("localhost:13133", Some(("localhost", 13133)));
        check("0.0.0.0:13133", Some(("0.0.0.0", 13133)));
        check(":13133", Some(("", 13133)));
        check("localhost:0", Some(("localhost", 0)));
        check("[::]:13133", Some(("::", 13133)));
        check("[::1]:13133", Some(("::1", 13133)));
    }

    #[test]
    fn what_is_no_endpoint_is_refused() {
        for text in ["", "localhost", "localhost:", "localhost:http", "localhost:+1", "localhost:65536", "::1:13133"] {
            check(text, None);
        }
        for text in ["[::1]", "[localhost]:1", "http://localhost:1", "a b:1", "[::1:1", "a]:1"] {
            check(text, None);
        }
        let error = "localhost".parse::<Endpoint>().unwrap_err();
        assert_eq!(error, EndpointError::MissingPort("localhost".into()));
    }

    proptest! {
        #[test]
        fn no_text_panics_and_what_is_read_is_read_again(text in "\\PC*|[a-z0-9.:\\[\\]]{0,12}") {
            if let Ok(endpoint) = text.parse::<Endpoint>() {
                prop_assert_eq!(endpoint.to_string().parse::<Endpoint>(), Ok(endpoint));
            }
        }
    }
}
