//! The agent's own metrics as a page that Prometheus scrapes, under the names of a collector's page.
//!
//! Everything is read and written out at a scrape; between scrapes nothing runs and nothing is kept.

mod config;
mod process;
mod server;
#[cfg(test)]
mod tests;

pub use crate::listening::Error;
pub use config::Config;
pub use server::{Source, bind};
