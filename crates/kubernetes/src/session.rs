//! One server, asked over one kept connection within one deadline, with what the files hold now.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::http::HeaderValue;
use hyper::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, USER_AGENT};
use hyper::{Method, Request, Response, StatusCode};
use net::{Body, Client, Deadlines, Route, Trust, beside, retry_after};

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
            .uri(target.url(self.path))
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
    pub(crate) settings: Arc<Settings>,
    /// `None` before the first look at the files.
    held: Option<Held>,
}

/// What the files held at the last good look, and a client for it.
struct Held {
    credentials: Arc<Credentials>,
    client: Client,
}

impl Held {
    fn new(credentials: Credentials) -> Self {
        let client = Client::new(Route {
            trust: credentials.tls.clone().map_or(Trust::None, Trust::Config),
            server_name: credentials.target.server_name.clone(),
            most_idle: 1,
            idle: Duration::MAX,
            // What must not happen twice carries a name or a resource version.
            repeats: true,
            ..Route::default()
        });
        Self { credentials: Arc::new(credentials), client }
    }
}

/// Which connection a call goes over.
#[derive(Clone, Copy, PartialEq)]
enum Over {
    /// The kept one.
    Kept,
    /// One of its own.
    Own,
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
            None => Ok(Self { settings: Arc::new(settings), held: None }),
        }
    }

    /// Reads the files that the settings name.
    pub(crate) async fn load(&mut self) -> Result<(), Error> {
        self.look(true).await
    }

    /// Reads the files that the settings name, where one has changed or `anyway`, beside the runtime: it may be any disk.
    async fn look(&mut self, anyway: bool) -> Result<(), Error> {
        let settings = Arc::clone(&self.settings);
        let last = self.held.as_ref().map(|held| Arc::clone(&held.credentials));
        let loaded = beside(move || match last.as_deref() {
            Some(last) if !anyway && !last.changed() => None,
            last => Some(Credentials::load(&settings, last)),
        });
        match (loaded.await.transpose()?, &mut self.held) {
            (None, _) => {}
            (Some(new), Some(held)) if held.credentials.same_connection(&new) => held.credentials = Arc::new(new),
            (Some(new), held) => *held = Some(Held::new(new)),
        }
        Ok(())
    }

    /// The address of `path`, for messages: of the server, or of the proxy once the kubeconfig is known.
    pub(crate) fn url(&self, path: &str) -> Box<str> {
        match &self.held {
            Some(held) => held.credentials.target.url(path).into(),
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
            let answer = self.answer(call, Over::Kept).await?;
            let status = answer.status().as_u16();
            Ok((status, receive(answer.into_body(), self.url(call.path), limit, take).await?))
        };
        let done = tokio::time::timeout(after, exchange).await;
        done.unwrap_or_else(|_| Err(Error::Deadline { url: self.url(call.path), after }))
    }

    /// Makes a call on a connection of its own, and waits within the deadline for its answer to begin.
    pub(crate) async fn open(&mut self, call: &Call<'_>) -> Result<Body, Error> {
        let after = self.settings.deadline;
        let done = tokio::time::timeout(after, self.answer(call, Over::Own)).await;
        done.unwrap_or_else(|_| Err(Error::Deadline { url: self.url(call.path), after })).map(Response::into_body)
    }

    /// The beginning of a good answer: where the token was refused, tried once more with what the files hold now.
    async fn answer(&mut self, call: &Call<'_>, over: Over) -> Result<Response<Body>, Error> {
        let unread = match self.look(false).await {
            Err(error) if self.held.is_none() => return Err(error),
            looked => looked.err(),
        };
        match self.attempt(call, over).await {
            Err(Error::Status { status: 401, .. }) => {
                self.load().await?;
                self.attempt(call, over).await
            }
            // The old authorities no longer do, and the new ones could not be read: that is the cause.
            Err(error @ Error::Handshake { .. }) => Err(unread.unwrap_or(error)),
            result => result,
        }
    }

    /// One exchange.
    async fn attempt(&self, call: &Call<'_>, over: Over) -> Result<Response<Body>, Error> {
        let Held { credentials, client } = self.held.as_ref().expect("answer has loaded them");
        let url = self.url(call.path);
        let request = call.request(credentials)?;
        // The whole has a deadline, of which any part may take all.
        let after = self.settings.deadline;
        let deadlines = Deadlines { connect: after, answer: after };
        let answer = match over {
            Over::Kept => client.open(request, deadlines).await,
            Over::Own => client.open_alone(request, deadlines).await,
        };
        let answer = answer.map_err(|error| Error::unanswered(error, url.clone(), after))?;
        let status = answer.status();
        if call.accepts(status) {
            return Ok(answer);
        }
        if status.is_redirection() {
            return Err(Error::Redirect { url, status: status.as_u16() });
        }
        let retry_after = retry_after(answer.headers());
        let mut body = answer.into_body();
        // An API server refuses as a matter of course; a refused token gets a fresh connection.
        if !self.settings.api_server || status == StatusCode::UNAUTHORIZED {
            body = body.unkept();
        }
        let text = refusal::read(&mut body).await;
        let line = refusal::line(&credentials.redact(&text)).into();
        Err(Error::Status { url, status: status.as_u16(), line, retry_after })
    }
}

/// Takes in an answer whose head is there; returns its length.
async fn receive(
    mut body: Body,
    url: Box<str>,
    limit: usize,
    take: &mut impl FnMut(&[u8]) -> Result<(), ParseError>,
) -> Result<usize, Error> {
    // An answer that gives its length is refused by it, unread.
    if body.promised() > limit {
        return Err(Error::TooLarge { url, limit });
    }
    let mut bytes = 0;
    while let Some(piece) = body.next().await {
        let piece = match piece {
            Ok(piece) => piece,
            Err(source) => return Err(Error::Truncated { url, bytes, source }),
        };
        bytes += piece.len();
        if bytes > limit {
            return Err(Error::TooLarge { url, limit });
        }
        if let Err(source) = take(&piece) {
            return Err(Error::Parse { url, source });
        }
    }
    Ok(bytes)
}
