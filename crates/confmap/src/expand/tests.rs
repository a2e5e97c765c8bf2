use std::sync::Arc;

use proptest::prelude::*;

use crate::fault::Faults;
use crate::node::Node;
use crate::testing::{environment, show};
use crate::yaml;

/// The value of key `a` after expansion, its faults and its warnings.
fn expand(text: &str) -> (Node, String, Vec<String>) {
    let mut faults = Faults::new();
    let tree = yaml::parse(text, &Arc::from("f.yaml"), &mut faults).unwrap_or_else(|| panic!("{faults}"));
    let tree = super::expand(tree, &environment, &mut faults);
    let value = tree.get("a").cloned().unwrap_or(tree);
    let warnings = faults.warnings().0.iter().map(ToString::to_string).collect();
    (value, faults.to_string(), warnings)
}

/// `value` is what stands behind `a:`; `expected` the tree, `original` the text an option of text takes.
fn check(value: &str, expected: &str, original: Option<&str>) {
    let (node, faults, warnings) = expand(&format!("a: {value}\n"));
    assert_eq!((faults.as_str(), warnings.len()), ("", 0), "{value}");
    assert_eq!(show(&node), expected, "{value}");
    assert_eq!(node.text(), original, "{value}");
    assert_eq!(node.location.to_string(), "f.yaml:1", "{value}");
}

fn check_fault(value: &str, expected: &str) {
    assert_eq!(expand(&format!("a: {value}\n")).1, expected, "{value}");
}

#[test]
fn a_whole_value_takes_the_type_of_its_text_and_keeps_the_text() {
    check("${env:NAME}", r#""worker-1""#, Some("worker-1"));
    check("${NAME}", r#""worker-1""#, Some("worker-1"));
    check("${env:NUMBER}", "5", Some("5"));
    check("\"${env:NUMBER}\"", "5", Some("5"));
    check("${env:ZEROS}", "123", Some("0123"));
    check("${env:BOOL}", "true", Some("true"));
    check("${env:NULL}", "null", Some("null"));
    check("${env:EMPTY}", "null", Some(""));
    check("${env:LIST}", r#"["a", "b"]"#, Some("[a, b]"));
    check("${env:MAP}", r#"{a: 1, b: "x"}"#, Some("{a: 1, b: x}"));
    check("${env:CURLY}", "{NodeName: null}", Some("{NodeName}"));
    check("${env:COLON}", r#"{pass: "word"}"#, Some("pass: word"));
}

#[test]
fn text_that_reads_as_text_or_as_no_yaml_stays_as_it_is() {
    check("${env:QUOTED}", r#""\"x\"""#, Some("\"x\""));
    check("${env:COMMENT}", r#""abc #def""#, Some("abc #def"));
    check("${env:BROKEN}", r#""[a""#, Some("[a"));
}

#[test]
fn a_default_counts_where_the_variable_is_unset_or_empty() {
    check("${env:UNSET:-7}", "7", Some("7"));
    check("${env:EMPTY:-x}", r#""x""#, Some("x"));
    check("${env:NUMBER:-x}", "5", Some("5"));
    check("${UNSET:-x:-y}", r#""x:-y""#, Some("x:-y"));
    check("${env:UNSET:-}", "null", Some(""));
    check("\"${env:UNSET:-${env:NUMBER}}\"", "5", Some("5"));
}

#[test]
fn an_unset_variable_is_empty_and_warned_about() {
    let (node, faults, warnings) = expand("a: ${env:UNSET}\n");
    assert_eq!((show(&node).as_str(), node.text(), faults.as_str()), ("null", Some(""), ""));
    assert_eq!(warnings, ["a: Configuration references unset environment variable UNSET (f.yaml:1)"]);
    let (node, _, warnings) = expand("a: x${env:UNSET}y\n");
    assert_eq!((show(&node).as_str(), warnings.len()), ("\"xy\"", 1));
}

#[test]
fn within_a_longer_text_the_text_is_inserted() {
    check("http://${env:NAME}:${env:NUMBER}/", r#""http://worker-1:5/""#, Some("http://worker-1:5/"));
    check("x${env:ZEROS}", r#""x0123""#, Some("x0123"));
    check("${env:NUMBER}${env:NUMBER}", r#""55""#, Some("55"));
    check_fault(
        "x-${env:LIST}",
        "a: ${env:LIST} is a list or a map, which can't stand within a longer text (f.yaml:1)",
    );
}

#[test]
fn a_doubled_dollar_is_a_dollar() {
    check("$${1}:9901", r#""${1}:9901""#, Some("${1}:9901"));
    check("^new_container_(.*)$$", r#""^new_container_(.*)$""#, Some("^new_container_(.*)$"));
    check("$$${env:NAME}", r#""$worker-1""#, Some("$worker-1"));
    check("$$$${env:NAME}", r#""$${env:NAME}""#, Some("$${env:NAME}"));
    check("$${env:NAME}-${env:NAME}", r#""${env:NAME}-worker-1""#, Some("${env:NAME}-worker-1"));
    check("$NAME", r#""$NAME""#, Some("$NAME"));
    check("$", r#""$""#, Some("$"));
    check("a}${", r#""a}${""#, Some("a}${"));
    check("${env:DOLLARS}", r#""a$b""#, Some("a$b"));
}

#[test]
fn results_are_expanded_again() {
    check("${env:NESTED}", "5", Some("5"));
    check("${env:NESTED_TEXT}", r#""x-worker-1""#, Some("x-worker-1"));
    check("${env:${env:WHICH}}", "5", Some("5"));
    check("${env:BLOCK}", r#"{a: {b: 5}, c: ["worker-1"]}"#, Some("a::b: ${env:NUMBER}\nc:\n  - ${NAME}\n"));
    check("[\"${env:NUMBER}\", {k: \"${env:NAME}\"}]", r#"[5, {k: "worker-1"}]"#, None);
}

#[test]
fn keys_are_not_expanded() {
    let (node, ..) = expand("\"${env:NAME}\": 1\n");
    assert_eq!(show(&node), "{${env:NAME}: 1}");
}

#[test]
fn yaml_and_files_can_be_referred_to() {
    check("\"${yaml:[1, 2]}\"", "[1, 2]", Some("[1, 2]"));
    let folder = tempfile::tempdir().expect("a scratch directory");
    let path = folder.path().join("part.yaml");
    std::fs::write(&path, "timeout: ${env:NUMBER}\nlist: [x]\n").expect("written");
    let path = path.display();
    let (node, faults, _) = expand(&format!("a: ${{file:{path}}}\n"));
    assert_eq!((show(&node).as_str(), faults.as_str()), (r#"{timeout: 5, list: ["x"]}"#, ""));
    assert_eq!(node.at("list").map(|node| node.location.to_string()), Some(format!("{path}:2")));

    std::fs::write(folder.path().join("token"), "s3cret\n").expect("written");
    let (node, ..) = expand(&format!("a: ${{file:{}/token}}\n", folder.path().display()));
    assert_eq!(node.text(), Some("s3cret"), "the line feed at the end is none of the token's");

    let (_, faults, _) = expand("a: ${file:/does/not/exist}\n");
    assert_eq!(faults, "a: read /does/not/exist: No such file or directory (os error 2) (f.yaml:1)");
}

#[test]
fn a_reference_that_cannot_be_followed_is_a_fault() {
    check_fault(
        "${1}",
        "a: environment variable \"1\" has an invalid name: it must match ^[a-zA-Z_][a-zA-Z0-9_]*$ (f.yaml:1)",
    );
    check_fault(
        "${env:}",
        "a: environment variable \"\" has an invalid name: it must match ^[a-zA-Z_][a-zA-Z0-9_]*$ (f.yaml:1)",
    );
    check_fault(
        "${foo:bar}",
        "a: scheme \"foo\" is not supported for uri \"foo:bar\": there are file, env and yaml (f.yaml:1)",
    );
    check_fault(
        "${https://x/y}",
        "a: scheme \"https\" is not in this agent yet for uri \"https://x/y\": there are file, env and yaml (f.yaml:1)",
    );
}

#[test]
fn a_secret_that_looks_like_a_reference_is_not_shown() {
    assert_eq!(expand("a: ${env:PASSWORD}\n").1, "");
    let (_, _, warnings) = expand("a: ${env:PASSWORD}\n");
    assert_eq!(warnings, ["a: Configuration references unset environment variable from within a value (f.yaml:1)"]);
}

#[test]
fn endless_expansion_is_bounded() {
    check_fault("${env:LOOP}", "a: too many recursive expansions (f.yaml:1)");
    check_fault("x${env:LOOP}", "a: too many recursive expansions (f.yaml:1)");
    check_fault("${env:GROW}", "a: too many recursive expansions (f.yaml:1)");
    let faults = expand("a: ${env:BOMB}\n").1;
    assert!(faults.ends_with("nested deeper than 128 levels (env:BOMB:1)"), "{faults}");
    assert_eq!(faults.lines().count(), 1);
}

#[test]
fn a_value_out_of_a_reference_knows_what_was_written_in_its_place() {
    let written = |text: &str, path: &str| {
        let node = expand(&format!("a: {text}\n")).0;
        node.at(path).and_then(|node| node.written.as_deref().map(str::to_owned))
    };
    assert_eq!(written("x-${env:NAME}", "").as_deref(), Some("x-${env:NAME}"));
    assert_eq!(written("${env:NUMBER}", "").as_deref(), Some("${env:NUMBER}"));
    assert_eq!(written("${env:MAP}", "b").as_deref(), Some("${env:MAP}"));
    assert_eq!(written("${env:LIST}", "1").as_deref(), Some("${env:LIST}"));
    assert_eq!(written("${env:BLOCK}", "c::0").as_deref(), Some("${env:BLOCK}"));
    assert_eq!(written("[x, \"${env:NAME}\"]", "0"), None);
    assert_eq!(written("$$x", ""), None);
    assert_eq!(expand("a: ${env:NAME}\n").0.describe(), "the value of \"${env:NAME}\"");
}

proptest! {
    #[test]
    fn no_text_makes_expansion_panic(text in "([$]|[{]|[}]|env:|file:|yaml:|:-|NAME|LIST|BOMB|[a-z\\[\\], ]){0,40}") {
        let mut faults = Faults::new();
        let node = Node::new(crate::node::Value::String(text.clone()), crate::node::Location::of_source("t"));
        let node = super::expand(node, &environment, &mut faults);
        // Without a brace nothing is expanded, and only pairs of dollars change.
        if !text.contains('}') {
            let expected = text.replace("$$", "$");
            prop_assert_eq!(node.text(), Some(expected.as_str()));
        }
    }

    #[test]
    fn escaping_every_dollar_keeps_a_text(text in ".{0,60}") {
        let mut faults = Faults::new();
        let escaped = crate::node::Value::String(text.replace('$', "$$"));
        let node = Node::new(escaped, crate::node::Location::of_source("t"));
        let node = super::expand(node, &environment, &mut faults);
        prop_assert_eq!(node.text(), Some(text.as_str()));
        prop_assert!(faults.is_empty());
    }
}
