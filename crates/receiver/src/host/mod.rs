//! What the node is: how it is named, how large it is, where its kubelet listens.

mod capacity;
mod environment;

pub use capacity::Capacity;
pub use environment::{Environment, KubeletAddress, Place, StartFault, resolve};
pub(crate) use environment::{NO_ECS, NO_KUBE_CONFIG, address, is_good};
