use std::io;
use std::sync::{Arc, Mutex};

use catalog::{Attribute, Measurement, Metric, RecordType};
use confmap::{Decode, Faults, Location, Node, Value as Tree};
use model::{MetricRef, NamedMetric, Point, Record, Value};

use super::*;

fn round() -> Round {
    let mut attributes = model::Attributes::new();
    attributes.insert(Attribute::NodeName, "n\n1");
    let mut own = model::Attributes::new();
    own.insert("le", "5");
    let known = Metric::find(RecordType::Node, Measurement::MemoryLimit).unwrap();
    let named = NamedMetric { name: "up".into(), unit: "".into() };
    let points = vec![
        Point { metric: MetricRef::Known(known), value: Value::Integer(7), attributes: model::Attributes::new() },
        Point { metric: MetricRef::Named(Arc::new(named)), value: Value::Float(0.5), attributes: own },
    ];
    let record = Record { record_type: Some(RecordType::Node), attributes, time_ms: 9, points };
    Round { time_ms: 9, records: vec![record], ends: true }
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
    Debug::new(&config, Some(Box::new(written.clone()))).export(&round()).unwrap();
    assert_eq!(String::from_utf8(written.0.lock().unwrap().clone()).unwrap(), expected);
}

#[test]
fn verbosity_says_how_much_is_shown() {
    check(Verbosity::Basic, "Metrics: 1 records, 2 points\n");
    check(
        Verbosity::Normal,
        "Metrics: 1 records, 2 points\nnode_memory_limit NodeName=\"n\\n1\" 7\nup NodeName=\"n\\n1\" le=\"5\" 0.5\n",
    );
    check(
        Verbosity::Detailed,
        "Metrics: 1 records, 2 points\nRecord Node at 9 ms\n  NodeName: \"n\\n1\"\n  node_memory_limit = 7 Bytes\n  \
         up = 0.5 le=\"5\"\n",
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
