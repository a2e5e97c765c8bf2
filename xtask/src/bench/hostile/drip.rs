//! A kubelet that sends its answers whole, or byte by byte: each byte is a chunk and a write of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use anyhow::{Context, Result};

/// The kubelet; it answers until the process ends.
pub(super) struct Drip {
    endpoint: String,
    shared: Arc<Shared>,
}

struct Shared {
    pods: String,
    summary: String,
    dripping: AtomicBool,
    begun: AtomicUsize,
    finished: AtomicUsize,
}

impl Drip {
    /// A kubelet with these answers to `/pods` and `/stats/summary`, at first whole.
    pub(super) fn start(pods: String, summary: String) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("open a port for the kubelet")?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let zero = AtomicUsize::default;
        let shared =
            Arc::new(Shared { pods, summary, dripping: AtomicBool::default(), begun: zero(), finished: zero() });
        let answers = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let answers = Arc::clone(&answers);
                // An error is a client that hung up.
                std::thread::spawn(move || drop(answers.serve(stream)));
            }
        });
        Ok(Self { endpoint, shared })
    }

    /// Where it listens.
    pub(super) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// From the next answer on, each byte is a chunk.
    pub(super) fn drip(&self) {
        self.shared.dripping.store(true, Ordering::Relaxed);
    }

    /// Answers byte by byte that were begun, and those that arrived to the end.
    pub(super) fn dripped(&self) -> (usize, usize) {
        (self.shared.begun.load(Ordering::Relaxed), self.shared.finished.load(Ordering::Relaxed))
    }
}

impl Shared {
    fn serve(&self, stream: TcpStream) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        let mut writer = stream.try_clone()?;
        let mut reader = BufReader::new(stream);
        while let Some(path) = read_request(&mut reader)? {
            let body = if path == "/pods" { &self.pods } else { &self.summary };
            if self.dripping.load(Ordering::Relaxed) {
                self.begun.fetch_add(1, Ordering::Relaxed);
                writer.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")?;
                body.bytes().try_for_each(|byte| writer.write_all(&chunk(byte)))?;
                writer.write_all(b"0\r\n\r\n")?;
                self.finished.fetch_add(1, Ordering::Relaxed);
            } else {
                write!(writer, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())?;
            }
        }
        Ok(())
    }
}

/// A chunk of one byte.
fn chunk(byte: u8) -> [u8; 6] {
    [b'1', b'\r', b'\n', byte, b'\r', b'\n']
}

/// The path of the next request; `None` where the connection ends.
fn read_request(reader: &mut BufReader<impl Read>) -> std::io::Result<Option<String>> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head)? == 0 {
            return Ok(None);
        }
    }
    Ok(head.split(' ').nth(1).map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_of_a_connection_are_read_one_by_one() {
        let mut reader =
            BufReader::new(&b"GET /pods HTTP/1.1\r\nHost: a\r\n\r\nGET /stats/summary HTTP/1.1\r\n\r\n"[..]);
        assert_eq!(read_request(&mut reader).unwrap().as_deref(), Some("/pods"));
        assert_eq!(read_request(&mut reader).unwrap().as_deref(), Some("/stats/summary"));
        assert_eq!(read_request(&mut reader).unwrap(), None);
    }
}
