//! The health check as a component.

use component::{BuildError, BuildExtension, Context, Extension, Process, Task};
use model::Stamp;

use super::{Config, Health, bind};

impl BuildExtension for Config {
    fn start(
        &self,
        context: Context,
        process: &Process<'_>,
    ) -> Task<'static, Result<Option<Box<dyn Extension>>, BuildError>> {
        let (config, board) = (self.clone(), process.health.clone());
        Box::pin(async move {
            let bound = bind(config, board, context.clock.clone()).await;
            let server = bound.map_err(|error| BuildError::Failed {
                hint: "where its endpoint is in use, set another",
                cause: error.into(),
            })?;
            let health = server.health();
            context.spawn(server.serve());
            Ok(Some(Box::new(health) as Box<dyn Extension>))
        })
    }
}

impl Extension for Health {
    fn ready(&self, now: Stamp) {
        Self::ready(self, now);
    }

    fn stopping(&self) {
        Self::stopping(self);
    }
}
