use std::sync::Arc;

use proptest::prelude::*;

use crate::fault::Faults;
use crate::node::Node;
use crate::testing::show;

fn parse(text: &str) -> (Option<Node>, Faults) {
    let mut faults = Faults::new();
    let node = super::parse(text, &Arc::from("f.yaml"), &mut faults);
    (node, faults)
}

/// The tree as [`show`] gives it.
fn check(text: &str, expected: &str) {
    let (node, faults) = parse(text);
    assert_eq!(faults.to_string(), "", "{text:?}");
    assert_eq!(show(&node.expect("no fault, so a tree")), expected, "{text:?}");
}

/// The faults, one a line.
fn check_faults(text: &str, expected: &str) {
    assert_eq!(parse(text).1.to_string(), expected, "{text:?}");
}

#[test]
fn text_becomes_a_tree_in_the_order_written() {
    check("b: 1\na: [x, 2.5, true, ~]\nc:\n  d: 'y'\n", r#"{b: 1, a: ["x", 2.5, true, null], c: {d: "y"}}"#);
    check("", "null");
    check("# nothing\n", "null");
    check("\u{feff}a: 1\r\nb: 2\r\n", "{a: 1, b: 2}");
    check("text: |\n  one\n  two\nfolded: >-\n  one\n  two\n", r#"{text: "one\ntwo\n", folded: "one two"}"#);
    check("1: a\ntrue: b\n'': c\n", r#"{1: "a", true: "b", : "c"}"#);
}

#[test]
fn words_of_yaml_1_1_are_text_and_quotes_keep_text() {
    check("a: yes\nb: on\nc: \"5\"\nd: 'true'\n", r#"{a: "yes", b: "on", c: "5", d: "true"}"#);
}

#[test]
fn only_the_first_document_counts() {
    check("a: 1\n---\nb: 2\n", "{a: 1}");
    check("a: 1\n---\n]] not yaml\n", "{a: 1}");
    check("---\na: 1\n...\nb", "{a: 1}");
}

#[test]
fn a_double_colon_in_a_key_parts_a_path_outside_lists() {
    check("a::b::c: 1\na::b::d: 2\n", "{a: {b: {c: 1, d: 2}}}");
    check("a:\n  b: 1\na::c: 2\n", "{a: {b: 1, c: 2}}");
    check("a::c: 2\na:\n  b: {x::y: 1}\n", "{a: {c: 2, b: {x: {y: 1}}}}");
    check("a: [{b::c: 1}]\n", "{a: [{b::c: 1}]}");
    check_faults("a::b: 1\na:\n  b: 2\n", "a::b: duplicate key; first written on line 1 (f.yaml:3)");
    check_faults("x:\n  a::: 1\n", "x: a key has an empty part beside its :: (f.yaml:2)");
}

#[test]
fn a_duplicate_key_names_its_path_and_both_lines() {
    check_faults(
        "a:\n  b: 1\n  c: 2\n  b: 3\nd:\n- {x: 1, x: 2}\na: 1\n",
        "a::b: duplicate key; first written on line 2 (f.yaml:4)\n\
         d::0::x: duplicate key; first written on line 6 (f.yaml:6)\n\
         a: duplicate key; first written on line 1 (f.yaml:7)",
    );
}

#[test]
fn every_node_knows_its_line() {
    let text = "a:\n  b: 1\n  c:\n    - x\n    - y: z\nempty:\n\nlast: >\n  t\n";
    let (node, _) = parse(text);
    let node = node.expect("valid");
    let lines = ["a::b", "a::c::0", "a::c::1::y", "empty", "last"].map(|path| {
        let found = node.at(path).expect(path);
        (path, found.location.to_string())
    });
    assert_eq!(lines[0].1, "f.yaml:2");
    assert_eq!(lines[1].1, "f.yaml:4");
    assert_eq!(lines[2].1, "f.yaml:5");
    assert_eq!(lines[3].1, "f.yaml:6", "a value that is left out stands at its key");
    assert_eq!(lines[4].1, "f.yaml:8", "a block of text stands at its key");
    assert_eq!(node.get("a").and_then(Node::as_map).and_then(|map| map.entry("c")).map(|e| e.location.line), Some(3));
}

#[test]
fn aliases_and_merge_keys_work() {
    check("a: &x {k: 1}\nb: *x\n", "{a: {k: 1}, b: {k: 1}}");
    check("a: &x 5\nb: [*x, *x]\n", "{a: 5, b: [5, 5]}");
    check("&k key: 1\nother: *k\n", r#"{key: 1, other: "key"}"#);
    check("a: &k key\n*k : 1\n", r#"{a: "key", key: 1}"#);
    check(
        "base: &b {x: 1, y: 2}\nmore: &m {y: 3, z: 4}\nuse:\n  <<: *b\n  x: 9\nboth:\n  <<: [*b, *m]\n",
        "{base: {x: 1, y: 2}, more: {y: 3, z: 4}, use: {x: 9, y: 2}, both: {x: 1, y: 2, z: 4}}",
    );
    check("'<<': 1\n", "{<<: 1}");
    check_faults("a:\n  <<: 5\n", "a::<<: a merge key takes a map or a list of maps (f.yaml:2)");
    check_faults("a: &x [*x]\n", "a::0: the alias stands inside what it refers to (f.yaml:1)");
}

#[test]
fn an_alias_bomb_is_refused() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..30 {
        let before = format!("*a{}, ", level - 1).repeat(10);
        text.push_str(&format!("a{level}: &a{level} [{before}]\n"));
    }
    let faults = parse(&text).1.to_string();
    assert!(faults.contains("too many values; aliases multiply them"), "{faults}");

    let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(100_000), "*a, ".repeat(10_000));
    assert!(parse(&long).1.to_string().contains("too many values"));

    let anchors = (0..100).fold("x".to_owned(), |inside, n| format!("&n{n} [{inside}]"));
    assert!(parse(&anchors).0.is_some(), "anchors within anchors of moderate size are fine");
}

#[test]
fn deep_nesting_is_refused_without_a_stack_overflow() {
    for text in ["[".repeat(5000), "{a: ".repeat(5000), "- ".repeat(5000), vec!["a"; 5000].join("::") + ": 1"] {
        assert!(parse(&text).0.is_none());
    }
    assert!(parse(&(vec!["a"; 100].join("::") + ": 1")).0.is_some());

    // Each line hangs what the line before it made fifty levels deeper.
    let mut text = "a0: &a0 x\n".to_owned();
    for line in 1..50 {
        text.push_str(&format!("a{line}: &a{line} {}*a{} {}\n", "[".repeat(50), line - 1, "]".repeat(50)));
    }
    let faults = parse(&text).1.to_string();
    assert!(faults.contains("nested deeper than 128 levels"), "{faults}");
}

#[test]
fn a_text_that_is_no_yaml_names_its_line() {
    for (text, line) in [("a: 1\nb: [1, 2\n", "f.yaml:"), ("a: b: c\n", "f.yaml:1"), ("a: *nope\n", "f.yaml:1")] {
        let faults = parse(text).1.to_string();
        assert!(faults.contains("not valid YAML: ") && faults.contains(line), "{text:?}: {faults}");
    }
    assert!(parse("[a]\nb\n").0.is_none(), "what follows in the document makes it invalid");
}

#[test]
fn a_wrong_indentation_is_told_in_plain_words() {
    let cases = [
        ("a:\n    b: 1\n    c: 2\n   d: 3\n", "line 4 is indented by 3, its neighbours by 4 and 0 (f.yaml:4)"),
        ("a:\n  b:\n      c: 1\n     d: 2\n", "line 4 is indented by 5, its neighbours by 6 and 2 (f.yaml:4)"),
        (
            "a:\n  b: 1\n    c: 2\n",
            "line 3 is indented by 4, the line before it by 2; that line has a value already, so nothing can lie below it (f.yaml:3)",
        ),
        ("a:\n\tb: 1\n", "line 2 is indented with a tab; only spaces indent in YAML (f.yaml:2)"),
        ("a:\n  - b: 1\n    c: 2\n   d: 3\n", "line 4 is indented by 3, its neighbours by 4 and 2 (f.yaml:4)"),
    ];
    for (text, words) in cases {
        assert_eq!(parse(text).1.to_string(), format!("not valid YAML: {words}"), "{text:?}");
    }
    let other = parse("a: [1, 2\nb: 1\n").1.to_string();
    assert!(other.contains(", at column "), "{other}");
}

#[test]
fn every_value_knows_its_columns() {
    let (node, _) = parse("a:\n  - {b: äx, c: 'q r'}\n");
    let node = node.expect("valid");
    let place = |path: &str| node.at(path).map(|node| (node.location.column, node.location.length));
    assert_eq!(place("a::0::b"), Some((9, 2)));
    assert_eq!(place("a::0::c"), Some((16, 5)));
}

#[test]
fn a_document_that_is_passed_over_is_told_unless_it_is_empty() {
    for (text, line) in [
        ("a: 1\n---\nb: 2\n", 2),
        ("a: 1\n...\n---\n]]\n", 3),
        ("a: 1\n...\n---\nb: 2\n", 3),
        ("a: 1\n---\n", 0),
        ("a: 1\n", 0),
    ] {
        let told: Vec<u32> =
            parse(text).1.warnings().0.iter().map(|w| w.location.as_ref().map_or(0, |l| l.line)).collect();
        assert_eq!(told, if line > 0 { vec![line] } else { vec![] }, "{text:?}");
    }
}

#[test]
fn tags_of_the_core_schema_decide_the_type() {
    check(
        "a: !!str 5\nb: !!int '5'\nc: !!float 5\nd: !!map {}\ne: !!seq []\nf: ! 5\n",
        "{a: \"5\", b: 5, c: 5.0, d: {}, e: [], f: \"5\"}",
    );
    check_faults("a: !!int x\n", "a: \"x\" is no !!int (f.yaml:1)");
    check_faults("a: !custom x\n", "a: tag !custom is not supported (f.yaml:1)");
    check_faults(
        "? [a]\n: 1\nb: !!set {}\n",
        "a key must be a plain text (f.yaml:1)\nb: tag !!set is not supported (f.yaml:3)",
    );
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in ".{0,400}") {
        let _ = parse(&text);
    }

    #[test]
    fn no_text_of_yaml_signs_makes_the_parser_panic(text in "[-a-c:{}\\[\\],&*<!|>'\"#?%@ \n\t0-9.~$]{0,200}") {
        let (node, faults) = parse(&text);
        prop_assert!(node.is_some() || !faults.is_empty());
    }

    #[test]
    fn quoted_text_comes_back_as_it_was(text in "[ -~äöü\n\t]{0,60}") {
        let quoted = format!("a: {}", quote(&text));
        let (node, faults) = parse(&quoted);
        prop_assert_eq!(faults.to_string(), "");
        let node = node.expect("valid");
        prop_assert_eq!(node.get("a").and_then(Node::text), Some(text.as_str()));
    }
}

/// A double-quoted YAML scalar.
fn quote(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\t', "\\t");
    format!("\"{escaped}\"")
}

#[test]
fn a_key_that_is_too_long_is_a_fault() {
    let of = |length: usize| format!("? {}\n: 1\n", "k".repeat(length));
    assert!(parse(&of(1024)).0.is_some());
    check_faults(&of(1025), "a key is longer than 1024 bytes (f.yaml:1)");
}
