//! Extensions, receivers and pipelines, started in this order.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context;
use component::{Extension, Process, Receiver, Storage};
use confmap::ComponentId;
use tokio::sync::mpsc;
use tracing::Instrument;

use crate::assemble::failed;
use crate::components::{Component, Section};
use crate::configuration::Configuration;
use crate::context::Shared;
use crate::logs;
use crate::pipelines::{End, Entrance, Pipeline, Queue};

/// The extensions in use that keep queues on disk.
pub(crate) fn storages(configuration: &Configuration) -> BTreeMap<&ComponentId, &dyn Storage> {
    let mut storages = BTreeMap::new();
    for ((_, id), component) in &configuration.components {
        if let Component::Extension(options) = component
            && configuration.service.extensions.contains(id)
            && let Some(storage) = options.storage()
        {
            storages.insert(id, storage);
        }
    }
    storages
}

/// Starts the extensions in use.
pub(crate) async fn extensions(
    configuration: &Configuration,
    shared: &Shared,
    process: &Process<'_>,
) -> anyhow::Result<Vec<Box<dyn Extension>>> {
    let (mut extensions, section) = (Vec::new(), Section::Extensions);
    for id in &configuration.service.extensions {
        let Some(Component::Extension(options)) = configuration.components.get(&(section, id.clone())) else {
            continue;
        };
        let started = options.start(shared.context(section, id), process);
        let started = started.instrument(logs::span(section, id)).await;
        extensions.extend(started.map_err(|error| failed(section, id, error))?);
    }
    Ok(extensions)
}

/// Starts the receivers.
pub(crate) fn receivers(
    configuration: &Configuration,
    shared: &Shared,
    process: &Process<'_>,
    mut entrances: BTreeMap<ComponentId, Entrance>,
) -> anyhow::Result<Vec<Box<dyn Receiver>>> {
    let mut receivers = Vec::new();
    for ((section, id), component) in &configuration.components {
        let Component::Receiver(options) = component else { continue };
        let sink = Arc::new(entrances.remove(id).unwrap_or_default());
        let context = shared.context(*section, id);
        let started = logs::span(*section, id).in_scope(|| options.start(context, process, sink));
        receivers.push(started.map_err(|error| failed(*section, id, error))?);
    }
    Ok(receivers)
}

/// Gives each pipeline its thread; tells how each ends.
pub(crate) fn pipelines(
    pipelines: Vec<(String, Pipeline)>,
) -> anyhow::Result<(Vec<Arc<Queue>>, mpsc::UnboundedReceiver<End>)> {
    let (ended, ends) = mpsc::unbounded_channel();
    let queues = pipelines.iter().map(|(_, pipeline)| Arc::clone(&pipeline.queue)).collect();
    for (name, pipeline) in pipelines {
        let ended = ended.clone();
        std::thread::Builder::new()
            .name("pipeline".to_owned())
            .spawn(move || {
                let _ = ended.send(pipeline.run());
            })
            .with_context(|| format!("start the pipeline {name}"))?;
    }
    Ok((queues, ends))
}

#[cfg(test)]
mod tests;
