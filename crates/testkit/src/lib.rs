//! Recorded nodes, strict fakes and golden files, for tests only.
//!
//! Everything here serves a test, so what goes wrong with the test's own means (a recording that is missing, a port that
//! can't be bound) ends the test with a sentence instead of an error value.

pub mod api_server;
pub mod beds;
pub mod cloudwatch_logs;
pub mod ec2;
pub mod ecs_agent;
mod eventually;
pub mod faults;
mod form;
pub mod golden;
pub mod hosts;
pub mod instance_metadata;
pub mod kubelet;
pub mod moto;
mod plain;
pub mod replay;
pub mod security_tokens;
mod server;
mod sigv4;
mod time;
pub mod trials;

pub use eventually::{eventually, eventually_async};
