//! The log: to standard error or files, as `service::telemetry::logs` says. Standard output belongs to events.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::sync::Mutex;

use anyhow::Context;
use tracing::level_filters::LevelFilter;

use crate::service::{Encoding, Level, Logs};

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
        .with_target(!logs.disable_caller)
        .with_ansi(false)
        .with_writer(Mutex::new(Outputs::open(&logs.output_paths)?));
    // A second start in one process is a test's; the first log stays.
    let _ = match logs.encoding {
        Encoding::Console => lines.try_init(),
        Encoding::Json => lines.json().flatten_event(true).try_init(),
    };
    Ok(())
}

/// Standard error, files, or several of them.
struct Outputs(Vec<Output>);

enum Output {
    Stderr,
    File(File),
}

impl Outputs {
    fn open(paths: &[String]) -> anyhow::Result<Self> {
        let open = |path: &String| match path.as_str() {
            "stderr" => Ok(Output::Stderr),
            // Standard output is the events': a log there would be read as one of them.
            "stdout" => Ok(Output::Stderr),
            path => {
                let file = OpenOptions::new().append(true).create(true).open(path);
                file.map(Output::File).with_context(|| format!("service::telemetry::logs::output_paths: open {path}"))
            }
        };
        let mut outputs = paths.iter().map(open).collect::<anyhow::Result<Vec<_>>>()?;
        if outputs.is_empty() {
            outputs.push(Output::Stderr);
        }
        Ok(Self(outputs))
    }
}

impl Write for Outputs {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        // An output that takes no more costs its own lines: there is nowhere to say so.
        for output in &mut self.0 {
            let _ = match output {
                Output::Stderr => io::stderr().write_all(line),
                Output::File(file) => file.write_all(line),
            };
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
