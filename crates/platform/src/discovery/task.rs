//! Finds out what the kernel doesn't say of a node: beside the rounds, from place to place, for as long as it takes.
//!
//! Each part asks by its own backoff and publishes what it learns; a round takes what is known and never waits. Nothing that
//! was known goes because a source doesn't answer.

mod access;
mod container_instance;
mod identity;
mod tags;
mod volumes;

use std::sync::Arc;
use std::time::Duration;

use model::{Clock, Text};
use telemetry::Status;
use tokio::sync::watch;

pub use access::Access;
pub use container_instance::EcsAgent;
pub use identity::NodeObject;

use crate::facts::{Fact, Facts};

#[cfg(test)]
mod tests;

/// How often what may change is asked for again, and how long backoff grow.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// The first pause after a failure.
    pub first: Duration,
    /// The longest pause after failures, and the time between two looks at the tags.
    pub hour: Duration,
    /// The same while a Kubernetes node's cluster is unknown.
    pub nameless: Duration,
    /// The time between two lists of volumes, where the disks themselves don't say which they are.
    pub volumes: Duration,
    /// The least time between two lists of volumes, however many disks come.
    pub disks: Duration,
    /// The longest pause before the ECS agent is asked again who it is.
    pub agent: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
        Self {
            first: Duration::from_secs(2),
            hour: minutes(60),
            nameless: minutes(30),
            volumes: minutes(60),
            disks: minutes(5),
            agent: minutes(1),
        }
    }
}

/// Whom to ask; `None` where there is no such source.
#[derive(Debug, Default)]
pub struct Sources {
    /// The node's own object at the API server.
    pub node: Option<NodeObject>,
    /// EC2 instance metadata.
    pub metadata: Option<aws::metadata::Client>,
    /// EC2.
    pub ec2: Option<Access>,
    /// The ECS agent.
    pub agent: Option<EcsAgent>,
}

/// What a discovery works with.
pub struct Discovery {
    /// Whom to ask.
    pub sources: Sources,
    /// When.
    pub pace: Pace,
    /// Whether nothing is emitted until the cluster has a name.
    pub needs_cluster: bool,
    /// What is known, for the rounds.
    pub facts: watch::Sender<Facts>,
    /// Devices that nothing on the machine names a volume for.
    pub nameless_disks: watch::Receiver<Vec<Text>>,
    /// The receiver's line on the status board.
    pub status: Status,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// What the parts share.
struct Shared {
    facts: watch::Sender<Facts>,
    status: Status,
    pace: Pace,
    needs_cluster: bool,
    /// Whether there is an ECS agent, which says what the cluster is.
    is_container_instance: bool,
    /// Whether the node's address is of use: the ECS agent may listen there.
    wants_ip: bool,
}

impl Discovery {
    /// Asks until the receiver of the facts is gone.
    pub async fn run(self) {
        let Self { sources, pace, needs_cluster, facts, nameless_disks, status, clock } = self;
        let wants_ip = sources.agent.as_ref().is_some_and(|agent| agent.endpoint.is_none());
        let is_container_instance = sources.agent.is_some();
        let shared = Shared { facts, status, pace, needs_cluster, is_container_instance, wants_ip };
        shared.show();
        let ec2 = sources.ec2.map(|access| access::Ec2::new(access, clock));
        let (metadata, ec2) = (sources.metadata.as_ref(), ec2.as_ref());
        let parts = async {
            tokio::join!(
                identity::find(&shared, sources.node, metadata),
                tags::follow(&shared, metadata, ec2),
                volumes::follow(&shared, ec2, nameless_disks),
                container_instance::find(&shared, sources.agent),
            )
        };
        tokio::select! {
            _ = parts => {}
            () = shared.facts.closed() => {}
        }
    }
}

impl Shared {
    /// Changes what is known, and shows it where that made a difference; whether it did.
    fn learn(&self, change: impl FnOnce(&mut Facts)) -> bool {
        let changed = self.facts.send_if_modified(|facts| {
            let before = facts.clone();
            change(facts);
            *facts != before
        });
        if changed {
            self.show();
        }
        changed
    }

    fn show(&self) {
        let facts = self.facts.borrow();
        let shown = facts.iter().map(|(fact, known)| telemetry::Fact {
            name: fact.as_str(),
            value: known.value.to_string(),
            origin: known.origin.as_str(),
        });
        self.status.facts(shown.collect());
    }

    fn get(&self, fact: Fact) -> Option<Text> {
        self.facts.borrow().get(fact).cloned()
    }

    fn lacks(&self, fact: Fact) -> bool {
        self.facts.borrow().lacks(fact)
    }

    /// Waits until a fact is known; `None` where it never will be.
    async fn known(&self, fact: Fact) -> Option<Text> {
        let mut facts = self.facts.subscribe();
        let facts = facts.wait_for(|facts| !facts.lacks(fact)).await.ok()?;
        facts.get(fact).cloned()
    }
}
