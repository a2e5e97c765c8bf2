//! Region, credentials and one HTTP client: what every client of a service starts from.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use net::{Client, Environment, Proxies, Route, Trust};

use crate::chain::{Chain, Found};
use crate::clock::Clock;
use crate::credentials::Store;
use crate::error::{Error, NoCredentials};
use crate::partition::Partition;
use crate::region;
use crate::settings::Settings;

/// How long connecting may take where nothing else is said.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Region, credentials and the way out. Clones share everything.
#[derive(Debug, Clone)]
pub struct Session(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    region: String,
    found: Found,
    store: Store,
    http: Client,
    clock: Clock,
    connect_timeout: Duration,
}

impl Session {
    /// Finds the region and what else files and variables say; `now` is the agent's wall clock.
    ///
    /// Credentials are not needed for this: they are looked for with the first request, or by
    /// [`check_credentials`](Session::check_credentials).
    pub async fn load(
        settings: Settings,
        now: impl Fn() -> SystemTime + Send + Sync + 'static,
    ) -> Result<Session, Error> {
        Session::load_from(settings, now, Environment::Process).await
    }

    pub(crate) async fn load_from(
        settings: Settings,
        now: impl Fn() -> SystemTime + Send + Sync + 'static,
        environment: Environment,
    ) -> Result<Session, Error> {
        let proxies = Proxies::new(settings.proxy_address.as_deref(), &environment)
            .map_err(|fault| Error::Setting { key: fault.key, reason: fault.reason.to_owned() })?;
        let file = settings.certificate_file_path.clone();
        let trust = Trust::places(file, settings.no_verify_ssl, environment.clone());
        trust.check().await;
        let http = Client::new(Route { proxies, trust, ..Route::default() });
        let clock = Clock::new(Arc::new(now));
        let connect_timeout = settings.connect_timeout.unwrap_or(CONNECT_TIMEOUT);
        let configured = settings.region.clone();
        let chain = Chain { settings, environment, http: http.clone(), clock: clock.clone() };
        let region = region::find(configured.as_deref(), &chain.environment, &chain, &http).await?;
        let found = chain.found(&region).await;
        Ok(Session(Arc::new(Inner { region, found, store: Store::new(chain), http, clock, connect_timeout })))
    }

    /// The region in use.
    pub fn region(&self) -> &str {
        &self.0.region
    }

    /// The partition the region is in.
    pub fn partition(&self) -> Partition {
        Partition::of(&self.0.region)
    }

    /// Looks for credentials now. Meant for the start, where a warning is worth more than at the first delivery; never a
    /// reason to stop, since they may come later.
    pub async fn check_credentials(&self) -> Result<(), NoCredentials> {
        self.credentials().await.map(drop)
    }

    /// How far the service's clock is ahead of ours, in milliseconds; negative where ours is ahead, 0 below a minute.
    pub fn clock_offset_ms(&self) -> i64 {
        self.0.clock.offset_ms()
    }

    pub(crate) async fn credentials(&self) -> Result<Credentials, NoCredentials> {
        self.0.store.get(&self.0.region).await
    }

    pub(crate) fn refuse(&self, credentials: &Credentials) {
        self.0.store.refuse(credentials);
    }

    pub(crate) fn http(&self) -> &Client {
        &self.0.http
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    pub(crate) fn connect_timeout(&self) -> Duration {
        self.0.connect_timeout
    }

    /// The base URL of CloudWatch Logs by files, variables and the region.
    pub(crate) fn logs_endpoint(&self) -> String {
        self.0.found.logs_endpoint.clone().unwrap_or_else(|| self.endpoint("logs"))
    }

    /// The base URL of EC2 by files, variables and the region.
    pub(crate) fn ec2_endpoint(&self) -> String {
        self.0.found.ec2_endpoint.clone().unwrap_or_else(|| self.endpoint("ec2"))
    }

    fn endpoint(&self, service: &str) -> String {
        self.partition().endpoint(service, self.region(), self.0.found.variant)
    }
}

#[cfg(test)]
mod tests;
