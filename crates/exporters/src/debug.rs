//! `debug`, and its old name `logging`: shows what passes, for people.

mod build;
mod config;
mod text;

use std::io::Write;

use model::Batch;
use tracing::info;

use crate::{Error, Exporter};

pub use config::{Config, LogLevel, LoggingConfig, OutputPath, Verbosity};

/// Shows batches.
pub struct Debug {
    verbosity: Verbosity,
    writer: Option<Box<dyn Write + Send>>,
    text: String,
}

impl Debug {
    /// An exporter to `writer`; to the agent's own log where there is none.
    ///
    /// `Config::output` says which of both the configuration asks for.
    #[must_use]
    pub fn new(config: &Config, writer: Option<Box<dyn Write + Send>>) -> Self {
        Self { verbosity: config.verbosity, writer, text: String::new() }
    }
}

impl Exporter for Debug {
    fn export(&mut self, batch: &Batch) -> Result<(), Error> {
        self.text.clear();
        text::write(batch, self.verbosity, &mut self.text);
        match &mut self.writer {
            Some(writer) => writer.write_all(self.text.as_bytes()).and_then(|()| writer.flush()).map_err(Error::Write),
            None => {
                info!(records = batch.records.len(), points = batch.points(), "metrics");
                if self.verbosity != Verbosity::Basic {
                    self.text.lines().skip(1).for_each(|line| info!("{line}"));
                }
                Ok(())
            }
        }
    }
}

impl std::fmt::Debug for Debug {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Debug").field("verbosity", &self.verbosity).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
