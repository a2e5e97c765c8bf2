//! One server, asked over one kept connection within one deadline, with what the files hold now.

use std::fmt;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::http::HeaderValue;
use hyper::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, RETRY_AFTER, USER_AGENT};
use hyper::{Method, Request, Response, StatusCode};

use crate::connection::Connection;
use crate::credentials::Credentials;
use crate::error::{Error, ParseError};
use crate::refusal;
use crate::settings::Settings;

/// What is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Call<'a> {
    method: Method,
    path: &'a str,
    /// The request's body and its content type.
    content: Option<(&'a str, Bytes)>,
}

impl<'a> Call<'a> {
    /// A `GET`.
    pub(crate) fn get(path: &'a str) -> Self {
        Self { method: Method::GET, path, content: None }
    }

    /// Any request; `content` is its body's type and its body.
    pub(crate) fn new(method: Method, path: &'a str, content: Option<(&'a str, Bytes)>) -> Self {
        Self { method, path, content }
    }

    fn request(&self, credentials: &Credentials) -> Result<Request<Full<Bytes>>, Error> {
        let target = &credentials.target;
        let mut request = Request::builder()
            .method(self.method.clone())
            .uri(target.path(self.path))
            .header(HOST, target.authority.as_str())
            .header(ACCEPT, HeaderValue::from_static("application/json"))
            .header(USER_AGENT, HeaderValue::from_static(concat!("container-insights/", env!("CARGO_PKG_VERSION"))));
        if let Some(authorization) = &credentials.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let mut bytes = Bytes::new();
        if let Some((kind, content)) = &self.content {
            request = request.header(CONTENT_TYPE, *kind);
            bytes = content.clone();
        }
        let fault = |_| Error::Setting { key: "endpoint", reason: "gives no valid path" };
        request.body(Full::new(bytes)).map_err(fault)
    }

    /// A `GET` wants the whole answer; what was written may be answered with any of the good statuses.
    fn accepts(&self, status: StatusCode) -> bool {
        if self.method == Method::GET { status == StatusCode::OK } else { status.is_success() }
    }
}

/// A server, our credentials and the connection to it.
pub(crate) struct Session {
    pub(crate) settings: Settings,
    /// What the files held at the last good look.
    credentials: Option<Credentials>,
    /// Idle, and good for `credentials`.
    connection: Option<Connection>,
    /// Counts how often connections made before were no longer good for the credentials.
    generation: u32,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Session").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Session {
    /// Checks the settings; opens no file and no connection.
    pub(crate) fn new(settings: Settings) -> Result<Self, Error> {
        match settings.faults().into_iter().next() {
            Some(fault) => Err(fault),
            None => Ok(Self { settings, credentials: None, connection: None, generation: 0 }),
        }
    }

    /// Reads the files that the settings name, as every request does when they have changed.
    pub(crate) fn load(&mut self) -> Result<(), Error> {
        let loaded = Credentials::load(&self.settings, self.credentials.as_ref())?;
        if !self.credentials.as_ref().is_some_and(|last| last.same_connection(&loaded)) {
            self.connection = None;
            self.generation = self.generation.wrapping_add(1);
        }
        self.credentials = Some(loaded);
        Ok(())
    }

    /// The address of `path`, for messages: of the server, or of the proxy once the kubeconfig is known.
    pub(crate) fn url(&self, path: &str) -> Box<str> {
        match &self.credentials {
            Some(credentials) => credentials.target.url(path).into(),
            None => format!("{}{path}", self.settings.endpoint).into(),
        }
    }

    /// Makes a call, of whose answer at most `limit` bytes are read, within the deadline; `take` gets each piece as it comes.
    ///
    /// Returns the status and the answer's length.
    pub(crate) async fn fetch(
        &mut self,
        call: &Call<'_>,
        limit: usize,
        take: &mut impl FnMut(&[u8]) -> Result<(), ParseError>,
    ) -> Result<(u16, usize), Error> {
        let after = self.settings.deadline;
        let exchange = async {
            let (connection, answer) = self.answer(call).await?;
            let status = answer.status().as_u16();
            Ok((status, self.receive(connection, answer, call, limit, take).await?))
        };
        let done = tokio::time::timeout(after, exchange).await;
        done.unwrap_or_else(|_| Err(Error::Deadline { url: self.url(call.path), after }))
    }

    /// Makes a call on a connection of its own, and waits within the deadline for its answer to begin.
    pub(crate) async fn open(&mut self, call: &Call<'_>) -> Result<(Connection, Response<Incoming>), Error> {
        let (kept, of) = (self.connection.take(), self.generation);
        let after = self.settings.deadline;
        let done = tokio::time::timeout(after, self.answer(call)).await;
        if of == self.generation {
            self.connection = kept;
        }
        done.unwrap_or_else(|_| Err(Error::Deadline { url: self.url(call.path), after }))
    }

    /// The beginning of a good answer: where the token was refused, tried once more with what the files hold now.
    async fn answer(&mut self, call: &Call<'_>) -> Result<(Connection, Response<Incoming>), Error> {
        let unread = match &self.credentials {
            Some(last) if !last.changed() => None,
            Some(_) => self.load().err(),
            None => {
                self.load()?;
                None
            }
        };
        match self.attempt(call).await {
            Err(Error::Status { status: 401, .. }) => {
                self.load()?;
                self.attempt(call).await
            }
            // The old authorities no longer do, and the new ones could not be read: that is the cause.
            Err(error @ Error::Handshake { .. }) => Err(unread.unwrap_or(error)),
            result => result,
        }
    }

    /// One exchange, on the kept connection if it still answers, else on a fresh one.
    async fn attempt(&mut self, call: &Call<'_>) -> Result<(Connection, Response<Incoming>), Error> {
        // Taken, so that it is gone unless the whole exchange goes well.
        let kept = self.connection.take();
        let url = self.url(call.path);
        let credentials = self.credentials.as_ref().expect("answer has loaded them");
        if let Some(mut connection) = kept
            && let Ok(answer) = connection.send(call.request(credentials)?).await
        {
            return self.good(connection, answer, call, url).await;
        }
        let mut connection = Connection::open(credentials, &url).await?;
        let answer = connection.send(call.request(credentials)?).await;
        let answer = answer.map_err(|source| Error::NoAnswer { url: url.clone(), source })?;
        self.good(connection, answer, call, url).await
    }

    /// The answer, if it is what was asked for.
    async fn good(
        &mut self,
        mut connection: Connection,
        answer: Response<Incoming>,
        call: &Call<'_>,
        url: Box<str>,
    ) -> Result<(Connection, Response<Incoming>), Error> {
        let status = answer.status();
        if call.accepts(status) {
            return Ok((connection, answer));
        }
        if status.is_redirection() {
            return Err(Error::Redirect { url, status: status.as_u16() });
        }
        let retry_after = retry_after(&answer);
        let (text, whole) = refusal::read(&mut connection, &mut answer.into_body()).await;
        // An API server refuses as a matter of course; a refused token gets a fresh connection.
        if whole && self.settings.api_server && status != StatusCode::UNAUTHORIZED {
            self.connection = Some(connection);
        }
        let credentials = self.credentials.as_ref().expect("answer has loaded them");
        let line = refusal::line(&credentials.redact(&text)).into();
        Err(Error::Status { url, status: status.as_u16(), line, retry_after })
    }

    /// Takes in an answer whose head is there, and keeps the connection if all went well.
    async fn receive(
        &mut self,
        mut connection: Connection,
        answer: Response<Incoming>,
        call: &Call<'_>,
        limit: usize,
        take: &mut impl FnMut(&[u8]) -> Result<(), ParseError>,
    ) -> Result<usize, Error> {
        let url = self.url(call.path);
        let mut incoming = answer.into_body();
        let too_large = || Error::TooLarge { url: url.clone(), limit };
        // An answer that gives its length is refused by it, unread.
        let promised = usize::try_from(incoming.size_hint().lower()).unwrap_or(usize::MAX);
        if promised > limit {
            return Err(too_large());
        }
        let mut bytes = 0;
        while let Some(chunk) = connection.next(&mut incoming).await {
            let chunk = chunk.map_err(|source| Error::Truncated { url: url.clone(), bytes, source })?;
            bytes += chunk.len();
            if bytes > limit {
                return Err(too_large());
            }
            take(&chunk).map_err(|source| Error::Parse { url: url.clone(), source })?;
        }
        self.connection = Some(connection);
        Ok(bytes)
    }
}

/// How long the server wants to be left alone, in whole seconds; the form with a date isn't used by Kubernetes.
fn retry_after(answer: &Response<Incoming>) -> Option<Duration> {
    let text = answer.headers().get(RETRY_AFTER)?.to_str().ok()?;
    text.trim().parse().ok().map(Duration::from_secs)
}
