//! Which of a cluster's agents speaks for it: the leader lock of the Kubernetes client library, in both of its objects.
//!
//! [`Record`] is what the lock says, [`Elector`] decides what to do next and is told the time.

mod elector;
mod lock;
mod record;
mod time;

pub use elector::{Action, Elector, Mode, Notice, Outcome, Step};
pub use lock::{Lock, Place, View};
pub use record::{ANNOTATION, LEASE, Record, Unreadable};
