//! Two streams of performance log events, compared field by field: what is there today on the left, what may take its place on
//! the right.
//!
//! [`compare`] reads both at once, by time, and keeps what was said during a window of some intervals; when both have passed
//! it, the window is judged and dropped. Events are paired by type and by what names their thing (`identity`). Constants have to
//! be the same, means of gauges and rates close (`verdict`); differences on purpose are listed one by one
//! (`known_differences`).

mod calendar;
mod cell;
mod event;
mod identity;
mod input;
mod json;
mod known_differences;
mod names;
mod pairing;
mod plain;
mod report;
mod stream;
mod tally;
mod tolerance;
mod verdict;
mod window;

pub use calendar::{parsed as parse_time, shown as time};
pub use event::NoEvent;
pub use input::{Feed, Lines, Next, open};
pub use report::{Count, Difference, Example, Field, Records, Report, SideCount, What};
pub use stream::{Error, Options, Progress, compare};
pub use window::Side;
