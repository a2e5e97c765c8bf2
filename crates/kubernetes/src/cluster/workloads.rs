//! What Deployments, DaemonSets, StatefulSets and ReplicaSets ask for and have: `apps/v1`.

use std::collections::HashMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{Metadata, Objects, Uid, uid_of};
use crate::access;
use crate::error::ParseError;
use crate::json::Number;
use crate::watch::{Shapes, shapes};

/// One kind of workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `Deployment`.
    Deployment,
    /// `DaemonSet`.
    DaemonSet,
    /// `StatefulSet`.
    StatefulSet,
    /// `ReplicaSet`; one with an owner is its Deployment's own business and not kept.
    ReplicaSet,
}

impl Kind {
    /// The collection of all objects of this kind.
    pub fn path(self) -> &'static str {
        match self {
            Self::Deployment => access::DEPLOYMENTS,
            Self::DaemonSet => access::DAEMON_SETS,
            Self::StatefulSet => access::STATEFUL_SETS,
            Self::ReplicaSet => access::REPLICA_SETS,
        }
    }
}

/// Numbers of pods of one workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replicas {
    /// `spec.replicas`, 1 where it isn't set; a DaemonSet's `status.desiredNumberScheduled`.
    pub desired: u64,
    /// `status.readyReplicas`; a DaemonSet's `status.numberReady`.
    pub ready: u64,
    /// `status.availableReplicas`; a DaemonSet's `status.numberAvailable`.
    pub available: u64,
    /// `status.unavailableReplicas`; a DaemonSet's `status.numberUnavailable`. `None` for the kinds without it.
    pub unavailable: Option<u64>,
}

/// One workload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workload {
    /// `metadata.namespace`, never empty.
    pub namespace: Box<str>,
    /// `metadata.name`, never empty.
    pub name: Box<str>,
    /// How many pods it wants and has.
    pub replicas: Replicas,
}

/// All workloads of one kind.
#[derive(Debug)]
pub struct Workloads {
    kind: Kind,
    workloads: HashMap<Uid, Workload>,
}

impl Workloads {
    /// A store of one kind.
    pub fn new(kind: Kind) -> Self {
        Self { kind, workloads: HashMap::new() }
    }

    /// The kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The workloads, sorted by namespace and name.
    pub fn sorted(&self) -> Vec<&Workload> {
        let mut workloads: Vec<_> = self.workloads.values().collect();
        workloads.sort_unstable_by(|one, other| (&one.namespace, &one.name).cmp(&(&other.namespace, &other.name)));
        workloads
    }
}

#[derive(Deserialize)]
struct Object<'a> {
    #[serde(borrow)]
    metadata: Metadata<'a>,
    spec: Option<Spec>,
    status: Option<Status>,
}

#[derive(Deserialize, Default)]
struct Spec {
    #[serde(default)]
    replicas: Number,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    ready_replicas: Number,
    available_replicas: Number,
    unavailable_replicas: Number,
    desired_number_scheduled: Number,
    number_ready: Number,
    number_available: Number,
    number_unavailable: Number,
}

#[derive(Deserialize)]
struct Owned {
    metadata: Owners,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Owners {
    owner_references: Option<Vec<IgnoredAny>>,
}

/// Go's encoding leaves out a zero.
fn count(number: Number) -> u64 {
    number.0.unwrap_or(0)
}

fn replicas(kind: Kind, spec: &Spec, status: &Status) -> Replicas {
    if kind == Kind::DaemonSet {
        return Replicas {
            desired: count(status.desired_number_scheduled),
            ready: count(status.number_ready),
            available: count(status.number_available),
            unavailable: Some(count(status.number_unavailable)),
        };
    }
    Replicas {
        desired: spec.replicas.0.unwrap_or(1),
        ready: count(status.ready_replicas),
        available: count(status.available_replicas),
        unavailable: (kind == Kind::Deployment).then(|| count(status.unavailable_replicas)),
    }
}

impl Objects for Workloads {
    fn shapes() -> &'static Shapes {
        shapes!(
            [("ownerReferences", Items(&Members(&[])))],
            [
                ("spec", Members(&[("replicas", Whole)])),
                (
                    "status",
                    Members(&[
                        ("readyReplicas", Whole),
                        ("availableReplicas", Whole),
                        ("unavailableReplicas", Whole),
                        ("desiredNumberScheduled", Whole),
                        ("numberReady", Whole),
                        ("numberAvailable", Whole),
                        ("numberUnavailable", Whole)
                    ])
                )
            ]
        )
    }

    fn empty(&self) -> Self {
        Self::new(self.kind)
    }

    fn apply(&mut self, object: &str) -> Result<(), ParseError> {
        if self.kind == Kind::ReplicaSet {
            let owned: Owned = serde_json::from_str(object)?;
            if owned.metadata.owner_references.is_some_and(|owners| !owners.is_empty()) {
                return self.delete(object);
            }
        }
        let object: Object = serde_json::from_str(object)?;
        let workload = Workload {
            namespace: object.metadata.namespace()?.into(),
            name: object.metadata.name()?.into(),
            replicas: replicas(self.kind, &object.spec.unwrap_or_default(), &object.status.unwrap_or_default()),
        };
        self.workloads.insert(object.metadata.uid()?, workload);
        Ok(())
    }

    fn delete(&mut self, object: &str) -> Result<(), ParseError> {
        self.workloads.remove(&uid_of(object)?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn object(metadata: &str, spec: &str, status: &str) -> String {
        format!(
            r#"{{"apiVersion":"apps/v1","metadata":{{"name":"web","namespace":"shop","uid":"u",{metadata}
            "resourceVersion":"4"}},"spec":{{{spec}"selector":{{"matchLabels":{{"app":"web"}}}}}},
            "status":{{{status}"observedGeneration":3}}}}"#
        )
    }

    fn check(kind: Kind, spec: &str, status: &str, expected: (u64, u64, u64, Option<u64>)) {
        let mut workloads = Workloads::new(kind).empty();
        workloads.apply(&object("", spec, status)).expect("a workload");
        let (desired, ready, available, unavailable) = expected;
        let replicas = Replicas { desired, ready, available, unavailable };
        let workload = Workload { namespace: "shop".into(), name: "web".into(), replicas };
        assert_eq!(workloads.sorted(), [&workload], "{kind:?}");
    }

    #[test]
    fn each_kind_gives_its_own_figures() {
        let status = r#""replicas":5,"readyReplicas":4,"availableReplicas":3,"unavailableReplicas":2,"#;
        check(Kind::Deployment, r#""replicas":5,"#, status, (5, 4, 3, Some(2)));
        check(Kind::StatefulSet, r#""replicas":5,"#, status, (5, 4, 3, None));
        check(Kind::ReplicaSet, r#""replicas":5,"#, status, (5, 4, 3, None));
        let status = r#""currentNumberScheduled":9,"desiredNumberScheduled":8,"numberReady":7,"numberAvailable":6,
            "numberUnavailable":2,"#;
        check(Kind::DaemonSet, "", status, (8, 7, 6, Some(2)));
    }

    #[test]
    fn what_is_left_out_is_zero_and_replicas_one() {
        check(Kind::Deployment, "", "", (1, 0, 0, Some(0)));
        check(Kind::Deployment, r#""replicas":0,"#, "", (0, 0, 0, Some(0)));
        check(Kind::StatefulSet, r#""replicas":null,"#, "", (1, 0, 0, None));
        check(Kind::DaemonSet, "", "", (0, 0, 0, Some(0)));
    }

    #[test]
    fn a_replica_set_with_an_owner_is_not_kept() {
        let mut workloads = Workloads::new(Kind::ReplicaSet);
        let owned = object(r#""ownerReferences":[{"kind":"Deployment","name":"web"}],"#, "", "");
        workloads.apply(&owned).expect("a workload");
        assert_eq!(workloads.sorted().len(), 0);
        workloads.apply(&object(r#""ownerReferences":[],"#, "", "")).expect("a workload");
        assert_eq!(workloads.sorted().len(), 1);
        workloads.apply(&owned).expect("it is adopted");
        assert_eq!(workloads.sorted().len(), 0);
        let mut deployments = Workloads::new(Kind::Deployment);
        deployments.apply(&owned).expect("a workload");
        assert_eq!(deployments.sorted().len(), 1, "an operator's");
    }

    #[test]
    fn workloads_are_sorted_and_deleted_by_uid() {
        let mut workloads = Workloads::new(Kind::Deployment);
        for (uid, namespace) in [("1", "b"), ("2", "a"), ("3", "c")] {
            let text = object("", "", "").replace("\"u\"", &format!("\"{uid}\"")).replace("shop", namespace);
            workloads.apply(&text).expect("a workload");
        }
        workloads.delete(r#"{"metadata":{"uid":"3"}}"#).expect("a workload");
        let namespaces: Vec<_> = workloads.sorted().iter().map(|workload| workload.namespace.to_string()).collect();
        assert_eq!(namespaces, ["a", "b"]);
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in ".{0,80}", number in any::<i64>(), cut in 0..300_usize) {
            for kind in [Kind::Deployment, Kind::DaemonSet, Kind::StatefulSet, Kind::ReplicaSet] {
                let mut workloads = Workloads::new(kind);
                let _ = (workloads.apply(&text), workloads.delete(&text));
                let odd = object("", &format!(r#""replicas":{number},"#), "");
                prop_assert!(workloads.apply(&odd).is_ok());
                let _ = workloads.apply(odd.get(..cut).unwrap_or(""));
            }
        }
    }
}
