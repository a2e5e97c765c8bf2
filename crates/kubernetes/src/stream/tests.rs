//! In any pieces, the result is that of `serde_json` on the whole.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::grammar::plain;
use super::*;
use crate::error::ParseError;

static SHAPE: Shape = Shape::Members(&[("kind", Shape::Whole), ("items", Shape::Each(&ITEM))]);
const ITEM: Shape = Shape::Members(&[
    ("a", Shape::Whole),
    ("b", Shape::Members(&[("c", Shape::Whole), ("labels", Shape::Labels)])),
    ("l", Shape::Items(&Shape::Members(&[("n", Shape::Whole)]))),
]);

/// What is said of a document in these pieces: the head, and each item or that it is too large.
fn read(pieces: &[&[u8]]) -> Result<(String, Vec<String>), ParseError> {
    let mut filter = Filter::new(&SHAPE, LabelRules::default(), LONGEST_HEAD);
    let mut items = Vec::new();
    for piece in pieces {
        filter.push(piece, &mut |item| {
            items.push(match item.is_too_large {
                true => "too large".to_owned(),
                false => String::from_utf8_lossy(item.json).into_owned(),
            });
        })?;
    }
    let (head, is_too_large) = filter.finish()?;
    assert!(!is_too_large);
    Ok((String::from_utf8_lossy(head).into_owned(), items))
}

fn whole(text: &str) -> (String, Vec<String>) {
    read(&[text.as_bytes()]).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn what_is_wanted_is_kept_and_nothing_else() {
    let text = r#" {"x":[{"y":"]}"}],"items":[ {"a" : "A\"\\", "z":{"a":1}, "b":{"d":[],"c":null,"labels":{"k":"v","e":""}},
        "l":[{"n":1,"m":2},{"m":[]},3]}, null, [1, {"a":2}], {"b":[{"q":1}],"l":{"n":0}} ] , "kind" :"K", "w":-1.5e+7} "#;
    let (head, items) = whole(text);
    assert_eq!(head, r#"{"items":[],"kind":"K"}"#);
    let expected = [
        r#"{"a":"A\"\\","b":{"c":null,"labels":{"k":"v","e":""}},"l":[{"n":1},{},3]}"#,
        "null",
        r#"[1,{"a":2}]"#,
        r#"{"b":[{"q":1}],"l":{"n":0}}"#,
    ];
    assert_eq!(items, expected);
    // What it became needs nothing more.
    let again = format!(r#"{{"items":[{}],"kind":"K"}}"#, items.join(","));
    assert_eq!(whole(&again).1, items);
}

#[test]
fn a_key_is_what_it_means_not_how_it_is_written() {
    assert_eq!(whole(r#"{"items":[{"\u0061":1,"\u0062":{"x":1}}]}"#).1, [r#"{"\u0061":1,"\u0062":{}}"#]);
    let long = format!(r#"{{"items":[{{"a{}":1,"a":2}}]}}"#, " ".repeat(5000));
    assert_eq!(read(&[&long.as_bytes()[..13], &long.as_bytes()[13..]]).expect("good").1, [r#"{"a":2}"#]);
}

#[test]
fn an_item_that_is_too_large_costs_itself() {
    let large = "x".repeat(LARGEST_OBJECT);
    let text = format!(r#"{{"items":[{{"a":1}},{{"a":"{large}"}},{{"z":"{large}","a":2}}],"kind":"K"}}"#);
    assert_eq!(
        whole(&text),
        (r#"{"items":[],"kind":"K"}"#.into(), vec![r#"{"a":1}"#.into(), "too large".into(), r#"{"a":2}"#.into()])
    );
}

#[test]
fn a_head_that_is_too_large_is_told() {
    let mut filter = Filter::new(&SHAPE, LabelRules::default(), LONGEST_HEAD);
    let text = format!(r#"{{"kind":"{}","items":[{{"a":1}}]}}"#, "x".repeat(LONGEST_HEAD));
    filter.push(text.as_bytes(), &mut |_| {}).expect("good JSON");
    assert!(filter.finish().expect("it is complete").1);
}

#[test]
fn depth_has_a_limit() {
    let nested = |depth: usize| format!(r#"{{"x":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
    assert!(read(&[nested(DEEPEST as usize - 1).as_bytes()]).is_ok());
    let error = read(&[nested(DEEPEST as usize).as_bytes()]).expect_err("too deep");
    assert_eq!(error.to_string(), "JSON is nested deeper than 128");
}

#[test]
fn a_million_items_pass_one_by_one() {
    let mut filter = Filter::new(&SHAPE, LabelRules::default(), LONGEST_HEAD);
    let mut count = 0;
    filter.push(br#"{"items":[{"a":0}"#, &mut |_| count += 1).expect("good JSON");
    for _ in 0..1000 {
        filter.push(&br#",{"a":1}"#.repeat(1000), &mut |_| count += 1).expect("good JSON");
    }
    filter.push(b"]}", &mut |_| count += 1).expect("good JSON");
    assert_eq!((count, filter.finish().expect("complete").0), (1_000_001, &b"{\"items\":[]}"[..]));
}

/// The labels of one item, with how many were cut and how many are known by their digest alone.
fn labels(object: &str, rules: &LabelRules, piece: usize) -> (Value, u32, usize) {
    let text = format!(r#"{{"items":[{{"b":{{"labels":{object}}}}}]}}"#);
    let mut filter = Filter::new(&SHAPE, rules.clone(), LONGEST_HEAD);
    let mut found = None;
    for piece in text.as_bytes().chunks(piece) {
        filter
            .push(piece, &mut |item| {
                let json: Value = serde_json::from_slice(item.json).expect("condensed JSON is JSON");
                let (cut, others) = item.labels.map_or((0, 0), |labels| (labels.cut, labels.others.len()));
                found = Some((json["b"]["labels"].clone(), cut, others));
            })
            .expect("good JSON");
    }
    found.expect("there is one item")
}

#[test]
fn of_labels_the_first_by_name_are_kept_however_they_come() {
    let pair = |n: usize| format!(r#""l{n:05}":"{}""#, "v".repeat(63));
    // 69 bytes each: 474 of them fit.
    let sorted: Vec<String> = (0..3000).map(pair).collect();
    let mut shuffled = sorted.clone();
    shuffled.sort_by_key(|pair| pair.bytes().map(u64::from).fold(7, |hash, byte| (hash * 31 + byte) % 1009));
    let fit = LABEL_BYTES / 69;
    let expected: serde_json::Map<String, Value> =
        (0..fit).map(|n| (format!("l{n:05}"), "v".repeat(63).into())).collect();
    for pairs in [sorted, shuffled] {
        for piece in [1, 4096, usize::MAX] {
            let (kept, cut, others) = labels(&format!("{{{}}}", pairs.join(",")), &LabelRules::default(), piece);
            assert_eq!(kept, Value::Object(expected.clone()), "in pieces of {piece}");
            assert_eq!((cut as usize, others), (3000 - fit, 3000 - fit));
        }
    }
}

#[test]
fn only_labels_that_are_wanted_are_kept_and_the_hash_of_the_template_always() {
    let names: Vec<String> = vec!["app".into(), "tier".into()];
    let rules = LabelRules { names: Some(names.into()) };
    let object = r#"{"a\u0070p":"\u0057","pod-template-hash":"7","other":"x","tier":null,"":"e"}"#;
    let (kept, cut, others) = labels(object, &rules, usize::MAX);
    assert_eq!((kept, cut, others), (json!({"app": "W", "pod-template-hash": "7"}), 0, 2));
    let filler: Vec<String> = (0..2000).map(|n| format!(r#""a{n:04}":"{}""#, "v".repeat(63))).collect();
    let object = format!(r#"{{{},"pod-template-hash":"7"}}"#, filler.join(","));
    assert_eq!(labels(&object, &LabelRules::default(), usize::MAX).0["pod-template-hash"], "7");
}

#[test]
fn a_label_that_is_no_label_costs_itself() {
    for size in [3 << 10, 64 << 10] {
        let long = "x".repeat(size);
        for object in [format!(r#"{{"a":"1","{long}":"2","z":"3"}}"#), format!(r#"{{"a":"1","m":"{long}","z":"3"}}"#)] {
            let (kept, cut, _) =
                labels(&object, &LabelRules { names: Some(["a".into(), "m".into(), "z".into()].into()) }, 100);
            assert_eq!((&kept["a"], &kept["z"], kept["m"].is_null()), (&json!("1"), &json!("3"), true));
            assert_eq!(cut, u32::from(object.contains("\"m\"")) + u32::from(!object.contains("\"m\"")));
        }
    }
    let long = "x".repeat(3 << 10);
    let (kept, cut, _) = labels(&format!(r#"{{"a":"1","{long}":"2","z":"3"}}"#), &LabelRules::default(), 7);
    assert_eq!((kept, cut), (json!({"a": "1", "z": "3"}), 1));
}

/// What `serde_json` makes of the whole document, reduced by hand.
fn oracle(text: &str) -> Option<Vec<Value>> {
    let Value::Object(document) = serde_json::from_str(text).ok()? else { return Some(Vec::new()) };
    let Some(Value::Array(items)) = document.get("items") else { return Some(Vec::new()) };
    let item = |item: &Value| match item {
        Value::Object(members) => {
            let reduce = |(key, value): (&String, &Value)| match (key.as_str(), value) {
                ("b", Value::Object(inner)) => {
                    let wanted = inner.iter().filter(|(key, _)| matches!(key.as_str(), "c" | "labels"));
                    Value::Object(wanted.map(|(key, value)| (key.clone(), value.clone())).collect())
                }
                ("l", Value::Array(list)) => list
                    .iter()
                    .map(|item| match item {
                        Value::Object(inner) => Value::Object(
                            inner.iter().filter(|(key, _)| *key == "n").map(|(k, v)| (k.clone(), v.clone())).collect(),
                        ),
                        other => other.clone(),
                    })
                    .collect(),
                (_, other) => other.clone(),
            };
            let wanted = members.iter().filter(|(key, _)| matches!(key.as_str(), "a" | "b" | "l"));
            Value::Object(wanted.map(|(key, value)| (key.clone(), reduce((key, value)))).collect())
        }
        other => other.clone(),
    };
    Some(items.iter().map(item).collect())
}

/// Any value whose keys are often wanted ones.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e9..1e9_f64).prop_map(Value::from),
        "\\PC{0,12}|[\"\\\\\n\u{1f600}é]{0,4}".prop_map(Value::from),
    ];
    let key = prop_oneof![Just("a"), Just("b"), Just("c"), Just("l"), Just("n"), Just("labels"), Just("x\"")];
    leaf.prop_recursive(5, 40, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::vec((key.clone(), inner), 0..6).prop_map(|members| Value::Object(
                members.into_iter().map(|(key, value)| (key.into(), value)).collect()
            )),
        ]
    })
}

fn pieces<'t>(text: &'t [u8], cuts: &[usize]) -> Vec<&'t [u8]> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (text.len() + 1)).collect();
    cuts.extend([0, text.len()]);
    cuts.sort_unstable();
    cuts.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect()
}

proptest! {
    #[test]
    fn any_document_in_any_pieces_is_what_serde_reads(
        items in proptest::collection::vec(value(), 0..6), before in value(), is_pretty in any::<bool>(),
        cuts in proptest::collection::vec(any::<usize>(), 0..8),
    ) {
        let document = json!({"before": before, "kind": "K", "items": items});
        let text = if is_pretty { serde_json::to_string_pretty(&document) } else { serde_json::to_string(&document) };
        let text = text.expect("a value is JSON");
        let (_, found) = read(&pieces(text.as_bytes(), &cuts)).expect("it is good");
        let found: Vec<Value> = found.iter().map(|item| serde_json::from_str(item).expect("condensed JSON is JSON")).collect();
        prop_assert_eq!(Some(found), oracle(&text));
    }

    #[test]
    fn what_serde_refuses_is_refused_and_what_it_takes_is_taken(
        items in proptest::collection::vec(value(), 0..4),
        changes in proptest::collection::vec((any::<usize>(), "[\\[\\]{}:,\"\\\\0-9eE+.tn \u{1}-]"), 1..4),
        cuts in proptest::collection::vec(any::<usize>(), 0..4), byte_by_byte in any::<bool>(),
    ) {
        let mut text = json!({"kind": "K", "items": items}).to_string();
        for (place, change) in changes {
            let place = place % text.len();
            if text.is_char_boundary(place) && text.is_char_boundary(place + 1) {
                text.replace_range(place..=place, &change);
            }
        }
        let pieces = if byte_by_byte { text.as_bytes().chunks(1).collect() } else { pieces(text.as_bytes(), &cuts) };
        let found = read(&pieces);
        let expected = serde_json::from_str::<serde::de::IgnoredAny>(&text);
        prop_assert_eq!(found.is_ok(), expected.is_ok(), "{:?} {:?}", found, expected);
        let is_cut = matches!(found, Err(ParseError::Truncated { .. }));
        prop_assert_eq!(is_cut, expected.is_err_and(|error| error.is_eof()));
    }

    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&[&bytes]);
    }

    #[test]
    fn plain_text_ends_where_it_does(text in "[ -~é]{0,40}", end in "[\"\\\\\n\u{1f}\u{7f}]?", rest in "\\PC{0,20}") {
        let all = format!("{text}{end}{rest}");
        let expected = all.bytes().position(|byte| byte < 0x20 || byte == b'"' || byte == b'\\').unwrap_or(all.len());
        prop_assert_eq!(plain(all.as_bytes()), expected);
    }
}
