//! Starts the discovery of instance, cluster and region: which sources to ask, by options and surroundings.

mod task;

use std::sync::Arc;
use std::time::Duration;

use aws::{Settings, ecs_agent, metadata};
use linux::dmi::Dmi;
use model::{Clock, Text};
use net::chain;
use telemetry::Status;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tracing::{Instrument, warn};

use crate::environment::Place;
use crate::facts::{Fact, Facts, Origin};
use crate::tasks::{self, Tasks};
use crate::{Error, Orchestrator, api_server};
use task::{Access, Discovery, EcsAgent, NodeObject, Pace, Sources};

/// More retries at once than this say nothing that the next look doesn't.
const MOST_RETRIES: u32 = 10;
/// What a question to the ECS agent may take.
const AGENT_DEADLINE: Duration = Duration::from_secs(1);

/// What is asked, and how.
#[derive(Debug)]
pub struct Options {
    /// What runs the containers.
    pub orchestrator: Orchestrator,
    /// Whether AWS is left alone.
    pub local_mode: bool,
    /// Credentials and the way to AWS; the region is found out first.
    pub settings: Settings,
    /// The URL of EC2; `None` is the region's.
    pub ec2_endpoint: Option<String>,
    /// What one request to EC2 may take.
    pub ec2_timeout: Duration,
    /// Whether instance metadata may be asked without a token.
    pub imds_v1: bool,
    /// Retries of a request to instance metadata; at most [`MOST_RETRIES`] are made.
    pub imds_retries: u32,
    /// The URL of the ECS agent; `None` looks for it.
    pub ecs_agent_endpoint: Option<String>,
}

impl Options {
    fn metadata(&self, endpoint: Option<String>) -> metadata::Options {
        metadata::Options {
            endpoint,
            allow_v1: self.imds_v1,
            attempts: self.imds_retries.min(MOST_RETRIES).saturating_add(1),
        }
    }
}

/// Where the agent is.
pub struct Node<'a> {
    /// By environment and options.
    pub place: &'a Place,
    /// The node's name.
    pub node_name: &'a str,
    /// The machine's own table.
    pub dmi: &'a Dmi,
    /// The receiver's line on the status board.
    pub status: Status,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// The rounds' end of the search.
#[derive(Debug)]
pub struct Discovered {
    /// What is known.
    pub facts: watch::Receiver<Facts>,
    /// Takes the devices that nothing on the machine names a volume for.
    pub nameless_disks: watch::Sender<Vec<Text>>,
    /// The tasks of a container instance; `None` elsewhere.
    pub tasks: Option<Tasks>,
}

/// Begins the search on the runtime.
///
/// # Errors
///
/// Why a client of the API server cannot be made.
pub fn begin(options: Options, node: Node<'_>, runtime: &Handle) -> Result<Discovered, Error> {
    let Node { place, node_name, dmi, status, clock } = node;
    let platform = options.orchestrator;
    let mut facts = place.given.clone();
    if !options.local_mode {
        facts.learn(Fact::InstanceId, dmi.ec2_instance_id(), Origin::Dmi);
        facts.learn(Fact::InstanceType, dmi.ec2_instance_type(), Origin::Dmi);
    }
    // A machine by itself asks nothing on the network, unless it is known to be an EC2 instance.
    let asks_aws = !options.local_mode && (platform != Orchestrator::Host || dmi.ec2_instance_id().is_some());
    let metadata = match asks_aws {
        true => {
            let client = metadata::Client::new(&options.settings, options.metadata(place.metadata_endpoint.clone()));
            // A bad environment variable must not stop the agent.
            client.inspect_err(|error| warn!(error = chain(error), "instance metadata isn't asked")).ok()
        }
        false => None,
    };
    let ec2 = asks_aws.then_some(Access {
        settings: options.settings,
        endpoint: options.ec2_endpoint,
        timeout: options.ec2_timeout,
    });
    let (agent, tasks) = match platform {
        Orchestrator::Ecs => {
            let client = ecs_agent::Client::new(AGENT_DEADLINE);
            let (found, agent) = watch::channel(None);
            let (tasks, lister) = tasks::channel(client.clone(), agent);
            runtime.spawn(lister.run().in_current_span());
            (Some(EcsAgent { client, endpoint: options.ecs_agent_endpoint, found }), Some(tasks))
        }
        Orchestrator::Eks | Orchestrator::Host => (None, None),
    };
    let object = |api_server| NodeObject { api_server, name: node_name.into() };
    let node = api_server::client(place, node_name)?.map(object);
    let (sender, facts) = watch::channel(facts);
    let (nameless_disks, nameless) = watch::channel(Vec::new());
    let discovery = Discovery {
        sources: Sources { node, metadata, ec2, agent },
        pace: Pace::default(),
        needs_cluster: platform == Orchestrator::Eks,
        facts: sender,
        nameless_disks: nameless,
        status,
        clock,
    };
    runtime.spawn(discovery.run().in_current_span());
    Ok(Discovered { facts, nameless_disks, tasks })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_retries_than_are_of_use_are_not_made() {
        let attempts = |imds_retries| {
            let options = Options {
                orchestrator: Orchestrator::Eks,
                local_mode: false,
                settings: Settings::default(),
                ec2_endpoint: None,
                ec2_timeout: Duration::ZERO,
                imds_v1: false,
                imds_retries,
                ecs_agent_endpoint: None,
            };
            options.metadata(None).attempts
        };
        assert_eq!([0, 10, 11, u32::MAX].map(attempts), [1, 11, 11, 11]);
    }
}
