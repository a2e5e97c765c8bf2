//! Extensions: what runs beside the pipelines, one module each.

mod endpoint;
pub mod file_storage;
mod go_time;
pub mod health_check;
mod http;

pub use endpoint::{Endpoint, EndpointError};
