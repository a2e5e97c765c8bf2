//! Exporters: records to events, and events to a destination.

pub mod awsemf;
mod checked;
pub mod debug;
pub mod delivery;

pub use component::{ExportError as Error, Exporter};
