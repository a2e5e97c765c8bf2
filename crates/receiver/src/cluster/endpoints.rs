//! The Endpoints of all Services, followed as long as somebody wants them: whoever speaks for the cluster, or an agent that
//! may not watch Services.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kubernetes::access::ENDPOINTS;
use kubernetes::cluster::{Endpoints, Swap};
use kubernetes::watch::Status;
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::build::Error;
use crate::cluster::access::Access;
use crate::cluster::figures::is_fresh;

/// Why the Endpoints are followed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Wishes {
    leading: bool,
    no_services: bool,
}

/// The Endpoints, and the wishes for them.
#[derive(Debug, Clone)]
pub struct Follower {
    store: Arc<Mutex<Swap<Endpoints>>>,
    status: Arc<Status>,
    wishes: watch::Sender<Wishes>,
}

impl Follower {
    /// Follows nothing until somebody wants it.
    pub fn begin(access: &Access, node_name: &str, runtime: &Handle) -> Result<Self, Error> {
        let empty = {
            let node = node_name.to_owned();
            move || Swap::new(Endpoints::new(&node))
        };
        let store = Arc::new(Mutex::new(empty()));
        let (wishes, mut wanted) = watch::channel(Wishes::default());
        let mut reflector = access.reflector(ENDPOINTS)?;
        let status = reflector.status();
        let mut consumer = store.clone();
        runtime.spawn(async move {
            while wanted.wait_for(|wishes| *wishes != Wishes::default()).await.is_ok() {
                tokio::select! {
                    _ = reflector.run(&mut consumer) => return,
                    ended = wanted.wait_for(|wishes| *wishes == Wishes::default()) => if ended.is_err() { return },
                }
                *consumer.lock().unwrap_or_else(PoisonError::into_inner) = empty();
            }
        });
        Ok(Self { store, status, wishes })
    }

    /// Whether this agent speaks for the cluster.
    pub fn want_for_leading(&self, leading: bool) {
        self.wishes.send_modify(|wishes| wishes.leading = leading);
    }

    /// Whether Services can't be watched.
    pub fn want_for_services(&self, no_services: bool) {
        self.wishes.send_if_modified(|wishes| std::mem::replace(&mut wishes.no_services, no_services) != no_services);
    }

    /// Whether what is known may be said of the cluster.
    pub fn is_fresh(&self) -> bool {
        is_fresh(&self.status)
    }

    /// What is known.
    pub fn store(&self) -> MutexGuard<'_, Swap<Endpoints>> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
