//! A configuration's components, built and put together to pipelines.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use anyhow::{anyhow, bail};
use component::{BuildError, BuiltExporter, BuiltProcessor, Process, Worker};
use confmap::ComponentId;
use model::Gate;

use crate::components::{Component, Section};
use crate::configuration::Configuration;
use crate::context::Shared;
use crate::logs;
use crate::pipelines::{Entrance, Pipeline, Queue, Sender, Stage};
use crate::service;

/// Bytes of received data in flight, over all receivers whose pipelines have no gate of their own.
const IN_FLIGHT_LIMIT: usize = 32 << 20;

/// Pipelines, and what delivers beside them.
pub struct Assembled {
    /// The pipelines, by name.
    pub pipelines: Vec<(String, Pipeline)>,
    /// What each receiver hands its batches to.
    pub entrances: BTreeMap<ComponentId, Entrance>,
    /// One for each exporter that delivers over the network.
    pub workers: Vec<(ComponentId, Box<dyn Worker>)>,
    /// Whether an exporter writes to standard output.
    pub uses_stdout: bool,
}

/// Puts the pipelines together; opens what exporters keep on disk.
pub(crate) fn assemble(
    configuration: &Configuration,
    shared: &Shared,
    process: &Process<'_>,
) -> anyhow::Result<Assembled> {
    let (mut exporters, mut workers, mut uses_stdout) = (BTreeMap::new(), Vec::new(), false);
    for ((section, id), component) in &configuration.components {
        let Component::Exporter(options) = component else { continue };
        let context = shared.context(*section, id);
        let status = context.status.clone();
        let built = logs::span(*section, id).in_scope(|| options.build(context, process));
        let BuiltExporter { exporter, worker, writes_stdout } = built.map_err(|error| failed(*section, id, error))?;
        uses_stdout |= writes_stdout;
        workers.extend(worker.map(|worker| (id.clone(), worker)));
        let sender = Sender::new(id, exporter, &shared.registry, status);
        exporters.insert(id.clone(), Arc::new(Mutex::new(sender)));
    }
    let ends_with_output = workers.is_empty();
    let (mut pipelines, mut entrances) = (Vec::new(), BTreeMap::<ComponentId, Entrance>::new());
    for (name, pipeline) in &configuration.service.pipelines {
        let receivers = once(&pipeline.receivers);
        let queue = Arc::new(Queue::new(receivers.len()));
        let Staged { stages, gates } = stages(configuration, shared, pipeline)?;
        for (lane, receiver) in receivers.into_iter().enumerate() {
            let entrance = entrances.entry(receiver).or_default();
            entrance.lanes.push((Arc::clone(&queue), lane));
            entrance.gates.extend(gates.iter().cloned());
        }
        let exporters = once(&pipeline.exporters).iter().filter_map(|id| exporters.get(id).cloned()).collect();
        let clock = shared.clock.clone();
        pipelines.push((name.clone(), Pipeline { queue, stages, exporters, clock, ends_with_output }));
    }
    let all = Gate::new(IN_FLIGHT_LIMIT);
    for entrance in entrances.values_mut().filter(|entrance| entrance.gates.is_empty()) {
        entrance.gates.push(all.clone());
    }
    Ok(Assembled { pipelines, entrances, workers, uses_stdout })
}

/// The processors of one pipeline.
#[derive(Default)]
struct Staged {
    stages: Vec<Stage>,
    gates: Vec<Gate>,
}

fn stages(configuration: &Configuration, shared: &Shared, pipeline: &service::Pipeline) -> anyhow::Result<Staged> {
    let mut staged = Staged::default();
    for id in &pipeline.processors {
        let section = Section::Processors;
        let component = configuration.components.get(&(section, id.clone()));
        let Some(Component::Processor(options)) = component else { bail!("processors::{id} is not a processor") };
        let built = logs::span(section, id).in_scope(|| options.build(&shared.context(section, id)));
        match built.map_err(|error| failed(section, id, error))? {
            BuiltProcessor::Stage(processor) => staged.stages.push(Stage::new(id, processor, &shared.registry)),
            BuiltProcessor::Gate(gate) => staged.gates.push(gate),
            BuiltProcessor::Passes => {}
        }
    }
    Ok(staged)
}

/// A component's failure with its name, as the operator reads it.
pub(crate) fn failed(section: Section, id: &ComponentId, error: BuildError) -> anyhow::Error {
    let name = format!("{}::{id}", section.key());
    match error {
        BuildError::Missing(faults) => {
            let lines: Vec<_> = faults.iter().map(|fault| format!("{name}: {fault}")).collect();
            anyhow!("{}", lines.join("\n"))
        }
        BuildError::Failed { hint: "", cause } => anyhow!(cause).context(format!("start {name}")),
        BuildError::Failed { hint, cause } => anyhow!(cause).context(format!("start {name}; {hint}")),
    }
}

/// Each name once: a component that is listed twice gets the data once.
fn once(ids: &[ComponentId]) -> Vec<ComponentId> {
    let mut unique: Vec<ComponentId> = Vec::with_capacity(ids.len());
    for id in ids {
        if !unique.contains(id) {
            unique.push(id.clone());
        }
    }
    unique
}
