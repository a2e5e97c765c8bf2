#![expect(clippy::disallowed_methods, reason = "a test waits by the clock of the machine")]

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
    check_faults(&["nope:x"], &[], "scheme \"nope\" is not supported for uri \"nope:x\": there are file, env and yaml");
    let other = |uri: &str, scheme: &str| {
        check_faults(
            &[uri],
            &[],
            &format!("scheme {scheme:?} is not in this agent yet for uri {uri:?}: there are file, env and yaml"),
        );
    };
    other("https://h/c.yaml", "https");
    other("s3://b.s3.r.amazonaws.com/k", "s3");
    check_faults(&["/no/such.yaml"], &[], "read /no/such.yaml: No such file or directory (os error 2)");
    check_faults(&["c:/no/such.yaml"], &[], "read c:/no/such.yaml: No such file or directory (os error 2)");
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
    check_faults(&[], &["a.b={c: 1, c: 2}"], "a::b::c: duplicate key; first written on line 1 (--set a.b)");
    let deep = format!("{}=1", vec!["a"; 10_000].join("."));
    assert!(load(&[], &[deep], &environment).is_err());
}

#[test]
fn every_fault_of_every_source_is_told() {
    check_faults(
        &["yaml:{a: 1, a: 2}", "nope:x", "yaml:b: ${env:1}\nc: ${foo:x}"],
        &["d"],
        "scheme \"nope\" is not supported for uri \"nope:x\": there are file, env and yaml\n\
         --set d: missing equal sign in key=value\n\
         a: duplicate key; first written on line 1 (yaml:1)\n\
         b: environment variable \"1\" has an invalid name: it must match ^[a-zA-Z_][a-zA-Z0-9_]*$ (yaml:1)\n\
         c: scheme \"foo\" is not supported for uri \"foo:x\": there are file, env and yaml (yaml:2)",
    );
}

#[test]
fn what_a_reading_tells_comes_in_the_order_of_the_lines() {
    let text = "yaml:a: {b: '${env:1}', c: 1, c: 2}\nd: ${env:2}\n---\ne: f\n";
    let reading = super::read(&texts(&["yaml:b: ${env:3}", text]), &[], &environment);
    let shown = |faults: &[crate::Fault]| faults.iter().map(ToString::to_string).collect::<Vec<_>>();
    let faults: Vec<_> = shown(&reading.faults.iter().cloned().collect::<Vec<_>>());
    let begins: Vec<_> = faults.iter().map(|fault| fault.split(':').next().unwrap_or_default()).collect();
    assert_eq!(begins, ["b", "a", "a", "d"], "{faults:?}");
    let warning = "a second document begins here and is ignored, as in the collector (yaml:3)";
    assert_eq!(shown(reading.faults.warnings().0), [warning]);
    assert!(reading.whole);
    assert!(!super::read(&texts(&["yaml:a: [", "yaml:b: 1"]), &[], &environment).whole);
}

#[test]
fn pipes_and_devices_hang_nothing() {
    let folder = tempfile::tempdir().expect("a scratch directory");
    let pipe = folder.path().join("p");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo can be run").success());
    let pipe = pipe.display().to_string();
    let begun = std::time::Instant::now();
    // Both wait at the same time.
    let sources = [pipe.clone(), format!("yaml:a: ${{file:{pipe}}}"), "/dev/zero".to_owned()];
    let read =
        |source: String| std::thread::spawn(move || super::read(&[source], &[], &environment).faults.to_string());
    let faults: Vec<String> = sources.map(read).into_iter().map(|read| read.join().expect("it comes back")).collect();
    assert!(begun.elapsed() < std::time::Duration::from_secs(40));
    assert_eq!(faults[0], format!("read {pipe}: nothing comes within 10 s"));
    assert!(faults[1].contains(&format!("a: read {pipe}: nothing comes within 10 s")), "{faults:?}");
    assert_eq!(faults[2], "/dev/zero holds more than 4 MiB");

    let writer = std::thread::spawn({
        let pipe = pipe.clone();
        move || {
            let mut file = std::fs::OpenOptions::new().write(true).open(pipe).expect("there is a reader");
            for part in ["a: 1\n", "b: 2\n"] {
                std::thread::sleep(std::time::Duration::from_millis(50));
                std::io::Write::write_all(&mut file, part.as_bytes()).expect("it takes it");
            }
        }
    });
    check(&[&pipe], &[], "{a: 1, b: 2}");
    writer.join().expect("it has written");
}

#[test]
fn many_keys_are_read_in_a_time_that_grows_with_their_number() {
    // Each key is a path below one map, which once was searched for each of them.
    let keys: String = (0..40_000).map(|number| format!("a::k{number}: 1\n")).collect();
    let begun = std::time::Instant::now();
    let loaded = load(&[format!("yaml:{keys}")], &[], &environment).expect("valid");
    assert_eq!(loaded.root.get("a").map(|map| map.entries().len()), Some(40_000));
    assert!(begun.elapsed() < std::time::Duration::from_secs(60), "{:?}", begun.elapsed());
    let twice = "yaml:{a::b: 1, a: {b: 2}, a::c: {d: 1}, a::c::d: 2, a::c: 3}";
    check_faults(
        &[twice],
        &[],
        "a::b: duplicate key; first written on line 1 (yaml:1)\n\
         a::c::d: duplicate key; first written on line 1 (yaml:1)\n\
         a::c: duplicate key; first written on line 1 (yaml:1)",
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
