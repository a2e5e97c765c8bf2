//! What every crate needs that speaks with others: times and base64 as protocols write them, and errors in words.

pub mod base64;
mod chain;
pub mod time;

pub use chain::chain;
