//! What can go wrong between a request and its whole answer.

use std::io;
use std::time::Duration;

/// A request without an answer. No message holds a credential, a proxy's either.
#[derive(Debug, thiserror::Error)]
pub enum Transport {
    /// An address that can't be one.
    #[error("{url:?} is no http or https address")]
    Address {
        /// The address as it was given.
        url: String,
    },
    /// The name has no address, or name resolution failed.
    #[error("no address for {host}: check name resolution and the region")]
    Resolve {
        /// The name.
        host: String,
        /// Why; `None` where there simply is no address.
        source: Option<io::Error>,
    },
    /// Nobody listens there, or the network has no way to it.
    #[error("connect to {server}: check that the network and the proxy let the agent out")]
    Connect {
        /// Scheme, host and port.
        server: String,
        /// Why.
        source: io::Error,
    },
    /// No connection in time.
    #[error("no connection to {server} within {after:?}: check firewalls, endpoints and the proxy")]
    ConnectTimeout {
        /// The server or proxy.
        server: String,
        /// The time allowed.
        after: Duration,
    },
    /// The handshake failed: a certificate that isn't trusted, or no TLS there.
    #[error("TLS handshake with {server}: check certificate_file_path, the system's authorities and the clock")]
    Handshake {
        /// The server.
        server: String,
        /// Why.
        source: io::Error,
    },
    /// There is nothing to check certificates with.
    #[error("no certificate authorities: {looked}; install the system's certificates or set certificate_file_path")]
    NoAuthorities {
        /// Every place looked at, and what was there.
        looked: String,
    },
    /// The proxy did not let us through.
    #[error("proxy {proxy} refuses to connect to {server}: {reason}")]
    ProxyRefuses {
        /// Scheme, host and port of the proxy.
        proxy: String,
        /// Where we wanted to go.
        server: String,
        /// Its status line, or what else was wrong.
        reason: String,
    },
    /// The request was sent, in part at least, and no whole answer came. The server may have taken it.
    #[error("the connection to {server} broke before the whole answer was there")]
    Broken {
        /// The server.
        server: String,
        /// Why.
        source: hyper::Error,
    },
    /// The request was sent and the answer took too long. The server may have taken it.
    #[error("no whole answer from {server} within {after:?}")]
    NoAnswer {
        /// The server.
        server: String,
        /// The time allowed.
        after: Duration,
    },
    /// An answer without end. The server may have taken the request.
    #[error("the answer of {server} is longer than {limit} bytes")]
    TooLong {
        /// The server.
        server: String,
        /// The most that is read.
        limit: usize,
    },
}

impl Transport {
    /// Whether the server may have taken the request all the same: sending it again may double it.
    pub fn may_have_arrived(&self) -> bool {
        matches!(self, Transport::Broken { .. } | Transport::NoAnswer { .. } | Transport::TooLong { .. })
    }

    /// Whether it was a deadline.
    pub fn is_timeout(&self) -> bool {
        matches!(self, Transport::ConnectTimeout { .. } | Transport::NoAnswer { .. })
    }
}
