//! Configuration: YAML, merging, references, durations and names of components.

use confmap::{ComponentId, Node, Value, duration, merge};

use crate::{Seed, Target, on_text};

pub(crate) const TARGETS: &[Target] = &[
    Target {
        name: "configuration",
        run: configuration,
        seeds: &[
            Seed::Files("examples/*.yaml"),
            Seed::Files("crates/confmap/tests/data/*.yaml"),
            Seed::Files("crates/app/tests/configurations/*.yaml"),
            Seed::Text(
                "a: &x {b: [1, 0x1f, .inf, ~, 'c']}\nd: {<<: *x, \"e\": !!str 5}\nf: |\n  g\nh::i: ${env:A:-b}${A}$$\n",
            ),
        ],
    },
    Target {
        name: "references",
        run: references,
        seeds: &[Seed::Text("${env:A}"), Seed::Text("x${env:A:-${B}}$$y"), Seed::Text("${yaml:{a: 1}}")],
    },
    Target {
        name: "durations",
        run: durations,
        seeds: &[
            Seed::Text("1h30m"),
            Seed::Text("1.5s"),
            Seed::Text("-0.000000001µs"),
            Seed::Text("9223372036854775807ns"),
        ],
    },
    Target {
        name: "component_ids",
        run: component_ids,
        seeds: &[Seed::Text("awsemf/a"), Seed::Text("batch/метрики 1")],
    },
];

/// Every text is a configuration or has faults, and laid over itself it stays as it is.
fn configuration(data: &[u8]) {
    on_text(data, |text| {
        let reading = confmap::read(&[format!("yaml:{text}")], &[], &|_| None);
        assert!(reading.root.as_map().is_some());
        assert!(reading.whole || !reading.faults.is_empty());
        let _ = reading.faults.to_string();
        let root = || reading.root.clone();
        let twice = merge(root(), root());
        assert!(is_same(&twice, &reading.root));
    });
}

/// Whether two trees hold the same, wherever it was written.
fn is_same(one: &Node, other: &Node) -> bool {
    match (&one.value, &other.value) {
        (Value::Map(one), Value::Map(other)) => {
            let (one, other) = (one.entries(), other.entries());
            let mut pairs = one.iter().zip(other);
            one.len() == other.len()
                && pairs.all(|(one, other)| one.key == other.key && is_same(&one.value, &other.value))
        }
        (Value::List(one), Value::List(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_same(one, other))
        }
        // No number is the same as `.nan`.
        (Value::Float(one), Value::Float(other)) => one.to_bits() == other.to_bits(),
        (one, other) => one == other,
    }
}

/// The text as the value of a variable, of a key and of `--set`.
fn references(data: &[u8]) {
    on_text(data, |text| {
        let (first, second) = text.split_once('\n').unwrap_or((text, ""));
        let sources = ["yaml:a: ${env:A}\nb: x${A:-y}\nc: [\"${env:A}\"]\n".to_owned(), format!("yaml:d: {first:?}")];
        let reading = confmap::read(&sources, &[format!("e.f={first}")], &|_| Some(second.to_owned()));
        assert!(reading.root.as_map().is_some());
        let _ = reading.faults.to_string();
    });
}

/// What is shown is read back.
fn durations(data: &[u8]) {
    on_text(data, |text| {
        if let Ok(read) = duration::parse(text) {
            assert_eq!(duration::parse(&duration::format(read)), Ok(read));
        }
    });
}

/// A name that is read reads back; and messages with any text hide what they should.
fn component_ids(data: &[u8]) {
    on_text(data, |text| {
        if let Ok(id) = text.parse::<ComponentId>() {
            assert_eq!(id.to_string().parse(), Ok(id));
        }
        let _ = (confmap::quote(text), confmap::closest(text, &["awsemf", "batch"]));
    });
}
