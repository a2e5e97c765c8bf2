//! What is cut from an event whose attributes are too large: the largest of them, so that its metrics stay.
//!
//! In an attribute that is JSON (`kubernetes`, with a pod's labels in it) the largest member counts as one attribute, and of a
//! member that is an object or a list the largest entries go. So a pod with a megabyte of labels loses labels and keeps its name.

use std::collections::BTreeSet;

use model::Text;
use serde_json::Value;

use super::fields::{Encoding, Label};
use super::json;

/// What became of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cut {
    /// It stays as it is.
    Kept,
    /// It is left out.
    Gone,
    /// It is shorter.
    Shorter(Text),
}

/// Cuts attributes until they take no more than `most` bytes as they are written; says of each what became of it.
pub(super) fn cut(labels: &[Label<'_>], most: usize) -> Vec<Cut> {
    let mut cuts = vec![Cut::Kept; labels.len()];
    let mut sizes: Vec<usize> = labels.iter().map(written).collect();
    let mut bytes: usize = sizes.iter().sum();
    while bytes > most {
        // Each is cut at most twice: made shorter, then left out.
        let Some(at) = (0..labels.len()).filter(|at| cuts[*at] != Cut::Gone).max_by_key(|at| sizes[*at]) else { break };
        let over = bytes - most;
        let shorter = match cuts[at] {
            Cut::Kept if matches!(labels[at].encoding, Encoding::Json | Encoding::JsonLines) => {
                shorter(labels[at].value, over)
            }
            _ => None,
        };
        let before = sizes[at];
        (cuts[at], sizes[at]) = match shorter {
            Some(text) if text.len() < before => (Cut::Shorter(text.as_str().into()), text.len()),
            _ => (Cut::Gone, 0),
        };
        bytes = bytes - before + sizes[at];
    }
    cuts
}

/// What an attribute's value takes in an event, in bytes.
fn written(label: &Label<'_>) -> usize {
    match label.encoding {
        Encoding::Text => {
            let mut text = Vec::new();
            json::write_text(&mut text, label.value);
            text.len()
        }
        Encoding::Json | Encoding::JsonLines => label.value.len(),
        Encoding::Envelope => 0,
    }
}

/// An object that is shorter by `over` bytes at least; `None` where that takes all of it.
fn shorter(text: &str, over: usize) -> Option<String> {
    let mut document: Value = serde_json::from_str(text).ok()?;
    let members = document.as_object_mut()?;
    let mut by_size: Vec<(usize, String)> =
        members.iter().map(|(name, value)| (member(name, value), name.clone())).collect();
    by_size.sort_unstable_by(|this, that| that.cmp(this));
    let mut left = over;
    for (bytes, name) in by_size {
        if left == 0 {
            break;
        }
        let mut saved = members.get_mut(&name).map_or(0, |value| shrink(value, left));
        if saved == 0 {
            members.remove(&name);
            saved = bytes;
        }
        left = left.saturating_sub(saved);
    }
    (left == 0).then(|| document.to_string())
}

/// Removes the largest entries of an object or a list until it is shorter by `over`; by how much it became shorter.
fn shrink(value: &mut Value, over: usize) -> usize {
    let mut sizes: Vec<(usize, usize)> = match value {
        Value::Object(members) => {
            members.iter().map(|(name, value)| member(name, value)).enumerate().map(swap).collect()
        }
        Value::Array(items) => items.iter().map(|item| item.to_string().len()).enumerate().map(swap).collect(),
        _ => return 0,
    };
    sizes.sort_unstable_by(|this, that| that.cmp(this));
    let (mut saved, mut gone) = (0, BTreeSet::new());
    for (bytes, at) in sizes {
        if saved >= over {
            break;
        }
        saved += bytes;
        gone.insert(at);
    }
    let mut at = 0;
    let mut stays = || {
        at += 1;
        !gone.contains(&(at - 1))
    };
    match value {
        Value::Object(members) => members.retain(|_, _| stays()),
        Value::Array(items) => items.retain(|_| stays()),
        _ => {}
    }
    saved
}

/// What a member takes, its colon too but not a comma, which the last one lacks: rather too little than too much.
fn member(name: &str, value: &Value) -> usize {
    let mut text = Vec::new();
    json::write_text(&mut text, name);
    text.len() + 1 + value.to_string().len()
}

fn swap((at, bytes): (usize, usize)) -> (usize, usize) {
    (bytes, at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn label(encoding: Encoding, value: &Text) -> Label<'_> {
        Label { name: 0, encoding, eligible: false, value }
    }

    #[test]
    fn of_a_document_the_largest_part_is_cut_and_of_that_the_largest_entries() {
        let labels: serde_json::Map<String, Value> =
            (0..1000).map(|n| (format!("l{n:03}"), "x".repeat(n).into())).collect();
        let document =
            serde_json::json!({"pod_name": "p".repeat(250), "labels": labels, "pod_owners": [{"owner_name": "o"}]});
        let (kubernetes, name): (Text, Text) = (document.to_string().as_str().into(), "PodName".into());
        let given = [label(Encoding::Text, &name), label(Encoding::Json, &kubernetes)];
        let cuts = cut(&given, 10_000);
        let [Cut::Kept, Cut::Shorter(text)] = &cuts[..] else { panic!("{cuts:?}") };
        assert!(text.len() <= 10_000 && text.len() > 9_000, "{}", text.len());
        let cut: Value = serde_json::from_str(text).unwrap();
        assert_eq!(cut["pod_name"], document["pod_name"]);
        assert_eq!(cut["pod_owners"], document["pod_owners"]);
        let kept: Vec<usize> = cut["labels"].as_object().unwrap().values().map(|v| v.as_str().unwrap().len()).collect();
        assert_eq!(kept, (0..kept.len()).collect::<Vec<_>>(), "the smallest stay");
    }

    #[test]
    fn a_text_goes_as_a_whole_and_the_smaller_ones_stay() {
        let values: Vec<Text> = [10, 5000, 20, 3000].map(|size| "v".repeat(size).as_str().into()).into();
        let labels: Vec<_> = values.iter().map(|value| label(Encoding::Text, value)).collect();
        assert_eq!(cut(&labels, 4000), [Cut::Kept, Cut::Gone, Cut::Kept, Cut::Kept]);
        assert_eq!(cut(&labels, 8038), [const { Cut::Kept }; 4]);
        assert_eq!(cut(&labels, 100), [Cut::Kept, Cut::Gone, Cut::Kept, Cut::Gone]);
    }

    fn document() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![any::<i64>().prop_map(Value::from), ".{0,40}".prop_map(Value::from)];
        leaf.prop_recursive(3, 40, 8, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
                prop::collection::btree_map(".{0,20}", inner, 0..8)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        /// Of any attributes what is left fits, and is JSON if it was before.
        #[test]
        fn what_is_left_fits(texts in prop::collection::vec(".{0,80}", 0..6), documents in prop::collection::vec(document(), 0..4), most in 0..400_usize) {
            let texts: Vec<Text> = texts.iter().map(|text| text.as_str().into()).collect();
            let documents: Vec<Text> = documents.iter().map(|document| document.to_string().as_str().into()).collect();
            let labels: Vec<_> = texts
                .iter()
                .map(|text| label(Encoding::Text, text))
                .chain(documents.iter().map(|document| label(Encoding::Json, document)))
                .collect();
            let mut bytes = 0;
            for (given, cut) in labels.iter().zip(cut(&labels, most)) {
                bytes += match cut {
                    Cut::Kept => written(given),
                    Cut::Gone => 0,
                    Cut::Shorter(text) => {
                        prop_assert!(serde_json::from_str::<Value>(&text).unwrap().is_object());
                        text.len()
                    }
                };
            }
            prop_assert!(bytes <= most, "{bytes}");
        }
    }
}
