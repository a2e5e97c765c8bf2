//! What all records of one round have in common: the node, the time, the constants of their types.

use catalog::{Attribute, RecordType};
use model::{Attributes, Point, Record, Text};

use crate::host::Capacity;
use crate::insights::points::Points;
use crate::stores::document;

/// The node that the records are about.
#[derive(Debug, Clone)]
pub struct NodeIdentity {
    /// The cluster's name; `None` on a machine that is in none.
    pub cluster_name: Option<Text>,
    /// The node's name.
    pub node_name: Text,
    /// CPUs and memory.
    pub capacity: Capacity,
    /// Whether there is a Kubernetes around it.
    pub kubernetes: bool,
    constants: Vec<Constants>,
    document: Text,
    version: Text,
}

#[derive(Debug, Clone)]
struct Constants {
    name: Text,
    sources: Option<Text>,
}

impl NodeIdentity {
    /// A node by its names.
    pub fn new(cluster_name: Option<Text>, node_name: Text, capacity: Capacity, kubernetes: bool) -> Self {
        let constants = |record_type: &RecordType| Constants {
            name: record_type.as_str().into(),
            // Without Kubernetes there is no pod list among the sources.
            sources: record_type
                .sources()
                .map(|sources| if kubernetes { sources.into() } else { sources.replace("\"pod\",", "").into() }),
        };
        Self {
            constants: RecordType::ALL.iter().map(constants).collect(),
            document: document::of_node(&node_name).into(),
            version: "0".into(),
            cluster_name,
            node_name,
            capacity,
            kubernetes,
        }
    }
}

/// A round under construction.
#[derive(Debug)]
pub struct Frame<'a> {
    /// The node.
    pub node: &'a NodeIdentity,
    time_ms: i64,
    timestamp: Text,
}

impl<'a> Frame<'a> {
    /// A round of this wall time, in milliseconds since the Unix epoch.
    pub fn new(node: &'a NodeIdentity, time_ms: i64) -> Self {
        Self { node, time_ms, timestamp: time_ms.to_string().into() }
    }

    /// The attributes that every record of a type has, with room for its own.
    pub fn attributes(&self, record_type: RecordType) -> Attributes {
        let constants = &self.node.constants[record_type as usize];
        let mut attributes = Attributes::with_capacity(16);
        if let Some(cluster_name) = &self.node.cluster_name {
            attributes.insert(Attribute::ClusterName, cluster_name.clone());
        }
        attributes.insert(Attribute::NodeName, self.node.node_name.clone());
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
        if self.node.kubernetes {
            attributes.insert(Attribute::Kubernetes, self.node.document.clone());
        }
        attributes
    }

    /// A record, where there are points.
    pub fn record(&self, points: Points, attributes: impl FnOnce(RecordType) -> Attributes) -> Option<Record> {
        let record_type = points.record_type();
        let points: Vec<Point> = points.finish()?;
        let attributes = attributes(record_type);
        Some(Record { record_type: Some(record_type), attributes, time_ms: self.time_ms, points })
    }
}
