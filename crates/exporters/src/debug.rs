//! `debug`, and its old name `logging`: shows what passes, for people.

mod config;
mod text;

use std::io::Write;

use model::Round;
use tracing::info;

use crate::{Error, Exporter};

pub use config::{Config, LogLevel, LoggingConfig, OutputPath, Verbosity};

/// Shows rounds.
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
    fn export(&mut self, round: &Round) -> Result<(), Error> {
        self.text.clear();
        text::write(round, self.verbosity, &mut self.text);
        match &mut self.writer {
            Some(writer) => writer.write_all(self.text.as_bytes()).and_then(|()| writer.flush()).map_err(Error::Write),
            None => {
                let points: usize = round.records.iter().map(|record| record.points.len()).sum();
                info!(records = round.records.len(), points, "metrics");
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
