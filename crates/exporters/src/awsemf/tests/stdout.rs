//! Lines on a stream, and streams that take no more.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use super::support::{SAMPLE, batch, config, record};
use crate::awsemf::Stdout;
use crate::{Error, Exporter};

#[derive(Clone, Default)]
struct Stream(Arc<Mutex<(Vec<u8>, usize)>>);

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.lock().unwrap().1 += 1;
        Ok(())
    }
}

struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn nodes(count: usize) -> model::Batch {
    let record = |number: usize| {
        let name = format!("n{number}");
        record(&[("ClusterName", "c"), ("NodeName", &name), ("Type", "Node")], &[("node_cpu_limit", 1.0)])
    };
    batch((0..count).map(record).collect())
}

#[test]
fn each_event_is_a_line_and_each_round_is_flushed() {
    let stream = Stream::default();
    let mut exporter =
        Stdout::new(&config(SAMPLE), Box::new(stream.clone()), "awsemf", &telemetry::Registry::default());
    exporter.export(&nodes(1000)).unwrap();
    exporter.export(&nodes(1)).unwrap();
    let (bytes, flushes) = stream.0.lock().unwrap().clone();
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.ends_with("}\n"));
    assert_eq!(text.lines().count(), 1001);
    assert!(text.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()));
    assert_eq!(flushes, 2);
    assert_eq!(exporter.counts().events, 1001);
}

#[test]
fn a_closed_stream_is_an_error() {
    for count in [1, 1000] {
        let mut exporter = Stdout::new(&config(SAMPLE), Box::new(Closed), "awsemf", &telemetry::Registry::default());
        let Err(Error::Write(error)) = exporter.export(&nodes(count)) else { panic!("the stream is closed") };
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }
}

#[test]
fn a_full_disk_is_an_error() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut exporter = Stdout::new(&config(SAMPLE), Box::new(full), "awsemf", &telemetry::Registry::default());
    let Err(Error::Write(error)) = exporter.export(&nodes(1)) else { panic!("the disk is full") };
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
}
