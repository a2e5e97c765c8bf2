//! How many pods run, in all and in each namespace: `v1.Pod`.

use std::collections::HashMap;

use serde::Deserialize;

use super::{Metadata, Objects, Uid, uid_of};
use crate::error::ParseError;
use crate::json::Text;
use crate::watch::{Shapes, shapes};

/// The pods of the cluster: about 21 bytes for each.
#[derive(Debug, Default)]
pub struct Pods {
    pods: HashMap<Uid, FromRaw>,
    namespaces: Vec<Namespace>,
    /// Places in `namespaces`, by name.
    places: HashMap<Box<str>, u32>,
    /// Places of namespaces without pods, to be taken again.
    free: Vec<u32>,
    running: usize,
}

/// The place of a pod's namespace, and in the lowest bit whether its phase is `Running`.
#[derive(Debug, Clone, Copy)]
struct FromRaw(u32);

impl FromRaw {
    fn place(self) -> u32 {
        self.0 >> 1
    }

    fn is_running(self) -> bool {
        self.0 & 1 == 1
    }
}

#[derive(Debug)]
struct Namespace {
    name: Box<str>,
    pods: usize,
    running: usize,
}

impl Pods {
    /// Pods of any phase.
    pub fn count(&self) -> usize {
        self.pods.len()
    }

    /// Pods whose phase is `Running`, those that are being deleted among them.
    pub fn running(&self) -> usize {
        self.running
    }

    /// The namespaces that have running pods and how many, sorted by name.
    pub fn running_by_namespace(&self) -> Vec<(&str, usize)> {
        let busy = self.namespaces.iter().filter(|namespace| namespace.running > 0);
        let mut counts: Vec<_> = busy.map(|namespace| (&*namespace.name, namespace.running)).collect();
        counts.sort_unstable();
        counts
    }

    fn enter(&mut self, name: &str, running: bool) -> FromRaw {
        let place = match self.places.get(name) {
            Some(place) => *place,
            None => self.settle(name),
        };
        let namespace = &mut self.namespaces[place as usize];
        namespace.pods += 1;
        namespace.running += usize::from(running);
        self.running += usize::from(running);
        FromRaw(place << 1 | u32::from(running))
    }

    /// A place for a namespace that has none.
    fn settle(&mut self, name: &str) -> u32 {
        let namespace = Namespace { name: name.into(), pods: 0, running: 0 };
        let place = match self.free.pop() {
            Some(place) => {
                self.namespaces[place as usize] = namespace;
                place
            }
            None => {
                self.namespaces.push(namespace);
                u32::try_from(self.namespaces.len() - 1).expect("no cluster has as many namespaces")
            }
        };
        self.places.insert(name.into(), place);
        place
    }

    fn leave(&mut self, slim: FromRaw) {
        let namespace = &mut self.namespaces[slim.place() as usize];
        namespace.pods -= 1;
        namespace.running -= usize::from(slim.is_running());
        self.running -= usize::from(slim.is_running());
        if namespace.pods == 0 {
            self.places.remove(&namespace.name);
            self.free.push(slim.place());
        }
    }
}

#[derive(Deserialize)]
struct Pod<'a> {
    #[serde(borrow)]
    metadata: Metadata<'a>,
    #[serde(borrow)]
    status: Option<Status<'a>>,
}

#[derive(Deserialize)]
struct Status<'a> {
    #[serde(borrow)]
    phase: Option<Text<'a>>,
}

impl Objects for Pods {
    fn shapes() -> &'static Shapes {
        shapes!([], [("status", Members(&[("phase", Whole)]))])
    }

    fn empty(&self) -> Self {
        Self::default()
    }

    fn apply(&mut self, object: &str) -> Result<(), ParseError> {
        let pod: Pod = serde_json::from_str(object)?;
        let uid = pod.metadata.uid()?;
        let phase = pod.status.and_then(|status| status.phase);
        let slim = self.enter(pod.metadata.namespace()?, phase.is_some_and(|phase| phase.0 == "Running"));
        if let Some(before) = self.pods.insert(uid, slim) {
            self.leave(before);
        }
        Ok(())
    }

    fn delete(&mut self, object: &str) -> Result<(), ParseError> {
        if let Some(before) = self.pods.remove(&uid_of(object)?) {
            self.leave(before);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn pod(namespace: &str, uid: &str, phase: &str) -> String {
        format!(
            r#"{{"kind":"Pod","apiVersion":"v1","metadata":{{"name":"web-6d4b75cb6d-x7x2p","generateName":"web-6d4b75cb6d-",
            "namespace":"{namespace}","uid":"{uid}","resourceVersion":"91","labels":{{"app":"we\"b"}},"managedFields":[{{}}]}},
            "spec":{{"containers":[{{"name":"app","image":"a"}}]}},"status":{{"phase":"{phase}","podIP":"10.0.0.7"}}}}"#
        )
    }

    #[test]
    fn pods_are_counted_by_phase_and_namespace() {
        let mut pods = Pods::default();
        for (namespace, uid, phase) in [
            ("web", "764d01e1-1111-2222-3333-000000000001", "Running"),
            ("web", "764d01e1-1111-2222-3333-000000000002", "Running"),
            ("web", "764d01e1-1111-2222-3333-000000000003", "Pending"),
            ("jobs", "764d01e1-1111-2222-3333-000000000004", "Succeeded"),
            ("kube-system", "8a3c2b7f0e9d4c5b6a79888776655443", "Running"),
        ] {
            pods.apply(&pod(namespace, uid, phase)).expect("a pod");
        }
        assert_eq!((pods.count(), pods.running()), (5, 3));
        assert_eq!(pods.running_by_namespace(), [("kube-system", 1), ("web", 2)]);
    }

    #[test]
    fn a_pod_being_deleted_runs_until_it_is_gone() {
        let mut pods = Pods::default();
        let text = pod("web", "a", "Running");
        pods.apply(&text.replace(r#""uid""#, r#""deletionTimestamp":"2026-01-05T10:00:00Z","uid""#)).expect("a pod");
        assert_eq!(pods.running(), 1);
        pods.delete(&text).expect("a pod");
        assert_eq!((pods.count(), pods.running()), (0, 0));
    }

    #[test]
    fn namespaces_that_come_and_go_leave_nothing() {
        let mut pods = Pods::default();
        for round in 0..1000 {
            let text = pod(&format!("ci-{round}"), "a", "Running");
            pods.apply(&text).expect("a pod");
            pods.delete(&text).expect("a pod");
        }
        assert_eq!((pods.namespaces.len(), pods.places.len(), pods.free.len()), (1, 0, 1));
    }

    #[test]
    fn a_pod_takes_few_bytes() {
        assert_eq!(size_of::<(Uid, FromRaw)>(), 20);
    }

    #[test]
    fn a_pod_without_namespace_costs_only_itself() {
        let mut pods = Pods::default();
        pods.apply(&pod("", "a", "Running")).expect_err("no namespace");
        pods.apply(r#"{"metadata":{"uid":"b","namespace":"web"}}"#).expect("no status is no phase");
        pods.apply(r#"{"metadata":{"uid":"c","namespace":"web"},"status":{"phase":7}}"#).expect_err("no phase");
        assert_eq!((pods.count(), pods.running(), pods.places.len()), (1, 0, 1));
    }

    proptest! {
        #[test]
        fn any_events_keep_the_counts_true(
            events in proptest::collection::vec((any::<bool>(), "[a-c]", 0..4_u8, any::<bool>()), 0..60),
            text in ".{0,60}",
        ) {
            let mut pods = Pods::default();
            let mut last = BTreeMap::new();
            for (delete, namespace, uid, running) in events {
                let text = pod(&namespace, &uid.to_string(), if running { "Running" } else { "Failed" });
                if delete {
                    pods.delete(&text).expect("a pod");
                    last.remove(&uid);
                } else {
                    pods.apply(&text).expect("a pod");
                    last.insert(uid, (namespace, running));
                }
            }
            let mut counts = BTreeMap::new();
            for (namespace, _) in last.values().filter(|(_, running)| *running) {
                *counts.entry(namespace.as_str()).or_insert(0) += 1;
            }
            prop_assert_eq!(pods.count(), last.len());
            prop_assert_eq!(pods.running(), counts.values().sum::<usize>());
            prop_assert_eq!(pods.running_by_namespace(), counts.into_iter().collect::<Vec<_>>());
            let _ = (pods.apply(&text), pods.delete(&text));
        }
    }
}
