//! The page's endpoint: where it listens, and what it answers.

use std::future::ready;
use std::io;
use std::sync::Arc;

use model::Clock;
use net::server::{Answering, Answers, Limits, Request, TEXT, reply};
use telemetry::Registry;
use tracing::{info, warn};

use super::{Config, process};
use crate::{Endpoint, Error, Listening};
use formats::prometheus::{CONTENT_TYPE, Series, Suffixes, render};

/// Ports after the configured one that are tried where that is in use: other agents on the host's network.
const FURTHER_PORTS: u16 = 9;

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

#[derive(Debug)]
struct Page {
    source: Source,
    suffixes: Suffixes,
}

/// Opens the page's endpoint, on the next free port where the configured one is in use.
pub async fn bind(config: &Config, source: Source) -> Result<Listening, Error> {
    bind_with(Limits::default(), config, source).await
}

pub(super) async fn bind_with(limits: Limits, config: &Config, source: Source) -> Result<Listening, Error> {
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
    let suffixes = Suffixes { of_type: !config.without_type_suffix, of_unit: !config.without_units };
    let listening = Listening::new(listener, limits, Arc::new(Page { source, suffixes }))
        .map_err(|source| Error::Listen { endpoint: endpoint.clone(), source })?;
    let address = listening.address();
    if endpoint == wanted {
        info!(%address, "own metrics listening");
    } else {
        warn!(%wanted, %address, "own metrics listening on the next free port: the configured one is in use; set another in service::telemetry::metrics::readers");
    }
    Ok(listening)
}

/// The host without the brackets that an IPv6 address is written in.
fn unbracketed(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

impl Answers for Page {
    fn name(&self) -> &'static str {
        "own metrics"
    }

    fn answer(&self, request: Request) -> Answering<'_> {
        if request.path() != "/metrics" {
            return Box::pin(ready(Ok(reply(404, TEXT, "404 page not found\n"))));
        }
        let mut series: Vec<Series> = self.source.registry.snapshot().into_iter().map(Series::from).collect();
        series.extend(process::series(&*self.source.clock));
        let body = render(&series, self.suffixes, &self.source.resource);
        Box::pin(ready(Ok(reply(200, CONTENT_TYPE, body))))
    }
}
