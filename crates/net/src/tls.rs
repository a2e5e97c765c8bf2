//! Whom a client trusts, and what it shows: rustls configurations from PEM text.

mod authorities;
mod listed;
mod places;

use std::path::PathBuf;
use std::sync::Arc;

use rustls::ClientConfig;

use crate::environment::Environment;
use crate::transport::Transport;
pub use authorities::{Authorities, client_config};
pub use places::BUNDLES;
use places::Places;

/// Where the TLS configuration of new connections comes from.
#[derive(Debug, Clone, Default)]
pub enum Trust {
    /// Nowhere: all servers are spoken to in clear text.
    #[default]
    None,
    /// This one.
    Config(Arc<ClientConfig>),
    /// The files of the machine's authorities, once they are needed; see [`Trust::places`].
    Places(Arc<Places>),
}

impl Trust {
    /// The authorities of `certificate_file` before those of the environment and the system; with `insecure` any
    /// certificate is taken. Opens nothing.
    #[must_use]
    pub fn places(certificate_file: Option<PathBuf>, insecure: bool, environment: Environment) -> Trust {
        Trust::Places(Arc::new(Places::new(certificate_file, insecure, environment)))
    }

    /// Warns where a certificate file is configured that can't be used.
    pub async fn check(&self) {
        if let Trust::Places(places) = self {
            places.check().await;
        }
    }

    /// The configuration for a new connection.
    pub(crate) async fn config(&self) -> Result<Arc<ClientConfig>, Transport> {
        match self {
            Trust::None => Err(Transport::NoAuthorities { looked: "none is configured".to_owned() }),
            Trust::Config(config) => Ok(Arc::clone(config)),
            Trust::Places(places) => places.config().await,
        }
    }
}
