//! The client: asks one kubelet, over one connection, within one deadline.

mod refusal;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use http_body_util::Empty;
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::http::HeaderValue;
use hyper::http::header::{ACCEPT, AUTHORIZATION, HOST, USER_AGENT};
use hyper::{Request, Response};

use crate::access::{PODS, SUMMARY};
use crate::body::Body;
use crate::connection::Connection;
use crate::credentials::Credentials;
use crate::error::Error;
use crate::pods::{PodList, parse_pods};
use crate::settings::Settings;
use crate::summary::{Summary, parse_summary};

/// A client of one kubelet.
///
/// Every fetch is bounded by the settings' deadline. A future that is dropped before it is done takes its connection
/// with it and leaves the client usable. It needs a tokio runtime with I/O and time.
pub struct Kubelet {
    settings: Settings,
    /// What the files held at the last good look.
    credentials: Option<Credentials>,
    /// Idle, and good for `credentials`.
    connection: Option<Connection>,
    /// The last answer to [`Kubelet::fetch_pods`], and what it said if it could be read.
    body: Body,
    pods: Option<Arc<PodList>>,
    /// The length of the last answer to [`Kubelet::fetch_summary`].
    summary_length: usize,
}

impl fmt::Debug for Kubelet {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Kubelet").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Kubelet {
    /// Checks the settings; opens no file and no connection.
    pub fn new(settings: Settings) -> Result<Self, Error> {
        if let Some(fault) = settings.faults().into_iter().next() {
            return Err(fault);
        }
        Ok(Self { settings, credentials: None, connection: None, body: Body::default(), pods: None, summary_length: 0 })
    }

    /// Reads the files that the settings name, as every fetch does when they have changed.
    ///
    /// For a start that wants to say early what is missing: a later fetch looks again.
    pub fn load(&mut self) -> Result<(), Error> {
        let loaded = Credentials::load(&self.settings, self.credentials.as_ref())?;
        if !self.credentials.as_ref().is_some_and(|last| last.same_connection(&loaded)) {
            self.connection = None;
        }
        self.credentials = Some(loaded);
        Ok(())
    }

    /// Fetches `/pods`. The same list is handed out again while the kubelet's answer is the same byte for byte.
    pub async fn fetch_pods(&mut self) -> Result<Arc<PodList>, Error> {
        let mut body = std::mem::take(&mut self.body);
        let fetched = self.fetch(PODS, &mut body).await;
        // What a failed answer left of itself, up to the limit of a body, isn't kept until the next good one.
        self.body = if body.is_whole() { body } else { Body::default() };
        let same = fetched?;
        if let (true, Some(pods)) = (same, &self.pods) {
            return Ok(pods.clone());
        }
        self.pods = None;
        let pods = parse_pods(self.body.bytes()).map_err(|source| Error::Parse { url: self.url(PODS), source })?;
        Ok(self.pods.insert(Arc::new(pods)).clone())
    }

    /// Fetches `/stats/summary`.
    pub async fn fetch_summary(&mut self) -> Result<Summary, Error> {
        let mut body = Body::like(self.summary_length);
        self.fetch(SUMMARY, &mut body).await?;
        self.summary_length = body.len();
        parse_summary(body.bytes()).map_err(|source| Error::Parse { url: self.url(SUMMARY), source })
    }

    /// The address of `path`, for messages: of the kubelet, or of the proxy once the kubeconfig is known.
    pub(crate) fn url(&self, path: &str) -> Box<str> {
        match &self.credentials {
            Some(credentials) => credentials.target.url(path).into(),
            None => format!("{}{path}", self.settings.endpoint).into(),
        }
    }

    /// Fetches `path` into `body` within the deadline. Whether it is the body's last content again.
    pub(crate) async fn fetch(&mut self, path: &str, body: &mut Body) -> Result<bool, Error> {
        let after = self.settings.deadline;
        match tokio::time::timeout(after, self.attempts(path, body)).await {
            Ok(result) => result,
            Err(_) => Err(Error::Deadline { url: self.url(path), after }),
        }
    }

    /// Tries, and where the token was refused once more with what the files hold now.
    async fn attempts(&mut self, path: &str, body: &mut Body) -> Result<bool, Error> {
        let unread = match &self.credentials {
            Some(last) if !last.changed() => None,
            Some(_) => self.load().err(),
            None => {
                self.load()?;
                None
            }
        };
        match self.attempt(path, body).await {
            Err(Error::Status { status: 401, .. }) => {
                self.load()?;
                self.attempt(path, body).await
            }
            // The old authorities no longer do, and the new ones could not be read: that is the cause.
            Err(error @ Error::Handshake { .. }) => Err(unread.unwrap_or(error)),
            result => result,
        }
    }

    /// One exchange, on the kept connection if it still answers, else on a fresh one.
    async fn attempt(&mut self, path: &str, body: &mut Body) -> Result<bool, Error> {
        // Taken, so that it is gone unless the whole exchange goes well.
        let kept = self.connection.take();
        let url = self.url(path);
        let credentials = self.credentials.as_ref().expect("attempts has loaded them");
        if let Some(mut connection) = kept
            && let Ok(answer) = connection.send(request(credentials, path)?).await
        {
            return self.receive(connection, answer, &url, body).await;
        }
        let mut connection = Connection::open(credentials, &url).await?;
        let answer = connection.send(request(credentials, path)?).await;
        let answer = answer.map_err(|source| Error::NoAnswer { url: url.clone(), source })?;
        self.receive(connection, answer, &url, body).await
    }

    /// Takes in an answer whose head is there, and keeps the connection if all went well.
    async fn receive(
        &mut self,
        mut connection: Connection,
        answer: Response<Incoming>,
        url: &str,
        body: &mut Body,
    ) -> Result<bool, Error> {
        let status = answer.status();
        if status.is_redirection() {
            return Err(Error::Redirect { url: url.into(), status: status.as_u16() });
        }
        let mut incoming = answer.into_body();
        if status != hyper::StatusCode::OK {
            let text = refusal::read(&mut connection, &mut incoming).await;
            let credentials = self.credentials.as_ref().expect("attempts has loaded them");
            let line = refusal::line(&credentials.redact(&text)).into();
            return Err(Error::Status { url: url.into(), status: status.as_u16(), line });
        }
        let limit = self.settings.body_limit;
        let too_large = || Error::TooLarge { url: url.into(), limit };
        // An answer that gives its length is refused by it, unread.
        let promised = usize::try_from(incoming.size_hint().lower()).unwrap_or(usize::MAX);
        if promised > limit {
            return Err(too_large());
        }
        body.begin(if promised > 0 { promised } else { limit });
        while let Some(chunk) = connection.next(&mut incoming).await {
            let chunk = chunk.map_err(|source| Error::Truncated { url: url.into(), bytes: body.len(), source })?;
            if body.len() + chunk.len() > limit {
                return Err(too_large());
            }
            body.push(&chunk);
        }
        self.connection = Some(connection);
        Ok(body.finish())
    }
}

fn request(credentials: &Credentials, path: &str) -> Result<Request<Empty<Bytes>>, Error> {
    let target = &credentials.target;
    let mut request = Request::get(target.path(path))
        .header(HOST, target.authority.as_str())
        .header(ACCEPT, HeaderValue::from_static("application/json"))
        .header(USER_AGENT, HeaderValue::from_static(concat!("container-insights/", env!("CARGO_PKG_VERSION"))));
    if let Some(authorization) = &credentials.authorization {
        request = request.header(AUTHORIZATION, authorization);
    }
    request.body(Empty::new()).map_err(|_| Error::Setting { key: "endpoint", reason: "gives no valid path" })
}
