//! `Cluster`, `ClusterNamespace`, `ClusterService`, and the four kinds of workloads: what the API server says.

use catalog::{Attribute, Measurement as M, RecordType};
use kubernetes::cluster::Kind;
use model::{Attributes, Record, Text};

use crate::awscontainerinsight::config::{Config, WorkloadDocument};
use crate::awscontainerinsight::insights::tick_context::TickContext;
use crate::awscontainerinsight::samples::{ClusterSample, Count, WorkloadSample};
use crate::awscontainerinsight::stores::document;

/// All records about the cluster.
pub fn records<'a>(
    tick: &'a TickContext<'_>,
    sample: &'a ClusterSample,
    config: &'a Config,
) -> impl Iterator<Item = Record> + 'a {
    let namespaces = sample.namespaces.iter().filter_map(|count| namespace(tick, count));
    let services = sample.services.iter().filter_map(|(namespace, count)| service(tick, namespace, count));
    let workloads = sample.workloads.iter().filter_map(|sample| workload(tick, sample, config));
    cluster(tick, sample).into_iter().chain(namespaces).chain(services).chain(workloads)
}

fn cluster(tick: &TickContext<'_>, sample: &ClusterSample) -> Option<Record> {
    let mut points = tick.points(RecordType::Cluster);
    points.put(M::FailedNodeCount, sample.nodes.map(|nodes| nodes.failed));
    points.put(M::NodeCount, sample.nodes.map(|nodes| nodes.count));
    points.put(M::NumberOfRunningPods, sample.running_pods);
    tick.record(points, |record_type| tick.attributes(record_type))
}

fn namespace(tick: &TickContext<'_>, count: &Count) -> Option<Record> {
    let mut points = tick.points(RecordType::ClusterNamespace);
    points.put(M::NumberOfRunningPods, Some(count.pods));
    tick.record(points, |record_type| within(tick, record_type, &count.name, ""))
}

fn service(tick: &TickContext<'_>, namespace: &Text, count: &Count) -> Option<Record> {
    let mut points = tick.points(RecordType::ClusterService);
    points.put(M::NumberOfRunningPods, Some(count.pods));
    tick.record(points, |record_type| {
        let mut attributes = within(tick, record_type, namespace, &count.name);
        attributes.insert(Attribute::Service, count.name.clone());
        attributes
    })
}

fn workload(tick: &TickContext<'_>, sample: &WorkloadSample, config: &Config) -> Option<Record> {
    let replicas = sample.replicas;
    let mut points = tick.points(match sample.kind {
        Kind::Deployment => RecordType::ClusterDeployment,
        Kind::DaemonSet => RecordType::ClusterDaemonSet,
        Kind::StatefulSet => RecordType::ClusterStatefulSet,
        Kind::ReplicaSet => RecordType::ClusterReplicaSet,
    });
    points.put(M::ReplicasDesired, Some(replicas.desired));
    points.put(M::ReplicasReady, Some(replicas.ready));
    points.put(M::StatusReplicasAvailable, Some(replicas.available));
    points.put(M::StatusReplicasUnavailable, replicas.unavailable);
    tick.record(points, |record_type| {
        let mut attributes = match config.workload_document {
            WorkloadDocument::Namespace => within(tick, record_type, &sample.namespace, ""),
            WorkloadDocument::None => {
                let mut attributes = tick.attributes(record_type);
                attributes.insert(Attribute::Namespace, sample.namespace.clone());
                attributes
            }
        };
        attributes.insert(Attribute::PodName, sample.name.clone());
        attributes
    })
}

/// The attributes of a record about something of a namespace.
fn within(tick: &TickContext<'_>, record_type: RecordType, namespace: &Text, service: &str) -> Attributes {
    let mut attributes = tick.attributes(record_type);
    attributes.insert(Attribute::Namespace, namespace.clone());
    attributes.insert(Attribute::Kubernetes, document::of_namespace(namespace, service));
    attributes
}
