//! What can become of a call to EC2, by what its caller can do about it.

use net::Transport;
use std::fmt;

use crate::error::NoCredentials;
use crate::signed::{CallError, Signature};

/// A call that gave no list. No text holds a secret. Asking again later is right for all but [`Error::Invalid`], and
/// after those where [`Error::needs_help`] it is right slowly.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There are no credentials to sign with.
    #[error("no credentials to sign with")]
    NoCredentials(#[source] NoCredentials),
    /// EC2 doesn't know or no longer takes the keys. Others are looked up for the next call.
    #[error("{0}: the credentials are wrong or have expired, or this machine's clock is wrong")]
    CredentialsRefused(Refusal),
    /// The keys are good and are not allowed to do this: the role needs a permission.
    #[error("{refusal}: allow {} to the agent's role", refusal.operation.action())]
    Denied {
        /// What EC2 said.
        refusal: Refusal,
    },
    /// Too many calls for the account, which all its programs share: ask again later, and less often.
    #[error("{0}: too many calls for this account and region, asked again later")]
    Throttled(Refusal),
    /// EC2 can't just now: ask again later.
    #[error("{0}: EC2 can't answer now, asked again later")]
    Server(Refusal),
    /// EC2 will never take this as it is, such as an instance id that is none.
    #[error("{0}: the request is not valid")]
    Invalid(Refusal),
    /// An answer that is none of EC2's, such as a proxy's page, or a part of one.
    #[error("{operation}: the answer ({status}) is no whole page of EC2's: check endpoint and proxy")]
    Garbled {
        /// The call.
        operation: Operation,
        /// The HTTP status.
        status: u16,
    },
    /// One page after the other, and none the last.
    #[error("{operation}: the list has no end: check what answers at the endpoint")]
    Endless {
        /// The call.
        operation: Operation,
    },
    /// No answer: ask again later.
    #[error("no answer from EC2: a subnet without internet needs a VPC endpoint for it")]
    Unreachable(#[source] Transport),
}

/// One of the calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// Lists tags.
    DescribeTags,
    /// Lists volumes.
    DescribeVolumes,
}

/// What EC2 said when it refused.
pub type Refusal = crate::refusal::Refusal<Operation>;

impl Error {
    /// Whether only a person can help: ask again slowly and show it.
    pub fn needs_help(&self) -> bool {
        matches!(
            self,
            Error::NoCredentials(_) | Error::CredentialsRefused(_) | Error::Denied { .. } | Error::Invalid(_)
        )
    }

    /// Its name in metrics and status.
    pub fn label(&self) -> &'static str {
        match self {
            Error::NoCredentials(_) => "no_credentials",
            Error::CredentialsRefused(_) => "credentials_refused",
            Error::Denied { .. } => "denied",
            Error::Throttled(_) => "throttled",
            Error::Server(_) => "unavailable",
            Error::Invalid(_) => "invalid",
            Error::Garbled { .. } => "garbled",
            Error::Endless { .. } => "endless",
            Error::Unreachable(transport) if transport.is_timeout() => "timeout",
            Error::Unreachable(_) => "unreachable",
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
            // `RequestExpired` is what EC2 says of a session token whose time is over, and of a clock that is behind.
            Error::CredentialsRefused(refusal)
                if refusal.code.starts_with("ExpiredToken") || refusal.code == "RequestExpired" =>
            {
                Signature::Expired
            }
            Error::CredentialsRefused(_) => Signature::Refused,
            _ => Signature::Good,
        }
    }
}

impl Operation {
    /// The name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Operation::DescribeTags => "DescribeTags",
            Operation::DescribeVolumes => "DescribeVolumes",
        }
    }

    /// The action in a policy.
    pub fn action(self) -> &'static str {
        match self {
            Operation::DescribeTags => "ec2:DescribeTags",
            Operation::DescribeVolumes => "ec2:DescribeVolumes",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
