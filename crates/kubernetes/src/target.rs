//! An address, taken apart: whom to connect to, which name its certificate must bear, how paths begin.

use std::net::Ipv6Addr;

use hyper::http::Uri;
use rustls_pki_types::ServerName;

use crate::error::Error;

/// A server and the beginning of every path there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// The name the certificate must bear; `None` is plain HTTP.
    pub(crate) server_name: Option<ServerName<'static>>,
    /// Host and port as the `Host` header wants them.
    pub(crate) authority: String,
    /// What every path begins with; without a `/` at its end.
    base: String,
}

/// The keys a fault is reported under, and the ports of an address without one.
struct Rules {
    key: &'static str,
    https: u16,
    http: u16,
}

const KUBELET: Rules = Rules { key: "endpoint", https: 10250, http: 10255 };
const API_SERVER: Rules = Rules { key: "server", https: 443, http: 80 };

impl Target {
    /// The kubelet itself.
    pub(crate) fn kubelet(endpoint: &str) -> Result<Self, Error> {
        Self::parse(endpoint, KUBELET)
    }

    /// The API server, passing requests on to the kubelet of `node`; `tls_name` is the certificate's name where it
    /// is not the host's.
    pub(crate) fn proxy(server: &str, tls_name: Option<&str>, node: &str) -> Result<Self, Error> {
        let mut target = Self::api_server(server, tls_name)?;
        target.base.push_str("/api/v1/nodes/");
        target.base.push_str(node);
        target.base.push_str("/proxy");
        Ok(target)
    }

    /// The API server itself; `tls_name` as for [`Target::proxy`].
    pub(crate) fn api_server(server: &str, tls_name: Option<&str>) -> Result<Self, Error> {
        let mut target = Self::parse(server, API_SERVER)?;
        if !target.is_tls() {
            return Err(Error::PlainHttp { url: target.url("").into() });
        }
        if let Some(name) = tls_name {
            target.server_name = Some(server_name(name, "tls-server-name")?);
        }
        Ok(target)
    }

    fn parse(text: &str, rules: Rules) -> Result<Self, Error> {
        let fault = |reason| Error::Setting { key: rules.key, reason };
        if text.is_empty() {
            return Err(fault("is missing"));
        }
        let uri: Uri = text.parse().map_err(|_| fault("is no address"))?;
        let tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(fault("must begin with https:// or http://")),
        };
        let authority = uri.authority().ok_or_else(|| fault("has no host"))?;
        if authority.as_str().contains('@') {
            return Err(fault("must not hold a user or password"));
        }
        if uri.query().is_some() {
            return Err(fault("must not hold a query"));
        }
        let host = match authority.host().strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            Some(address) if address.parse::<Ipv6Addr>().is_ok() => address,
            Some(_) => return Err(fault("has no IPv6 address in its brackets")),
            None => authority.host(),
        };
        // Asked of plain addresses too: what no certificate can bear is no host.
        let server_name = server_name(host, rules.key)?;
        let port = match (authority.port(), authority.port_u16()) {
            (None, _) if authority.as_str().ends_with(']') || !authority.as_str().contains(':') => {
                if tls {
                    rules.https
                } else {
                    rules.http
                }
            }
            (_, Some(port)) if port != 0 => port,
            _ => return Err(fault("has no port between 1 and 65535")),
        };
        let server_name = tls.then_some(server_name);
        let authority = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
        Ok(Self { server_name, authority, base: uri.path().trim_end_matches('/').to_owned() })
    }

    /// Whether the connection is encrypted.
    pub(crate) fn is_tls(&self) -> bool {
        self.server_name.is_some()
    }

    /// The whole address of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        let scheme = if self.is_tls() { "https" } else { "http" };
        format!("{scheme}://{}{}{path}", self.authority, self.base)
    }
}

fn server_name(name: &str, key: &'static str) -> Result<ServerName<'static>, Error> {
    ServerName::try_from(name.to_owned())
        .map_err(|_| Error::Setting { key, reason: "names no host: neither an address nor a name" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(endpoint: &str, expected: Option<(&str, &str, u16)>) {
        let target = Target::kubelet(endpoint).ok();
        let found = target.as_ref().map(|target| {
            // Whom the client connects to.
            let origin = net::Origin::of(&target.url("").parse().unwrap()).unwrap();
            (target.url("/pods"), origin.host, origin.port)
        });
        assert_eq!(found, expected.map(|(url, host, port)| (url.to_owned(), host.to_owned(), port)), "{endpoint}");
    }

    #[test]
    fn an_endpoint_is_taken_apart() {
        check("https://10.0.0.1:10250", Some(("https://10.0.0.1:10250/pods", "10.0.0.1", 10250)));
        check("https://[fd00::1]:10250", Some(("https://[fd00::1]:10250/pods", "fd00::1", 10250)));
        check("https://[fd00::1]", Some(("https://[fd00::1]:10250/pods", "fd00::1", 10250)));
        check("https://node-1.example", Some(("https://node-1.example:10250/pods", "node-1.example", 10250)));
        check("http://127.0.0.1", Some(("http://127.0.0.1:10255/pods", "127.0.0.1", 10255)));
        check("https://10.0.0.1:10250/", Some(("https://10.0.0.1:10250/pods", "10.0.0.1", 10250)));
        check("https://gate:443/node/a/", Some(("https://gate:443/node/a/pods", "gate", 443)));
    }

    #[test]
    fn what_is_no_endpoint_is_refused() {
        for endpoint in [
            "",
            "10.0.0.1:10250",
            "10.0.0.1",
            "/pods",
            "ftp://10.0.0.1",
            "https://",
            "https://:10250",
            "https://user:password@10.0.0.1",
            "https://10.0.0.1?x=1",
            "https://10.0.0.1:0",
            "https://10.0.0.1:99999",
            "https://10.0.0.1:",
            "https://a b",
            "https://fd00::1",
            "http://.[]/",
            "https://[10.0.0.1]:10250",
            "https://a_b c",
        ] {
            check(endpoint, None);
        }
    }

    #[test]
    fn the_proxy_is_reached_below_the_servers_own_path() {
        let target = Target::proxy("https://rancher.example/k8s/clusters/c-1/", None, "node-1").expect("an address");
        let expected = "https://rancher.example:443/k8s/clusters/c-1/api/v1/nodes/node-1/proxy/pods";
        assert_eq!(target.url("/pods"), expected);
    }

    #[test]
    fn the_api_server_is_never_asked_over_plain_http() {
        assert!(matches!(Target::proxy("http://10.0.0.1:8080", None, "node-1"), Err(Error::PlainHttp { .. })));
    }

    proptest! {
        #[test]
        fn any_endpoint_is_read_without_a_panic(text in ".*", likely in "https?://[\\[\\]a-f0-9:.@%?/]{0,40}") {
            let _ = Target::kubelet(&text);
            if let Ok(target) = Target::kubelet(&likely) {
                prop_assert!(target.url("/pods").parse::<Uri>().is_ok());
            }
        }
    }
}
