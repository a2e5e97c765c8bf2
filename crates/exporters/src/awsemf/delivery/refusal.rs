//! What the engine does about each error of CloudWatch Logs.

use aws::logs::Error;
use net::chain;

use crate::delivery::{Cause, Refusal, Retry};

/// Why a batch was not stored.
pub(super) fn of_put(error: &Error) -> Refusal {
    match error {
        Error::Missing(_) => Refusal::Create { message: chain(error) },
        Error::Event { index, fault } => {
            Refusal::DropFrame { index: *index, cause: Cause { reason: fault.label(), message: chain(error) } }
        }
        error if error.can_retry() => Refusal::Retry(retry(error)),
        error => Refusal::Split(Cause { reason: error.label(), message: chain(error) }),
    }
}

/// Why a call is made again later.
pub(super) fn retry(error: &Error) -> Retry {
    Retry {
        message: chain(error),
        after: error.retry_after(),
        needs_operator: error.needs_help(),
        may_have_arrived: error.may_have_arrived(),
    }
}
