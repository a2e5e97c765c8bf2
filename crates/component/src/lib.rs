//! What a component is: how it is built from its options, what it is given, and how batches pass and are acknowledged.
//!
//! A component implements [`BuildReceiver`], [`BuildProcessor`], [`BuildExporter`] or [`BuildExtension`] for its options; a
//! row in the binary's registry names it. Nothing here knows a component.

mod acknowledgement;
mod context;
mod error;
mod exporter;
mod extension;
mod process;
mod processor;
mod receiver;
mod spooled;
mod storage;

pub use acknowledgement::{Outcome, Receipt, Refusal};
pub use context::Context;
pub use error::{BuildError, Cause};
pub use exporter::{BuildExporter, BuiltExporter, ExportError, Exporter, Worker};
pub use extension::{BuildExtension, Extension};
pub use process::{Outputs, Process};
pub use processor::{BuildProcessor, BuiltProcessor, Processor};
pub use receiver::{BuildReceiver, Receiver, Sink};
pub use spooled::Spooled;
pub use storage::Storage;

use std::future::Future;
use std::pin::Pin;

/// A future behind a pointer, as traits hand it out.
pub type Task<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
