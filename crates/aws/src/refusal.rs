//! What a service said when it refused a call, in words that hold no secret.

use std::fmt;
use std::time::Duration;

use aws_credential_types::Credentials;
use hyper::Response;
use hyper::body::Bytes;
use net::secrets;

/// What is kept of a message.
const MAX_MESSAGE_CHARS: usize = 300;
/// What is kept of a code.
const MAX_CODE_CHARS: usize = 80;
/// What is kept of a request's id: AWS's have 36.
const MAX_REQUEST_ID_CHARS: usize = 128;
/// The longest wait a server may ask for. What sits between us and the service can answer too, and must not silence a stream
/// for an hour.
pub(crate) const MAX_WAIT: Duration = Duration::from_secs(300);
/// The header by which the service's own answers are known.
pub(crate) const REQUEST_ID: &str = "x-amzn-requestid";

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
    secrets::shown(line, &secrets_of(used), MAX_MESSAGE_CHARS)
}

/// An error's code as it may be shown: letters, digits, `.` and `-`, and no secret.
pub(crate) fn clean_code(code: &str, used: &Credentials) -> String {
    let shown = secrets::shown(code, &secrets_of(used), MAX_MESSAGE_CHARS);
    // What was hidden leaves a word that no service has as a code.
    shown.chars().filter(|char| char.is_ascii_alphanumeric() || ".-".contains(*char)).take(MAX_CODE_CHARS).collect()
}

/// The service's id of the request as it may be shown.
pub(crate) fn request_id(response: &Response<Bytes>, used: &Credentials) -> Option<String> {
    header(response, REQUEST_ID).map(|id| secrets::shown(id, &secrets_of(used), MAX_REQUEST_ID_CHARS))
}

fn secrets_of(used: &Credentials) -> [&str; 3] {
    [used.secret_access_key(), used.session_token().unwrap_or_default(), used.access_key_id()]
}

/// How long the server asks to be left alone (`Retry-After`, in seconds), at most [`MAX_WAIT`].
pub(crate) fn asked_wait(response: &Response<Bytes>) -> Option<Duration> {
    net::retry_after(response.headers()).map(|wait| wait.min(MAX_WAIT))
}

/// The header's value, where it is there and is text.
pub(crate) fn header<'a>(response: &'a Response<Bytes>, name: &str) -> Option<&'a str> {
    response.headers().get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_message_the_beginning_is_kept() {
        let used = Credentials::new("AKIA", "secret", None, None, "test");
        assert_eq!(clean(&"é".repeat(MAX_MESSAGE_CHARS + 1), &used).chars().count(), MAX_MESSAGE_CHARS);
        assert_eq!(clean_code(&"x".repeat(MAX_CODE_CHARS + 1), &used).len(), MAX_CODE_CHARS);
        let id = "x".repeat(MAX_REQUEST_ID_CHARS + 1);
        let response = Response::builder().header(REQUEST_ID, id).body(Bytes::new()).unwrap();
        assert_eq!(request_id(&response, &used).map(|id| id.len()), Some(MAX_REQUEST_ID_CHARS));
    }
}
