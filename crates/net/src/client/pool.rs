//! Connections kept between requests.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use super::connection::Connection;
use super::route::Route;
use crate::origin::Origin;

/// A client's route and the connections it keeps.
pub(super) struct Pool {
    pub(super) route: Route,
    idle: Mutex<Vec<Idle>>,
}

struct Idle {
    origin: Origin,
    since: Instant,
    connection: Connection,
}

impl Pool {
    pub(super) fn new(route: Route) -> Pool {
        Pool { route, idle: Mutex::default() }
    }

    /// A connection kept from before that is still open.
    pub(super) async fn take(&self, origin: &Origin) -> Option<Connection> {
        loop {
            let mut connection = {
                let mut idle = self.idle();
                idle.retain(|kept| kept.since.elapsed() < self.route.idle);
                // The one used last is the likeliest to be open.
                let index = idle.iter().rposition(|kept| kept.origin == *origin)?;
                idle.remove(index).connection
            };
            if connection.is_open().await {
                return Some(connection);
            }
        }
    }

    pub(super) fn keep(&self, origin: &Origin, connection: Connection) {
        if !connection.is_reusable() {
            return;
        }
        let mut idle = self.idle();
        if idle.iter().filter(|kept| kept.origin == *origin).count() < self.route.most_idle {
            idle.push(Idle { origin: origin.clone(), since: Instant::now(), connection });
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
