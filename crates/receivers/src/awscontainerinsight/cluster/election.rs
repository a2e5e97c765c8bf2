//! This agent's part in the election, and what is said of it.

use std::future::Future;
use std::sync::Arc;

use kubernetes::election::{Candidate, ElectionEvent, Leadership, Mode, Moment, Notice, Options, Place as LockPlace};
use model::Clock;
use net::chain;
use telemetry::{Failing, Failure, Severity, Status};
use tracing::{info, warn};

use crate::awscontainerinsight::cluster::access::Access;
use crate::awscontainerinsight::config::{Config, LeaderLock};
use crate::awscontainerinsight::error::Error;

/// A candidate that isn't running yet; `None` where nothing says in which namespace the lock is.
pub fn candidate(
    config: &Config,
    namespace: Option<&str>,
    identity: &str,
    access: &Access,
    clock: &Arc<dyn Clock>,
    status: &Status,
) -> Result<Option<(Candidate, Leadership)>, Error> {
    let Some(place) = namespace.and_then(|namespace| LockPlace::new(namespace, &config.leader_lock_name)) else {
        warn!(
            namespace,
            lock = config.leader_lock_name,
            "no records of the cluster from here: the leader lock's namespace is unknown, set the environment variable \
             K8S_NAMESPACE"
        );
        return Ok(None);
    };
    let now = clock.clone();
    let options = Options {
        place,
        identity: identity.to_owned(),
        mode: mode(config),
        now: Arc::new(move || {
            let stamp = now.stamp();
            Moment { monotonic: stamp.monotonic, wall: stamp.wall }
        }),
        told: Box::new(teller(config.leader_lock_name.clone(), status.clone())),
    };
    Candidate::new(access.settings(), options).map(Some).map_err(|source| Error::Kubelet { source })
}

fn mode(config: &Config) -> Mode {
    match config.leader_lock {
        _ if config.leader_lock_using_config_map_only => Mode::ConfigMapOnly,
        LeaderLock::Both => Mode::Both,
        LeaderLock::ConfigMap => Mode::ConfigMapOnly,
        LeaderLock::Lease => Mode::LeaseOnly,
    }
}

static UNREACHABLE: Failure = Failure {
    severity: Severity::Warning,
    begins: "leader lock unreachable; retrying",
    ends: "leader lock reachable again",
};

/// Logs what happens, each failure once.
fn teller(lock: String, status: Status) -> impl FnMut(ElectionEvent) + Send {
    let failing = || Failing::new(&UNREACHABLE).about(lock.clone());
    let mut failures = [failing(), failing()];
    status.fact(fact("candidate"));
    move |told| match told {
        ElectionEvent::Became => {
            info!(lock, "this agent leads: it reports the cluster");
            status.fact(fact("leader"));
        }
        ElectionEvent::Stopped => {
            info!(lock, "this agent no longer leads");
            status.fact(fact("candidate"));
        }
        ElectionEvent::Notice(notice) => say(&lock, notice),
        ElectionEvent::Failed(object, error) => {
            failures[object as usize].failed(1, &format!("{}: {}", object.kind(), chain(&error)));
        }
        ElectionEvent::Recovered(object) => failures[object as usize].recovered(),
        ElectionEvent::Watched(object, watched) => {
            let how = if watched { "watching" } else { "polling: the role has no right to watch it" };
            info!(lock, object = object.kind(), "leader lock: {how}");
        }
        ElectionEvent::EventFailed(error) => {
            info!(lock, error = chain(&error), "event about the leader not posted; nothing else is missing");
        }
    }
}

fn fact(value: &str) -> telemetry::Fact {
    telemetry::Fact { name: "Election", value: value.to_owned(), origin: "leader lock" }
}

fn say(lock: &str, notice: Notice) {
    match notice {
        Notice::Refused(object) => {
            info!(
                lock,
                object = object.kind(),
                "this part of the leader lock may not be used; the other decides, if it may be used"
            );
        }
        Notice::Granted(object) => info!(lock, object = object.kind(), "this part of the leader lock may be used now"),
        Notice::Unreadable(object) => {
            warn!(
                lock,
                object = object.kind(),
                "the leader lock's record can't be read; it is written over after a while"
            );
        }
        Notice::IdentityConflict(object) => {
            warn!(
                lock,
                object = object.kind(),
                "another agent uses this node's name; this one keeps away from the lock"
            );
        }
    }
}

/// Runs a candidate until the other end of `stop` is gone.
pub fn run(candidate: Candidate, stop: tokio::sync::oneshot::Receiver<()>) -> impl Future<Output = ()> + Send {
    candidate.run(async move {
        let _ = stop.await;
    })
}
