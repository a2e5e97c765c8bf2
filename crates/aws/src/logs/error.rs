//! What can become of a call, by what its caller can do about it.

use std::fmt;
use std::time::Duration;

use hyper::Response;
use hyper::body::Bytes;
use net::Transport;

use super::limits::{self, BatchFault, EventFault};
use crate::error::NoCredentials;
use crate::signed::{CallError, Signature};

/// A call that did not do what it was meant to. No text holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The group or the stream isn't there: create it, then send again at once.
    #[error("{0}: the log group or stream is missing and has to be created")]
    Missing(Refusal),
    /// The group or stream to create is there: go on.
    #[error("{0}: it exists already")]
    Exists(Refusal),
    /// The service has this very batch already: it is stored. Only older imitations of the service say so.
    #[error("{0}: the batch is stored already")]
    AlreadyStored(Refusal),
    /// The batch came without the stream's sequence token, or with an old one. Only older imitations of the service ask for
    /// it: send again.
    #[error("{refusal}: the stream's sequence token was another one, sent again later")]
    Sequence {
        /// What the service said.
        refusal: Refusal,
        /// The token it wants; `None` where it didn't say.
        expected: Option<String>,
    },
    /// Too many calls: send again later, no sooner than `after`.
    #[error("{refusal}: too many calls for this account and region, sent again later")]
    Throttled {
        /// What the service said.
        refusal: Refusal,
        /// What it wants us to wait; `None` where it didn't say.
        after: Option<Duration>,
    },
    /// The service can't just now: send again later, no sooner than `after`.
    #[error("{refusal}: the service can't take it now, sent again later")]
    Unavailable {
        /// What the service said.
        refusal: Refusal,
        /// What it wants us to wait; `None` where it didn't say.
        after: Option<Duration>,
    },
    /// No answer: send again later.
    #[error("no answer from CloudWatch Logs")]
    Unreachable(#[source] Transport),
    /// An answer that is none of the service's, such as a proxy's page: send again later.
    #[error("{operation}: response {status} did not come from CloudWatch Logs: check endpoint and proxy")]
    Garbled {
        /// The call.
        operation: Operation,
        /// The HTTP status.
        status: u16,
    },
    /// There are no credentials to sign with: send again later.
    #[error("no credentials to sign with")]
    NoCredentials(#[source] NoCredentials),
    /// The service doesn't know or no longer takes the keys. Others are looked up for the next call: send again slowly.
    #[error("{0}: the credentials are wrong or have expired, check where they come from")]
    CredentialsRefused(Refusal),
    /// The keys are good and are not allowed to do this: the role needs a permission. Send again slowly.
    #[error("{refusal}: allow {} to the agent's role", refusal.operation.action())]
    Denied {
        /// What the service said.
        refusal: Refusal,
    },
    /// The clock is off by more than signatures allow. Corrected for the next call where the answer said by how much.
    #[error("{0}: this machine's clock is wrong, set it")]
    ClockSkewed(Refusal),
    /// The request is larger than something on the way takes: send it in parts.
    #[error("{0}: the request is too large, sent in parts")]
    TooLarge(Refusal),
    /// The service will never take this as it is: check it, split it, and drop what is left.
    #[error("{0}: the request is not valid")]
    Invalid(Refusal),
    /// One event that can't be sent; nothing was sent. Drop or split it, and send the others.
    #[error("event {index} of the batch {fault}")]
    Event {
        /// Its place in the batch.
        index: usize,
        /// What is wrong with it.
        fault: EventFault,
    },
    /// A batch that can't be sent; nothing was sent. Sort or split it.
    #[error("the batch {0}")]
    Batch(BatchFault),
}

impl From<limits::Fault> for Error {
    fn from(fault: limits::Fault) -> Self {
        match fault {
            limits::Fault::Event { index, fault } => Error::Event { index, fault },
            limits::Fault::Batch(fault) => Error::Batch(fault),
        }
    }
}

/// One of the calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// Stores a batch.
    PutLogEvents,
    /// Makes a stream.
    CreateLogStream,
    /// Makes a group.
    CreateLogGroup,
    /// Sets how long a group keeps events.
    PutRetentionPolicy,
    /// Reads events of a group back. People's tools make it, the agent never does.
    FilterLogEvents,
}

/// What the service said when it refused.
pub type Refusal = crate::refusal::Refusal<Operation>;

impl Error {
    pub(super) fn garbled(operation: Operation, response: &Response<Bytes>) -> Error {
        Error::Garbled { operation, status: response.status().as_u16() }
    }

    /// Whether the same request can succeed later.
    pub fn can_retry(&self) -> bool {
        match self {
            Error::Missing(_)
            | Error::Sequence { .. }
            | Error::Throttled { .. }
            | Error::Unavailable { .. }
            | Error::Unreachable(_)
            | Error::Garbled { .. }
            | Error::NoCredentials(_)
            | Error::CredentialsRefused(_)
            | Error::Denied { .. }
            | Error::ClockSkewed(_) => true,
            Error::Exists(_)
            | Error::AlreadyStored(_)
            | Error::TooLarge(_)
            | Error::Invalid(_)
            | Error::Event { .. }
            | Error::Batch(_) => false,
        }
    }

    /// What the service wants us to wait; `None` where it didn't say.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Error::Throttled { after, .. } | Error::Unavailable { after, .. } => *after,
            _ => None,
        }
    }

    /// Whether only a person can help: retry slowly and show it.
    pub fn needs_help(&self) -> bool {
        matches!(
            self,
            Error::NoCredentials(_) | Error::CredentialsRefused(_) | Error::Denied { .. } | Error::ClockSkewed(_)
        )
    }

    /// Whether the service may have stored the batch all the same: sending it again may double it.
    pub fn may_have_arrived(&self) -> bool {
        match self {
            Error::Unreachable(transport) => transport.may_have_arrived(),
            Error::Garbled { .. } => true,
            // The service's own word that it couldn't is believed; that it failed on the way is not known to mean that.
            Error::Unavailable { refusal, .. } => {
                refusal.status >= 500 && !refusal.code.starts_with("ServiceUnavailable")
            }
            _ => false,
        }
    }

    /// Its name in metrics and status.
    pub fn label(&self) -> &'static str {
        match self {
            Error::Missing(_) => "missing",
            Error::Exists(_) => "exists",
            Error::AlreadyStored(_) => "already_stored",
            Error::Sequence { .. } => "sequence_token",
            Error::Throttled { .. } => "throttled",
            Error::Unavailable { .. } => "unavailable",
            Error::Unreachable(transport) if transport.is_timeout() => "timeout",
            Error::Unreachable(_) => "unreachable",
            Error::Garbled { .. } => "garbled",
            Error::NoCredentials(_) => "no_credentials",
            Error::CredentialsRefused(_) => "credentials_refused",
            Error::Denied { .. } => "denied",
            Error::ClockSkewed(_) => "clock_skewed",
            Error::TooLarge(_) => "too_large",
            Error::Invalid(_) => "invalid",
            Error::Event { fault, .. } => fault.label(),
            Error::Batch(_) => "batch",
        }
    }
}

impl CallError for Error {
    fn no_credentials(error: NoCredentials) -> Error {
        Error::NoCredentials(error)
    }

    fn unreachable(error: Transport) -> Error {
        Error::Unreachable(error)
    }

    fn signature(&self) -> Signature {
        match self {
            Error::CredentialsRefused(refusal) if refusal.code.starts_with("ExpiredToken") => Signature::Expired,
            Error::CredentialsRefused(_) => Signature::Refused,
            Error::ClockSkewed(_) => Signature::WrongTime,
            _ => Signature::Good,
        }
    }
}

impl Operation {
    /// The name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Operation::PutLogEvents => "PutLogEvents",
            Operation::CreateLogStream => "CreateLogStream",
            Operation::CreateLogGroup => "CreateLogGroup",
            Operation::PutRetentionPolicy => "PutRetentionPolicy",
            Operation::FilterLogEvents => "FilterLogEvents",
        }
    }

    /// The action in a policy.
    pub fn action(self) -> &'static str {
        match self {
            Operation::PutLogEvents => "logs:PutLogEvents",
            Operation::CreateLogStream => "logs:CreateLogStream",
            Operation::CreateLogGroup => "logs:CreateLogGroup",
            Operation::PutRetentionPolicy => "logs:PutRetentionPolicy",
            Operation::FilterLogEvents => "logs:FilterLogEvents",
        }
    }

    pub(super) fn target(self) -> &'static str {
        match self {
            Operation::PutLogEvents => "Logs_20140328.PutLogEvents",
            Operation::CreateLogStream => "Logs_20140328.CreateLogStream",
            Operation::CreateLogGroup => "Logs_20140328.CreateLogGroup",
            Operation::PutRetentionPolicy => "Logs_20140328.PutRetentionPolicy",
            Operation::FilterLogEvents => "Logs_20140328.FilterLogEvents",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
