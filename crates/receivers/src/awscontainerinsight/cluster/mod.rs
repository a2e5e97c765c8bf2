//! What only the API server can say: the cluster's own numbers, by the one agent that speaks for it, and which Service a
//! pod belongs to.
//!
//! Everything here runs beside the rounds; a round takes what is known at its moment and never waits.

mod access;
mod cluster_state;
mod election;
mod endpoints;
mod leader;
mod mirror;
mod services;
mod watch_status;

use component::Context;
use model::Stamp;
use telemetry::Limits;

use crate::awscontainerinsight::config::{CollectionRole, Config};
use crate::awscontainerinsight::error::Error;
use crate::awscontainerinsight::samples::ClusterSample;
use platform::Place;

use access::Access;
use endpoints::Follower;
use leader::Leader;
pub(crate) use services::Lookup;
use services::Services;
use watch_status::WatchedCollections;

/// The watches of the API server.
#[derive(Debug)]
pub struct Cluster {
    leader: Option<Leader>,
    services: Option<Services>,
    collections: WatchedCollections,
}

impl Cluster {
    /// Begins where there is an API server to ask; `None` elsewhere.
    pub(crate) fn begin(
        config: &Config,
        place: &Place,
        node_name: &str,
        context: &Context,
        limits: &Limits,
    ) -> Result<Option<Self>, Error> {
        let Context { clock, status, runtime, registry, name: component } = context;
        let collections = WatchedCollections::new(registry, component, limits);
        let Some(access) = Access::of(place, node_name, collections.clone()) else { return Ok(None) };
        let endpoints = Follower::begin(&access, node_name, runtime)?;
        let leader = match config.collection_role {
            CollectionRole::Node => None,
            CollectionRole::All | CollectionRole::Leader => {
                Leader::begin(config, place, node_name, &access, &endpoints, (clock, status, runtime))?
            }
        };
        let services = match config.add_service_as_attribute {
            true => Some(Services::begin(&access, endpoints, (status, runtime))?),
            false => None,
        };
        Ok(Some(Self { leader, services, collections }))
    }

    /// Counts what the watches did since the last tick, and reports their failures.
    pub fn look(&self) {
        self.collections.look();
    }

    /// The cluster's numbers, where this agent speaks for it at this moment.
    #[must_use]
    pub fn sample(&self, now: Stamp) -> Option<ClusterSample> {
        self.leader.as_ref()?.sample(now)
    }

    /// Which Services pods belong to, as far as is known at this moment.
    pub(crate) fn services(&self) -> Option<Lookup<'_>> {
        self.services.as_ref().map(Services::lookup)
    }

    /// Gives the lock back; takes a few seconds at the most.
    pub fn stop(self) {
        if let Some(leader) = self.leader {
            leader.stop();
        }
    }
}
