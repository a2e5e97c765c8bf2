//! Formats of metrics: bytes to values and back. Everything here is pure: no I/O, no clock.

pub mod prometheus;
