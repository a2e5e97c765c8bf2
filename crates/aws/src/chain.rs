//! The credential chain, as `aws-config` goes through it, over our HTTP client and our time.
//!
//! Its crates write whole answers, keys and all, into the log at its finest level, so they work without a log; what they
//! have to say is in their errors. Everything is built anew for each refresh: files, variables and tokens may have changed since.

use std::time::Duration;

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_types::service_config::ServiceConfigKey;
use tokio::time::timeout;
use tracing::instrument::{WithDispatch, WithSubscriber};
use tracing::subscriber::NoSubscriber;

#[expect(
    deprecated,
    reason = "the path the chain's own settings take; its replacement is not public everywhere yet"
)]
use aws_config::profile::profile_file::{ProfileFileKind, ProfileFiles};
use net::{Client, Environment, beside, chain, secrets};

use crate::clock::Clock;
use crate::error::NoCredentials;
use crate::http::ForChain;
use crate::partition::Variant;
use crate::settings::Settings;

/// What the whole chain may take; its places have deadlines of their own below this.
const LIMIT: Duration = Duration::from_secs(30);
/// What is kept of the words of a place that failed, in characters.
const MOST_WORDS: usize = 1000;
/// How our sessions appear in CloudTrail.
const SESSION_NAME: &str = "container-insights";

/// Where credentials come from.
#[derive(Debug, Clone)]
pub(crate) struct Chain {
    pub(crate) settings: Settings,
    pub(crate) environment: Environment,
    pub(crate) http: Client,
    pub(crate) clock: Clock,
}

/// The future, with nothing of it logged.
fn silently<F: Future>(future: F) -> WithDispatch<F> {
    future.with_subscriber(NoSubscriber::default())
}

/// What files and variables say besides credentials.
#[derive(Debug, Clone, Default)]
pub(crate) struct Found {
    pub(crate) variant: Variant,
    /// The endpoint for CloudWatch Logs or for all services.
    pub(crate) logs_endpoint: Option<String>,
    /// The endpoint for EC2 or for all services.
    pub(crate) ec2_endpoint: Option<String>,
}

impl Chain {
    /// The region of the profile or of instance metadata.
    pub(crate) async fn region(&self) -> Option<String> {
        let config = silently(self.loader().no_credentials().load()).await;
        config.region().map(ToString::to_string)
    }

    /// What else the files and variables say.
    pub(crate) async fn found(&self, region: &str) -> Found {
        let loader = self.loader().region(Region::new(region.to_owned())).no_credentials();
        let config = silently(loader.load()).await;
        let variant = Variant {
            fips: self.settings.use_fips.or(config.use_fips()).unwrap_or(false),
            dual_stack: self.settings.use_dual_stack.or(config.use_dual_stack()).unwrap_or(false),
        };
        let endpoint = |service: &str| {
            let key = ServiceConfigKey::builder().service_id(service).env("AWS_ENDPOINT_URL").profile("endpoint_url");
            let key = key.build().ok();
            let own = key.zip(config.service_config()).and_then(|(key, loader)| loader.load_config(key));
            own.or_else(|| config.endpoint_url().map(str::to_owned))
        };
        // As shared files document it; the SDK would make `cloudwatch-logs` of the service's proper name.
        Found { variant, logs_endpoint: endpoint("cloudwatch_logs"), ec2_endpoint: endpoint("ec2") }
    }

    /// Credentials, fetched now.
    pub(crate) async fn fetch(&self, region: &str) -> Result<Credentials, NoCredentials> {
        if let Some(keys) = &self.settings.keys
            && self.settings.role_arn.is_none()
        {
            return Ok(Credentials::new(&keys.id, &keys.secret, keys.token.clone(), None, "settings"));
        }
        match timeout(LIMIT, silently(self.provide(Region::new(region.to_owned())))).await {
            Err(_) => Err(NoCredentials::Late { after: LIMIT }),
            Ok(Ok(credentials)) => Ok(credentials),
            Ok(Err(CredentialsError::CredentialsNotLoaded(_))) => Err(NoCredentials::Nowhere { places: self.places() }),
            Ok(Err(CredentialsError::ProviderTimedOut(late))) => {
                Err(NoCredentials::Late { after: late.timeout_duration() })
            }
            Ok(Err(error)) => Err(NoCredentials::Failed { words: self.shown(&chain(&error)).await }),
        }
    }

    /// What a place said, without what it was asked with: a service may repeat a key, a token or the external id.
    async fn shown(&self, words: &str) -> String {
        let variables =
            ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN"];
        let files = ["AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"];
        let keys = self
            .settings
            .keys
            .iter()
            .flat_map(|keys| [Some(keys.id.clone()), Some(keys.secret.clone()), keys.token.clone()]);
        let mut secrets: Vec<String> = keys.flatten().chain(self.settings.external_id.clone()).collect();
        secrets.extend(variables.iter().filter_map(|name| self.environment.get(name)));
        let paths: Vec<String> = files.iter().filter_map(|name| self.environment.get(name)).collect();
        // One that can't be read was not sent.
        let read = move || paths.into_iter().filter_map(|path| std::fs::read_to_string(path).ok()).collect::<Vec<_>>();
        secrets.extend(beside(read).await.iter().map(|text| text.trim().to_owned()));
        let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
        secrets::shown(words, &secrets, MOST_WORDS)
    }

    async fn provide(&self, region: Region) -> Result<Credentials, CredentialsError> {
        let mut loader = self.loader().region(region.clone());
        if let Some(keys) = &self.settings.keys {
            loader = loader.credentials_provider(Credentials::new(
                &keys.id,
                &keys.secret,
                keys.token.clone(),
                None,
                "settings",
            ));
        } else if self.names_a_profile() {
            // A profile or a file that is named counts, also where the environment has keys.
            loader = loader.credentials_provider(self.profile(&region));
        }
        let config = loader.load().await;
        let base = config.credentials_provider().ok_or_else(CredentialsError::not_loaded_no_source)?;
        match &self.settings.role_arn {
            None => base.provide_credentials().await,
            Some(role) => self.assume(role, &config, base).await,
        }
    }

    async fn assume(
        &self,
        role: &str,
        config: &SdkConfig,
        base: SharedCredentialsProvider,
    ) -> Result<Credentials, CredentialsError> {
        // Asked first by itself, so that having none below the role is told apart from not getting the role.
        let below = base.provide_credentials().await?;
        let mut builder = AssumeRoleProvider::builder(role).configure(config).session_name(SESSION_NAME);
        if let Some(id) = &self.settings.external_id {
            builder = builder.external_id(id);
        }
        builder.build_from_provider(below).await.provide_credentials().await
    }

    fn names_a_profile(&self) -> bool {
        self.settings.profile.is_some() || self.settings.shared_credentials_file.is_some()
    }

    fn profile(&self, region: &Region) -> ProfileFileCredentialsProvider {
        let config = ProviderConfig::empty()
            .with_region(Some(region.clone()))
            .with_http_client(ForChain(self.http.clone()))
            .with_time_source(self.clock.clone())
            .with_sleep_impl(TokioSleep::new());
        let mut builder = ProfileFileCredentialsProvider::builder().configure(&config);
        if let Some(name) = &self.settings.profile {
            builder = builder.profile_name(name);
        }
        if let Some(files) = self.profile_files() {
            builder = builder.profile_files(files);
        }
        builder.build()
    }

    #[expect(deprecated, reason = "see the import")]
    fn profile_files(&self) -> Option<ProfileFiles> {
        let path = self.settings.shared_credentials_file.as_ref()?;
        let files = ProfileFiles::builder().include_default_config_file(true);
        Some(files.with_file(ProfileFileKind::Credentials, path).build())
    }

    fn loader(&self) -> aws_config::ConfigLoader {
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(ForChain(self.http.clone()))
            .time_source(self.clock.clone())
            .sleep_impl(TokioSleep::new());
        if let Some(name) = &self.settings.profile {
            loader = loader.profile_name(name);
        }
        if let Some(files) = self.profile_files() {
            loader = loader.profile_files(files);
        }
        if let Some(fips) = self.settings.use_fips {
            loader = loader.use_fips(fips);
        }
        if let Some(dual_stack) = self.settings.use_dual_stack {
            loader = loader.use_dual_stack(dual_stack);
        }
        #[cfg(test)]
        if let Environment::Fixed(variables) = &self.environment {
            let variables: Vec<_> = variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            loader = loader.env(aws_types::os_shim_internal::Env::from_slice(&variables));
        }
        loader
    }

    /// The profile and its files in words.
    pub(crate) fn profile_words(&self) -> String {
        let named = self.settings.profile.clone().or_else(|| self.environment.get("AWS_PROFILE"));
        let name = named.unwrap_or_else(|| "default".to_owned());
        let file = self.environment.get("AWS_CONFIG_FILE").unwrap_or_else(|| "~/.aws/config".to_owned());
        let credentials = match &self.settings.shared_credentials_file {
            Some(path) => path.display().to_string(),
            None => {
                self.environment.get("AWS_SHARED_CREDENTIALS_FILE").unwrap_or_else(|| "~/.aws/credentials".to_owned())
            }
        };
        format!("profile {name:?} of {file} and {credentials}")
    }

    /// Every place the chain looks at, and whether it is set up.
    fn places(&self) -> Vec<String> {
        if self.names_a_profile() {
            return vec![format!("{} has none", self.profile_words())];
        }
        let set = |name: &str| {
            let state = if self.environment.get(name).is_some() { "set" } else { "not set" };
            format!("{name} is {state}")
        };
        let mut places = vec![
            set("AWS_ACCESS_KEY_ID"),
            format!("{} has none", self.profile_words()),
            set("AWS_WEB_IDENTITY_TOKEN_FILE"),
            set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
            set("AWS_CONTAINER_CREDENTIALS_FULL_URI"),
        ];
        let off =
            self.environment.get("AWS_EC2_METADATA_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"));
        places.push(if off {
            "instance metadata is switched off by AWS_EC2_METADATA_DISABLED".to_owned()
        } else {
            "instance metadata gave none".to_owned()
        });
        places
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::SystemTime;

    use super::*;
    use crate::settings::Keys;
    use net::Route;

    #[tokio::test]
    async fn what_a_place_repeats_of_what_it_was_asked_with_is_not_shown() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "eyJhbGciOiJSUzI1NiJ9.planted-web-identity\n").unwrap();
        let environment = Environment::of(&[
            ("AWS_SECRET_ACCESS_KEY", "planted/secret/of/the/environment"),
            ("AWS_WEB_IDENTITY_TOKEN_FILE", file.path().to_str().unwrap()),
        ]);
        let keys = Keys { id: "AKIAPLANTED".into(), secret: "planted-key".into(), token: Some("planted-token".into()) };
        let settings =
            Settings { keys: Some(keys), external_id: Some("planted-external-id".into()), ..Settings::default() };
        let clock = Clock::new(Arc::new(|| SystemTime::UNIX_EPOCH));
        let chain = Chain { settings, environment: environment.clone(), http: Client::new(Route::default()), clock };
        for secret in [
            "planted/secret/of/the/environment",
            "eyJhbGciOiJSUzI1NiJ9.planted-web-identity",
            "planted-external-id",
            "planted-key",
            "planted-token",
            "AKIAPLANTED",
        ] {
            let shown = chain.shown(&format!("AccessDenied: {secret} may not assume\u{1b}[31m the role")).await;
            assert_eq!(shown, "AccessDenied: (hidden) may not assume[31m the role");
        }
    }
}
