//! Thin AWS clients: credentials and region, signed requests, CloudWatch Logs.
//!
//! [`Session::load`] finds region and credentials as every AWS program does; [`logs::Client`] makes the few calls an agent
//! needs. All of it, the credential chain's own requests too, goes through one HTTP client with one set of proxy, trust and
//! deadline settings. No secret is in any error, log line or `Debug` text.

pub mod access;
mod chain;
mod clock;
mod credentials;
mod environment;
mod error;
mod http;
pub mod logs;
mod partition;
mod region;
mod session;
mod settings;
mod sign;

pub use error::{Error, NoCredentials};
pub use http::Transport;
pub use partition::{Partition, Variant};
pub use session::Session;
pub use settings::{Keys, Settings, proxy_fault};
