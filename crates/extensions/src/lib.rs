//! Extensions: what runs beside the pipelines, one module each.

mod endpoint;
mod go_time;
pub mod health_check;

pub use endpoint::{Endpoint, EndpointError};
