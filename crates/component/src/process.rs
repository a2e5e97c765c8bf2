//! What the process has for all components.

use std::collections::BTreeMap;
use std::io::{self, Write};

use confmap::ComponentId;
use platform::Environment;
use telemetry::HealthBoard;

use crate::storage::Storage;

/// What the process has for all components.
pub struct Process<'a> {
    /// The environment: variables, directories, files.
    pub environment: Environment<'a>,
    /// The streams that exporters write to.
    pub outputs: &'a dyn Outputs,
    /// Extensions that keep queues on disk, by name.
    pub storages: BTreeMap<&'a ComponentId, &'a dyn Storage>,
    /// The health of every component.
    pub health: HealthBoard,
    /// The agent's version.
    pub version: &'static str,
}

/// The process's output streams.
pub trait Outputs {
    /// Standard output.
    ///
    /// # Errors
    ///
    /// Why it cannot be written to.
    fn stdout(&self) -> io::Result<Box<dyn Write + Send>>;

    /// Standard error.
    ///
    /// # Errors
    ///
    /// Why it cannot be written to.
    fn stderr(&self) -> io::Result<Box<dyn Write + Send>>;
}
