use std::io;
use std::sync::{Arc, Mutex};

use catalog::{Attribute, Measurement, RecordType};
use confmap::{Decode, Faults, Location, Node, Value as Tree};
use model::{Descriptor, Metric, Point, Record, UnixTime, Value};

use super::*;

fn batch() -> Batch {
    let mut attributes = model::Attributes::new();
    attributes.insert(Attribute::NodeName, "n\n1");
    let mut own = model::Attributes::new();
    own.insert("le", "5");
    let known = catalog::Metric::find(RecordType::Node, Measurement::MemoryLimit).unwrap();
    let other = Metric::Other(Arc::new(Descriptor::gauge("up", "")));
    let node = |point| Record {
        record_type: Some(RecordType::Node),
        ..Record::of(attributes.clone(), UnixTime::from_millis(9), vec![point])
    };
    let first = node(Point { metric: Metric::Known(known), value: Value::Integer(7) });
    let second = node(Point { metric: other, value: Value::Float(0.5) });
    Batch { tick: None, records: vec![first, Record { attributes: own, ..second }], ends: true, permits: Vec::new() }
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[track_caller]
fn check(verbosity: Verbosity, expected: &str) {
    let written = Shared::default();
    let config = Config { verbosity, use_internal_logger: false, ..Config::default() };
    Debug::new(&config, Some(Box::new(written.clone()))).export(&batch()).unwrap();
    assert_eq!(String::from_utf8(written.0.lock().unwrap().clone()).unwrap(), expected);
}

#[test]
fn verbosity_says_how_much_is_shown() {
    check(Verbosity::Basic, "Metrics: 2 records, 2 points\n");
    check(
        Verbosity::Normal,
        "Metrics: 2 records, 2 points\nnode_memory_limit NodeName=\"n\\n1\" 7\nup NodeName=\"n\\n1\" le=\"5\" 0.5\n",
    );
    check(
        Verbosity::Detailed,
        "Metrics: 2 records, 2 points\nRecord Node at 9 ms\n  NodeName: \"n\\n1\"\n  node_memory_limit = 7 Bytes\n\
         Record Node at 9 ms\n  NodeName: \"n\\n1\"\n  le: \"5\"\n  up = 0.5\n",
    );
}

#[test]
fn the_old_name_maps_its_level() {
    for (level, verbosity) in [(LogLevel::Debug, Verbosity::Detailed), (LogLevel::Info, Verbosity::Basic)] {
        let old = LoggingConfig { loglevel: level, ..LoggingConfig::default() };
        assert_eq!(Config::from(&old).verbosity, verbosity);
    }
    let old =
        LoggingConfig { verbosity: Some(Verbosity::Normal), loglevel: LogLevel::Debug, ..LoggingConfig::default() };
    assert_eq!(Config::from(&old).verbosity, Verbosity::Normal);
    assert_eq!(Config::from(&old).output(), None);
}

#[test]
fn an_output_that_is_no_stream_of_the_process_is_a_fault() {
    let mut faults = Faults::new();
    let node = Node::new(Tree::String("/tmp/x".to_owned()), Location::of_source("test"));
    assert_eq!(Vec::<OutputPath>::decode(&node, "output_paths", &mut faults), None);
    assert!(faults.to_string().contains("expected one of stdout, stderr"), "{faults}");
}
