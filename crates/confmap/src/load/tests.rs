use proptest::prelude::*;

use super::load;
use crate::node::{Location, Node};
use crate::testing::{environment, show};
use crate::{merge, yaml};

fn texts(items: &[&str]) -> Vec<String> {
    items.iter().map(|item| (*item).to_owned()).collect()
}

fn check(sources: &[&str], sets: &[&str], expected: &str) {
    let loaded = load(&texts(sources), &texts(sets), &environment).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(show(&loaded.root), expected, "{sources:?} {sets:?}");
}

fn check_faults(sources: &[&str], sets: &[&str], expected: &str) {
    let faults = load(&texts(sources), &texts(sets), &environment).expect_err("a fault");
    assert_eq!(faults.to_string(), expected, "{sources:?} {sets:?}");
}

#[test]
fn sources_are_files_variables_and_yaml() {
    let folder = tempfile::tempdir().expect("a scratch directory");
    let path = folder.path().join("c.yaml");
    std::fs::write(&path, "exporters:\n  debug:\n").expect("written");
    let path = path.to_str().expect("text");
    check(&[path], &[], "{exporters: {debug: null}}");
    check(&[&format!("file:{path}")], &[], "{exporters: {debug: null}}");
    check(&["env:MAP"], &[], r#"{a: 1, b: "x"}"#);
    check(&["yaml:exporters::debug::verbosity: detailed"], &[], r#"{exporters: {debug: {verbosity: "detailed"}}}"#);
    check(&[], &[], "{}");
    check(&["env:EMPTY", "yaml:"], &[], "{}");
}

#[test]
fn a_source_that_gives_no_text_is_a_fault() {
    check_faults(&["nope:x"], &[], "scheme \"nope\" is not supported for uri \"nope:x\"");
    check_faults(&["https://h/c.yaml"], &[], "scheme \"https\" is not supported by this build");
    check_faults(&["s3://b.s3.r.amazonaws.com/k"], &[], "scheme \"s3\" is not supported by this build");
    check_faults(&["/no/such.yaml"], &[], "cannot read /no/such.yaml: No such file or directory (os error 2)");
    check_faults(&["c:/no/such.yaml"], &[], "cannot read c:/no/such.yaml: No such file or directory (os error 2)");
    check_faults(&["yaml:[a]"], &[], "expected a map of sections, found a list (yaml:1)");
    let unset = load(&texts(&["env:UNSET"]), &[], &environment).expect("an empty source");
    let warning = "Configuration references unset environment variable UNSET (env:UNSET)";
    assert_eq!(unset.warnings.iter().map(ToString::to_string).collect::<Vec<_>>(), [warning]);
}

#[test]
fn a_later_source_lies_over_an_earlier_one() {
    let base = "yaml:{a: {b: 1, c: [1, 2]}, d: x}";
    check(&[base, "yaml:a::b: 2"], &[], r#"{a: {b: 2, c: [1, 2]}, d: "x"}"#);
    check(&[base, "yaml:a::c: [3]"], &[], r#"{a: {b: 1, c: [3]}, d: "x"}"#);
    check(&[base, "yaml:a: null"], &[], r#"{a: null, d: "x"}"#);
    check(&[base, "yaml:d: {e: 1}"], &[], "{a: {b: 1, c: [1, 2]}, d: {e: 1}}");
    check(&[base, "yaml:"], &[], r#"{a: {b: 1, c: [1, 2]}, d: "x"}"#);
}

#[test]
fn sets_lie_over_all_sources() {
    let base = "yaml:processors: {batch/metrics: {timeout: 60s}}";
    check(&[base], &["processors.batch/metrics.timeout=5s"], r#"{processors: {batch/metrics: {timeout: "5s"}}}"#);
    check(
        &[base],
        &["processors.attributes.actions=[{key: a, action: delete}]"],
        r#"{processors: {batch/metrics: {timeout: "60s"}, attributes: {actions: [{key: "a", action: "delete"}]}}}"#,
    );
    check(&[], &["a.b=1", "a.b=${env:NUMBER}", "a.c=x=y"], r#"{a: {b: 5, c: "x=y"}}"#);
    check(&["yaml:a: {b: 1}"], &["a="], "{a: null}");
    check_faults(&[], &["a.b"], "--set a.b: missing equal sign in key=value");
    check_faults(&[], &["a..b=1"], "--set a..b: the key has an empty part");
    check_faults(&[], &["a.b={c: 1, c: 2}"], "a::b::c: duplicate key; first written on line 1 (--set a.b:1)");
    let deep = format!("{}=1", vec!["a"; 10_000].join("."));
    assert!(load(&[], &[deep], &environment).is_err());
}

#[test]
fn every_fault_of_every_source_is_told() {
    check_faults(
        &["yaml:{a: 1, a: 2}", "nope:x", "yaml:b: ${env:1}\nc: ${foo:x}"],
        &["d"],
        "scheme \"nope\" is not supported for uri \"nope:x\"\n\
         --set d: missing equal sign in key=value\n\
         a: duplicate key; first written on line 1 (yaml:1)\n\
         b: environment variable \"1\" has an invalid name: it must match ^[a-zA-Z_][a-zA-Z0-9_]*$ (yaml:1)\n\
         c: scheme \"foo\" is not supported for uri \"foo:x\" (yaml:2)",
    );
}

#[test]
fn the_sample_loads_with_the_lines_it_is_written_on() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/eks-sample.yaml");
    let sets = ["exporters.awsemf.output_destination=stdout"];
    let loaded = load(&texts(&[path]), &texts(&sets), &environment).expect("the sample is valid");
    assert!(loaded.warnings.is_empty());
    let root = &loaded.root;
    let keys: Vec<&str> = root.entries().iter().map(|entry| entry.key.as_str()).collect();
    assert_eq!(keys, ["extensions", "receivers", "processors", "exporters", "service"]);
    assert!(root.at("receivers::awscontainerinsightreceiver").is_some_and(Node::is_null));
    let text = |path: &str| root.at(path).and_then(Node::text).map(str::to_owned);
    assert_eq!(text("exporters::awsemf::log_stream_name").as_deref(), Some("{NodeName}"));
    assert_eq!(text("exporters::awsemf::output_destination").as_deref(), Some("stdout"));
    assert_eq!(text("exporters::awsemf::metric_declarations::2::dimensions::1::0").as_deref(), Some("Service"));
    let written = std::fs::read_to_string(path).expect("the sample");
    for (index, line) in written.lines().enumerate().filter(|(_, line)| line.contains("timeout: 60s")) {
        assert!(line.starts_with("    timeout"));
        let node = root.at("processors::batch/metrics::timeout").expect("a timeout");
        assert_eq!(node.location.line as usize, index + 1);
    }
}

/// Trees of maps, lists and scalars, as YAML.
fn trees() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<i64>().prop_map(|value| value.to_string()),
        "[a-c]{1,2}".prop_map(|text| format!("'{text}'")),
    ];
    let tree = leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(|items| format!("[{}]", items.join(", "))),
            prop::collection::btree_map("[a-d]", inner, 0..4).prop_map(|map| {
                let entries: Vec<String> = map.iter().map(|(key, value)| format!("{key}: {value}")).collect();
                format!("{{{}}}", entries.join(", "))
            }),
        ]
    });
    prop::collection::btree_map("[a-d]", tree, 0..4).prop_map(|map| {
        let entries: Vec<String> = map.iter().map(|(key, value)| format!("{key}: {value}")).collect();
        format!("{{{}}}", entries.join(", "))
    })
}

fn tree(text: &str) -> Node {
    let mut faults = crate::Faults::new();
    let source = Location::of_source("t").source;
    yaml::parse(text, &source, &mut faults).unwrap_or_else(|| panic!("{text}: {faults}"))
}

/// Whether every leaf of `over` is what `merged` has there.
fn covers(merged: &Node, over: &Node) -> bool {
    match over.as_map() {
        Some(map) => {
            map.entries().iter().all(|entry| merged.get(&entry.key).is_some_and(|found| covers(found, &entry.value)))
        }
        None => show(merged) == show(over),
    }
}

proptest! {
    #[test]
    fn merging_with_nothing_or_with_itself_changes_nothing(text in trees()) {
        let expected = show(&tree(&text));
        prop_assert_eq!(show(&merge(tree(&text), tree("{}"))), expected.clone());
        prop_assert_eq!(show(&merge(tree("{}"), tree(&text))), expected.clone());
        prop_assert_eq!(show(&merge(tree(&text), tree(&text))), expected);
    }

    #[test]
    fn what_lies_above_is_all_there_and_what_it_leaves_alone_stays(base in trees(), over in trees()) {
        let (base, over) = (tree(&base), tree(&over));
        let merged = merge(base.clone(), over.clone());
        prop_assert!(covers(&merged, &over));
        for entry in base.entries().iter().filter(|entry| over.get(&entry.key).is_none()) {
            prop_assert_eq!(merged.get(&entry.key), Some(&entry.value));
        }
        prop_assert_eq!(show(&merge(merged.clone(), over)), show(&merged), "laying it over twice is as good as once");
    }

    #[test]
    fn no_source_makes_loading_panic(yaml in ".{0,200}", set in ".{0,60}", env in ".{0,60}") {
        let answer = move |_: &str| Some(env.clone());
        let sources = [format!("yaml:{yaml}"), "env:ANY".to_owned(), "yaml:a: [\"${env:ANY}\", \"x${ANY}\"]".to_owned()];
        if let Ok(loaded) = load(&sources, &[set], &answer) {
            prop_assert!(loaded.root.as_map().is_some());
        }
    }
}
