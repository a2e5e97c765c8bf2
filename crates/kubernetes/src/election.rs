//! Which of a cluster's agents speaks for it: the leader lock of the Kubernetes client library, in both of its objects.
//!
//! [`Record`] is what the lock says, [`Elector`] decides what to do next and is told the time, [`Candidate`] does it.

mod api;
mod candidate;
mod elector;
mod lock;
mod record;
mod watch;

pub use candidate::{Candidate, ElectionEvent, Leadership, Moment, Now, Options};
pub use elector::{Action, Elector, Mode, Notice, Outcome, RENEW, Step, TERM};
#[cfg(fuzzing)]
pub use lock::fuzz as fuzz_lock;
pub use lock::{Lock, Place, View};
pub use record::{ANNOTATION, LEASE, Record, Unreadable};
