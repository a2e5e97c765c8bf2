//! Prometheus' text format.

mod write;

pub use write::{Amount, CONTENT_TYPE, Series, Suffixes, render};
