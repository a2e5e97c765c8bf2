//! The agent: command line, components, pipelines, start and drain.
//!
//! `command` reads the command line, `configuration` turns text into components by the `registry`, and
//! `run` starts them, lets rounds pass through `pipelines`, which `assemble` puts together, and drains them when `signals` or
//! the end of its `output` say so.

mod assemble;
mod asynchronous;
mod clock;
pub mod command;
mod comparison;
pub mod components;
pub mod configuration;
mod context;
mod default_configuration;
mod deliveries;
mod environment;
pub mod foreign;
mod healthcheck;
mod inert;
mod logs;
mod output;
pub mod own_metrics;
mod pipelines;
mod printing;
pub mod references;
pub mod registry;
mod report;
mod run;
pub mod service;
mod signals;
mod start;
