//! How many nodes there are, and how many of them have failed: `v1.Node`.

use std::collections::HashMap;

use serde::Deserialize;

use super::{Metadata, Objects, Uid, uid_of};
use crate::error::ParseError;
use crate::json::Text;
use crate::watch::{Shapes, shapes};

/// Conditions that a healthy node has with status `False`, or not at all. `Ready` isn't among them, by definition of
/// `cluster_failed_node_count`.
const PRESSURES: [&str; 4] = ["MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable"];

/// The nodes of the cluster.
#[derive(Debug, Default)]
pub struct Nodes {
    /// Whether each has failed.
    nodes: HashMap<Uid, bool>,
    failed: usize,
}

impl Nodes {
    /// Node objects in any state.
    pub fn count(&self) -> usize {
        self.nodes.len()
    }

    /// Nodes with `MemoryPressure`, `DiskPressure`, `PIDPressure` or `NetworkUnavailable` in any other status than
    /// `False`.
    pub fn failed(&self) -> usize {
        self.failed
    }
}

#[derive(Deserialize)]
struct Node<'a> {
    #[serde(borrow)]
    metadata: Metadata<'a>,
    #[serde(borrow)]
    status: Option<Status<'a>>,
}

#[derive(Deserialize)]
struct Status<'a> {
    #[serde(borrow)]
    conditions: Option<Vec<Condition<'a>>>,
}

#[derive(Deserialize)]
struct Condition<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    status: Option<Text<'a>>,
}

impl Condition<'_> {
    fn is_failure(&self) -> bool {
        let Some(Text(kind)) = &self.kind else { return false };
        PRESSURES.contains(&kind.as_ref()) && self.status.as_ref().is_none_or(|status| status.0 != "False")
    }
}

impl Objects for Nodes {
    fn shapes() -> &'static Shapes {
        shapes!([], [("status", Members(&[("conditions", Items(&Members(&[("type", Whole), ("status", Whole)])))]))])
    }

    fn empty(&self) -> Self {
        Self::default()
    }

    fn apply(&mut self, object: &str) -> Result<(), ParseError> {
        let node: Node = serde_json::from_str(object)?;
        let conditions = node.status.and_then(|status| status.conditions).unwrap_or_default();
        let failed = conditions.iter().any(Condition::is_failure);
        let before = self.nodes.insert(node.metadata.uid()?, failed).unwrap_or(false);
        self.failed = self.failed + usize::from(failed) - usize::from(before);
        Ok(())
    }

    fn delete(&mut self, object: &str) -> Result<(), ParseError> {
        let before = self.nodes.remove(&uid_of(object)?).unwrap_or(false);
        self.failed -= usize::from(before);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A node's object as a kubelet registers it, shortened, with these conditions.
    fn node(uid: &str, conditions: &[(&str, &str)]) -> String {
        let conditions: Vec<_> = conditions
            .iter()
            .map(|(kind, status)| {
                format!(
                    r#"{{"type":"{kind}","status":"{status}","lastHeartbeatTime":"2026-01-05T10:00:00Z","reason":"R","message":"m"}}"#
                )
            })
            .collect();
        format!(
            r#"{{"kind":"Node","apiVersion":"v1","metadata":{{"name":"ip-10-0-0-1","uid":"{uid}","resourceVersion":"7",
            "labels":{{"kubernetes.io/os":"linux"}}}},"spec":{{"unschedulable":true,"providerID":"aws:///a/i-1"}},
            "status":{{"capacity":{{"cpu":"2"}},"conditions":[{}],"images":[{{"names":["a"],"sizeBytes":1}}]}}}}"#,
            conditions.join(",")
        )
    }

    fn check(conditions: &[(&str, &str)], failed: usize) {
        let mut nodes = Nodes::default();
        nodes.apply(&node("a", conditions)).expect("a node");
        assert_eq!((nodes.count(), nodes.failed()), (1, failed), "{conditions:?}");
    }

    #[test]
    fn a_node_has_failed_by_its_pressures_and_not_by_ready() {
        let healthy = [("MemoryPressure", "False"), ("DiskPressure", "False"), ("PIDPressure", "False")];
        check(&[], 0);
        check(&[healthy.as_slice(), &[("Ready", "False")]].concat(), 0);
        check(&[healthy.as_slice(), &[("Ready", "Unknown"), ("NetworkUnavailable", "False")]].concat(), 0);
        check(&[healthy.as_slice(), &[("NetworkUnavailable", "True")]].concat(), 1);
        check(&[("MemoryPressure", "Unknown"), ("DiskPressure", "Unknown")], 1);
        check(&[("DiskPressure", "True")], 1);
        check(&[("PIDPressure", "")], 1);
        check(&[("KernelDeadlock", "True")], 0);
    }

    #[test]
    fn a_pressure_without_a_status_is_one_that_is_not_false() {
        let mut nodes = Nodes::default();
        nodes
            .apply(r#"{"metadata":{"uid":"a"},"status":{"conditions":[{"type":"DiskPressure"},{}]}}"#)
            .expect("a node");
        nodes.apply(r#"{"metadata":{"uid":"b"},"status":{"conditions":null}}"#).expect("a node");
        assert_eq!((nodes.count(), nodes.failed()), (2, 1));
    }

    #[test]
    fn a_node_counts_once_through_all_its_changes() {
        let mut nodes = Nodes::default();
        for (conditions, failed) in [(&[][..], 0), (&[("DiskPressure", "True")], 1), (&[("DiskPressure", "True")], 1)] {
            nodes.apply(&node("a", conditions)).expect("a node");
            assert_eq!((nodes.count(), nodes.failed()), (1, failed));
        }
        nodes.apply(&node("b", &[])).expect("a node");
        nodes.delete(&node("a", &[])).expect("a node");
        nodes.delete(&node("a", &[])).expect("it is gone already");
        assert_eq!((nodes.count(), nodes.failed()), (1, 0));
    }

    #[test]
    fn a_node_that_cannot_be_read_stays_what_it_was() {
        let mut nodes = Nodes::default();
        nodes.apply(&node("a", &[("DiskPressure", "True")])).expect("a node");
        nodes.apply(&node("a", &[]).replace("[]", "{}")).expect_err("conditions are a list");
        nodes.apply(r#"{"metadata":{"uid":""}}"#).expect_err("no UID");
        nodes.apply(r#"{"metadata":null}"#).expect_err("no metadata");
        assert_eq!((nodes.count(), nodes.failed()), (1, 1));
    }

    proptest! {
        #[test]
        fn any_events_are_survived(
            events in proptest::collection::vec((any::<bool>(), "[ab]", 0..3_usize, any::<bool>()), 0..30),
            text in ".{0,60}",
        ) {
            let mut nodes = Nodes::default();
            let mut last = std::collections::BTreeMap::new();
            for (delete, uid, status, cut) in events {
                let status = ["False", "True", "Unknown"][status];
                let text = node(&uid, &[("DiskPressure", status)]);
                let text = if cut { &text[..text.len() / 2] } else { &text };
                let done = if delete { nodes.delete(text) } else { nodes.apply(text) };
                prop_assert_eq!(done.is_err(), cut);
                match (cut, delete) {
                    (true, _) => {}
                    (_, true) => drop(last.remove(&uid)),
                    (_, false) => drop(last.insert(uid, status != "False")),
                }
            }
            prop_assert_eq!(nodes.count(), last.len());
            prop_assert_eq!(nodes.failed(), last.values().filter(|failed| **failed).count());
            let _ = (nodes.apply(&text), nodes.delete(&text));
        }
    }
}
