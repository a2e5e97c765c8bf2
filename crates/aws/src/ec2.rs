//! EC2: the instance's tags and volumes.
//!
//! Follows the EC2 API reference (2016-11-15): a form is posted, XML comes back, page by page. A failure on any page fails
//! the whole call, so that a part is never taken for all. Nothing is repeated here but what another signature helps;
//! waiting and asking again is the caller's.

mod answer;
mod error;

#[cfg(test)]
mod tests;

use std::time::Duration;

use aws_credential_types::Credentials;
use http_body_util::Full;
use hyper::header::{ACCEPT_ENCODING, CONTENT_TYPE, HOST, HeaderValue, USER_AGENT};
use hyper::{Method, Request, Response, body::Bytes};
use net::Deadlines;

use crate::endpoint::Endpoint;
use crate::error::Error as SessionError;
use crate::percent;
use crate::session::Session;
use crate::signed::Call;
use answer::Page;
#[cfg(fuzzing)]
pub use answer::fuzz as fuzz_answer;
pub use error::{Error, Operation, Refusal};

/// The signing name of the service.
const SERVICE: &str = "ec2";
const VERSION: &str = "2016-11-15";
/// What one page may take where nothing else is said.
const TIMEOUT: Duration = Duration::from_secs(10);
/// More than a page has: a volume comes with its tags, and an instance has at most some hundred volumes.
const MAX_PAGE_BYTES: usize = 4 << 20;
/// More pages than there can be; pages may be empty and have a successor all the same.
const MAX_PAGES: usize = 100;
/// The most a page of each kind is asked to hold.
const TAGS_A_PAGE: &str = "1000";
const VOLUMES_A_PAGE: &str = "500";

/// How a client asks.
#[derive(Debug, Clone)]
pub struct Options {
    /// The base URL, such as `https://ec2.eu-west-1.amazonaws.com`; `None` is the environment's, the profile's or the
    /// region's own.
    pub endpoint: Option<String>,
    /// From the first byte of a request to the last of its answer, for each page. Connecting has a deadline of its own.
    pub timeout: Duration,
    /// Who we say we are.
    pub user_agent: String,
}

impl Default for Options {
    fn default() -> Options {
        Options { endpoint: None, timeout: TIMEOUT, user_agent: "container-insights/0".to_owned() }
    }
}

/// A tag of the instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// Its key.
    pub key: String,
    /// Its value; may be empty.
    pub value: String,
}

/// A volume on the instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// The device as it was named when the volume was attached, such as `/dev/xvda`; the kernel may call it otherwise.
    pub device: String,
    /// Such as `vol-0123456789abcdef0`.
    pub volume_id: String,
    /// The zone the volume is in, such as `eu-west-1a`.
    pub availability_zone: String,
}

const NO_ENDPOINT: &str = "is no address such as https://ec2.eu-west-1.amazonaws.com";

/// The client. Clones share connections and credentials.
#[derive(Debug, Clone)]
pub struct Client {
    session: Session,
    endpoint: Endpoint,
    user_agent: HeaderValue,
    deadlines: Deadlines,
}

impl Client {
    /// A client of the session's region. An endpoint that can't be one is an error; nothing is sent yet.
    pub fn new(session: Session, options: Options) -> Result<Client, SessionError> {
        let fault = |key: &str, reason: &str| SessionError::Setting { key: key.to_owned(), reason: reason.to_owned() };
        let endpoint = match options.endpoint.filter(|endpoint| !endpoint.is_empty()) {
            Some(endpoint) => endpoint,
            None => session.ec2_endpoint(),
        };
        let endpoint = Endpoint::parse(&endpoint).ok_or_else(|| fault("endpoint", NO_ENDPOINT))?;
        let user_agent =
            HeaderValue::from_str(&options.user_agent).map_err(|_| fault("user agent", "holds what a header can't"))?;
        let deadlines = Deadlines { connect: session.connect_timeout(), answer: options.timeout };
        Ok(Client { session, endpoint, user_agent, deadlines })
    }

    /// Where requests go.
    pub fn endpoint(&self) -> String {
        self.endpoint.uri.to_string()
    }

    /// All tags of an instance; needs `ec2:DescribeTags`.
    pub async fn describe_tags(&self, instance_id: &str) -> Result<Vec<Tag>, Error> {
        let form = [
            ("Filter.1.Name", "resource-type"),
            ("Filter.1.Value.1", "instance"),
            ("Filter.2.Name", "resource-id"),
            ("Filter.2.Value.1", instance_id),
            ("MaxResults", TAGS_A_PAGE),
        ];
        self.pages(Operation::DescribeTags, &form, |body| answer::tags(body, instance_id)).await
    }

    /// All volumes on an instance, also those being attached; needs `ec2:DescribeVolumes`.
    pub async fn describe_volumes(&self, instance_id: &str) -> Result<Vec<Attachment>, Error> {
        let form = [
            ("Filter.1.Name", "attachment.instance-id"),
            ("Filter.1.Value.1", instance_id),
            ("MaxResults", VOLUMES_A_PAGE),
        ];
        self.pages(Operation::DescribeVolumes, &form, |body| answer::attachments(body, instance_id)).await
    }

    async fn pages<T>(
        &self,
        operation: Operation,
        form: &[(&str, &str)],
        read: impl Fn(&[u8]) -> Option<Page<T>>,
    ) -> Result<Vec<T>, Error> {
        let mut all = Vec::new();
        let mut token: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let body = encode(operation, form, token.as_deref());
            let response = self.call(operation, body).await?;
            let status = response.status().as_u16();
            let page = read(response.body()).ok_or(Error::Garbled { operation, status })?;
            all.extend(page.items);
            match page.next {
                None => return Ok(all),
                // The same page again and again.
                next if next == token => break,
                next => token = next,
            }
        }
        Err(Error::Endless { operation })
    }

    async fn call(&self, operation: Operation, body: Bytes) -> Result<Response<Bytes>, Error> {
        let (session, deadlines) = (&self.session, self.deadlines);
        let call = Call { session, service: SERVICE, deadlines, limit: MAX_PAGE_BYTES };
        let refusal = |response: &Response<Bytes>, used: &Credentials| answer::refusal(operation, response, used);
        call.send(&body, || self.request(&body), refusal, answer::is_the_services).await
    }

    fn request(&self, body: &Bytes) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(body.clone()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.endpoint.uri.clone();
        let headers = request.headers_mut();
        headers.insert(HOST, self.endpoint.host.clone());
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded; charset=utf-8"));
        headers.insert(USER_AGENT, self.user_agent.clone());
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        request
    }
}

fn encode(operation: Operation, form: &[(&str, &str)], token: Option<&str>) -> Bytes {
    let mut body = format!("Action={operation}&Version={VERSION}");
    for (name, value) in form.iter().copied().chain(token.map(|token| ("NextToken", token))) {
        body.push_str(&format!("&{name}={}", percent::encode(value, b"")));
    }
    Bytes::from(body)
}
