//! Which container instance of which cluster this is, as the ECS agent says.
//!
//! The agent listens on the instance's address, and on some systems on the loopback only: both are asked, until one answers.

use aws::ecs_agent::{Client, PORT, cluster_name, container_instance_id};
use net::chain;
use telemetry::Failure;
use tokio::sync::watch;
use tokio::time::sleep;

use super::Shared;
use crate::backoff::Backoff;
use crate::facts::{Fact, Origin};
use crate::source::{Source, silent};

/// How many answers without names in a row an agent may give that is about to register.
const LONG: u32 = 5;

/// The agent.
#[derive(Debug)]
pub struct EcsAgent {
    /// How it is asked.
    pub client: Client,
    /// Where; `None` looks for it.
    pub endpoint: Option<String>,
    /// Takes the URL at which it answered.
    pub found: watch::Sender<Option<String>>,
}

static AGENT: Failure = silent!("cluster, container instance and tasks are missing");

/// Asks until cluster and container instance are known.
pub(super) async fn find(shared: &Shared, agent: Option<EcsAgent>) {
    let Some(agent) = agent else { return };
    let mut backoff = Backoff::new(shared.pace.first, shared.pace.agent);
    let mut source = Source::new("ECS agent", &AGENT);
    let mut unregistered = 0;
    loop {
        let (mut words, mut nameless) = (Vec::new(), Vec::new());
        for url in agent.urls(shared) {
            match agent.client.metadata(&url).await {
                Ok(metadata) => {
                    let cluster = metadata.cluster.as_deref().and_then(cluster_name);
                    let id = metadata.container_instance_arn.as_deref().and_then(container_instance_id);
                    if id.is_none() {
                        nameless.push(format!("{url}: the answer names no container instance"));
                    }
                    if cluster.is_none() && id.is_none() {
                        continue;
                    }
                    words.clear();
                    shared.learn(|facts| {
                        facts.learn(Fact::ClusterName, cluster, Origin::EcsAgent);
                        facts.learn(Fact::ContainerInstanceId, id, Origin::EcsAgent);
                    });
                    let _ = agent.found.send(Some(url));
                    break;
                }
                Err(error) => words.push(format!("{url}: {}", chain(&error))),
            }
        }
        unregistered = if nameless.is_empty() { 0 } else { unregistered + 1 };
        // An agent that isn't registered yet answers without names, and has them soon.
        if unregistered > LONG {
            words.append(&mut nameless);
        }
        if words.is_empty() {
            source.answered();
        } else {
            source.failed(&words.join("; "));
        }
        if !shared.lacks(Fact::ClusterName) && !shared.lacks(Fact::ContainerInstanceId) {
            return;
        }
        sleep(backoff.pause()).await;
    }
}

impl EcsAgent {
    /// Where the agent may be, the likeliest first.
    fn urls(&self, shared: &Shared) -> Vec<String> {
        match &self.endpoint {
            Some(url) => vec![url.clone()],
            None => {
                let private = shared.get(Fact::PrivateIp);
                let hosts = private.as_deref().into_iter().chain(["127.0.0.1"]);
                let bracketed = |host: &str| if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
                hosts.map(|host| format!("http://{}:{PORT}", bracketed(host))).collect()
            }
        }
    }
}
