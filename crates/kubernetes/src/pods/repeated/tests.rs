//! Lists one after the other: each is read as if none had been before it.

use proptest::prelude::*;

use super::*;
use crate::LabelRules;
use crate::error::ParseError;
use crate::pods::{Known, PodList, Reader, parse_pods};

/// A pod as Go writes it: its name comes early, and what changes late.
fn pod(number: usize, change: usize, padding: usize) -> String {
    let padding = "x".repeat(padding);
    format!(
        r#"{{"metadata":{{"name":"web-6d4b75cb6d-{number}","namespace":"shop","uid":"{number}","annotations":{{"a":"{padding}"}}}},"spec":{{"containers":[]}},"status":{{"phase":"Running","observedGeneration":{change}}}}}"#
    )
}

fn list(pods: &[String], space: &str) -> String {
    format!(
        r#"{{"kind":"PodList","items":[{space}{}{space}],"metadata":{{}}}}"#,
        pods.join(&format!("{space},{space}"))
    )
}

/// Reads a list in pieces of this size.
fn read(known: &Known, list: &str, piece: usize) -> Result<Known, ParseError> {
    let rules = LabelRules::default();
    let mut reader = Reader::new(&rules, known);
    list.as_bytes().chunks(piece).try_for_each(|piece| reader.push(piece))?;
    reader.finish()
}

fn same(one: &PodList, other: &PodList) -> Vec<bool> {
    one.pods.iter().zip(&other.pods).map(|(one, other)| Arc::ptr_eq(one, other)).collect()
}

#[test]
fn a_pod_that_has_not_changed_is_not_looked_at() {
    let pods: Vec<_> = (0..3).map(|number| pod(number, 0, 10)).collect();
    let first = read(&Known::default(), &list(&pods, ""), 7).unwrap();
    // What the filter would keep of it is another pod: only comparing its bytes gives the one from before.
    let mut known = first;
    known.pods.clear();
    let second = read(&known, &list(&[pods[2].clone(), pods[0].clone(), pods[1].clone()], ""), 7).unwrap();
    let before = &known.list().pods;
    let expected = [&before[2], &before[0], &before[1]];
    assert!(second.list().pods.iter().zip(expected).all(|(pod, expected)| Arc::ptr_eq(pod, expected)));
    // The same list is the same one.
    let third = read(&second, &list(&[pods[2].clone(), pods[0].clone(), pods[1].clone()], ""), 1000).unwrap();
    assert!(Arc::ptr_eq(third.list(), second.list()) && Arc::ptr_eq(&third.repeated, &second.repeated));
}

#[test]
fn a_pod_that_has_changed_is_read() {
    let pods: Vec<_> = (0..3).map(|number| pod(number, 0, 10)).collect();
    let first = read(&Known::default(), &list(&pods, ""), 50).unwrap();
    let changed = pods[1].replace("Running", "Failed");
    let second = read(&first, &list(&[pods[0].clone(), changed, pods[2].clone()], ""), 50).unwrap();
    assert_eq!(same(second.list(), first.list()), [true, false, true]);
    assert_eq!(second.list().pods[1].phase, crate::Phase::Failed);
}

#[test]
fn pods_that_are_too_large_to_hold_are_read_every_time() {
    // One that is too large by itself, and some twenty of which four mebibytes hold seventeen.
    for (padding, count, held) in [(LARGEST_REPEATED, 1, 0), (240 << 10, 20, 17)] {
        let pods: Vec<_> = (0..count).map(|number| pod(number, 0, padding)).collect();
        let known = read(&Known::default(), &list(&pods, ""), 1 << 16).unwrap();
        assert_eq!(known.repeated.len(), held);
        // The others are still known by what is kept of them.
        let again = read(&known, &list(&pods, ""), 1 << 16).unwrap();
        assert!(Arc::ptr_eq(again.list(), known.list()));
        assert_eq!(again.repeated.len(), held);
    }
}

#[test]
fn pods_that_a_list_has_too_many_are_not_held() {
    let ended = |number| pod(number, 0, 0).replace("Running", "Failed");
    let pods: Vec<_> = (0..crate::MOST_PODS + 10).map(ended).collect();
    let known = read(&Known::default(), &list(&pods, ""), 1 << 16).unwrap();
    assert_eq!((known.list().pods.len(), known.list().passed_over), (crate::MOST_PODS, 10));
    assert_eq!((known.pods.len(), known.repeated.len()), (crate::MOST_PODS, crate::MOST_PODS));
}

proptest! {
    #[test]
    fn each_list_is_read_as_if_none_had_been_before(
        lists in prop::collection::vec(
            (prop::collection::vec((0_usize..12, 0_usize..3), 0..10), 1_usize..300, prop::sample::select(vec!["", " ", "\n  "])),
            1..6,
        ),
    ) {
        let mut known = Known::default();
        for (pods, piece, space) in lists {
            let pods: Vec<_> = pods.into_iter().map(|(number, change)| pod(number, change, 20)).collect();
            let text = list(&pods, space);
            known = read(&known, &text, piece).unwrap();
            prop_assert_eq!(&**known.list(), &parse_pods(text.as_bytes()).unwrap());
        }
    }

    #[test]
    fn a_broken_list_is_refused_as_if_none_had_been_before(
        at in 0_usize..700,
        byte in prop::option::of(any::<u8>()),
        piece in 1_usize..100,
    ) {
        let pods: Vec<_> = (0..3).map(|number| pod(number, 0, 10)).collect();
        let whole = list(&pods, "");
        let known = read(&Known::default(), &whole, 50).unwrap();
        let mut bytes = whole.into_bytes();
        let at = at.min(bytes.len() - 1);
        match byte {
            Some(byte) => bytes[at] = byte,
            None => bytes.truncate(at),
        }
        let rules = LabelRules::default();
        let mut reader = Reader::new(&rules, &known);
        let read = bytes.chunks(piece).try_for_each(|piece| reader.push(piece)).and_then(|()| reader.finish());
        match (read, parse_pods(&bytes)) {
            (Ok(known), Ok(list)) => prop_assert_eq!(&**known.list(), &list),
            (Err(one), Err(other)) => prop_assert_eq!(one.to_string(), other.to_string()),
            (one, other) => prop_assert!(false, "{:?} {:?}", one.map(|known| known.list().clone()), other),
        }
    }
}
