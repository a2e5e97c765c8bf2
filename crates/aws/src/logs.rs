//! CloudWatch Logs: the four calls that deliver events, and the one that reads them back.
//!
//! Follows the CloudWatch Logs API reference (`Logs_20140328`, AWS JSON 1.1 over HTTP). No call is repeated here but once,
//! at once, where the answer shows what will do: another signature where keys had expired or a clock is off, and the sequence
//! token that imitations of the older service ask for. All other repeating is the caller's, who has the queue.

mod answer;
mod encode;
mod error;
mod filter;
pub mod limits;
pub mod names;
mod user_agent;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use aws_credential_types::Credentials;
use http_body_util::Full;
use hyper::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HOST, HeaderValue, USER_AGENT};
use hyper::{Request, Response, body::Bytes};
use net::Deadlines;
use serde::Serialize;

use crate::endpoint::Endpoint;
use crate::error::Error as SessionError;
use crate::http::MAX_ANSWER_BYTES;
use crate::session::Session;
use crate::signed::Call;
#[cfg(fuzzing)]
pub use answer::fuzz as fuzz_answer;
use encode::Body;
pub use error::{Error, Operation, Refusal};
pub use filter::{Filter, Found, Page};
pub use user_agent::user_agent;

/// The signing name of the service.
const SERVICE: &str = "logs";
/// What a call may take where nothing else is said.
const TIMEOUT: Duration = Duration::from_secs(30);

/// How a client asks.
#[derive(Debug, Clone)]
pub struct Options {
    /// The base URL, such as `https://logs.eu-west-1.amazonaws.com`; `None` is the environment's, the profile's or the
    /// region's own.
    pub endpoint: Option<String>,
    /// From the first byte of a request to the last of its answer. Connecting has a deadline of its own.
    pub timeout: Duration,
    /// See [`user_agent`].
    pub user_agent: String,
    /// Compress batches where that makes them smaller. The service takes it; some imitations of it don't.
    pub compression: bool,
}

impl Default for Options {
    fn default() -> Options {
        let user_agent = user_agent("container-insights", "0", "");
        Options { endpoint: None, timeout: TIMEOUT, user_agent, compression: true }
    }
}

const NO_ENDPOINT: &str = "is no address such as https://logs.eu-west-1.amazonaws.com";

/// Why this can't be an [`Options::endpoint`]; `None` where it can.
pub fn endpoint_fault(endpoint: &str) -> Option<&'static str> {
    Endpoint::parse(endpoint).is_none().then_some(NO_ENDPOINT)
}

/// One event: a line of text and when it happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event<'a> {
    /// Milliseconds since 1970.
    pub time_ms: i64,
    /// UTF-8 text, not empty.
    pub message: &'a [u8],
}

/// A batch the service took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accepted {
    /// Events of it that were not stored all the same.
    pub rejected: Rejected,
    /// How it is known.
    pub confirmed: Confirmed,
    /// Bytes of the request's body before compression.
    pub raw_bytes: usize,
    /// Bytes of the request's body as sent.
    pub wire_bytes: usize,
}

/// How it is known that a batch was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirmed {
    /// The answer says so.
    Read,
    /// The service answered that all is well, by its own header, and the rest of its answer could not be read: what it may have
    /// left out of the batch is not known.
    Unread,
    /// The service had the batch from an earlier request.
    Already,
}

/// Events of a batch that were not stored, by reason. An event counts once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rejected {
    /// Older than the service takes.
    pub too_old: usize,
    /// Further in the future than the service takes.
    pub too_new: usize,
    /// Older than the group keeps events.
    pub expired: usize,
}

/// How a group is made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GroupSettings {
    /// Tags of the group.
    pub tags: BTreeMap<String, String>,
    /// The ARN of the key that encrypts it; `None` is the service's own.
    pub kms_key_id: Option<String>,
    /// Its class; `None` is the account's default, standard.
    pub class: Option<GroupClass>,
}

/// The class of a group. Metrics are extracted from events of a standard one only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum GroupClass {
    /// Everything.
    Standard,
    /// Cheaper, without metric extraction.
    InfrequentAccess,
    /// For delivery elsewhere, without metric extraction.
    Delivery,
}

/// The client. Clones share connections and credentials.
#[derive(Debug, Clone)]
pub struct Client {
    session: Session,
    endpoint: Endpoint,
    user_agent: HeaderValue,
    deadlines: Deadlines,
    compression: bool,
}

impl Client {
    /// A client of the session's region. An endpoint that can't be one is an error; nothing is sent yet.
    pub fn new(session: Session, options: Options) -> Result<Client, SessionError> {
        let fault = |key: &str, reason: String| SessionError::Setting { key: key.to_owned(), reason };
        let endpoint = match options.endpoint.filter(|endpoint| !endpoint.is_empty()) {
            Some(endpoint) => endpoint,
            None => session.logs_endpoint(),
        };
        let wrong = || fault("endpoint", NO_ENDPOINT.to_owned());
        let endpoint = Endpoint::parse(&endpoint).ok_or_else(wrong)?;
        let user_agent = HeaderValue::from_str(&options.user_agent)
            .map_err(|_| fault("user agent", "holds what a header can't".to_owned()))?;
        let deadlines = Deadlines { connect: session.connect_timeout(), answer: options.timeout };
        Ok(Client { session, endpoint, user_agent, deadlines, compression: options.compression })
    }

    /// Where requests go.
    pub fn endpoint(&self) -> String {
        self.endpoint.uri.to_string()
    }

    /// How far the service's clock is ahead of ours, in milliseconds; see [`Session::clock_offset_ms`].
    pub fn clock_offset_ms(&self) -> i64 {
        self.session.clock_offset_ms()
    }

    /// Stores a batch that keeps the limits of [`limits`], in order of time. One that doesn't is refused before it is sent.
    pub async fn put_log_events(&self, group: &str, stream: &str, events: &[Event<'_>]) -> Result<Accepted, Error> {
        limits::check(events)?;
        match self.put(group, stream, events, None).await {
            // The service itself takes a batch with any token, or none.
            Err(Error::Sequence { expected: Some(token), .. }) => self.put(group, stream, events, Some(&token)).await,
            done => done,
        }
    }

    async fn put(
        &self,
        group: &str,
        stream: &str,
        events: &[Event<'_>],
        token: Option<&str>,
    ) -> Result<Accepted, Error> {
        let body = encode::put_log_events(group, stream, token, events, self.compression);
        let (raw_bytes, wire_bytes) = (body.raw_bytes, body.bytes.len());
        let (rejected, confirmed) = match self.call(Operation::PutLogEvents, &body).await {
            Ok(answer) => answer::accepted(&answer, events.len())
                .ok_or_else(|| Error::garbled(Operation::PutLogEvents, &answer))?,
            Err(Error::AlreadyStored(_)) => (Rejected::default(), Confirmed::Already),
            Err(error) => return Err(error),
        };
        Ok(Accepted { rejected, confirmed, raw_bytes, wire_bytes })
    }

    /// Makes a stream. [`Error::Exists`] where it is there already, [`Error::Missing`] where the group isn't.
    pub async fn create_log_stream(&self, group: &str, stream: &str) -> Result<(), Error> {
        let body = encode::json(&CreateLogStream { log_group_name: group, log_stream_name: stream });
        self.call(Operation::CreateLogStream, &body).await.map(drop)
    }

    /// Makes a group. [`Error::Exists`] where it is there already.
    pub async fn create_log_group(&self, group: &str, settings: &GroupSettings) -> Result<(), Error> {
        let body = encode::json(&CreateLogGroup {
            log_group_name: group,
            tags: &settings.tags,
            kms_key_id: settings.kms_key_id.as_deref(),
            log_group_class: settings.class,
        });
        self.call(Operation::CreateLogGroup, &body).await.map(drop)
    }

    /// Sets how many days a group keeps events: one of [`limits::RETENTION_DAYS`].
    pub async fn put_retention_policy(&self, group: &str, days: u32) -> Result<(), Error> {
        let body = encode::json(&PutRetentionPolicy { log_group_name: group, retention_in_days: days });
        self.call(Operation::PutRetentionPolicy, &body).await.map(drop)
    }

    /// A page of a group's events, in order of time. Pages may be empty although there are more: the end is where no token is.
    pub async fn filter_log_events(&self, filter: &Filter<'_>) -> Result<Page, Error> {
        let operation = Operation::FilterLogEvents;
        let answer = self.call_within(operation, &encode::json(filter), filter::MAX_ANSWER_BYTES).await?;
        filter::page(answer.body()).ok_or_else(|| Error::garbled(operation, &answer))
    }

    async fn call(&self, operation: Operation, body: &Body) -> Result<Response<Bytes>, Error> {
        self.call_within(operation, body, MAX_ANSWER_BYTES).await
    }

    async fn call_within(&self, operation: Operation, body: &Body, limit: usize) -> Result<Response<Bytes>, Error> {
        let (session, deadlines) = (&self.session, self.deadlines);
        let call = Call { session, service: SERVICE, deadlines, limit };
        let refusal = |response: &Response<Bytes>, used: &Credentials| answer::refusal(operation, response, used);
        call.send(&body.bytes, || self.request(operation, body), refusal, answer::is_the_services).await
    }

    fn request(&self, operation: Operation, body: &Body) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(body.bytes.clone()));
        *request.method_mut() = hyper::Method::POST;
        *request.uri_mut() = self.endpoint.uri.clone();
        let headers = request.headers_mut();
        headers.insert(HOST, self.endpoint.host.clone());
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.1"));
        headers.insert("x-amz-target", HeaderValue::from_static(operation.target()));
        // Tells the service that events are embedded metrics; it doesn't hurt the other calls.
        headers.insert("x-amzn-logs-format", HeaderValue::from_static("json/emf"));
        headers.insert(USER_AGENT, self.user_agent.clone());
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if body.gzip {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        request
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CreateLogStream<'a> {
    log_group_name: &'a str,
    log_stream_name: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CreateLogGroup<'a> {
    log_group_name: &'a str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tags: &'a BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kms_key_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    log_group_class: Option<GroupClass>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PutRetentionPolicy<'a> {
    log_group_name: &'a str,
    retention_in_days: u32,
}

impl Rejected {
    /// All of them.
    pub fn total(self) -> usize {
        self.too_old + self.too_new + self.expired
    }
}
