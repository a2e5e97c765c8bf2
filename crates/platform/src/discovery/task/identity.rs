//! Which instance the node is, and where: its own Kubernetes object, then instance metadata, each asked only for what the
//! ones before have not said.

use kubernetes::ApiServer;
use model::Text;
use telemetry::Failure;
use tokio::time::sleep;

use super::Shared;
use crate::backoff::{Backoff, about};
use crate::facts::{Fact, Facts, Origin};
use crate::source::{Source, silent};

/// What is asked for.
const WANTED: [Fact; 4] = [Fact::InstanceId, Fact::InstanceType, Fact::Region, Fact::Zone];

/// The node's object, and the API server that has it.
#[derive(Debug)]
pub struct NodeObject {
    /// The API server.
    pub api_server: ApiServer,
    /// The node's name.
    pub name: Text,
}

static NODE: Failure = silent!("other sources may name the instance and the cluster");
static METADATA: Failure = silent!("what only it can tell is missing");

/// Asks until everything is known. Each pass over the places ends with what is known being settled.
pub(super) async fn find(shared: &Shared, mut node: Option<NodeObject>, metadata: Option<&aws::metadata::Client>) {
    let mut backoff = Backoff::new(shared.pace.first, shared.pace.hour);
    let mut object = Source::new("Kubernetes node", &NODE);
    let mut service = Source::new("instance metadata", &METADATA);
    loop {
        if is_lacking(shared, true)
            && let Some(asked) = &mut node
            && let Some(found) = object.note(asked.api_server.fetch_node(&asked.name).await)
        {
            shared.learn(|facts| learn_node(facts, &found));
            // What the cloud's controller writes there comes some time after the node.
            if !is_lacking(shared, true) {
                node = None;
            }
        }
        let mut answered = false;
        if let Some(metadata) = metadata.filter(|_| is_lacking(shared, false))
            && let Some(identity) = service.note(metadata.identity().await)
        {
            answered = true;
            shared.learn(|facts| learn_identity(facts, &identity));
        }
        shared.learn(|facts| facts.identity_settled = true);
        let is_done = !is_lacking(shared, node.is_some()) || (node.is_none() && metadata.is_none());
        if is_done {
            return;
        }
        // A document that lacks something won't have it in a second.
        let pause = if answered && node.is_none() { about(shared.pace.hour) } else { backoff.pause() };
        sleep(pause).await;
    }
}

/// Whether anything is unknown that the instance, or the node's object, could tell.
fn is_lacking(shared: &Shared, asks_node: bool) -> bool {
    let facts = shared.facts.borrow();
    let wants_ip = shared.wants_ip && facts.lacks(Fact::PrivateIp);
    WANTED.iter().any(|fact| facts.lacks(*fact))
        || (asks_node && facts.lacks(Fact::ClusterName))
        || (!asks_node && wants_ip)
}

fn learn_node(facts: &mut Facts, node: &kubernetes::Node) {
    let instance = node.instance();
    let said = [
        (Fact::InstanceId, instance.id),
        (Fact::InstanceType, instance.instance_type),
        (Fact::Region, instance.region),
        (Fact::Zone, instance.zone),
        (Fact::ClusterName, node.cluster_name()),
    ];
    for (fact, value) in said {
        facts.correct(fact, value, Origin::Node);
    }
}

fn learn_identity(facts: &mut Facts, identity: &aws::metadata::Identity) {
    let said = [
        (Fact::InstanceId, &identity.instance_id),
        (Fact::InstanceType, &identity.instance_type),
        (Fact::Region, &identity.region),
        (Fact::Zone, &identity.availability_zone),
        (Fact::PrivateIp, &identity.private_ip),
    ];
    for (fact, value) in said {
        facts.learn(fact, value.as_deref(), Origin::Metadata);
    }
}
