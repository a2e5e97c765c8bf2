//! The agent's own counters and gauges, a board of each component's state and episodes of failure.
//!
//! Nothing here speaks HTTP or asks for the time: a page reads the snapshots, and times are passed in. What the board shows
//! is anybody's to read, so its words are scrubbed of secrets.

mod episode;
mod failure;
mod health_board;
mod limits;
mod printable;
mod registry;
mod scrub;
mod seldom;

pub use episode::Episode;
pub use failure::{Failing, Failure, Severity};
pub use health_board::{ComponentHealth, Fact, HealthBoard, Output, State, Status};
pub use limits::Limits;
pub use printable::{is_unprintable, printable};
pub use registry::{Counter, Gauge, Reading, Registry, Value};
pub use scrub::scrubbed;
pub use seldom::Seldom;
