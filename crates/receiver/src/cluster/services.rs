//! Which Service a pod of this node belongs to: by the Services' selectors, or where those may not be watched by Endpoints.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kubernetes::access::SERVICES;
use kubernetes::cluster::{Services as Store, Swap};
use kubernetes::watch::{Phase, Status as Watched};
use model::Text;
use telemetry::Status;
use tokio::runtime::Handle;
use tokio::time::sleep;
use tracing::info;

use crate::build::Error;
use crate::cluster::access::Access;
use crate::cluster::endpoints::Follower;
use crate::stores::pod::Entry;

/// How often the way is looked at; no request follows from it.
const LOOK: Duration = Duration::from_secs(2);

/// The Services, and the Endpoints behind them.
#[derive(Debug)]
pub struct Services {
    store: Arc<Mutex<Swap<Store>>>,
    endpoints: Follower,
}

/// How Services are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Selectors,
    Endpoints,
}

impl Services {
    /// Follows the Services from now on.
    pub fn begin(access: &Access, endpoints: Follower, tools: (&Status, &Handle)) -> Result<Self, Error> {
        let (status, runtime) = tools;
        let store = Swap::shared(Store::default());
        let mut reflector = access.reflector(SERVICES)?;
        runtime.spawn(choose(reflector.status(), endpoints.clone(), status.clone()));
        let mut consumer = store.clone();
        runtime.spawn(async move { reflector.run(&mut consumer).await });
        Ok(Self { store, endpoints })
    }

    /// The Service of a pod; of several the smallest name.
    pub fn of(&self, entry: &Entry) -> Option<Text> {
        let store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        match (store.current(), &entry.pod) {
            (Some(services), Some(pod)) => services.service_of(pod).map(Into::into),
            _ => {
                let store = self.endpoints.store();
                let services = store.current()?.service_of(&entry.namespace, &entry.full_name)?;
                Some(services.into())
            }
        }
    }
}

/// Says which way is in use, and has the Endpoints followed where Services are refused.
async fn choose(watched: Arc<Watched>, endpoints: Follower, status: Status) {
    let mut before = None;
    loop {
        let way = match watched.report().phase {
            Phase::Refused => Some(Way::Endpoints),
            Phase::Watching => Some(Way::Selectors),
            _ => before,
        };
        if way != before {
            before = way;
            let words = if way == Some(Way::Endpoints) { "Endpoints" } else { "selectors of Services" };
            info!(by = words, "how pods' Services are found");
            status.fact(telemetry::Fact { name: "Services", value: words.to_owned(), origin: "API server" });
            endpoints.want_for_services(way == Some(Way::Endpoints));
        }
        sleep(LOOK).await;
    }
}
