//! A configuration's processors and exporters, put together to pipelines.

use std::collections::BTreeMap;
use std::io;

use anyhow::{Context, bail};
use confmap::ComponentId;
use exporters::Exporter;
use exporters::awsemf::{self, OutputDestination};
use exporters::debug::OutputPath;
use processors::batch::Batcher;
use spool::Spool;
use telemetry::chain;
use tracing::{error, info};

use crate::components::{Component, Section};
use crate::configuration::Configuration;
use crate::context::Shared;
use crate::output::Output;
use crate::pipelines::{Pipeline, Pipelines, Sender, Stage};

/// Pipelines, and what delivers beside them.
pub struct Assembled {
    /// The pipelines.
    pub pipelines: Pipelines,
    /// One for each exporter that delivers over the network.
    pub workers: Vec<(ComponentId, awsemf::Worker)>,
    /// Whether an exporter writes to standard output.
    pub uses_stdout: bool,
}

/// Puts the pipelines together; opens what exporters keep on disk.
pub(crate) fn assemble(configuration: &Configuration, shared: &Shared) -> anyhow::Result<Assembled> {
    let (mut exporters, mut workers, mut uses_stdout) = (BTreeMap::new(), Vec::new(), false);
    for ((section, id), component) in &configuration.components {
        if *section == Section::Exporters {
            let status = shared.board.component(&format!("exporter/{id}"));
            let exporter: Box<dyn Exporter> = match component {
                Component::Awsemf(config) if config.output_destination == OutputDestination::Stdout => {
                    uses_stdout = true;
                    let output = Box::new(Output::stdout().context("open standard output")?);
                    Box::new(awsemf::Stdout::new(config, output, &id.to_string(), &shared.registry))
                }
                Component::Awsemf(config) => {
                    let tools = awsemf::Tools {
                        name: id.to_string(),
                        default_stream: format!("otel-stream-{:032x}", fastrand::u128(..)),
                        version: env!("CARGO_PKG_VERSION"),
                        clock: shared.clock.clone(),
                        registry: shared.registry.clone(),
                        status: status.clone(),
                        spool: spool(configuration, id, config)?,
                    };
                    let (delivery, worker) = awsemf::Delivery::new(config, tools);
                    workers.push((id.clone(), worker));
                    Box::new(delivery)
                }
                Component::Debug(config) => {
                    let output = config.output();
                    uses_stdout |= output == Some(OutputPath::Stdout);
                    let output = output.map(|output| match output {
                        OutputPath::Stdout => Output::stdout().context("open standard output"),
                        OutputPath::Stderr => Output::stderr(None).context("open standard error"),
                    });
                    let writer = output.transpose()?.map(|output| Box::new(output) as Box<dyn io::Write + Send>);
                    Box::new(exporters::debug::Debug::new(config, writer))
                }
                other => bail!("exporters::{id} is not an exporter: {other:?}"),
            };
            exporters.insert(id.clone(), Sender::new(id, exporter, &shared.registry, status));
        }
    }
    let batch = |id: &ComponentId| match configuration.components.get(&(Section::Processors, id.clone())) {
        Some(Component::Batch(config)) => Ok(Stage::new(id, Batcher::new(config), &shared.registry)),
        other => bail!("processors::{id} is not a processor: {other:?}"),
    };
    let changes = |id: &&ComponentId| {
        let component = configuration.components.get(&(Section::Processors, (*id).clone()));
        !matches!(component, Some(Component::PassThrough))
    };
    let pipelines = configuration.service.pipelines.values().map(|pipeline| {
        Ok(Pipeline {
            receivers: pipeline.receivers.clone(),
            processors: pipeline.processors.iter().filter(changes).map(batch).collect::<anyhow::Result<_>>()?,
            exporters: once(&pipeline.exporters),
        })
    });
    let pipelines = pipelines.collect::<anyhow::Result<_>>()?;
    let end_with_output = workers.is_empty();
    let pipelines = Pipelines { pipelines, exporters, clock: shared.clock.clone(), end_with_output };
    Ok(Assembled { pipelines, workers, uses_stdout })
}

/// The spool of an exporter that has a storage; `None` as well where the disk takes none, since memory does then.
fn spool(
    configuration: &Configuration,
    exporter: &ComponentId,
    config: &awsemf::Config,
) -> anyhow::Result<Option<(Spool, bool)>> {
    let queue = &config.sending_queue;
    let Some(id) = queue.storage.as_ref().filter(|_| queue.enabled) else { return Ok(None) };
    let component = configuration.components.get(&(Section::Extensions, id.clone()));
    let Some(Component::FileStorage(storage)) = component else {
        bail!("exporters::{exporter}::sending_queue::storage: {id} is not a file_storage extension");
    };
    match storage.open(&exporter.to_string(), queue.disk_bytes()) {
        Ok((spool, recovered)) => {
            let spool::Recovered { records, items, damaged_records, passed_over, passed_over_words, .. } = recovered;
            if records > 0 {
                info!(exporter = %exporter, rounds = records, events = items, "events of the last run wait for delivery");
            }
            if damaged_records > 0 {
                error!(exporter = %exporter, rounds = damaged_records, "rounds of the last run are lost: their files on disk are damaged");
            }
            if passed_over > 0 {
                let files = passed_over_words.join("; ");
                let words = "files in the spool can't be used and are passed over; they stay on disk, to be moved away or deleted";
                error!(exporter = %exporter, count = passed_over, files, "{words}");
            }
            Ok(Some((spool, storage.fsync)))
        }
        // Two agents must not share one; and a directory that is to be there and isn't may be a volume that is not mounted.
        Err(error) if is_the_operators(&error) => {
            Err(error).with_context(|| format!("start extensions::{id} for exporters::{exporter}"))
        }
        // A faulty disk must not cost the node its metrics.
        Err(error) => {
            let error = chain(&error);
            let words = "cannot use the spool: events wait in memory until the next start, and a kill would lose them";
            error!(exporter = %exporter, error, "{words}");
            Ok(None)
        }
    }
}

fn is_the_operators(error: &spool::Error) -> bool {
    match error {
        spool::Error::Locked { .. } => true,
        spool::Error::Io { source, .. } => source.kind() == io::ErrorKind::NotFound,
        _ => false,
    }
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
