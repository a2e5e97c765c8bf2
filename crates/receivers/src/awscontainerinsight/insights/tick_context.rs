//! What all records of one round have in common: the node, the time, the constants of their types.

use std::cell::RefCell;
use std::sync::Arc;

use catalog::{Attribute, RecordType, attributes_of};
use model::{Attributes, Point, Record, Resource, Text, UnixTime};

use crate::awscontainerinsight::config::Orchestrator;
use crate::awscontainerinsight::impossible::Impossible;
use crate::awscontainerinsight::insights::points::Points;
use crate::awscontainerinsight::stores::document;
use platform::{Capacity, Facts};

/// The node that the records are about.
#[derive(Debug, Clone)]
pub struct NodeIdentity {
    /// What the machine is part of.
    pub platform: Orchestrator,
    /// The types of the records about the machine itself.
    pub types: &'static MachineTypes,
    /// CPUs and memory.
    pub capacity: Capacity,
    /// Attributes of every record whose type has them: the node's name, and what is known of cluster and instance.
    common: Vec<(Attribute, Text)>,
    node_name: Option<Text>,
    constants: Vec<Constants>,
    document: Text,
    version: Text,
}

/// What the records about a machine are called: `Node` and its parts, or `Instance` and its parts.
#[derive(Debug)]
pub struct MachineTypes {
    /// The machine as a whole.
    pub machine: RecordType,
    /// One disk.
    pub disk_io: RecordType,
    /// One file system.
    pub file_system: RecordType,
    /// One network interface.
    pub network: RecordType,
}

const NODE: MachineTypes = MachineTypes {
    machine: RecordType::Node,
    disk_io: RecordType::NodeDiskIO,
    file_system: RecordType::NodeFS,
    network: RecordType::NodeNet,
};
const INSTANCE: MachineTypes = MachineTypes {
    machine: RecordType::Instance,
    disk_io: RecordType::InstanceDiskIO,
    file_system: RecordType::InstanceFS,
    network: RecordType::InstanceNet,
};

#[derive(Debug, Clone)]
struct Constants {
    name: Text,
    sources: Option<Text>,
    /// What records of the type are about: those about the cluster have no instance.
    known: Vec<Attribute>,
}

impl NodeIdentity {
    /// A node by its name; `None` leaves the attribute `NodeName` out.
    pub fn new(platform: Orchestrator, node_name: Option<Text>, capacity: Capacity) -> Self {
        let constants = |record_type: &RecordType| Constants {
            name: record_type.as_str().into(),
            // Without Kubernetes there is no pod list among the sources.
            sources: record_type.sources().map(|sources| match platform {
                Orchestrator::Eks => sources.into(),
                Orchestrator::Ecs | Orchestrator::Host => sources.replace("\"pod\",", "").into(),
            }),
            known: attributes_of(*record_type).map(|row| row.attribute).collect(),
        };
        let mut identity = Self {
            platform,
            types: if platform == Orchestrator::Ecs { &INSTANCE } else { &NODE },
            capacity,
            common: Vec::new(),
            document: document::of_node(node_name.as_deref().unwrap_or_default()).into(),
            node_name,
            constants: RecordType::ALL.iter().map(constants).collect(),
            version: "0".into(),
        };
        identity.learn(&Facts::default());
        identity
    }

    /// Takes over what is known of cluster and instance.
    pub fn learn(&mut self, facts: &Facts) {
        let name = self.node_name.iter().map(|name| (Attribute::NodeName, name.clone()));
        let said = facts.iter().filter_map(|(fact, known)| Some((fact.attribute()?, known.value.clone())));
        self.common = name.chain(said).collect();
    }
}

/// A round under construction.
#[derive(Debug)]
pub struct TickContext<'a> {
    /// The node.
    pub node: &'a NodeIdentity,
    /// What was left out of the records so far because it can't be true.
    impossible: RefCell<Vec<Impossible>>,
    time: UnixTime,
    timestamp: Text,
}

impl<'a> TickContext<'a> {
    /// A round of this wall time, in milliseconds since the Unix epoch.
    pub fn new(node: &'a NodeIdentity, time_ms: i64) -> Self {
        let time = UnixTime::from_millis(time_ms);
        Self { node, impossible: RefCell::default(), time, timestamp: time_ms.to_string().into() }
    }

    /// The points of a record, none yet.
    pub fn points(&self, record_type: RecordType) -> Points {
        Points::of(record_type, self.node.capacity)
    }

    /// What was left out of the records because it can't be true.
    pub fn into_impossible(self) -> Vec<Impossible> {
        self.impossible.into_inner()
    }

    /// The attributes that every record of a type has, with room for its own.
    pub fn attributes(&self, record_type: RecordType) -> Attributes {
        let constants = &self.node.constants[record_type as usize];
        let mut attributes = Attributes::with_capacity(16);
        for (attribute, value) in self.node.common.iter().filter(|(attribute, _)| constants.known.contains(attribute)) {
            attributes.insert(*attribute, value.clone());
        }
        if let Some(sources) = &constants.sources {
            attributes.insert(Attribute::Sources, sources.clone());
        }
        attributes.insert(Attribute::Timestamp, self.timestamp.clone());
        attributes.insert(Attribute::Type, constants.name.clone());
        attributes.insert(Attribute::Version, self.node.version.clone());
        attributes
    }

    /// The attributes of a record about the node itself.
    pub fn node_attributes(&self, record_type: RecordType) -> Attributes {
        let mut attributes = self.attributes(record_type);
        if self.node.platform == Orchestrator::Eks {
            attributes.insert(Attribute::Kubernetes, self.node.document.clone());
        }
        attributes
    }

    /// A record, where there are points.
    pub fn record(&self, points: Points, attributes: impl FnOnce(RecordType) -> Attributes) -> Option<Record> {
        if points.is_empty() && points.impossible().is_empty() {
            return None;
        }
        let record_type = points.record_type();
        let attributes = attributes(record_type);
        if !points.impossible().is_empty() {
            let about = about(&attributes);
            let left_out = points.impossible().iter();
            let values = left_out.map(|(metric, reason)| Impossible { metric, reason: *reason, about: about.clone() });
            self.impossible.borrow_mut().extend(values);
        }
        let points: Vec<Point> = points.finish()?;
        Some(Record {
            record_type: Some(record_type),
            resource: Arc::new(Resource::of(attributes)),
            scope: None,
            attributes: Attributes::new(),
            time: self.time,
            start: None,
            points,
        })
    }
}

/// What a record is about, for people: the narrowest of its names, after its pod's.
fn about(attributes: &Attributes) -> Text {
    let said = |attribute: Attribute| attributes.get(attribute.as_str()).cloned();
    let narrow = [Attribute::Device, Attribute::Interface, Attribute::ContainerName, Attribute::ContainerId];
    let narrow = narrow.into_iter().find_map(said);
    match (said(Attribute::K8sPodName), narrow) {
        (Some(pod), Some(narrow)) => format!("{pod} {narrow}").into(),
        (pod, narrow) => pod.or(narrow).unwrap_or_else(|| "".into()),
    }
}
