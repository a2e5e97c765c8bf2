//! How a client travels, whom it trusts, and which connections it keeps.

use std::time::Duration;

use rustls_pki_types::ServerName;

use super::proxy::Proxies;
use crate::tls::Trust;

/// A client's way to its servers.
#[derive(Debug)]
pub struct Route {
    /// The proxies to go through.
    pub proxies: Proxies,
    /// Whom to trust.
    pub trust: Trust,
    /// The name every server's certificate must bear; `None` is the host's.
    pub server_name: Option<ServerName<'static>>,
    /// Connections kept for one server between requests.
    pub most_idle: usize,
    /// How long a connection is kept.
    pub idle: Duration,
    /// Whether a request whose kept connection breaks before an answer begins goes out again, and so may arrive twice.
    /// Where nothing of it was sent it goes out again in any case.
    pub repeats: bool,
}

impl Default for Route {
    /// Straight, in clear text, with eight connections kept for longer than the usual minute between rounds.
    fn default() -> Self {
        Route {
            proxies: Proxies::default(),
            trust: Trust::None,
            server_name: None,
            most_idle: 8,
            idle: Duration::from_secs(90),
            repeats: false,
        }
    }
}
