//! Credentials in use: fetched when first needed, again before they expire, and again when AWS refuses them.
//!
//! One fetch runs at a time. While the old ones still hold, only its caller waits for it.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;

use crate::chain::Chain;
use crate::error::NoCredentials;

/// How long before their end credentials are fetched anew; shorter where they don't live that long.
const EARLY: Duration = Duration::from_secs(300);
/// How often credentials without an end are looked up again: a rotated file or variable is noticed.
const LOOK_AGAIN: Duration = Duration::from_secs(600);
/// Pause after a fetch that failed while the old ones still hold.
const PAUSE: Duration = Duration::from_secs(30);

/// The credentials of a session.
pub(crate) struct Store {
    chain: Chain,
    held: Mutex<Option<Held>>,
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Clone)]
struct Held {
    credentials: Credentials,
    /// When to fetch the next ones.
    renew: SystemTime,
    /// AWS said no to these.
    refused: bool,
}

impl Held {
    fn new(credentials: Credentials, now: SystemTime) -> Held {
        let renew = match credentials.expiry() {
            None => now + LOOK_AGAIN,
            Some(end) => {
                let life = end.duration_since(now).unwrap_or_default();
                now + life.saturating_sub(EARLY.min(life / 4))
            }
        };
        Held { credentials, renew, refused: false }
    }

    fn holds(&self, now: SystemTime) -> bool {
        !self.refused && self.credentials.expiry().is_none_or(|end| end > now)
    }

    fn is_fresh(&self, now: SystemTime) -> bool {
        self.holds(now) && now < self.renew
    }
}

impl Store {
    pub(crate) fn new(chain: Chain) -> Store {
        Store { chain, held: Mutex::default(), fetching: tokio::sync::Mutex::default() }
    }

    /// Credentials for a request now.
    pub(crate) async fn get(&self, region: &str) -> Result<Credentials, NoCredentials> {
        let now = self.chain.clock.corrected();
        let held = self.held().clone();
        if let Some(held) = &held
            && held.is_fresh(now)
        {
            return Ok(held.credentials.clone());
        }
        let _flight = match (self.fetching.try_lock(), held) {
            (Ok(flight), _) => flight,
            (Err(_), Some(held)) if held.holds(now) => return Ok(held.credentials),
            (Err(_), _) => self.fetching.lock().await,
        };
        // The caller before may have brought them.
        if let Some(held) = &*self.held()
            && held.is_fresh(now)
        {
            return Ok(held.credentials.clone());
        }
        let fetched = self.chain.fetch(region).await;
        let now = self.chain.clock.corrected();
        let mut held = self.held();
        match fetched {
            Ok(credentials) => {
                tracing::debug!(provider = provider(&credentials), "credentials fetched");
                *held = Some(Held::new(credentials.clone(), now));
                Ok(credentials)
            }
            Err(error) => match &mut *held {
                // Past their end as well: AWS decides, and instance roles outlive a metadata service that fails.
                Some(held) if !held.refused => {
                    tracing::warn!(%error, "credentials not renewed; the old ones stay in use; retrying");
                    held.renew = now + PAUSE;
                    Ok(held.credentials.clone())
                }
                _ => Err(error),
            },
        }
    }

    /// AWS refused these: the next request fetches others.
    pub(crate) fn refuse(&self, refused: &Credentials) {
        if let Some(held) = &mut *self.held()
            && held.credentials.access_key_id() == refused.access_key_id()
            && held.credentials.session_token() == refused.session_token()
        {
            held.refused = true;
        }
    }

    fn held(&self) -> MutexGuard<'_, Option<Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Store").finish_non_exhaustive()
    }
}

/// The name of the place they came from: no secret, and the first thing to know when rights are missing.
fn provider(credentials: &Credentials) -> String {
    let text = format!("{credentials:?}");
    let name = text.split("provider_name: \"").nth(1).and_then(|rest| rest.split('"').next());
    name.unwrap_or("unknown").to_owned()
}
