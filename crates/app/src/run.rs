//! A configuration at work: build, start, wait for a signal, drain.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use component::{Process, Receiver};
use platform::Environment;
use telemetry::{HealthBoard, Registry};
use tokio::runtime::Handle;
use tracing::{info, warn};

use crate::assemble::{Assembled, assemble};
use crate::clock::SystemClock;
use crate::configuration::Configuration;
use crate::context::Shared;
use crate::deliveries::Deliveries;
use crate::environment::Variables;
use crate::logs;
use crate::output::{self, Streams};
use crate::pipelines::End;
use crate::signals::{Ending, Signals};
use crate::start;

/// How long draining may take where no exporter says so, before the process exits anyway.
const DRAIN: Duration = Duration::from_secs(25);
/// What counting the losses of a delivery that isn't done in time may take beyond.
const FINAL_GRACE: Duration = Duration::from_secs(2);

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
    let shared = Shared {
        clock: Arc::new(SystemClock::new()),
        registry: Registry::default(),
        board: HealthBoard::default(),
        runtime: Handle::current(),
    };
    let process = Process {
        environment: Environment {
            variable: &|name| variables.get(name),
            is_directory: &|path: &Path| path.is_dir(),
            read: &|path: &Path| std::fs::read_to_string(path).ok(),
        },
        outputs: &Streams,
        storages: start::storages(&configuration),
        health: shared.board.clone(),
        version: env!("CARGO_PKG_VERSION"),
    };
    let mut signals = Signals::new(shared.clock.clone())?;
    let extensions = start::extensions(&configuration, &shared, &process).await?;
    let own = &configuration.service.telemetry;
    crate::own_metrics::start(&own.metrics, &own.resource, &shared.registry, &shared.clock).await;
    let Assembled { pipelines, entrances, workers, uses_stdout } = assemble(&configuration, &shared, &process)?;
    if uses_stdout && output::is_stdout_closed() {
        warn!("standard output is closed, or /dev/null opened for reading too: events written to it are discarded");
    }
    let ends_with_output = uses_stdout && workers.is_empty();
    let receivers = start::receivers(&configuration, &shared, &process, entrances)?;
    drop(process);
    let (queues, mut ends) = start::pipelines(pipelines)?;
    let mut deliveries = Deliveries::start(workers);
    let now = shared.clock.stamp();
    extensions.iter().for_each(|extension| extension.ready(now));
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
        end = ends.recv() => match end {
            Some(End::Closed) => true,
            Some(End::Drained) | None => {
                extensions.iter().for_each(|extension| extension.stopping());
                bail!("a pipeline ended");
            }
        }
    };
    extensions.iter().for_each(|extension| extension.stopping());
    if closed {
        info!("shutting down: the reader of standard output is gone");
        return Ok(ExitCode::from(output::BROKEN_PIPE));
    }
    deliveries.close();
    // Joining a thread blocks, and a receiver may be waiting for the kubelet, which this runtime serves.
    let began = tokio::time::Instant::now();
    let stopping = tokio::task::spawn_blocking(move || {
        receivers.into_iter().for_each(Receiver::stop);
        queues.iter().for_each(|queue| queue.close());
    });
    let drained = tokio::time::timeout(longest + FINAL_GRACE, async {
        let _ = stopping.await;
        // None is left once every pipeline has drained.
        while ends.recv().await.is_some() {}
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
