//! Extensions: what runs beside the pipelines, one module each; and the page of the agent's own metrics, which is served
//! alike.

mod endpoint;
pub mod file_storage;
pub mod health_check;
mod listening;
pub mod own_metrics;

pub use endpoint::{Endpoint, EndpointError};
pub use listening::{Error, Listening};
