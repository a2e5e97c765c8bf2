//! What can go wrong between asking the kubelet and holding its answer.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use net::Transport;

use crate::stream::{DEEPEST, LARGEST_OBJECT};

/// An answer that could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ParseError {
    /// The text ends inside a value: the answer was cut short.
    #[error("answer ends after {bytes} bytes, inside a value")]
    Truncated {
        /// Length of the text.
        bytes: usize,
    },
    /// The text is not JSON, or a member has another shape than the API's.
    #[error("answer is not the JSON expected")]
    Json(#[from] serde_json::Error),
    /// Lists and objects in each other, more than anybody reads.
    #[error("JSON is nested deeper than {DEEPEST}")]
    Depth,
    /// An object that is over a limit; it costs itself.
    #[error("{what}: the limit is {limit}")]
    Limit {
        /// What there is too much of, and in which object.
        what: Box<str>,
        /// How much is taken.
        limit: usize,
    },
    /// Good JSON of another object, such as a `Status` where a `PodList` was asked for.
    #[error("answer {} instead of {expected}", kind(found))]
    Kind {
        /// The object asked for.
        expected: &'static str,
        /// The answer's `kind`, shortened; empty where it has none.
        found: Box<str>,
    },
}

/// A kubelet that could not be asked, or gave no usable answer. No message holds a token.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A setting that cannot work.
    #[error("{key}: {reason}")]
    Setting {
        /// The setting.
        key: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// An `http:` address together with credentials: they would travel in clear text.
    #[error("{url}: credentials are never sent over http, use https or no authentication")]
    PlainHttp {
        /// The address as it was given.
        url: Box<str>,
    },
    /// A file of certificates, keys or tokens that can't be read.
    #[error("read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file that holds something else than it should.
    #[error("{}: {reason}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is missing or wrong in it; never its text.
        reason: String,
    },
    /// Nothing to verify the server's certificate with.
    #[error("no certificate authority to verify the server with, set ca_file")]
    NoAuthority,
    /// Certificate and key that can't be used together.
    #[error("client certificate {} is unusable", path.display())]
    ClientCertificate {
        /// The certificate's file.
        path: PathBuf,
        /// Why.
        source: rustls::Error,
    },
    /// No connection: the name is unknown, the port closed, the host away.
    #[error("connect to {url}")]
    Connect {
        /// The request.
        url: Box<str>,
        /// Why.
        source: io::Error,
    },
    /// The TLS handshake failed: a certificate of another authority or for another name, or no TLS at all.
    #[error("TLS handshake with {url}")]
    Handshake {
        /// The request.
        url: Box<str>,
        /// Why.
        source: io::Error,
    },
    /// The connection broke, or spoke something else than HTTP, before the answer's head was complete.
    #[error("no answer from {url}")]
    NoAnswer {
        /// The request.
        url: Box<str>,
        /// Why.
        source: hyper::Error,
    },
    /// The connection broke inside the answer's body.
    #[error("answer of {url} broke off after {bytes} bytes")]
    Truncated {
        /// The request.
        url: Box<str>,
        /// Length of what arrived.
        bytes: usize,
        /// Why.
        source: hyper::Error,
    },
    /// The whole exchange, connecting and body included, took too long.
    #[error("{url} did not answer within {after:?}")]
    Deadline {
        /// The request.
        url: Box<str>,
        /// The time it was given.
        after: Duration,
    },
    /// A redirect, which is never followed: the token is meant for the one server.
    #[error("{url} answered with a redirect ({status}), which is not followed")]
    Redirect {
        /// The request.
        url: Box<str>,
        /// 300 to 399.
        status: u16,
    },
    /// A status that isn't the one hoped for.
    #[error("{url} answered {status}{}", words(line))]
    Status {
        /// The request.
        url: Box<str>,
        /// The HTTP status.
        status: u16,
        /// The body's first line, or the message of a `Status` object: shortened, and empty where there is none.
        line: Box<str>,
        /// How long the server wants to be left alone (`Retry-After` in seconds, with 429 and 503); `None` where it
        /// didn't say.
        retry_after: Option<Duration>,
    },
    /// A body over the limit; it was not read to its end.
    #[error("answer of {url} is larger than {limit} bytes")]
    TooLarge {
        /// The request.
        url: Box<str>,
        /// The limit.
        limit: usize,
    },
    /// A whole answer that can't be read.
    #[error("read the answer of {url}")]
    Parse {
        /// The request.
        url: Box<str>,
        /// Why.
        source: ParseError,
    },
}

impl ParseError {
    /// An object of which too many bytes would have to be kept.
    pub(crate) fn too_large() -> Self {
        Self::Limit { what: "an object is too large, in bytes that are needed of it".into(), limit: LARGEST_OBJECT }
    }

    /// Whether a limit is what it is about.
    pub fn is_limit(&self) -> bool {
        matches!(self, Self::Limit { .. })
    }
}

/// What an answer is by its `kind`.
fn kind(found: &str) -> String {
    if found.is_empty() { "has no kind".to_owned() } else { format!("is {found:?}") }
}

/// What a refusal says.
fn words(line: &str) -> String {
    if line.is_empty() { " with an empty body".to_owned() } else { format!(": {line}") }
}

impl Error {
    /// Of a request without an answer.
    pub(crate) fn unanswered(error: Transport, url: Box<str>, after: Duration) -> Self {
        match error {
            Transport::Handshake { source, .. } => Self::Handshake { url, source },
            Transport::Broken { source, .. } => Self::NoAnswer { url, source },
            Transport::Connect { source, .. } | Transport::Resolve { source: Some(source), .. } => {
                Self::Connect { url, source }
            }
            error if error.is_timeout() => Self::Deadline { url, after },
            error => Self::Connect { url, source: io::Error::other(error) },
        }
    }

    /// One word for the kind of error, such as the label of a counter.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Setting { .. } | Self::PlainHttp { .. } => "settings",
            Self::Read { .. } | Self::Content { .. } | Self::NoAuthority | Self::ClientCertificate { .. } => {
                "credentials"
            }
            Self::Connect { .. } => "connect",
            Self::Handshake { .. } => "tls",
            Self::NoAnswer { .. } => "no_answer",
            Self::Truncated { .. } | Self::Parse { source: ParseError::Truncated { .. }, .. } => "truncated",
            Self::Deadline { .. } => "deadline",
            Self::Redirect { .. } => "redirect",
            Self::Status { .. } => "status",
            Self::TooLarge { .. } => "too_large",
            Self::Parse { .. } => "parse",
        }
    }

    /// The HTTP status of a refusal.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Status { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// How long the server wants to be left alone, where it said so.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Whether another try may succeed without anybody changing the settings.
    pub fn may_pass(&self) -> bool {
        !matches!(self, Self::Setting { .. } | Self::PlainHttp { .. })
    }
}
