//! Thin AWS clients: credentials and region, signed requests, CloudWatch Logs, EC2, instance metadata, the ECS agent.
//!
//! [`Session::load`] finds region and credentials as every AWS program does; [`logs::Client`] makes the few calls an agent
//! needs and [`ec2::Client`] two. [`metadata::Client`] and [`ecs_agent::Client`] ask their machine and need no session. All of it, the credential chain's own requests too, goes through one HTTP client with one set of proxy, trust and
//! deadline settings. No secret is in any error, log line or `Debug` text.

pub mod access;
mod chain;
mod clock;
mod credentials;
pub mod ec2;
pub mod ecs_agent;
mod endpoint;
mod error;
mod http;
mod json;
pub mod logs;
pub mod metadata;
mod partition;
mod percent;
mod refusal;
mod region;
mod session;
mod settings;
mod sign;
mod signed;

pub use error::{Error, NoCredentials};
pub use net::Transport;
pub use partition::{Partition, Variant, region_fault};
pub use refusal::Refusal;
pub use session::Session;
pub use settings::{Keys, Settings, proxy_fault};
