//! The instance metadata service of EC2: who this machine is, and its tags where they are shown there.
//!
//! Follows "Use the Instance Metadata Service to access instance metadata" of the EC2 user guide, version 2: a token by
//! PUT, kept and shown with every GET. Needs neither a region nor credentials, and never takes a proxy.

mod error;
mod read;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{HOST, HeaderName, HeaderValue};
use hyper::{Method, Request, Response};
use net::{Client as Http, Deadlines, Environment, Route, Transport, Trust};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

use crate::endpoint::Endpoint;
use crate::error::Error as SessionError;
use crate::http::MAX_ANSWER_BYTES;
use crate::percent;
use crate::settings::Settings;
pub use error::Error;
pub use read::Identity;
#[cfg(fuzzing)]
pub use read::fuzz as fuzz_answer;

/// The service is on this machine, or as good as.
const DEADLINES: Deadlines = Deadlines { connect: Duration::from_secs(1), answer: Duration::from_secs(2) };
const ENDPOINT_V4: &str = "http://169.254.169.254";
const ENDPOINT_V6: &str = "http://[fd00:ec2::254]";
const ENDPOINT_VARIABLE: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT";
const MODE_VARIABLE: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE";

const TOKEN_PATH: &str = "/latest/api/token";
const IDENTITY_PATH: &str = "/latest/dynamic/instance-identity/document";
const TAGS_PATH: &str = "/latest/meta-data/tags/instance";
const TTL_HEADER: HeaderName = HeaderName::from_static("x-aws-ec2-metadata-token-ttl-seconds");
const TOKEN_HEADER: HeaderName = HeaderName::from_static("x-aws-ec2-metadata-token");
/// How long a token is asked to hold, in seconds: the most there is.
const TTL: HeaderValue = HeaderValue::from_static("21600");
const TTL_SECONDS: u64 = 21_600;
/// How long before its end a token is renewed; shorter where it doesn't hold that long.
const EARLY: Duration = Duration::from_secs(300);
/// How long a machine that gives no tokens is not asked for one.
const WITHOUT: Duration = Duration::from_secs(3600);
/// Pause before the second try; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(100);
/// No pause between two attempts is longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// How a client asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The base URL; `None` is `AWS_EC2_METADATA_SERVICE_ENDPOINT`, else the service's own address in the family of
    /// `AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE`.
    pub endpoint: Option<String>,
    /// Ask without a token (version 1) where the service gives none.
    pub allow_v1: bool,
    /// How often a request is sent within one call where it gets no answer or a 5xx; at least once.
    pub attempts: u32,
}

impl Default for Options {
    fn default() -> Options {
        Options { endpoint: None, allow_v1: false, attempts: 2 }
    }
}

/// The client. Clones share the token and the connection.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    http: Http,
    endpoint: Endpoint,
    disabled: bool,
    allow_v1: bool,
    attempts: u32,
    deadlines: Deadlines,
    held: Mutex<Option<Held>>,
}

/// What is known about tokens.
struct Held {
    /// `None` where the service gives none.
    token: Option<HeaderValue>,
    until: Instant,
}

impl Client {
    /// A client of this machine's service; of the settings it takes only whom to trust, for an endpoint with TLS.
    /// An endpoint that can't be one is an error; nothing is sent yet.
    pub fn new(settings: &Settings, options: Options) -> Result<Client, SessionError> {
        Client::with(settings, options, &Environment::Process, DEADLINES)
    }

    fn with(
        settings: &Settings,
        options: Options,
        environment: &Environment,
        deadlines: Deadlines,
    ) -> Result<Client, SessionError> {
        let endpoint = endpoint(options.endpoint.as_deref(), environment)?;
        let file = settings.certificate_file_path.clone();
        let trust = Trust::places(file, settings.no_verify_ssl, environment.clone());
        Ok(Client(Arc::new(Inner {
            http: Http::new(Route { trust, ..Route::default() }),
            endpoint,
            disabled: is_disabled(environment),
            allow_v1: options.allow_v1,
            attempts: options.attempts.max(1),
            deadlines,
            held: Mutex::default(),
        })))
    }

    /// Where it asks.
    pub fn endpoint(&self) -> String {
        self.0.endpoint.uri.to_string()
    }

    /// Who this machine is, by its identity document.
    pub async fn identity(&self) -> Result<Identity, Error> {
        let answer = self.get(IDENTITY_PATH).await?;
        read::identity(&answer).ok_or(Error::Garbled { path: IDENTITY_PATH.to_owned() })
    }

    /// The keys of the instance's tags; `None` where tags are not shown in metadata, which is how instances start.
    pub async fn tag_keys(&self) -> Result<Option<Vec<String>>, Error> {
        match self.get(TAGS_PATH).await {
            Ok(answer) => read::tag_keys(&answer).map(Some).ok_or(Error::Garbled { path: TAGS_PATH.to_owned() }),
            Err(Error::Missing { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The value of one tag; `None` where the instance has no such tag or shows none.
    ///
    /// A key with a slash is never asked for: an instance that shows its tags can't have one.
    pub async fn tag(&self, key: &str) -> Result<Option<String>, Error> {
        if !read::is_tag_key(key) {
            return Ok(None);
        }
        let path = format!("{TAGS_PATH}/{}", percent::encode(key, b"+=,:@"));
        match self.get(&path).await {
            Ok(answer) => read::tag_value(&answer).map(Some).ok_or(Error::Garbled { path }),
            Err(Error::Missing { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn get(&self, path: &str) -> Result<Response<Bytes>, Error> {
        if self.0.disabled {
            return Err(Error::Disabled);
        }
        let mut renewed = false;
        loop {
            let token = self.token().await?;
            let header = token.clone().map(|token| (TOKEN_HEADER, token));
            let response = self.send(Method::GET, path, header).await.map_err(|source| self.unreachable(source))?;
            match response.status().as_u16() {
                200 => return Ok(response),
                // A token's time can be over before we think so: on a machine that was asleep, or moved.
                401 if !renewed => {
                    renewed = true;
                    self.0.held.lock().await.take_if(|held| held.token == token);
                }
                status => return Err(self.refused(status, path)),
            }
        }
    }

    /// The token to show; `None` where the service gives none and is asked without.
    async fn token(&self) -> Result<Option<HeaderValue>, Error> {
        // Held while a token is asked for: no second one is asked for.
        let mut held = self.0.held.lock().await;
        if let Some(held) = &*held
            && Instant::now() < held.until
        {
            return Ok(held.token.clone());
        }
        let fresh = match self.send(Method::PUT, TOKEN_PATH, Some((TTL_HEADER, TTL))).await {
            Ok(response) => match response.status().as_u16() {
                200 => {
                    let token = read::token(&response).ok_or(Error::Garbled { path: TOKEN_PATH.to_owned() })?;
                    let asked = Duration::from_secs(TTL_SECONDS);
                    let life = read::seconds(&response, &TTL_HEADER).unwrap_or(asked).min(asked);
                    let until = Instant::now() + life.saturating_sub(EARLY.min(life / 4));
                    Held { token: Some(token), until }
                }
                403..=405 if self.0.allow_v1 => Held { token: None, until: Instant::now() + WITHOUT },
                status => return Err(self.refused(status, TOKEN_PATH)),
            },
            Err(Transport::NoAnswer { .. }) if self.0.allow_v1 => Held { token: None, until: Instant::now() + WITHOUT },
            Err(Transport::NoAnswer { server, after }) => return Err(Error::NoTokenAnswer { server, after }),
            Err(source) => return Err(self.unreachable(source)),
        };
        let token = fresh.token.clone();
        *held = Some(fresh);
        Ok(token)
    }

    /// Sends a request as often as the options say while it gets no answer, or one that says the service can't.
    async fn send(
        &self,
        method: Method,
        path: &str,
        header: Option<(HeaderName, HeaderValue)>,
    ) -> Result<Response<Bytes>, Transport> {
        let mut pause = PAUSE;
        let mut left = self.0.attempts;
        loop {
            left -= 1;
            let request = self.request(&method, path, header.clone())?;
            let sent = self.0.http.send(request, self.0.deadlines, MAX_ANSWER_BYTES).await;
            let again = match &sent {
                Ok(response) => response.status().is_server_error(),
                Err(error) => error.is_timeout() || matches!(error, Transport::Broken { .. }),
            };
            if !again || left == 0 {
                return sent;
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn request(
        &self,
        method: &Method,
        path: &str,
        header: Option<(HeaderName, HeaderValue)>,
    ) -> Result<Request<Full<Bytes>>, Transport> {
        let fault = || Transport::Address { url: path.to_owned() };
        let mut request = net::request(method.clone(), self.0.endpoint.below(path).ok_or_else(fault)?);
        request.headers_mut().insert(HOST, self.0.endpoint.host.clone());
        if let Some((name, value)) = header {
            request.headers_mut().insert(name, value);
        }
        Ok(request)
    }

    fn unreachable(&self, source: Transport) -> Error {
        Error::Unreachable { endpoint: self.endpoint(), source }
    }

    fn refused(&self, status: u16, path: &str) -> Error {
        let path = path.to_owned();
        match status {
            404 => Error::Missing { path },
            401 | 403 | 405 => Error::Refused { status, path },
            429 | 500.. => Error::Unavailable { status, path },
            _ => Error::Garbled { path },
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Client").field("endpoint", &self.endpoint()).finish_non_exhaustive()
    }
}

fn endpoint(option: Option<&str>, environment: &Environment) -> Result<Endpoint, SessionError> {
    let fault = |key: &str, reason: &str| SessionError::Setting { key: key.to_owned(), reason: reason.to_owned() };
    let parse = |key, text: &str| {
        Endpoint::parse(text).ok_or_else(|| fault(key, "is no address such as http://169.254.169.254"))
    };
    if let Some(endpoint) = option.filter(|endpoint| !endpoint.is_empty()) {
        return parse("endpoint", endpoint);
    }
    if let Some(endpoint) = environment.get(ENDPOINT_VARIABLE) {
        return parse(ENDPOINT_VARIABLE, &endpoint);
    }
    match environment.get(MODE_VARIABLE).map(|mode| mode.to_ascii_lowercase()).as_deref() {
        None | Some("ipv4") => parse("endpoint", ENDPOINT_V4),
        Some("ipv6") => parse("endpoint", ENDPOINT_V6),
        Some(_) => Err(fault(MODE_VARIABLE, "is neither IPv4 nor IPv6")),
    }
}

fn is_disabled(environment: &Environment) -> bool {
    environment.get("AWS_EC2_METADATA_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"))
}
