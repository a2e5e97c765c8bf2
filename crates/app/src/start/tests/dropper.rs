//! `dropper`: a processor of the tests only. It drops what was received and lets ticks pass.

use std::time::Duration;

use component::{BuildError, BuildProcessor, BuiltProcessor, Context, Processor};
use model::Batch;

confmap::config! {
    /// Drops what was received.
    #[derive(Debug, Clone, PartialEq)]
    pub struct Config {
        /// Time that each batch takes.
        pub takes: Duration = Duration::ZERO,
    }
}

struct Dropper(Duration);

impl BuildProcessor for Config {
    fn build(&self, _: &Context) -> Result<BuiltProcessor, BuildError> {
        Ok(BuiltProcessor::Stage(Box::new(Dropper(self.takes))))
    }
}

impl Processor for Dropper {
    fn push(&mut self, batch: Batch, _: Duration) -> Vec<Batch> {
        std::thread::sleep(self.0);
        if batch.tick.is_some() { vec![batch] } else { Vec::new() }
    }
}
