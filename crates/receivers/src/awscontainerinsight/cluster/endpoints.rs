//! Which pods are behind each Service, watched as long as it is needed: by the leader, or by an agent that may
//! not watch Services. By EndpointSlices, or where those are refused by Endpoints.

use std::collections::BTreeMap;
use std::time::Duration;

use kubernetes::access::{ENDPOINT_SLICES, ENDPOINTS};
use kubernetes::cluster::{EndpointSlices, Endpoints};
use kubernetes::watch::{Pace, Phase, Reflector, Status};
use model::Text;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::sleep;
use tracing::Instrument;

use crate::awscontainerinsight::cluster::access::Access;
use crate::awscontainerinsight::cluster::mirror::Mirror;
use crate::awscontainerinsight::error::Error;
use crate::awscontainerinsight::samples::Count;

/// How often it is looked at whether slices are refused; no request follows from it.
const LOOK: Duration = Duration::from_secs(1);
/// A role without a right to slices is meant so: they are asked for once an hour, for little is gained.
const REFUSED: Duration = Duration::from_secs(3600);

/// Why they are watched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Wishes {
    leading: bool,
    no_services: bool,
}

/// The pods behind Services, and the wishes for them.
#[derive(Debug, Clone)]
pub struct Follower {
    slices: Mirror<EndpointSlices>,
    endpoints: Mirror<Endpoints>,
    wishes: watch::Sender<Wishes>,
}

impl Follower {
    /// Watches nothing until it is needed.
    pub fn begin(access: &Access, node_name: &str, runtime: &Handle) -> Result<Self, Error> {
        let (wishes, mut wanted) = watch::channel(Wishes::default());
        let patient = Pace { refused: REFUSED, ..Pace::default() };
        let mut by_slices = access.reflector_at(ENDPOINT_SLICES, patient)?;
        let mut by_endpoints = access.reflector(ENDPOINTS)?;
        let slices = Mirror::of(&by_slices, EndpointSlices::new(node_name));
        let endpoints = Mirror::of(&by_endpoints, Endpoints::new(node_name));
        let follower = Self { slices, endpoints, wishes };
        let known = follower.clone();
        let following = async move {
            while wanted.wait_for(|wishes| *wishes != Wishes::default()).await.is_ok() {
                let mut slices = known.slices.store.clone();
                tokio::select! {
                    _ = by_slices.run(&mut slices) => return,
                    () = instead(&mut by_endpoints, &known.endpoints, &known.slices.status) => return,
                    ended = wanted.wait_for(|wishes| *wishes == Wishes::default()) => if ended.is_err() { return },
                }
                known.slices.forget();
                known.endpoints.forget();
            }
        };
        runtime.spawn(following.in_current_span());
        Ok(follower)
    }

    /// Whether this agent speaks for the cluster.
    pub fn want_for_leading(&self, leading: bool) {
        self.wishes.send_modify(|wishes| wishes.leading = leading);
    }

    /// Whether Services can't be watched.
    pub fn want_for_services(&self, no_services: bool) {
        self.wishes.send_if_modified(|wishes| std::mem::replace(&mut wishes.no_services, no_services) != no_services);
    }

    /// The kind of object that is read; `None` where neither is known yet.
    pub fn kind(&self) -> Option<&'static str> {
        if self.slices.read(|_| ()).is_some() {
            return Some("EndpointSlices");
        }
        self.endpoints.read(|_| ()).map(|()| "Endpoints")
    }

    /// Ready pods of each Service that has any, with its namespace; empty where that may not be said of the cluster.
    pub fn ready_pods(&self) -> Vec<(Text, Count)> {
        let count = |(namespace, name, pods): (&str, &str, usize)| {
            (namespace.into(), Count { name: name.into(), pods: pods as u64 })
        };
        let slices = self.slices.read_fresh(|slices| slices.ready_pods().map(count).collect());
        slices
            .or_else(|| self.endpoints.read_fresh(|endpoints| endpoints.ready_pods().map(count).collect()))
            .unwrap_or_default()
    }

    /// The Service of each pod of this node, by the pod's namespace and name.
    pub fn services_of_pods(&self) -> BTreeMap<(Box<str>, Box<str>), Text> {
        let owned =
            |((namespace, pod), service): ((&str, &str), &str)| ((namespace.into(), pod.into()), service.into());
        let slices = self.slices.read(|slices| slices.services_of_pods().into_iter().map(owned).collect());
        let endpoints =
            || self.endpoints.read(|endpoints| endpoints.services_of_pods().into_iter().map(owned).collect());
        slices.or_else(endpoints).unwrap_or_default()
    }
}

/// Follows Endpoints while slices are refused; never ends by itself but where nothing can help.
async fn instead(reflector: &mut Reflector, endpoints: &Mirror<Endpoints>, slices: &Status) {
    let mut store = endpoints.store.clone();
    loop {
        until(slices, |phase| phase == Phase::Refused).await;
        tokio::select! {
            _ = reflector.run(&mut store) => return,
            () = until(slices, |phase| phase == Phase::Watching) => {}
        }
        endpoints.forget();
    }
}

async fn until(status: &Status, holds: impl Fn(Phase) -> bool) {
    while !holds(status.report().phase) {
        sleep(LOOK).await;
    }
}
