//! A configuration at work: build, start, wait for a signal, drain.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, bail};
use extensions::health_check::{self, Health};
use model::Clock;
use receiver::host::Environment;
use receiver::{Receiver, Surroundings, Tools};
use telemetry::{Board, Registry};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tracing::{info, warn};

use crate::assemble::{Assembled, assemble};
use crate::clock::SystemClock;
use crate::components::{Component, Section};
use crate::configuration::Configuration;
use crate::deliveries::Deliveries;
use crate::pipelines::{Arrival, End, ROOM};
use crate::surroundings::Variables;

/// How long draining may take where no exporter says so, before the process ends all the same.
const DRAIN: Duration = Duration::from_secs(25);
/// What counting the losses of a delivery that isn't done in time may take beyond.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Runs a configuration until a signal ends it.
pub fn run(configuration: Configuration, variables: &Variables) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("start the runtime")?;
    let ended = runtime.block_on(serve(configuration, variables));
    // What didn't end within its time isn't waited for any more.
    runtime.shutdown_background();
    ended
}

/// What every component is built with.
pub(crate) struct Shared {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) registry: Registry,
    pub(crate) board: Board,
}

async fn serve(configuration: Configuration, variables: &Variables) -> anyhow::Result<ExitCode> {
    let shared = Shared { clock: Arc::new(SystemClock::new()), registry: Registry::default(), board: Board::default() };
    let mut signals = Signals::new()?;
    let health = start_extensions(&configuration, &shared).await?;
    crate::own_metrics::start(&configuration.service.telemetry, &shared.registry, &shared.clock).await;
    let Assembled { pipelines, workers } = assemble(&configuration, &shared)?;
    let (sink, arrivals) = mpsc::sync_channel(ROOM);
    let receivers = start_receivers(&configuration, &shared, variables, &sink)?;
    drop(sink);

    let (ended, mut end) = oneshot::channel();
    std::thread::Builder::new()
        .name("pipelines".to_owned())
        .spawn(move || {
            let _ = ended.send(pipelines.run(&arrivals));
        })
        .context("start the pipelines")?;
    let mut deliveries = Deliveries::start(workers);
    let now = shared.clock.stamp();
    health.iter().for_each(|health| health.ready(now));
    info!(version = env!("CARGO_PKG_VERSION"), "everything is running");

    let mut failure = None;
    tokio::select! {
        signal = signals.next() => info!(signal, "shutdown begins"),
        error = deliveries.failed() => failure = Some(error),
        // Pipelines end by themselves only where they can't go on: their receivers are stopped by us.
        end = &mut end => {
            health.iter().for_each(Health::stopping);
            match end {
                Ok(End::Closed) => bail!("standard output was closed by its reader"),
                _ => bail!("the pipelines ended"),
            }
        }
    }
    health.iter().for_each(Health::stopping);
    deliveries.close();
    // Joining a thread blocks, and a receiver may be waiting for the kubelet, which this runtime serves.
    let began = tokio::time::Instant::now();
    let stopping = tokio::task::spawn_blocking(move || receivers.into_iter().for_each(Receiver::stop));
    let longest = deliveries.drain_timeout().unwrap_or(DRAIN);
    let drained = tokio::time::timeout(longest + LAST_WORDS, async {
        let _ = stopping.await;
        let _ = end.await;
        deliveries.finish(began).await;
    });
    if drained.await.is_err() {
        warn!(seconds = longest.as_secs(), "draining took too long; what was only in memory is lost");
        return Ok(ExitCode::FAILURE);
    }
    info!("shutdown complete");
    failure.map_or(Ok(ExitCode::SUCCESS), Err)
}

async fn start_extensions(configuration: &Configuration, shared: &Shared) -> anyhow::Result<Vec<Health>> {
    let mut healths = Vec::new();
    for id in &configuration.service.extensions {
        if let Some(Component::HealthCheck(config)) = configuration.components.get(&(Section::Extensions, id.clone())) {
            let bound = health_check::bind((**config).clone(), shared.board.clone(), shared.clock.clone()).await;
            let server = bound.with_context(|| format!("start extensions::{id}"))?;
            healths.push(server.health());
            tokio::spawn(server.serve());
        }
    }
    Ok(healths)
}

fn start_receivers(
    configuration: &Configuration,
    shared: &Shared,
    variables: &Variables,
    sink: &mpsc::SyncSender<Arrival>,
) -> anyhow::Result<Vec<Receiver>> {
    let environment = Environment {
        variable: &|name| variables.get(name),
        is_directory: &|path: &Path| path.is_dir(),
        read: &|path: &Path| std::fs::read_to_string(path).ok(),
    };
    let mut receivers = Vec::new();
    for ((_, id), component) in &configuration.components {
        let Component::ContainerInsights(config) = component else { continue };
        let place = receiver::host::resolve(config, &environment).map_err(|faults| {
            let lines: Vec<_> = faults.iter().map(|fault| format!("receivers::{id}: {fault}")).collect();
            anyhow::anyhow!("{}", lines.join("\n"))
        })?;
        let (own, sink) = (id.clone(), sink.clone());
        let surroundings = Surroundings {
            tools: Tools {
                clock: shared.clock.clone(),
                registry: shared.registry.clone(),
                component: id.to_string(),
                runtime: tokio::runtime::Handle::current(),
                status: shared.board.component(&format!("receiver/{id}")),
            },
            sink: Box::new(move |round| sink.try_send((own.clone(), round)).is_ok()),
        };
        let started = Receiver::start((**config).clone(), place, surroundings);
        receivers.push(started.with_context(|| format!("start receivers::{id}"))?);
    }
    Ok(receivers)
}

/// The signals that end the process.
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("listen to signals");
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
            hang_up: listen(SignalKind::hangup())?,
        })
    }

    /// Waits for a signal that ends the process; one that asks for the configuration to be read again doesn't yet.
    async fn next(&mut self) -> &'static str {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return "SIGTERM",
                _ = self.interrupt.recv() => return "SIGINT",
                _ = self.hang_up.recv() => warn!("SIGHUP is ignored: restart to read the configuration again"),
            }
        }
    }
}
