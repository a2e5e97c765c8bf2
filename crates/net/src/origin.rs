//! Scheme, host and port: what connections are kept by.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use hyper::Uri;

use crate::transport::Transport;

/// Where a request goes.
#[derive(Clone, PartialEq, Eq)]
pub struct Origin {
    /// Whether TLS is spoken there.
    pub encrypted: bool,
    /// A name in small letters, or an address without brackets.
    pub host: String,
    /// The port, the scheme's own where the address has none.
    pub port: u16,
}

impl Origin {
    /// Of an absolute address; one that is neither http nor https is an error.
    pub fn of(uri: &Uri) -> Result<Origin, Transport> {
        let fault = || Transport::Address { url: without_user(uri) };
        let encrypted = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(fault()),
        };
        let host = uri.host().ok_or_else(fault)?;
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let behind_host = uri.authority().map_or("", |authority| authority.as_str()).rsplit(['@', ']']).next();
        let port = match behind_host.and_then(|text| text.split_once(':')) {
            Some((_, port)) => port.bytes().all(|byte| byte.is_ascii_digit()).then(|| port.parse().ok()).flatten(),
            None => Some(if encrypted { 443 } else { 80 }),
        };
        let port = port.ok_or_else(fault)?;
        if host.is_empty() || port == 0 {
            return Err(fault());
        }
        Ok(Origin { encrypted, host: host.to_ascii_lowercase(), port })
    }

    /// `host:port`, an IPv6 address in brackets.
    pub fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// The `Host` header: the port only where it isn't the scheme's own.
    pub fn host_header(&self) -> String {
        let authority = self.authority();
        let usual = if self.encrypted { ":443" } else { ":80" };
        authority.strip_suffix(usual).map(str::to_owned).unwrap_or(authority)
    }

    /// Whether this is this machine itself or a metadata endpoint: what no proxy can reach for us.
    pub fn is_local(&self) -> bool {
        match self.host.parse() {
            Ok(IpAddr::V4(address)) => address.is_loopback() || address.is_link_local(),
            Ok(IpAddr::V6(address)) => address.is_loopback() || is_local_v6(address),
            Err(_) => self.host == "localhost" || self.host.ends_with(".localhost"),
        }
    }
}

/// Link-local, or the block that EC2 metadata and EKS Pod Identity live in.
fn is_local_v6(address: Ipv6Addr) -> bool {
    let start = address.segments();
    start[0] & 0xffc0 == 0xfe80 || (start[0] == 0xfd00 && start[1] == 0x0ec2)
}

/// The address without what may be a password in it.
fn without_user(uri: &Uri) -> String {
    let text = uri.to_string();
    match (text.find("://"), text.rfind('@')) {
        (Some(scheme), Some(user)) if scheme + 3 <= user => format!("{}{}", &text[..scheme + 3], &text[user + 1..]),
        (None, Some(user)) => text[user + 1..].to_owned(),
        _ => text,
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.encrypted { "https" } else { "http" };
        write!(formatter, "{scheme}://{}", self.authority())
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(uri: &str) -> Result<Origin, Transport> {
        Origin::of(&uri.parse().unwrap())
    }

    #[test]
    fn ports_follow_the_scheme() {
        let check = |uri: &str, shown: &str, header: &str| {
            let origin = origin(uri).unwrap();
            assert_eq!((origin.to_string(), origin.host_header()), (shown.into(), header.into()));
        };
        check(
            "https://logs.eu-west-1.amazonaws.com/",
            "https://logs.eu-west-1.amazonaws.com:443",
            "logs.eu-west-1.amazonaws.com",
        );
        check("http://127.0.0.1:8080/x?y", "http://127.0.0.1:8080", "127.0.0.1:8080");
        check("http://[fd00:ec2::23]/", "http://[fd00:ec2::23]:80", "[fd00:ec2::23]");
    }

    #[test]
    fn what_is_no_address_is_said_without_its_password() {
        for bad in ["ftp://user:hunter2@host/", "user:hunter2@host:80", "/path"] {
            let error = origin(bad).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn metadata_and_loopback_are_local() {
        for (uri, local) in [
            ("http://169.254.169.254/", true),
            ("http://169.254.170.2/", true),
            ("http://[fd00:ec2::254]/", true),
            ("http://[fe80::1]/", true),
            ("http://127.0.0.1:1/", true),
            ("http://localhost/", true),
            ("http://10.0.0.1/", false),
            ("https://logs.eu-west-1.amazonaws.com/", false),
            ("http://[2001:db8::1]/", false),
        ] {
            assert_eq!(origin(uri).unwrap().is_local(), local, "{uri}");
        }
    }
}
