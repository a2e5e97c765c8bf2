//! What a service said when it refused a call, in words that hold no secret.

use std::fmt;

use aws_credential_types::Credentials;
use hyper::Response;
use hyper::body::Bytes;

/// What is kept of a message.
const MAX_MESSAGE_CHARS: usize = 300;

/// What the service said when it refused; `O` is the service's operations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal<O> {
    /// The call.
    pub operation: O,
    /// The HTTP status.
    pub status: u16,
    /// The error's code, such as `ThrottlingException`; empty where there was none.
    pub code: String,
    /// The first line of its message, shortened, without secrets.
    pub message: String,
    /// What AWS support asks for; `None` where the answer had none.
    pub request_id: Option<String>,
}

impl<O: fmt::Display> fmt::Display for Refusal<O> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.operation, self.status)?;
        if !self.code.is_empty() {
            write!(formatter, " {}", self.code)?;
        }
        if !self.message.is_empty() {
            write!(formatter, " ({})", self.message)?;
        }
        Ok(())
    }
}

/// The first line of a message without what must not be shown: after it a service repeats the request's headers.
pub(crate) fn clean(message: &str, used: &Credentials) -> String {
    let line = message.lines().next().unwrap_or_default();
    let mut line = line.to_owned();
    let secrets = [Some(used.secret_access_key()), used.session_token(), Some(used.access_key_id())];
    for secret in secrets.into_iter().flatten().filter(|secret| secret.len() >= 4) {
        if line.contains(secret) {
            line = line.replace(secret, "(hidden)");
        }
    }
    line.chars().filter(|char| !char.is_control()).take(MAX_MESSAGE_CHARS).collect()
}

/// The header's value, where it is there and is text.
pub(crate) fn header<'a>(response: &'a Response<Bytes>, name: &str) -> Option<&'a str> {
    response.headers().get(name).and_then(|value| value.to_str().ok())
}
