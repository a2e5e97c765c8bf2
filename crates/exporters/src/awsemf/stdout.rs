//! Events to a stream of bytes, one event a line.

use std::io::Write;

use model::Batch;
use telemetry::Registry;

use super::config::Config;
use super::encode::{Counts, Encoder};
use super::self_metrics::EncoderMetrics;
use crate::{Error, Exporter};

/// Bytes gathered before they are written.
const CHUNK: usize = 64 * 1024;

/// Writes events to a stream, standard output as a rule, whole lines at a time.
pub struct Stdout {
    encoder: Encoder,
    writer: Box<dyn Write + Send>,
    lines: Vec<u8>,
    self_metrics: EncoderMetrics,
}

impl Stdout {
    /// An exporter of this name to `writer`, which is flushed after each batch.
    #[must_use]
    pub fn new(config: &Config, writer: Box<dyn Write + Send>, name: &str, registry: &Registry) -> Self {
        Self {
            encoder: Encoder::new(config, ""),
            writer,
            lines: Vec::new(),
            self_metrics: EncoderMetrics::new(registry, name),
        }
    }

    /// What the encoder has counted.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.encoder.counts()
    }
}

impl Exporter for Stdout {
    fn export(&mut self, batch: &Batch) -> Result<(), Error> {
        let Self { encoder, writer, lines, self_metrics } = self;
        lines.clear();
        let encoded = encoder.encode(batch, &mut |event| {
            lines.extend_from_slice(event.body);
            lines.push(b'\n');
            if lines.len() < CHUNK {
                return Ok(());
            }
            let written = writer.write_all(lines);
            lines.clear();
            written
        });
        self_metrics.publish(encoder.counts());
        encoded.and_then(|()| writer.write_all(lines)).and_then(|()| writer.flush()).map_err(Error::Write)
    }
}

impl std::fmt::Debug for Stdout {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stdout").field("encoder", &self.encoder).finish_non_exhaustive()
    }
}
