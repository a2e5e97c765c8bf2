//! The agent's own counters and gauges, a board of each component's state, and episodes of failure.
//!
//! Nothing here speaks HTTP or asks for the time: a page reads the snapshots, and times are passed in.

mod board;
mod episode;
mod registry;

pub use board::{Board, Standing, State, Status};
pub use episode::Episode;
pub use registry::{Counter, Gauge, Reading, Registry, Value};
