//! The `health_check` extension: one small HTTP server that says whether the pipelines are running.
//!
//! 200 once every pipeline has started, 503 before that and from the beginning of the shutdown. It says nothing about
//! whether events leave: `/ready` does, and `/status` shows the state of each component.

mod answer;
mod build;
mod config;
mod hosts;
mod readiness;
mod server;
#[cfg(test)]
mod tests;

pub use crate::listening::Error;
pub use config::{CheckPipeline, Config, ResponseBody, UrlPath};
pub use server::{Health, Server, bind};
