//! A configuration at work: build, start, wait for a signal, drain.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, bail};
use confmap::ComponentId;
use exporters::awsemf::OutputDestination;
use exporters::debug::OutputPath;
use extensions::health_check::{self, Health};
use model::Clock;
use processors::batch::Batch;
use receiver::host::Environment;
use receiver::{Receiver, Surroundings, Tools};
use telemetry::{Board, Registry};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tracing::{info, warn};

use crate::clock::SystemClock;
use crate::components::{Component, Section};
use crate::configuration::Configuration;
use crate::pipelines::{Arrival, End, Pipeline, Pipelines, ROOM, Sender};
use crate::surroundings::Variables;

/// How long draining may take before the process ends all the same.
const DRAIN: Duration = Duration::from_secs(25);

/// Runs a configuration until a signal ends it.
pub fn run(configuration: Configuration, variables: &Variables) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("start the runtime")?;
    let ended = runtime.block_on(serve(configuration, variables));
    // What didn't end within its time isn't waited for any more.
    runtime.shutdown_background();
    ended
}

/// What every component is built with.
struct Shared {
    clock: Arc<dyn Clock>,
    registry: Registry,
    board: Board,
}

async fn serve(configuration: Configuration, variables: &Variables) -> anyhow::Result<ExitCode> {
    let shared = Shared { clock: Arc::new(SystemClock::new()), registry: Registry::default(), board: Board::default() };
    let mut signals = Signals::new()?;
    let health = start_extensions(&configuration, &shared).await?;
    let pipelines = build_pipelines(&configuration, &shared)?;
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
    let now = shared.clock.stamp();
    health.iter().for_each(|health| health.ready(now));
    info!(version = env!("CARGO_PKG_VERSION"), "everything is running");

    tokio::select! {
        signal = signals.next() => info!(signal, "shutdown begins"),
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
    // Joining a thread blocks, and a receiver may be waiting for the kubelet, which this runtime serves.
    let stopping = tokio::task::spawn_blocking(move || receivers.into_iter().for_each(Receiver::stop));
    let drained = tokio::time::timeout(DRAIN, async {
        let _ = stopping.await;
        end.await
    });
    match drained.await {
        Ok(_) => info!("shutdown complete"),
        Err(_) => warn!(seconds = DRAIN.as_secs(), "draining took too long; what was left is lost"),
    }
    Ok(ExitCode::SUCCESS)
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

fn build_pipelines(configuration: &Configuration, shared: &Shared) -> anyhow::Result<Pipelines> {
    let mut exporters = BTreeMap::new();
    for ((section, id), component) in &configuration.components {
        if *section == Section::Exporters {
            let exporter: Box<dyn exporters::Exporter> = match component {
                Component::Awsemf(config) if config.output_destination == OutputDestination::Stdout => Box::new(
                    exporters::awsemf::Stdout::new(config, Box::new(io::stdout()), &id.to_string(), &shared.registry),
                ),
                Component::Awsemf(_) => bail!(
                    "exporters::{id}: this version writes events to standard output only: set output_destination to stdout (--set exporters.{id}.output_destination=stdout)"
                ),
                Component::Debug(config) => {
                    let writer: Option<Box<dyn io::Write + Send>> = config.output().map(|output| match output {
                        OutputPath::Stdout => Box::new(io::stdout()) as Box<dyn io::Write + Send>,
                        OutputPath::Stderr => Box::new(io::stderr()),
                    });
                    Box::new(exporters::debug::Debug::new(config, writer))
                }
                other => bail!("exporters::{id} is no exporter: {other:?}"),
            };
            let status = shared.board.component(&format!("exporter/{id}"));
            exporters.insert(id.clone(), Sender::new(id, exporter, &shared.registry, status));
        }
    }
    let batch = |id: &ComponentId| match configuration.components.get(&(Section::Processors, id.clone())) {
        Some(Component::Batch(config)) => Ok(Batch::new(config)),
        other => bail!("processors::{id} is no processor: {other:?}"),
    };
    let pipelines = configuration.service.pipelines.values().map(|pipeline| {
        Ok(Pipeline {
            receivers: pipeline.receivers.clone(),
            processors: pipeline.processors.iter().map(batch).collect::<anyhow::Result<_>>()?,
            exporters: once(&pipeline.exporters),
        })
    });
    Ok(Pipelines { pipelines: pipelines.collect::<anyhow::Result<_>>()?, exporters, clock: shared.clock.clone() })
}

/// Each name once: an exporter that is listed twice gets the data once.
fn once(ids: &[ComponentId]) -> Vec<ComponentId> {
    let mut unique: Vec<ComponentId> = Vec::with_capacity(ids.len());
    for id in ids {
        if !unique.contains(id) {
            unique.push(id.clone());
        }
    }
    unique
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
                runtime: tokio::runtime::Handle::current(),
            },
            status: shared.board.component(&format!("receiver/{id}")),
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
