//! Answers of the service, read by what can be done about them.
//!
//! Follows the common errors of AWS JSON 1.1 and those of each call: the code stands in `__type` or in the header
//! `x-amzn-ErrorType`, with a namespace before `#` and an address after `:`.

use std::time::Duration;

use aws_credential_types::Credentials;
use hyper::Response;
use hyper::body::Bytes;
use serde::Deserialize;

use super::error::{Error, Operation, Refusal};
use super::{Confirmed, Rejected};
use crate::refusal::{REQUEST_ID, asked_wait, clean, clean_code, header, request_id};

/// More than any sequence token has, in bytes.
const MAX_TOKEN_BYTES: usize = 1024;

#[derive(Deserialize)]
struct Fault {
    #[serde(rename = "__type", default)]
    kind: Option<String>,
    #[serde(default)]
    code: Option<String>,
    #[serde(default, alias = "Message")]
    message: Option<String>,
    #[serde(default, rename = "expectedSequenceToken")]
    expected_sequence_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PutAnswer {
    #[serde(default)]
    rejected_log_events_info: Option<RejectedInfo>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RejectedInfo {
    too_old_log_event_end_index: Option<usize>,
    too_new_log_event_start_index: Option<usize>,
    expired_log_event_end_index: Option<usize>,
}

/// What was not stored of `sent` events; `None` where the body is no answer to a batch.
///
/// Ends are exclusive and count from the first event. Both kinds of too old begin there, so the longer one is only
/// counted beyond the shorter.
pub(super) fn rejected(body: &[u8], sent: usize) -> Option<Rejected> {
    if body.iter().find(|byte| !byte.is_ascii_whitespace()).is_none_or(|byte| *byte != b'{') {
        return None;
    }
    let answer: PutAnswer = serde_json::from_slice(body).ok()?;
    let Some(info) = answer.rejected_log_events_info else { return Some(Rejected::default()) };
    let too_old = info.too_old_log_event_end_index.unwrap_or(0).min(sent);
    let expired_end = info.expired_log_event_end_index.unwrap_or(0).min(sent);
    let expired = expired_end.saturating_sub(too_old);
    let rest = sent - too_old - expired;
    let too_new = sent - info.too_new_log_event_start_index.unwrap_or(sent).min(sent);
    Some(Rejected { too_old, too_new: too_new.min(rest), expired })
}

/// How a batch's good answer is read; `None` where nothing says that the service itself gave it.
///
/// The service stores before it answers. So a body that can't be read is no reason to send again, and perhaps store twice,
/// what the service's own header says it has taken.
pub(super) fn accepted(response: &Response<Bytes>, sent: usize) -> Option<(Rejected, Confirmed)> {
    match rejected(response.body(), sent) {
        Some(rejected) => Some((rejected, Confirmed::Read)),
        None if response.headers().contains_key(REQUEST_ID) => Some((Rejected::default(), Confirmed::Unread)),
        None => None,
    }
}

/// The token that an imitation of the older service wants with the next batch; `None` where the answer has none.
pub(super) fn expected_token(response: &Response<Bytes>) -> Option<String> {
    let fault: Fault = serde_json::from_slice(response.body()).ok()?;
    let fits = |token: &String| {
        (1..=MAX_TOKEN_BYTES).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_graphic())
    };
    fault.expected_sequence_token.filter(fits)
}

/// Whether the service itself answered, and not something on the way.
pub(super) fn is_the_services(response: &Response<Bytes>) -> bool {
    response.headers().contains_key(REQUEST_ID) || code(response).0.contains(|char: char| char.is_ascii_alphanumeric())
}

/// Why the service refused; `None` where it didn't.
pub(super) fn refusal(operation: Operation, response: &Response<Bytes>, used: &Credentials) -> Option<Error> {
    let status = response.status().as_u16();
    if (200..300).contains(&status) {
        return None;
    }
    let (code, message) = code(response);
    let (code, message) = (clean_code(&code, used), clean(&message, used));
    let request_id = request_id(response, used);
    let refusal = Refusal { operation, status, code, message, request_id };
    Some(match refusal.code.as_str() {
        "InvalidSequenceTokenException" => Error::Sequence { refusal, expected: expected_token(response) },
        _ => classify(refusal, asked_wait(response)),
    })
}

fn classify(refusal: Refusal, after: Option<Duration>) -> Error {
    match refusal.code.as_str() {
        "ResourceNotFoundException" => Error::Missing(refusal),
        "ResourceAlreadyExistsException" => Error::Exists(refusal),
        "DataAlreadyAcceptedException" => Error::AlreadyStored(refusal),
        "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "TooManyRequestsException"
        | "LimitExceededException"
        | "RequestLimitExceeded"
        | "BandwidthLimitExceeded"
        | "SlowDown" => Error::Throttled { refusal, after },
        "OperationAbortedException"
        | "ServiceUnavailable"
        | "ServiceUnavailableException"
        | "InternalFailure"
        | "InternalServerError"
        | "InternalServerException"
        | "RequestTimeout"
        | "RequestTimeoutException" => Error::Unavailable { refusal, after },
        "RequestExpired" | "RequestTimeTooSkewed" => Error::ClockSkewed(refusal),
        "InvalidSignatureException" if speaks_of_time(&refusal.message) => Error::ClockSkewed(refusal),
        "ExpiredToken"
        | "ExpiredTokenException"
        | "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "InvalidAccessKeyId"
        | "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "IncompleteSignature"
        | "IncompleteSignatureException"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException" => Error::CredentialsRefused(refusal),
        "AccessDenied" | "AccessDeniedException" | "NotAuthorized" | "UnauthorizedOperation" | "OptInRequired" => {
            Error::Denied { refusal }
        }
        "RequestEntityTooLarge" | "RequestEntityTooLargeException" => Error::TooLarge(refusal),
        code => match refusal.status {
            413 => Error::TooLarge(refusal),
            429 => Error::Throttled { refusal, after },
            408 | 500.. => Error::Unavailable { refusal, after },
            // Without a code of the service's another server answers.
            status if code.is_empty() => Error::Garbled { operation: refusal.operation, status },
            401 | 403 => Error::Denied { refusal },
            _ => Error::Invalid(refusal),
        },
    }
}

/// "Signature expired: … is now earlier than …", "Signature not yet current: …".
fn speaks_of_time(message: &str) -> bool {
    message.contains("Signature expired") || message.contains("not yet current")
}

/// The error's code and message; empty where the answer has none.
fn code(response: &Response<Bytes>) -> (String, String) {
    let fault: Option<Fault> = serde_json::from_slice(response.body()).ok();
    let (kind, message) = match fault {
        Some(fault) => (fault.kind.or(fault.code), fault.message),
        // Front ends of AWS and its imitations answer in XML at times.
        None => {
            let text = std::str::from_utf8(response.body()).unwrap_or_default();
            (element(text, "Code"), element(text, "Message"))
        }
    };
    let code = kind.or_else(|| header(response, "x-amzn-errortype").map(str::to_owned)).unwrap_or_default();
    let code = code.rsplit('#').next().unwrap_or_default();
    let code = code.split(':').next().unwrap_or_default();
    (code.to_owned(), message.unwrap_or_default())
}

/// The text of the first element of this name.
fn element(text: &str, name: &str) -> Option<String> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    let (value, _) = rest.split_once('<')?;
    Some(value.to_owned())
}

/// No more is rejected than was sent, and a refusal is one by its status alone.
#[cfg(fuzzing)]
pub fn fuzz(body: &[u8], status: u16, sent: usize) {
    let used = Credentials::new("AKIDEXAMPLE", "hidden-word", None, None, "fuzz");
    if let Some(rejected) = rejected(body, sent) {
        assert!(rejected.total() <= sent);
    }
    let mut response = Response::new(Bytes::copy_from_slice(body));
    let Ok(status) = hyper::StatusCode::from_u16(status) else { return };
    *response.status_mut() = status;
    let refusal = refusal(Operation::PutLogEvents, &response, &used);
    assert_eq!(refusal.is_none(), status.is_success());
    assert!(!format!("{refusal:?}").contains("hidden-word"));
    let _ = (accepted(&response, sent), expected_token(&response), is_the_services(&response));
}

#[cfg(test)]
mod tests;
