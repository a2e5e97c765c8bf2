//! The exporter as a component, under its name of today and its old one.

use std::io;

use component::{BuildError, BuildExporter, BuiltExporter, Context, Process};

use super::{Config, Debug, LoggingConfig, OutputPath};

impl BuildExporter for Config {
    fn build(&self, _context: Context, process: &Process<'_>) -> Result<BuiltExporter, BuildError> {
        let output = self.output();
        let failed = |hint| move |source: io::Error| BuildError::Failed { hint, cause: source.into() };
        let writer = match output {
            Some(OutputPath::Stdout) => Some(process.outputs.stdout().map_err(failed("open standard output"))?),
            Some(OutputPath::Stderr) => Some(process.outputs.stderr().map_err(failed("open standard error"))?),
            None => None,
        };
        let exporter = Box::new(Debug::new(self, writer));
        Ok(BuiltExporter { writes_stdout: output == Some(OutputPath::Stdout), ..BuiltExporter::alone(exporter) })
    }
}

impl BuildExporter for LoggingConfig {
    fn build(&self, context: Context, process: &Process<'_>) -> Result<BuiltExporter, BuildError> {
        Config::from(self).build(context, process)
    }
}
