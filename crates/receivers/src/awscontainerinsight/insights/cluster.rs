//! `Cluster`, `ClusterNamespace`, `ClusterService`, and the four kinds of workloads: what the API server says.

use catalog::{Attribute, Measurement as M, RecordType};
use kubernetes::cluster::Kind;
use model::{Attributes, Record, Text};

use crate::awscontainerinsight::config::{Config, WorkloadDocument};
use crate::awscontainerinsight::insights::frame::Frame;
use crate::awscontainerinsight::samples::{ClusterSample, Count, WorkloadSample};
use crate::awscontainerinsight::stores::document;

/// All records about the cluster.
pub fn records<'a>(
    frame: &'a Frame<'_>,
    sample: &'a ClusterSample,
    config: &'a Config,
) -> impl Iterator<Item = Record> + 'a {
    let namespaces = sample.namespaces.iter().filter_map(|count| namespace(frame, count));
    let services = sample.services.iter().filter_map(|(namespace, count)| service(frame, namespace, count));
    let workloads = sample.workloads.iter().filter_map(|sample| workload(frame, sample, config));
    cluster(frame, sample).into_iter().chain(namespaces).chain(services).chain(workloads)
}

fn cluster(frame: &Frame<'_>, sample: &ClusterSample) -> Option<Record> {
    let mut points = frame.points(RecordType::Cluster);
    points.put(M::FailedNodeCount, sample.nodes.map(|nodes| nodes.failed));
    points.put(M::NodeCount, sample.nodes.map(|nodes| nodes.count));
    points.put(M::NumberOfRunningPods, sample.running_pods);
    frame.record(points, |record_type| frame.attributes(record_type))
}

fn namespace(frame: &Frame<'_>, count: &Count) -> Option<Record> {
    let mut points = frame.points(RecordType::ClusterNamespace);
    points.put(M::NumberOfRunningPods, Some(count.pods));
    frame.record(points, |record_type| within(frame, record_type, &count.name, ""))
}

fn service(frame: &Frame<'_>, namespace: &Text, count: &Count) -> Option<Record> {
    let mut points = frame.points(RecordType::ClusterService);
    points.put(M::NumberOfRunningPods, Some(count.pods));
    frame.record(points, |record_type| {
        let mut attributes = within(frame, record_type, namespace, &count.name);
        attributes.insert(Attribute::Service, count.name.clone());
        attributes
    })
}

fn workload(frame: &Frame<'_>, sample: &WorkloadSample, config: &Config) -> Option<Record> {
    let figures = sample.figures;
    let mut points = frame.points(match sample.kind {
        Kind::Deployment => RecordType::ClusterDeployment,
        Kind::DaemonSet => RecordType::ClusterDaemonSet,
        Kind::StatefulSet => RecordType::ClusterStatefulSet,
        Kind::ReplicaSet => RecordType::ClusterReplicaSet,
    });
    points.put(M::ReplicasDesired, Some(figures.desired));
    points.put(M::ReplicasReady, Some(figures.ready));
    points.put(M::StatusReplicasAvailable, Some(figures.available));
    points.put(M::StatusReplicasUnavailable, figures.unavailable);
    frame.record(points, |record_type| {
        let mut attributes = match config.workload_document {
            WorkloadDocument::Namespace => within(frame, record_type, &sample.namespace, ""),
            WorkloadDocument::None => {
                let mut attributes = frame.attributes(record_type);
                attributes.insert(Attribute::Namespace, sample.namespace.clone());
                attributes
            }
        };
        attributes.insert(Attribute::PodName, sample.name.clone());
        attributes
    })
}

/// The attributes of a record about something of a namespace.
fn within(frame: &Frame<'_>, record_type: RecordType, namespace: &Text, service: &str) -> Attributes {
    let mut attributes = frame.attributes(record_type);
    attributes.insert(Attribute::Namespace, namespace.clone());
    attributes.insert(Attribute::Kubernetes, document::of_namespace(namespace, service));
    attributes
}
