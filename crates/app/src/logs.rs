//! The log: to standard error or files, as `service::telemetry::logs` says. Standard output belongs to events.

mod format;
mod names;
mod outputs;

use std::sync::Mutex;

use tracing::level_filters::LevelFilter;

use crate::service::{Level, Logs};

pub use names::{name_components, span};
pub use outputs::reopen;

/// Starts the log of the process.
pub fn start(logs: &Logs) -> anyhow::Result<()> {
    let level = match logs.level {
        Level::Debug => LevelFilter::DEBUG,
        Level::Info => LevelFilter::INFO,
        Level::Warn => LevelFilter::WARN,
        Level::Error | Level::Dpanic | Level::Panic | Level::Fatal => LevelFilter::ERROR,
    };
    let lines = tracing_subscriber::fmt()
        .with_max_level(level)
        .event_format(format::Lines { encoding: logs.encoding, with_component: !logs.disable_caller })
        .with_writer(Mutex::new(outputs::Outputs::open(&logs.output_paths)?));
    // A second start in one process is a test's; the first log stays.
    let _ = lines.try_init();
    Ok(())
}
