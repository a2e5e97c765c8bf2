//! The platform: where the agent runs, how large the node is, and what is known of it beyond its kernel.
//!
//! [`resolve`] reads the environment, [`discovery`] asks instance metadata, EC2, the API server and the ECS agent beside
//! the ticks, and [`Facts`] is what they found.

pub mod api_server;
pub mod backoff;
mod capacity;
pub mod discovery;
mod environment;
mod error;
mod facts;

mod orchestrator;
mod source;
pub mod tasks;

pub use capacity::{Capacity, MOST_MEMORY};
pub use environment::{ApiServer, Environment, KubeletAddress, Location, NO_KUBE_CONFIG, Place, StartFault, resolve};
pub use error::Error;
pub use facts::{Attachment, Fact, Facts, Known, Origin};
pub use orchestrator::Orchestrator;
