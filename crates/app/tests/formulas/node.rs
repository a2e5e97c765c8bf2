//! A recorded node, and the things of it that its events are about.

use std::path::{Path, PathBuf};

use catalog::RecordType;
use serde_json::Value as Json;
use testkit::hosts::{Recording, Sample};

use crate::At;

/// A recorded node.
pub struct Node {
    pub seconds: f64,
    pub is_v2: bool,
    samples: [Shown; 2],
    events: Vec<Thing>,
}

/// What one sample of a node shows.
pub struct Shown {
    pub root: PathBuf,
    pub pods: Vec<Json>,
    pub summary: Json,
}

/// What an event is about; empty where it is about nothing of the kind.
#[derive(Debug, Clone)]
pub struct Thing {
    pub record_type: RecordType,
    pub pod: String,
    pub container: String,
    pub container_id: String,
    pub device: String,
    pub interface: String,
}

impl Thing {
    /// What an event names.
    pub fn of(event: &Json) -> Self {
        let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
        let record_type = RecordType::ALL.iter().find(|of| of.as_str() == event["Type"]);
        Self {
            record_type: *record_type.expect("the catalogue has the type"),
            pod: text("PodId"),
            container: text("ContainerName"),
            container_id: text("ContainerId"),
            device: text("device"),
            interface: text("interface"),
        }
    }

    /// Whether it is the machine as a whole.
    pub fn is_machine(&self) -> bool {
        matches!(self.record_type, RecordType::Node | RecordType::Instance)
    }
}

impl Shown {
    fn load(sample: &Sample) -> Self {
        let json = |text: &Option<Vec<u8>>| {
            text.as_ref().map_or(Json::Null, |text| serde_json::from_slice(text).expect("the kubelet answers in JSON"))
        };
        let pods = json(&sample.pods)["items"].as_array().cloned().unwrap_or_default();
        Self { root: sample.root.clone(), pods, summary: json(&sample.summary) }
    }

    /// A pod of the kubelet's list; the cgroups of a static pod have the UID of its file.
    pub fn pod(&self, uid: &str) -> Option<&Json> {
        self.pods.iter().find(|pod| uids(pod).any(|known| known == uid))
    }
}

fn uids(pod: &Json) -> impl Iterator<Item = &str> {
    let metadata = &pod["metadata"];
    [&metadata["uid"], &metadata["annotations"]["kubernetes.io/config.hash"]].into_iter().filter_map(Json::as_str)
}

impl Node {
    /// A recording, and the events of its golden file.
    pub fn load(name: &str, events: &[Json]) -> Self {
        let recording = Recording::load(name);
        let samples = [&recording.first, &recording.second].map(Shown::load);
        Self {
            seconds: (recording.second.monotonic - recording.first.monotonic).as_secs_f64(),
            is_v2: cgroups(&samples[1].root).join("cgroup.controllers").is_file(),
            samples,
            events: events.iter().map(Thing::of).collect(),
        }
    }

    /// One of its samples.
    pub fn shown(&self, at: At) -> &Shown {
        &self.samples[usize::from(at == At::Second)]
    }

    /// The things that a thing has; `None` where nothing recorded says it.
    pub fn things(&self, of: &Thing, what: &str, at: At) -> Option<Vec<Thing>> {
        let shown = self.shown(at);
        if shown.pods.is_empty() && what != "network interfaces" {
            return None;
        }
        let pods = || shown.pods.iter().filter(|pod| of.is_machine() || uids(pod).any(|uid| uid == of.pod));
        let named = |list: &Json, wanted: fn(&Json) -> bool| -> Vec<Thing> {
            let items = list.as_array().into_iter().flatten().filter(|item| wanted(item));
            let name = |item: &Json| item["name"].as_str().unwrap_or_default().to_owned();
            items.map(|item| Thing { container: name(item), ..of.clone() }).collect()
        };
        let whole = |wanted: fn(&str) -> bool| -> Vec<Thing> {
            let wanted = pods().filter(|pod| pod["status"]["phase"].as_str().is_some_and(wanted));
            wanted.filter_map(|pod| uids(pod).next()).map(|uid| Thing { pod: uid.to_owned(), ..of.clone() }).collect()
        };
        Some(match what {
            "network interfaces" => self.interfaces(of),
            "the pod's containers" | "the pod's containers, if each has one" => {
                pods().flat_map(|pod| named(&pod["spec"]["containers"], |_| true)).collect()
            }
            "container statuses" => {
                pods().flat_map(|pod| named(&pod["status"]["containerStatuses"], |_| true)).collect()
            }
            "running containers" => {
                let runs = |status: &Json| status["state"]["running"].is_object();
                pods().flat_map(|pod| named(&pod["status"]["containerStatuses"], runs)).collect()
            }
            "pods that have not ended" => whole(|phase| !["Succeeded", "Failed"].contains(&phase)),
            "running pods" => whole(|phase| phase == "Running"),
            _ => return None,
        })
    }

    /// The interfaces of a machine or a pod that have events of their own.
    fn interfaces(&self, of: &Thing) -> Vec<Thing> {
        let own = |event: &&Thing| !event.interface.is_empty() && event.pod == of.pod;
        self.events.iter().filter(own).cloned().collect()
    }
}

/// Where cgroups are mounted below a root.
pub fn cgroups(root: &Path) -> PathBuf {
    root.join("sys/fs/cgroup")
}
