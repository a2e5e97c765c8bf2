//! Extensions: what runs beside the pipelines, one module each.

mod endpoint;
pub mod file_storage;
mod go_time;
pub mod health_check;

pub use endpoint::{Endpoint, EndpointError};
