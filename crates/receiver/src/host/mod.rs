//! What the node is: how it is named, how large it is, where its kubelet listens, and what cloud it is part of.

mod capacity;
mod environment;
mod facts;
pub(crate) mod finder;
mod pauses;
pub(crate) mod search;
pub(crate) mod tasks;

pub use capacity::{Capacity, MOST_MEMORY};
pub use environment::{ApiServer, Environment, KubeletAddress, Place, StartFault, resolve};
pub(crate) use environment::{NO_KUBE_CONFIG, address, is_good};
pub use facts::{Attachment, Fact, Facts, Known, Origin};
