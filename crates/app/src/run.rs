//! A configuration at work: build, start, wait for a signal, drain.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, bail};
use extensions::health_check::{self, Health};
use platform::Environment;
use receivers::awscontainerinsight::{Receiver, Surroundings, Tools};
use telemetry::{Board, Registry};
use tokio::sync::oneshot;
use tracing::{Instrument, info, warn};

use crate::assemble::{Assembled, assemble};
use crate::clock::SystemClock;
use crate::components::{Component, Section};
use crate::configuration::Configuration;
use crate::context::Shared;
use crate::deliveries::Deliveries;
use crate::logs;
use crate::output;
use crate::pipelines::{Arrival, End, ROOM};
use crate::signals::{Ending, Signals};
use crate::surroundings::Variables;

/// How long draining may take where no exporter says so, before the process exits anyway.
const DRAIN: Duration = Duration::from_secs(25);
/// What counting the losses of a delivery that isn't done in time may take beyond.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Runs a configuration until a signal ends it.
pub fn run(configuration: Configuration, variables: &Variables) -> anyhow::Result<ExitCode> {
    let runtime = crate::asynchronous::runtime()?;
    logs::name_components(&configuration);
    let ended = runtime.block_on(serve(configuration, variables));
    // What didn't end within its time isn't waited for any more.
    runtime.shutdown_background();
    ended
}

async fn serve(configuration: Configuration, variables: &Variables) -> anyhow::Result<ExitCode> {
    let shared = Shared { clock: Arc::new(SystemClock::new()), registry: Registry::default(), board: Board::default() };
    let mut signals = Signals::new(shared.clock.clone())?;
    let health = start_extensions(&configuration, &shared).await?;
    let own = &configuration.service.telemetry;
    crate::own_metrics::start(&own.metrics, &own.resource, &shared.registry, &shared.clock).await;
    let Assembled { pipelines, workers, uses_stdout } = assemble(&configuration, &shared)?;
    if uses_stdout && output::is_stdout_closed() {
        warn!("standard output is closed, or /dev/null opened for reading too: events written to it are discarded");
    }
    let ends_with_output = uses_stdout && pipelines.end_with_output;
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
    info!(version = env!("CARGO_PKG_VERSION"), "all components started");

    let longest = deliveries.drain_timeout().unwrap_or(DRAIN);
    let mut failure = None;
    let closed = tokio::select! {
        ending = signals.ending() => {
            if ending.is_at_once() {
                return Ok(quit(ending));
            }
            let words = "shutting down: delivering what is left, up to";
            info!(signal = ending.name, "{words} {} s; signal again to quit at once", longest.as_secs());
            false
        }
        error = deliveries.failed() => {
            failure = Some(error);
            false
        }
        () = output::stdout_closes(), if ends_with_output => true,
        // Pipelines end by themselves only where they can't go on: their receivers are stopped by us.
        end = &mut end => match end {
            Ok(End::Closed) => true,
            _ => {
                health.iter().for_each(Health::stopping);
                bail!("the pipelines ended");
            }
        }
    };
    health.iter().for_each(Health::stopping);
    if closed {
        info!("shutting down: the reader of standard output is gone");
        return Ok(ExitCode::from(output::BROKEN_PIPE));
    }
    deliveries.close();
    // Joining a thread blocks, and a receiver may be waiting for the kubelet, which this runtime serves.
    let began = tokio::time::Instant::now();
    let stopping = tokio::task::spawn_blocking(move || receivers.into_iter().for_each(Receiver::stop));
    let drained = tokio::time::timeout(longest + LAST_WORDS, async {
        let _ = stopping.await;
        let _ = end.await;
        deliveries.finish(began).await;
    });
    let drained = tokio::select! {
        drained = drained => drained,
        ending = signals.ending() => return Ok(quit(ending)),
    };
    if drained.is_err() {
        warn!(seconds = longest.as_secs(), "shutdown took too long; what was only in memory is lost");
        return Ok(ExitCode::FAILURE);
    }
    info!("shutdown complete");
    failure.map_or(Ok(ExitCode::SUCCESS), Err)
}

/// Ends without delivery.
fn quit(ending: Ending) -> ExitCode {
    warn!(signal = ending.name, "quitting at once; what was only in memory is lost");
    ExitCode::from(ending.exit_code())
}

async fn start_extensions(configuration: &Configuration, shared: &Shared) -> anyhow::Result<Vec<Health>> {
    let mut healths = Vec::new();
    for id in &configuration.service.extensions {
        if let Some(Component::HealthCheck(config)) = configuration.components.get(&(Section::Extensions, id.clone())) {
            let span = logs::span(Section::Extensions, id);
            let bound = health_check::bind((**config).clone(), shared.board.clone(), shared.clock.clone());
            let bound = bound.instrument(span.clone()).await;
            let server =
                bound.with_context(|| format!("start extensions::{id}; where its endpoint is in use, set another"))?;
            healths.push(server.health());
            tokio::spawn(server.serve().instrument(span));
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
        let place = receivers::awscontainerinsight::resolve(config, &environment).map_err(|faults| {
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
        let within = logs::span(Section::Receivers, id);
        let started = within.in_scope(|| Receiver::start((**config).clone(), place, surroundings));
        receivers.push(started.with_context(|| format!("start receivers::{id}"))?);
    }
    Ok(receivers)
}
