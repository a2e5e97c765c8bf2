//! The page's endpoint: where it listens, and what it answers.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use hyper::StatusCode;
use model::Clock;
use telemetry::Registry;
use tokio::net::TcpListener;
use tracing::{info, warn};

use super::{Config, process};
use crate::Endpoint;
use crate::http::{self, Answer, Answers, Asked, Limits};
use formats::prometheus::{CONTENT_TYPE, Series, Suffixes, render};

/// Ports after the configured one that are tried where that is in use: other agents on the host's network.
const FURTHER_PORTS: u16 = 9;

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The host has no address, the address can't be listened on, or all ports are in use.
    #[error("listen on {endpoint}")]
    Listen {
        /// The endpoint that was tried last.
        endpoint: Endpoint,
        /// What the system says.
        source: io::Error,
    },
}

/// What a page shows.
#[derive(Debug, Clone)]
pub struct Source {
    /// The counters and gauges.
    pub registry: Registry,
    /// A clock whose monotonic time began with the process.
    pub clock: Arc<dyn Clock>,
    /// Attributes of the process, the labels of `target_info`: `service.name` and the like.
    pub resource: Vec<(String, String)>,
}

/// The page, bound and not yet answering.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    limits: Limits,
    page: Arc<Page>,
}

#[derive(Debug)]
struct Page {
    source: Source,
    suffixes: Suffixes,
}

/// Opens the page's endpoint, on the next free port where the configured one is in use.
pub async fn bind(config: &Config, source: Source) -> Result<Server, Error> {
    bind_with(Limits::default(), config, source).await
}

pub(super) async fn bind_with(limits: Limits, config: &Config, source: Source) -> Result<Server, Error> {
    let wanted = Endpoint { host: unbracketed(&config.host).to_owned(), port: config.port };
    let mut endpoint = wanted.clone();
    let listener = loop {
        match endpoint.bind().await {
            Ok(listener) => break listener,
            Err(source) => {
                let next = endpoint.port.checked_add(1).filter(|next| next - wanted.port <= FURTHER_PORTS);
                match next {
                    Some(next) if source.kind() == io::ErrorKind::AddrInUse => endpoint.port = next,
                    _ => return Err(Error::Listen { endpoint, source }),
                }
            }
        }
    };
    let address = listener.local_addr().map_err(|source| Error::Listen { endpoint: endpoint.clone(), source })?;
    if endpoint == wanted {
        info!(%address, "own metrics listening");
    } else {
        warn!(%wanted, %address, "own metrics listening on the next free port: the configured one is in use; set another in service::telemetry::metrics::readers");
    }
    let suffixes = Suffixes { of_type: !config.without_type_suffix, of_unit: !config.without_units };
    Ok(Server { listener, address, limits, page: Arc::new(Page { source, suffixes }) })
}

/// The host without the brackets that an IPv6 address is written in.
fn unbracketed(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

impl Server {
    /// Where it really listens: with the port that was free.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until dropped; what is still open then is closed.
    pub async fn serve(self) {
        http::serve(self.listener, self.limits, self.page).await;
    }
}

impl Answers for Page {
    fn name(&self) -> &'static str {
        "own metrics"
    }

    fn answer(&self, asked: Asked<'_>) -> Answer {
        if asked.path != "/metrics" {
            return Answer::not_found();
        }
        let mut series: Vec<Series> = self.source.registry.snapshot().into_iter().map(Series::from).collect();
        series.extend(process::series(&*self.source.clock));
        let body = render(&series, self.suffixes, &self.source.resource);
        Answer { status: StatusCode::OK, content_type: CONTENT_TYPE, body }
    }
}
