//! Bodies of requests: JSON, compressed as it is written, so that the whole text is never in memory.

use std::io::{self, BufWriter, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::body::Bytes;
use serde::Serialize;

use super::Event;

/// A body below this is sent as it is: compressed it would hardly be smaller.
const MIN_GZIP_BYTES: usize = 256;
/// What is gathered before it is compressed.
const CHUNK: usize = 16 << 10;
/// Events of one kind repeat their keys: more effort than this saves little.
const LEVEL: u32 = 4;

/// A body to send.
#[derive(Debug, Clone)]
pub(super) struct Body {
    pub(super) bytes: Bytes,
    /// Whether the bytes are compressed.
    pub(super) gzip: bool,
    /// Its size before compression.
    pub(super) raw_bytes: usize,
}

/// The body of a call without events, as it is.
pub(super) fn json(value: &impl Serialize) -> Body {
    // Structs of strings and numbers: nothing in them can fail.
    let bytes = serde_json::to_vec(value).unwrap_or_default();
    Body { raw_bytes: bytes.len(), bytes: bytes.into(), gzip: false }
}

/// The body of a batch, compressed where that is wanted and smaller; with the stream's sequence token where one is asked for.
pub(super) fn put_log_events(
    group: &str,
    stream: &str,
    token: Option<&str>,
    events: &[Event<'_>],
    compression: bool,
) -> Body {
    let messages: usize = events.iter().map(|event| event.message.len()).sum();
    if compression
        && messages >= MIN_GZIP_BYTES
        && let Ok((compressed, raw_bytes)) = compress(group, stream, token, events)
        && compressed.len() < raw_bytes
    {
        return Body { bytes: compressed.into(), gzip: true, raw_bytes };
    }
    let mut plain = Vec::with_capacity(messages + messages / 8 + 64 * events.len() + 128);
    // Writing to memory can't fail.
    let _ = write(&mut plain, group, stream, token, events);
    Body { raw_bytes: plain.len(), bytes: plain.into(), gzip: false }
}

fn compress(group: &str, stream: &str, token: Option<&str>, events: &[Event<'_>]) -> io::Result<(Vec<u8>, usize)> {
    let encoder = GzEncoder::new(Vec::new(), Compression::new(LEVEL));
    let mut counted = BufWriter::with_capacity(CHUNK, Counted { inner: encoder, bytes: 0 });
    write(&mut counted, group, stream, token, events)?;
    let counted = counted.into_inner().map_err(io::IntoInnerError::into_error)?;
    Ok((counted.inner.finish()?, counted.bytes))
}

fn write(out: &mut impl Write, group: &str, stream: &str, token: Option<&str>, events: &[Event<'_>]) -> io::Result<()> {
    out.write_all(b"{\"logGroupName\":")?;
    serde_json::to_writer(&mut *out, group)?;
    out.write_all(b",\"logStreamName\":")?;
    serde_json::to_writer(&mut *out, stream)?;
    if let Some(token) = token {
        out.write_all(b",\"sequenceToken\":")?;
        serde_json::to_writer(&mut *out, token)?;
    }
    out.write_all(b",\"logEvents\":[")?;
    for (index, event) in events.iter().enumerate() {
        let start: &[u8] = if index == 0 { b"{\"timestamp\":" } else { b",{\"timestamp\":" };
        out.write_all(start)?;
        serde_json::to_writer(&mut *out, &event.time_ms)?;
        out.write_all(b",\"message\":")?;
        // The batch was checked: it is all UTF-8.
        let message = std::str::from_utf8(event.message).map_err(io::Error::other)?;
        serde_json::to_writer(&mut *out, message)?;
        out.write_all(b"}")?;
    }
    out.write_all(b"]}")
}

struct Counted<W> {
    inner: W,
    bytes: usize,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.bytes += written;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests;
