//! The health check's endpoint: what it answers on which path, and from when to when.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use model::{Clock, Stamp};
use telemetry::Board;
use tokio::net::TcpListener;
use tracing::info;

use super::{Config, answer, hosts, readiness};
use crate::Endpoint;
use crate::http::{self, Answer, Answers, Asked, Limits};

/// Why the health check can't start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The endpoint's host has no address, or the address can't be listened on.
    #[error("listen on {endpoint}")]
    Listen {
        /// The endpoint as configured.
        endpoint: Endpoint,
        /// What the system says.
        source: io::Error,
    },
}

/// Tells the server whether the agent is up; a clone tells the same server.
#[derive(Debug, Clone, Default)]
pub struct Health(Arc<Mutex<Option<Stamp>>>);

/// The server, bound and not yet answering.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    limits: Limits,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    config: Config,
    health: Health,
    board: Board,
    clock: Arc<dyn Clock>,
}

/// Opens the endpoint; it answers 503 until told otherwise, once [`Server::serve`] runs.
pub async fn bind(config: Config, board: Board, clock: Arc<dyn Clock>) -> Result<Server, Error> {
    bind_with(Limits::default(), config, board, clock).await
}

pub(super) async fn bind_with(
    limits: Limits,
    config: Config,
    board: Board,
    clock: Arc<dyn Clock>,
) -> Result<Server, Error> {
    let failed = |source| Error::Listen { endpoint: config.endpoint.clone(), source };
    let listener = config.endpoint.bind().await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    info!(%address, path = %config.path, "health check listening");
    let shared = Arc::new(Shared { config, health: Health::default(), board, clock });
    Ok(Server { listener, address, limits, shared })
}

impl Health {
    /// Every pipeline has started, at this moment.
    pub fn ready(&self, now: Stamp) {
        self.set(Some(now));
    }

    /// The shutdown begins.
    pub fn stopping(&self) {
        self.set(None);
    }

    fn set(&self, up_since: Option<Stamp>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = up_since;
    }

    fn up_since(&self) -> Option<Stamp> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Server {
    /// The handle that says whether the agent is up.
    #[must_use]
    pub fn health(&self) -> Health {
        self.shared.health.clone()
    }

    /// Where it really listens: with the port that was free.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until dropped; what is still open then is closed.
    pub async fn serve(self) {
        http::serve(self.listener, self.limits, self.shared).await;
    }
}

impl Answers for Shared {
    fn name(&self) -> &'static str {
        "health check"
    }

    fn answer(&self, asked: Asked<'_>) -> Answer {
        let Config { path, allowed_hosts, ready_grace, response_body, .. } = &self.config;
        let (up_since, now) = (self.health.up_since(), self.clock.stamp());
        match asked.path {
            // The configured path always answers with the health: probes that restart the agent ask there.
            own if path.is(own) => answer::health(up_since, now, response_body.as_ref()),
            "/ready" => {
                let reasons = readiness::reasons(&self.board.snapshot(), now.monotonic, *ready_grace);
                answer::ready(up_since, now, &reasons)
            }
            "/status" if !hosts::is_allowed(asked.host, allowed_hosts) => answer::misdirected(),
            "/status" => answer::status_page(up_since, now, &self.board.snapshot()),
            other if path.answers(other) => answer::health(up_since, now, response_body.as_ref()),
            _ => Answer::not_found(),
        }
    }
}
