//! Log groups and streams, created when they are missing: once, however many streams wait for a group.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws::logs::{Client, Error, GroupSettings};
use net::chain;
use tracing::{info, warn};

use crate::delivery::SelfMetrics;

/// The longest a node waits before it creates a group, so that all nodes of a new cluster don't ask in the same moment: the
/// service takes ten requests a second.
const SPREAD: Duration = Duration::from_secs(2);
/// How long a retention that couldn't be set waits for its next attempt.
const RETENTION_WAIT: Duration = Duration::from_secs(60);

/// Creates log groups and streams.
#[derive(Debug)]
pub(super) struct LogGroups {
    client: Client,
    settings: GroupSettings,
    retention_days: u32,
    /// One at a time for each group.
    groups: Mutex<HashMap<Arc<str>, Arc<tokio::sync::Mutex<()>>>>,
    /// Groups whose retention is still to be set, and the monotonic time of the next attempt.
    retentions: Mutex<BTreeMap<Arc<str>, Duration>>,
    metrics: Arc<SelfMetrics>,
}

impl LogGroups {
    pub(super) fn new(client: Client, settings: GroupSettings, retention_days: u32, metrics: Arc<SelfMetrics>) -> Self {
        Self { client, settings, retention_days, groups: Mutex::default(), retentions: Mutex::default(), metrics }
    }

    /// Creates a missing stream, and its group if that is missing too.
    pub(super) async fn create(&self, group: &str, stream: &str) -> Result<(), Error> {
        let turn = Arc::clone(lock(&self.groups).entry(group.into()).or_default());
        let created = {
            let _turn = turn.lock().await;
            self.create_in_turn(group, stream).await
        };
        // Groups by placeholder come and go; one without queued streams is forgotten.
        let mut groups = lock(&self.groups);
        if Arc::strong_count(&turn) == 2 {
            groups.remove(group);
        }
        created
    }

    async fn create_in_turn(&self, group: &str, stream: &str) -> Result<(), Error> {
        match self.create_stream(group, stream).await {
            Err(Error::Missing(_)) => {}
            done => return done,
        }
        tokio::time::sleep(SPREAD.mul_f64(fastrand::f64())).await;
        // By now another node may have created the group.
        match self.create_stream(group, stream).await {
            Err(Error::Missing(_)) => {}
            done => return done,
        }
        self.create_group(group).await?;
        self.create_stream(group, stream).await
    }

    /// Sets the retentions that are due. A failure is logged once and tried again later; events are delivered meanwhile.
    pub(super) async fn set_retentions(&self, now: Duration) {
        for (group, first) in self.due(now) {
            let result = self.client.put_retention_policy(&group, self.retention_days).await;
            self.count("PutRetentionPolicy", &result);
            match result {
                Ok(()) | Err(Error::Missing(_)) => drop(lock(&self.retentions).remove(&group)),
                Err(error) if first => {
                    let error = chain(&error);
                    warn!(group = &*group, error, "cannot set the log group's retention yet; retrying");
                }
                Err(_) => {}
            }
        }
    }

    /// Groups whose retention is to be set now, and whether it is for the first time; from now on they wait for another time.
    fn due(&self, now: Duration) -> Vec<(Arc<str>, bool)> {
        let mut retentions = lock(&self.retentions);
        let due = retentions.iter_mut().filter(|(_, at)| **at <= now);
        due.map(|(group, at)| {
            let first = std::mem::replace(at, now + RETENTION_WAIT.mul_f64(1.0 + fastrand::f64())).is_zero();
            (Arc::clone(group), first)
        })
        .collect()
    }

    /// When the next retention is to be set.
    pub(super) fn next_retention(&self) -> Option<Duration> {
        lock(&self.retentions).values().min().copied()
    }

    async fn create_stream(&self, group: &str, stream: &str) -> Result<(), Error> {
        let result = self.client.create_log_stream(group, stream).await;
        self.count("CreateLogStream", &result);
        match result {
            Err(Error::Exists(_)) => Ok(()),
            Ok(()) => {
                info!(group, stream, "log stream created");
                Ok(())
            }
            failed => failed,
        }
    }

    async fn create_group(&self, group: &str) -> Result<(), Error> {
        let mut result = self.client.create_log_group(group, &self.settings).await;
        self.count("CreateLogGroup", &result);
        if let Err(Error::Denied { refusal }) = &result
            && !self.settings.tags.is_empty()
        {
            warn!(%refusal, "cannot create the log group with its tags, so it has none; allow logs:TagResource to have them");
            let untagged = GroupSettings { tags: BTreeMap::new(), ..self.settings.clone() };
            result = self.client.create_log_group(group, &untagged).await;
            self.count("CreateLogGroup", &result);
        }
        match result {
            // Another node was quicker: the node that creates the group sets its retention, and an existing group keeps its own.
            Err(Error::Exists(_)) => Ok(()),
            Ok(()) => {
                info!(group, "log group created");
                if self.retention_days != 0 {
                    lock(&self.retentions).insert(group.into(), Duration::ZERO);
                }
                Ok(())
            }
            failed => failed,
        }
    }

    fn count<T>(&self, operation: &str, result: &Result<T, Error>) {
        self.metrics.request(operation, result.as_ref().err().map_or("ok", Error::label));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A thread that panicked left nothing half-done in these maps.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
