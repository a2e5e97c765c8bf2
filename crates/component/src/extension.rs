//! Extensions: what runs beside the pipelines.

use std::any::Any;
use std::fmt::Debug;

use model::Stamp;

use crate::{BuildError, Context, Process, Storage, Task};

/// An extension's options, read.
pub trait BuildExtension: Any + Debug + Send + Sync {
    /// The storage it is for exporters' queues; `None` for all other extensions.
    fn storage(&self) -> Option<&dyn Storage> {
        None
    }

    /// Starts the extension.
    ///
    /// # Errors
    ///
    /// Why it cannot start.
    fn start(
        &self,
        context: Context,
        process: &Process<'_>,
    ) -> Task<'static, Result<Option<Box<dyn Extension>>, BuildError>>;
}

/// An extension at work.
pub trait Extension: Send + Sync {
    /// All components have started, at this moment.
    fn ready(&self, now: Stamp);

    /// The shutdown begins.
    fn stopping(&self);
}
