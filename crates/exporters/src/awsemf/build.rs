//! The exporter as a component: to CloudWatch Logs through a queue, or to standard output.

use component::{BuildError, BuildExporter, BuiltExporter, Context, Process};
use confmap::{ComponentId, Fault};

use super::config::{Config, OutputDestination};
use super::delivery::{Delivery, Tools};
use super::stdout::Stdout;

impl BuildExporter for Config {
    fn warnings(&self, path: &str) -> Vec<Fault> {
        Self::warnings(self, path)
    }

    fn storage(&self) -> Option<&ComponentId> {
        self.sending_queue.storage.as_ref()
    }

    fn build(&self, context: Context, process: &Process<'_>) -> Result<BuiltExporter, BuildError> {
        if self.output_destination == OutputDestination::Stdout {
            let failed =
                |source: std::io::Error| BuildError::Failed { hint: "open standard output", cause: source.into() };
            let output = process.outputs.stdout().map_err(failed)?;
            let exporter = Box::new(Stdout::new(self, output, &context.name, &context.registry));
            return Ok(BuiltExporter { exporter, worker: None, writes_stdout: true });
        }
        let queue = &self.sending_queue;
        let storage = queue.storage.as_ref().filter(|_| queue.enabled);
        let tools = Tools {
            spool: process.spool(&context.name, storage, queue.disk_bytes())?,
            name: context.name,
            default_stream: format!("otel-stream-{:032x}", fastrand::u128(..)),
            version: process.version,
            clock: context.clock,
            registry: context.registry,
            status: context.status,
        };
        let (delivery, worker) = Delivery::new(self, tools);
        Ok(BuiltExporter { exporter: Box::new(delivery), worker: Some(Box::new(worker)), writes_stdout: false })
    }
}
