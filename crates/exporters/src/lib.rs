//! Exporters: records to events, and events to a destination.

pub mod awsemf;
pub mod debug;

pub use component::{ExportError as Error, Exporter};
