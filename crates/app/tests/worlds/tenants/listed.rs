//! Misbehaviour in what the kubelet says of a tenant's pods.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Mischief, Tenant, raw};
use crate::kubelet;
use crate::world::World;

/// Amounts that a quantity may be written as.
const AMOUNTS: [&str; 12] = [
    "0",
    "-1",
    "1e30",
    "9223372036854775807",
    "18446744073709551616",
    "1n",
    "0.0000000001",
    "1E",
    "1Ei",
    "",
    "x",
    "1e-9",
];
/// Numbers that Go may write for a count.
const NUMBERS: [&str; 6] =
    ["<<-1>>", "<<9223372036854775807>>", "<<18446744073709551616>>", "<<1e308>>", "<<null>>", "1"];
/// Names that a careless reader takes for something else.
const NAMES: [&str; 8] = ["\u{1b}[2J", "a\"b", "_aws", "\u{2028}", "a\nb", "Timestamp", "\u{0}", "{\"Type\":\"Node\"}"];

impl Tenant {
    /// Its items in the list of pods.
    pub(super) fn listed(&self, world: &World) -> Vec<Arc<str>> {
        let good = kubelet::pod(world, &self.pod);
        let items = match self.mischief {
            Mischief::Labels => vec![with(good, "/metadata/labels", labels(1_400_000))],
            Mischief::Environment => vec![with_environment(good, 1_400_000)],
            Mischief::OneHugePod => vec![with_environment(good, 3_000_000)],
            Mischief::ManyLargePods => {
                let further = (0..24).map(|number| self.further(&good, number, "Running"));
                let large = further.map(|pod| with_environment(pod, 1_450_000));
                large.chain([good.clone()]).collect()
            }
            Mischief::ManyPods => {
                let mut small = good.clone();
                small["metadata"] = json!({"namespace": self.pod.namespace});
                small["spec"] = json!({"containers": [{"name": "c0"}]});
                let further = (0..21_000).map(|number| self.further(&small, number, "Succeeded"));
                further.chain([good.clone()]).collect()
            }
            Mischief::ManyContainers => vec![many_containers(good)],
            Mischief::Amounts => self.amounts(&good),
            Mischief::Statuses => self.statuses(&good),
            Mischief::Shapes => self.shapes(&good),
            Mischief::Doubled => {
                let other = with(good.clone(), "/metadata/name", json!("another-name"));
                let other = with(other, "/status", json!({"phase": "Failed"}));
                if self.numbers.is("doubled first", 2) { vec![other, good] } else { vec![good, other] }
            }
            Mischief::Names => vec![self.names(good)],
            Mischief::ConfigHash => {
                let uid = self.victim(world).map_or_else(|| self.uid(0), |pod| pod.uid.clone());
                vec![with(good, "/metadata/annotations/kubernetes.io~1config.hash", json!(uid))]
            }
            Mischief::SameName => {
                let victim = self.victim(world).unwrap_or(&self.pod);
                let pod = with(good, "/metadata/name", json!(victim.name));
                vec![with(pod, "/metadata/namespace", json!(victim.namespace))]
            }
            Mischief::StolenIds => {
                let mut pod = good;
                let stolen = self.victim(world).into_iter().flat_map(|victim| &victim.containers);
                let statuses = pod["status"]["containerStatuses"].as_array_mut().expect("it is a list");
                for (status, container) in statuses.iter_mut().zip(stolen) {
                    status["containerID"] = format!("{}://{}", world.runtime(), container.id).into();
                }
                vec![pod]
            }
            _ => vec![good],
        };
        items.iter().map(|item| raw(item).into()).collect()
    }

    /// Its items in the summary.
    pub(super) fn summaries(&self, good: Value) -> Vec<Value> {
        let used = |value: &str| json!({"name": "c0", "rootfs": {"capacityBytes": value, "availableBytes": value, "usedBytes": value}});
        match self.mischief {
            Mischief::Summary => {
                let numbers = NUMBERS.iter().map(|number| used(number));
                let shapes = [json!([]), json!({"name": 7}), json!(null), json!({"name": "c0", "rootfs": [1]})];
                let containers: Vec<Value> = numbers.chain(shapes).collect();
                vec![
                    with(good.clone(), "/containers", json!(containers)),
                    json!({"podRef": 1}),
                    json!(7),
                    json!([]),
                    json!(null),
                ]
            }
            Mischief::SummaryTwice => {
                let containers =
                    json!([used("<<1>>"), used("<<18446744073709551615>>"), good["containers"][0].clone()]);
                vec![good.clone(), with(good.clone(), "/containers", containers), good]
            }
            _ => vec![good],
        }
    }

    /// Another pod of this tenant's.
    fn further(&self, good: &Value, number: u64, phase: &str) -> Value {
        let mut pod = good.clone();
        pod["metadata"]["uid"] = self.uid(number).into();
        pod["metadata"]["name"] = format!("{}-{number}", self.pod.name).into();
        pod["status"] = json!({"phase": phase});
        pod
    }

    fn amounts(&self, good: &Value) -> Vec<Value> {
        let amount = |name: &str| json!(self.numbers.one(&format!("{} {name}", self.place), &AMOUNTS));
        let mut pod = good.clone();
        for what in ["requests", "limits"] {
            pod["spec"]["containers"][0]["resources"][what] =
                json!({"cpu": amount(what), "memory": amount(&format!("{what} memory"))});
        }
        pod["spec"]["overhead"] = json!({"cpu": amount("overhead"), "memory": "1e19"});
        pod["spec"]["initContainers"] = json!([{"name": "i", "restartPolicy": "Always",
            "resources": {"requests": {"cpu": amount("init"), "memory": "16Ei"}}}]);
        vec![pod]
    }

    fn statuses(&self, good: &Value) -> Vec<Value> {
        let status = |number: &&str| {
            json!({"name": "c0", "restartCount": number, "containerID": "://", "state": {"running": {}, "waiting": {"reason": "\u{7}"}},
                "lastState": {"terminated": {"reason": "x".repeat(100_000), "exitCode": number, "startedAt": "-9999-99-99"}}})
        };
        let statuses: Vec<Value> = NUMBERS.iter().map(status).collect();
        let pod = with(good.clone(), "/status/containerStatuses", json!(statuses));
        let pod = with(pod, "/metadata/deletionTimestamp", json!("9999-12-31T23:59:60Z"));
        vec![with(pod, "/status/phase", json!("\u{1b}]0;phase"))]
    }

    fn shapes(&self, good: &Value) -> Vec<Value> {
        let places =
            ["/spec/containers", "/status/containerStatuses", "/metadata/labels", "/metadata/uid", "/metadata"];
        let shapes = [json!({}), json!([1]), json!(7), json!("x"), json!(null), json!([{"name": []}])];
        let mut items = vec![json!(null), json!([]), json!(1), json!("pod")];
        for (number, place) in places.iter().enumerate() {
            let shape = &shapes[usize::try_from(self.numbers.pick(place, 0..6)).expect("a place")];
            let pod = self.further(good, number as u64, "Pending");
            items.push(with(pod, place, shape.clone()));
        }
        items.push(good.clone());
        items
    }

    fn names(&self, mut pod: Value) -> Value {
        let name = |what: &str| json!(self.numbers.one(&format!("{} {what}", self.place), &NAMES));
        for place in ["name", "namespace"] {
            pod["metadata"][place] = name(place);
        }
        for number in 0..self.pod.containers.len() {
            pod["spec"]["containers"][number]["name"] = name(&format!("container {number}"));
            pod["status"]["containerStatuses"][number]["name"] = name(&format!("container {number}"));
        }
        let labels: serde_json::Map<String, Value> =
            NAMES.iter().map(|label| ((*label).to_owned(), name(label))).collect();
        pod["metadata"]["labels"] = labels.into();
        pod["metadata"]["ownerReferences"] =
            json!([{"kind": name("kind"), "name": name("owner")}, {"kind": "Job", "name": "-"}]);
        pod
    }
}

/// A value with another one at a place; the place is made where its parent is there.
fn with(mut value: Value, place: &str, new: Value) -> Value {
    let (parent, name) = place.rsplit_once('/').expect("a place has a parent");
    let name = name.replace("~1", "/");
    value.pointer_mut(parent).expect("the parent is there")[name] = new;
    value
}

/// Labels of so many bytes.
fn labels(bytes: usize) -> Value {
    let value = "v".repeat(63);
    let one = |number: usize| (format!("label-{number:057}"), Value::from(&*value));
    Value::Object((0..bytes / 140).map(one).collect())
}

fn with_environment(mut pod: Value, bytes: usize) -> Value {
    let value = "e".repeat(1000);
    let variables: Vec<Value> =
        (0..bytes / 1030).map(|number| json!({"name": format!("V{number}"), "value": value})).collect();
    pod["spec"]["containers"][0]["env"] = variables.into();
    pod
}

fn many_containers(mut pod: Value) -> Value {
    let many = (0..1000).map(|number| format!("many-{number}"));
    let specifications: Vec<Value> = many.clone().map(|name| json!({"name": name})).collect();
    let statuses: Vec<Value> =
        many.map(|name| json!({"name": name, "restartCount": 1, "state": {"waiting": {"reason": "x"}}})).collect();
    pod["spec"]["containers"] = specifications.into();
    pod["status"]["containerStatuses"] = statuses.into();
    pod
}
