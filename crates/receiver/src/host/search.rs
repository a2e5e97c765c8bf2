//! Starts the discovery of instance, cluster and region: which sources to ask, by options and surroundings.

use std::sync::Arc;
use std::time::Duration;

use aws::{Settings, ecs_agent, metadata};
use linux::dmi::Dmi;
use model::{Clock, Text};
use telemetry::{Status, chain};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tracing::{Instrument, warn};

use crate::cluster;
use crate::config::{Config, Orchestrator};
use crate::error::Error;
use crate::host::environment::Place;
use crate::host::facts::{Fact, Facts, Origin};
use crate::host::finder::{Access, EcsAgent, Finder, NodeObject, Pace, Sources};
use crate::host::tasks::{self, Tasks};

/// What a request to EC2 may take where the options say nothing.
const EC2_TIMEOUT: Duration = Duration::from_secs(30);
/// More retries at once than this say nothing that the next look doesn't.
const MOST_RETRIES: u32 = 10;
/// What a question to the ECS agent may take.
const AGENT_DEADLINE: Duration = Duration::from_secs(1);

/// Where the agent is.
pub struct Around<'a> {
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
pub struct Findings {
    /// What is known.
    pub facts: watch::Receiver<Facts>,
    /// Takes the devices that nothing on the machine names a volume for.
    pub nameless_disks: watch::Sender<Vec<Text>>,
    /// The tasks of a container instance; `None` elsewhere.
    pub tasks: Option<Tasks>,
}

/// Begins the search on the runtime.
pub fn begin(config: &Config, around: Around<'_>, runtime: &Handle) -> Result<Findings, Error> {
    let Around { place, node_name, dmi, status, clock } = around;
    let platform = config.container_orchestrator;
    let mut facts = place.given.clone();
    if !config.local_mode {
        facts.learn(Fact::InstanceId, dmi.ec2_instance_id(), Origin::Dmi);
        facts.learn(Fact::InstanceType, dmi.ec2_instance_type(), Origin::Dmi);
    }
    // A machine by itself asks nobody on the network, unless it is known to be an EC2 instance.
    let asks_aws = !config.local_mode && (platform != Orchestrator::Host || dmi.ec2_instance_id().is_some());
    let settings = settings(config);
    let metadata = match asks_aws {
        true => {
            let client = metadata::Client::new(&settings, metadata_options(config, place.metadata_endpoint.clone()));
            // Nothing that only a variable says keeps the agent from its work.
            client.inspect_err(|error| warn!(error = chain(error), "instance metadata isn't asked")).ok()
        }
        false => None,
    };
    let ec2 = asks_aws.then(|| Access {
        settings: settings.clone(),
        endpoint: filled(&config.endpoint),
        timeout: match config.request_timeout_seconds {
            0 => EC2_TIMEOUT,
            seconds => Duration::from_secs(seconds.into()),
        },
    });
    let (agent, tasks) = match platform {
        Orchestrator::Ecs => {
            let client = ecs_agent::Client::new(AGENT_DEADLINE);
            let (found, agent) = watch::channel(None);
            let (tasks, lister) = tasks::channel(client.clone(), agent);
            runtime.spawn(lister.run().in_current_span());
            (Some(EcsAgent { client, endpoint: filled(&config.ecs_agent_endpoint), found }), Some(tasks))
        }
        Orchestrator::Eks | Orchestrator::Host => (None, None),
    };
    let object = |api_server| NodeObject { api_server, name: node_name.into() };
    let node = cluster::client(place, node_name)?.map(object);
    let (sender, facts) = watch::channel(facts);
    let (nameless_disks, nameless) = watch::channel(Vec::new());
    let finder = Finder {
        sources: Sources { node, metadata, ec2, agent },
        pace: Pace::default(),
        needs_cluster: platform == Orchestrator::Eks,
        facts: sender,
        nameless_disks: nameless,
        status,
        clock,
    };
    runtime.spawn(finder.run().in_current_span());
    Ok(Findings { facts, nameless_disks, tasks })
}

fn metadata_options(config: &Config, endpoint: Option<String>) -> metadata::Options {
    metadata::Options {
        endpoint,
        allow_v1: config.imds_v1,
        attempts: config.imds_retries.min(MOST_RETRIES).saturating_add(1),
    }
}

/// How the options say that AWS is reached. The region is found out first, see [`Fact::Region`].
fn settings(config: &Config) -> Settings {
    Settings {
        profile: filled(&config.profile),
        shared_credentials_file: config.shared_credentials_file.first().map(Into::into),
        role_arn: filled(&config.role_arn),
        external_id: filled(config.external_id.reveal()),
        proxy_address: filled(config.proxy_address.reveal()),
        certificate_file_path: filled(&config.certificate_file_path).map(Into::into),
        no_verify_ssl: config.no_verify_ssl,
        ..Settings::default()
    }
}

fn filled(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_retries_than_are_of_use_are_not_made() {
        let attempts = |imds_retries| {
            let config = Config { imds_retries, ..Config::default() };
            metadata_options(&config, None).attempts
        };
        assert_eq!([0, 10, 11, u32::MAX].map(attempts), [1, 11, 11, 11]);
    }
}
