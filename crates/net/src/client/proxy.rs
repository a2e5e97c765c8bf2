//! Which proxy a request goes through, and the way through it.
//!
//! Follows the variables as curl and Go read them: `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY` in either case. Requests to
//! loopback and to metadata endpoints never take a proxy, whatever is set: it would answer for another machine.

use std::fmt;
use std::net::IpAddr;

use hyper::Uri;
use hyper::header::HeaderValue;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::dial::Stream;
use crate::base64;
use crate::environment::Environment;
use crate::origin::Origin;
use crate::secrets;
use crate::transport::Transport;

/// The most a proxy may say before it lets us through.
const MAX_HEAD_BYTES: usize = 8 << 10;

/// The proxies in use.
#[derive(Debug, Default)]
pub struct Proxies {
    https: Option<Proxy>,
    http: Option<Proxy>,
    exceptions: Vec<Exception>,
}

/// A setting or variable that names no proxy we can use.
#[derive(Debug, thiserror::Error)]
#[error("{key}: {reason}")]
pub struct ProxyFault {
    /// `proxy_address` or the variable.
    pub key: String,
    /// What is wrong with it; never the address.
    pub reason: &'static str,
}

/// One proxy. Its password is in no text.
#[derive(Clone)]
pub struct Proxy {
    origin: Origin,
    authorization: Option<HeaderValue>,
}

impl Proxies {
    /// `address` for everything, or what the environment says.
    pub fn new(address: Option<&str>, environment: &Environment) -> Result<Proxies, ProxyFault> {
        if let Some(address) = address.filter(|address| !address.is_empty()) {
            let proxy = Proxy::parse("proxy_address", address)?;
            return Ok(Proxies { https: Some(proxy.clone()), http: Some(proxy), exceptions: Vec::new() });
        }
        let from =
            |name: &str| environment.get_either_case(name).map(|address| Proxy::parse(name, &address)).transpose();
        let exceptions = environment.get_either_case("NO_PROXY").unwrap_or_default();
        Ok(Proxies {
            https: from("HTTPS_PROXY")?,
            http: from("HTTP_PROXY")?,
            exceptions: parse_exceptions(&exceptions),
        })
    }

    /// The proxy for a server; `None` goes straight.
    pub(super) fn for_origin(&self, origin: &Origin) -> Option<&Proxy> {
        if origin.is_local() || self.exceptions.iter().any(|exception| exception.covers(origin)) {
            return None;
        }
        if origin.encrypted { self.https.as_ref() } else { self.http.as_ref() }
    }
}

impl Proxy {
    fn parse(key: &str, address: &str) -> Result<Proxy, ProxyFault> {
        let fault = |reason| ProxyFault { key: key.to_owned(), reason };
        let address = address.trim();
        // A host and port alone mean a proxy that is spoken to in clear text.
        let whole = if address.contains("://") { address.to_owned() } else { format!("http://{address}") };
        if whole.starts_with("socks") {
            return Err(fault("a SOCKS proxy can't be used, only an HTTP proxy"));
        }
        let uri: Uri = whole.parse().map_err(|_| fault("is no address such as http://proxy:3128"))?;
        let origin = Origin::of(&uri).map_err(|_| fault("is no address such as http://proxy:3128"))?;
        let user = uri.authority().and_then(|authority| authority.as_str().rsplit_once('@')).map(|(user, _)| user);
        let authorization = user.map(|user| {
            let (name, password) = user.split_once(':').unwrap_or((user, ""));
            let mut plain = percent_decode(name);
            plain.push(b':');
            plain.extend(percent_decode(password));
            let text = format!("Basic {}", base64::encode(&plain));
            HeaderValue::from_str(&text).map(|mut value| {
                value.set_sensitive(true);
                value
            })
        });
        let authorization = authorization.transpose().map_err(|_| fault("has a user that can't be sent"))?;
        Ok(Proxy { origin, authorization })
    }

    pub(super) fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The `Proxy-Authorization` header, where the address has a user.
    pub(super) fn authorization(&self) -> Option<&HeaderValue> {
        self.authorization.as_ref()
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.origin, formatter)
    }
}

/// One entry of `NO_PROXY`.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Exception {
    All,
    /// A domain and what is below it; `below_only` where it was written with a leading dot.
    Domain {
        name: String,
        below_only: bool,
        port: Option<u16>,
    },
    Network {
        address: IpAddr,
        bits: u8,
        port: Option<u16>,
    },
}

fn parse_exceptions(text: &str) -> Vec<Exception> {
    text.split([',', ' ']).filter_map(|entry| parse_exception(entry.trim())).collect()
}

/// `None` is an entry that means nothing, which other programs pass over as well.
fn parse_exception(entry: &str) -> Option<Exception> {
    if entry.is_empty() {
        return None;
    }
    if entry == "*" {
        return Some(Exception::All);
    }
    if let Some((address, bits)) = entry.split_once('/') {
        let address: IpAddr = address.parse().ok()?;
        let bits: u8 = bits.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        return (bits <= most).then_some(Exception::Network { address, bits, port: None });
    }
    let whole = |address: IpAddr, port| {
        let bits = if address.is_ipv4() { 32 } else { 128 };
        Some(Exception::Network { address, bits, port })
    };
    if let Ok(address) = entry.trim_matches(['[', ']']).parse() {
        return whole(address, None);
    }
    let (host, port) = match entry.rsplit_once(':') {
        Some((host, port)) => (host, Some(port.parse().ok()?)),
        None => (entry, None),
    };
    if let Ok(address) = host.trim_matches(['[', ']']).parse() {
        return whole(address, port);
    }
    let host = host.strip_prefix('*').unwrap_or(host).to_ascii_lowercase();
    match host.strip_prefix('.') {
        Some(name) => Some(Exception::Domain { name: name.to_owned(), below_only: true, port }),
        None => Some(Exception::Domain { name: host, below_only: false, port }),
    }
}

impl Exception {
    fn covers(&self, origin: &Origin) -> bool {
        match self {
            Exception::All => true,
            Exception::Domain { name, below_only, port } => {
                let below = origin.host.strip_suffix(name.as_str()).is_some_and(|start| start.ends_with('.'));
                port.is_none_or(|port| port == origin.port) && (below || (!below_only && origin.host == *name))
            }
            Exception::Network { address, bits, port } => {
                let inside = origin.host.parse().is_ok_and(|host| shares_bits(*address, host, *bits));
                inside && port.is_none_or(|port| port == origin.port)
            }
        }
    }
}

fn shares_bits(network: IpAddr, host: IpAddr, bits: u8) -> bool {
    let (network, host, width) = match (network, host) {
        (IpAddr::V4(network), IpAddr::V4(host)) => (u128::from(network.to_bits()), u128::from(host.to_bits()), 32),
        (IpAddr::V6(network), IpAddr::V6(host)) => (network.to_bits(), host.to_bits(), 128),
        _ => return false,
    };
    let differing = network ^ host;
    // A shift by the whole width would overflow; a prefix of no bits shares them with everyone.
    differing.checked_shr(width - u32::from(bits)).unwrap_or(0) == 0
}

fn percent_decode(text: &str) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let code = (byte == b'%').then(|| after.get(..2)).flatten();
        let value =
            code.and_then(|code| std::str::from_utf8(code).ok()).and_then(|code| u8::from_str_radix(code, 16).ok());
        match value {
            Some(value) => {
                decoded.push(value);
                rest = &after[2..];
            }
            None => {
                decoded.push(byte);
                rest = after;
            }
        }
    }
    decoded
}

/// Asks the proxy for a way to `server` (RFC 9110, CONNECT) and gives the stream that leads there.
pub(super) async fn tunnel(
    mut stream: Box<dyn Stream>,
    proxy: &Proxy,
    server: &Origin,
) -> Result<Box<dyn Stream>, Transport> {
    let refused = |reason: String| Transport::ProxyRefuses {
        proxy: proxy.origin.to_string(),
        server: server.authority(),
        reason,
    };
    let authority = server.authority();
    let mut request = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n").into_bytes();
    if let Some(value) = &proxy.authorization {
        request.extend_from_slice(b"Proxy-Authorization: ");
        request.extend_from_slice(value.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    stream.write_all(&request).await.map_err(|error| refused(error.to_string()))?;
    let mut head = Vec::new();
    // Byte by byte: what follows the head already belongs to the server.
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= MAX_HEAD_BYTES {
            return Err(refused("its answer has no end".to_owned()));
        }
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return Err(refused("it hung up".to_owned())),
        }
    }
    let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let status = line.strip_prefix(b"HTTP/1.").and_then(|line| line.get(2..5));
    match status {
        Some([b'2', _, _]) => Ok(stream),
        _ => {
            // It can repeat what it was asked with.
            let shown = proxy.authorization.as_ref().and_then(|value| value.to_str().ok()).unwrap_or_default();
            Err(refused(secrets::shown(&String::from_utf8_lossy(line), &[shown.trim_start_matches("Basic ")], 100)))
        }
    }
}

/// Any list of exceptions is survived by any address, and what is decoded is no longer than it was.
#[cfg(fuzzing)]
pub fn fuzz(exceptions: &str, address: &str) {
    assert!(percent_decode(address).len() <= address.len());
    let exceptions = parse_exceptions(exceptions);
    let Ok(proxy) = Proxy::parse("key", address) else { return };
    let proxies = Proxies { https: Some(proxy.clone()), http: None, exceptions };
    let _ = proxies.for_origin(proxy.origin());
}

#[cfg(test)]
mod tests;
