//! The health check's endpoint: what it answers on which path, and from when to when.

use std::future::ready;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use model::{Clock, Stamp};
use net::server::{Answering, Answers, Limits, Request, TEXT, reply};
use telemetry::HealthBoard;
use tracing::info;

use super::{Config, answer, hosts, readiness};
use crate::{Error, Listening};

/// Tells the server whether the agent is up; a clone tells the same server.
#[derive(Debug, Clone, Default)]
pub struct Health(Arc<Mutex<Option<Stamp>>>);

/// The server, bound and not yet answering.
#[derive(Debug)]
pub struct Server {
    listening: Listening,
    health: Health,
}

#[derive(Debug)]
struct Shared {
    config: Config,
    health: Health,
    board: HealthBoard,
    clock: Arc<dyn Clock>,
}

/// Opens the endpoint; it answers 503 until told otherwise, once [`Server::serve`] runs.
pub async fn bind(config: Config, board: HealthBoard, clock: Arc<dyn Clock>) -> Result<Server, Error> {
    bind_with(Limits::default(), config, board, clock).await
}

pub(super) async fn bind_with(
    limits: Limits,
    config: Config,
    board: HealthBoard,
    clock: Arc<dyn Clock>,
) -> Result<Server, Error> {
    let failed = |source| Error::Listen { endpoint: config.endpoint.clone(), source };
    let listener = config.endpoint.bind().await.map_err(failed)?;
    let health = Health::default();
    let shared = Shared { config: config.clone(), health: health.clone(), board, clock };
    let listening = Listening::new(listener, limits, Arc::new(shared)).map_err(failed)?;
    info!(address = %listening.address(), path = %config.path, "health check listening");
    Ok(Server { listening, health })
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
        self.health.clone()
    }

    /// Where it really listens: with the port that was free.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.listening.address()
    }

    /// Answers until dropped; what is still open then is closed.
    pub async fn serve(self) {
        self.listening.serve().await;
    }
}

impl Answers for Shared {
    fn name(&self) -> &'static str {
        "health check"
    }

    fn answer(&self, request: Request) -> Answering<'_> {
        let Config { path, allowed_hosts, ready_grace, response_body, .. } = &self.config;
        let (up_since, now) = (self.health.up_since(), self.clock.stamp());
        let answer = match request.path() {
            // The configured path always answers with the health: probes that restart the agent ask there.
            own if path.is(own) => answer::health(up_since, now, response_body.as_ref()),
            "/ready" => {
                let reasons = readiness::reasons(&self.board.snapshot(), now.monotonic, *ready_grace);
                answer::ready(up_since, now, &reasons)
            }
            "/status" if !hosts::is_allowed(request.host(), allowed_hosts) => answer::misdirected(),
            "/status" => answer::status_page(up_since, now, &self.board.snapshot()),
            other if path.answers(other) => answer::health(up_since, now, response_body.as_ref()),
            _ => reply(404, TEXT, "404 page not found\n"),
        };
        Box::pin(ready(Ok(answer)))
    }
}
