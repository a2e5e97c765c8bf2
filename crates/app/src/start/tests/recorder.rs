//! `recorder`: an exporter of the tests only. It keeps what arrives for the test to see, or refuses it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use component::{BuildError, BuildExporter, BuiltExporter, Context, ExportError, Exporter, Process, Refusal};
use model::{Batch, Tick};

confmap::config! {
    /// Keeps what arrives.
    #[derive(Debug, Clone, PartialEq)]
    pub struct Config {
        /// Refuses every batch for now.
        pub is_busy: bool = false,
        /// Refuses every batch for good.
        pub is_closed: bool = false,
        /// Time that each batch takes.
        pub takes: Duration = Duration::ZERO,
    }
}

/// What arrived: the tick, the wall time of its arrival, points.
pub type Arrived = (Option<Tick>, Duration, usize);

static ARRIVED: Mutex<BTreeMap<String, Vec<Arrived>>> = Mutex::new(BTreeMap::new());

/// What arrived at the exporter of this name.
pub fn arrived(name: &str) -> Vec<Arrived> {
    lock().get(name).cloned().unwrap_or_default()
}

fn lock() -> MutexGuard<'static, BTreeMap<String, Vec<Arrived>>> {
    ARRIVED.lock().unwrap()
}

struct Recorder {
    config: Config,
    context: Context,
}

impl BuildExporter for Config {
    fn build(&self, context: Context, _: &Process<'_>) -> Result<BuiltExporter, BuildError> {
        Ok(BuiltExporter::alone(Box::new(Recorder { config: self.clone(), context })))
    }
}

impl Exporter for Recorder {
    fn export(&mut self, batch: &Batch) -> Result<(), ExportError> {
        std::thread::sleep(self.config.takes);
        if self.config.is_busy {
            return Err(Refusal::retryable("busy").into());
        }
        if self.config.is_closed {
            return Err(Refusal::permanent("closed").into());
        }
        let arrived = (batch.tick, self.context.clock.stamp().wall, batch.points());
        lock().entry(self.context.name.clone()).or_default().push(arrived);
        Ok(())
    }
}
