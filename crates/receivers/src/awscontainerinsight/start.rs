//! The receiver as a component: its options read, and started with what the process has.

use std::sync::Arc;

use component::{BuildError, BuildReceiver, Context, Process, Sink};
use confmap::{Faults, Node};

use crate::awscontainerinsight::config::Config;
use crate::awscontainerinsight::place::resolve;
use crate::awscontainerinsight::receiver::Receiver;

impl BuildReceiver for Config {
    fn read(node: &Node, path: &str, faults: &mut Faults) -> Option<Self> {
        Self::read(node, path, faults)
    }

    fn start(
        &self,
        context: Context,
        process: &Process<'_>,
        sink: Arc<dyn Sink>,
    ) -> Result<Box<dyn component::Receiver>, BuildError> {
        let place = resolve(self, &process.environment)
            .map_err(|faults| BuildError::Missing(faults.iter().map(ToString::to_string).collect()))?;
        let offer = Box::new(move |batch| sink.offer(batch));
        let receiver = Receiver::start(self.clone(), place, context, offer).map_err(BuildError::of)?;
        Ok(Box::new(receiver))
    }
}

impl component::Receiver for Receiver {
    fn stop(self: Box<Self>) {
        Self::stop(*self);
    }
}
