//! A page that is bound to its socket.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use net::server::{Answers, Limits, Server};
use tokio::net::TcpListener;

use crate::Endpoint;

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The endpoint's host has no address, the address can't be listened on, or all ports that may be taken are in use.
    #[error("listen on {endpoint}")]
    Listen {
        /// The endpoint that was tried last.
        endpoint: Endpoint,
        /// What the system says.
        source: io::Error,
    },
}

/// A page, bound and not yet answering.
#[derive(Debug)]
pub struct Listening {
    listener: TcpListener,
    address: SocketAddr,
    server: Server,
}

impl Listening {
    pub(crate) fn new(listener: TcpListener, limits: Limits, answers: Arc<dyn Answers>) -> io::Result<Self> {
        Ok(Self { address: listener.local_addr()?, listener, server: Server::new(limits, answers) })
    }

    /// Where it really listens: with the port that was free.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until dropped; what is still open then is closed.
    pub async fn serve(self) {
        self.server.serve(self.listener).await;
    }
}
