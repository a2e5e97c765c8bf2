//! The agent's own counters and gauges, a board of each component's state and episodes of failure.
//!
//! Nothing here speaks HTTP or asks for the time: a page reads the snapshots, and times are passed in. What the board shows
//! is anybody's to read, so its words are scrubbed of secrets.

mod board;
mod episode;
mod failure;
mod limits;
mod printable;
mod registry;
mod scrub;
mod seldom;

pub use board::{Board, Fact, Output, Standing, State, Status};
pub use episode::Episode;
pub use failure::{Failing, Failure, Severity};
pub use limits::Limits;
pub use printable::{is_unprintable, printable};
pub use registry::{Counter, Gauge, Reading, Registry, Value};
pub use scrub::scrubbed;
pub use seldom::Seldom;
