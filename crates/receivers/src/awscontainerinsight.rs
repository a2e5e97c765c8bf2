//! The receiver `awscontainerinsightreceiver`: a node's kernel and kubelet to Container Insights records.
//!
//! `sources` read, `stores` know, `insights` say what it means, `collect` makes a round of them, `receiver` makes rounds
//! when `schedule` says so.

mod build;
mod check;
mod cluster;
mod collect;
pub mod config;
mod error;
mod impossible;
pub mod insights;
mod kubelet_settings;
mod place;
mod plausible;
mod receiver;
pub mod samples;
mod schedule;
mod source_failures;
mod sources;
mod start;
pub mod stores;

pub use collect::Collector;
pub use config::Config;
pub use error::Error;
pub use place::resolve;
pub use receiver::{Offer, Receiver};
